"""The Bluesky connector: every post stands under a record key that is made from its delivery, so none can double."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kaja.networks.bluesky import account, identity, text
from kaja.networks.bluesky.auth import ask, call
from kaja.networks.bluesky.checks import list_problems
from kaja.networks.bluesky.limits import DIRECTORY, LABELS, MAX_IMAGES, NETWORK, RESOLVER
from kaja.networks.bluesky.listing import list_records
from kaja.networks.bluesky.prepare import needs_preparing, prepare
from kaja.networks.bluesky.records import (
    COLLECTION,
    is_same,
    make_record_key,
    make_ref,
    parse_address,
    parse_uri,
    render_post,
    render_time,
)
from kaja.networks.bluesky.xrpc import FILE_GONE, Failed, get_error, read, read_quotas
from kaja.networks.kit import addresses
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.connector import (
    Choice,
    Connected,
    ConnectRefused,
    ConnectsByForm,
    Count,
    Facts,
    FormField,
    NetworkInfo,
    OptionField,
    Segment,
    Stage,
)
from kaja.networks.kit.content import Draft, Outgoing
from kaja.networks.kit.http import AnswerLost, Response, Session, TransportError
from kaja.networks.kit.outcome import SOON, wait_of
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.networks.kit.results import (
    AbsentAsOf,
    Candidate,
    CannotTell,
    Changed,
    ChangeResult,
    ChannelTrouble,
    Checkpoint,
    Found,
    Later,
    Listing,
    Next,
    NoSuchPost,
    Reconciliation,
    Rejected,
    RemoteRef,
    Resolution,
    Sent,
    StageResult,
    Unknown,
)

INFO = NetworkInfo(
    key="bluesky",
    name=NETWORK,
    connect="form",
    form=(
        FormField(
            "handle",
            gettext_noop("Handle"),
            help=gettext_noop("As in your profile, without the @ sign."),
            placeholder="name.bsky.social",
        ),
        FormField(
            "password",
            gettext_noop("App password"),
            secret=True,
            help=gettext_noop(
                "Made at Bluesky under Settings, Privacy and security, App passwords. Not the main password."
            ),
            placeholder="xxxx-xxxx-xxxx-xxxx",
        ),
        FormField(
            "server",
            gettext_noop("Server"),
            help=gettext_noop("Leave it empty: Kaja finds the server by the handle. Only for a server of your own."),
            placeholder="https://pds.example.org",
            required=False,
        ),
    ),
    options=(
        OptionField(
            "content_label",
            gettext_noop("Content label"),
            "choice",
            help=gettext_noop("Bluesky hides the media behind this warning."),
            choices=(
                Choice("", gettext_noop("None")),
                Choice(LABELS[0], gettext_noop("Suggestive")),
                Choice(LABELS[1], gettext_noop("Nudity")),
                Choice(LABELS[2], gettext_noop("Adult")),
                Choice(LABELS[3], gettext_noop("Graphic media")),
            ),
        ),
    ),
    threads=True,
    first_comment=True,
    edits=False,
    deletes=True,
    link_card=True,
    max_images=MAX_IMAGES,
    settle_seconds=10.0,
    idempotent=True,
    help=gettext_noop("Posts of up to 300 characters, with pictures, a video or a link card."),
    # https://bsky.app/settings/app-passwords, read 2026-11-22.
    guide=(
        gettext_noop("In Bluesky open Settings, then Privacy and security, then App passwords."),
        gettext_noop("Choose “Add App Password”, name it Kaja, and create it."),
        gettext_noop("Copy the four groups of letters and paste them below. Never give your main password to Kaja."),
    ),
    open_credentials=frozenset({"identifier", "did"}),
    known_again={"handle": "handle", "server": "base_url"},
)

_PREPARE, _PUBLISH = Stage("prepare"), Stage("publish", irreversible=True)


class Bluesky(ConnectsByForm):
    """One network; see `kit.connector.Connector`. The addresses are those of the public network."""

    info = INFO

    def __init__(self, resolver: str = RESOLVER, directory: str = DIRECTORY) -> None:
        self._resolver = resolver
        self._directory = directory

    # Pure rules.

    def check(self, draft: Draft, facts: Facts) -> list[Problem]:
        return list_problems(draft, facts)

    def count(self, text_: str, facts: Facts, options: Mapping[str, Any]) -> Count:
        return text.count_text(text_)

    def split(self, text_: str, facts: Facts) -> list[str]:
        return text.split_thread(text_)

    def segments(self, text_: str, facts: Facts) -> list[Segment]:
        return text.render_segments(text_)

    def stages(self, outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
        return (_PREPARE, _PUBLISH) if needs_preparing(outgoing) else (_PUBLISH,)

    # Delivery.

    async def run(
        self, stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> StageResult:
        session.read_quotas = read_quotas
        try:
            if stage == _PREPARE.name:
                return Next({**checkpoint, **await prepare(outgoing, session, self._resolver)})
            if stage == _PUBLISH.name:
                result = await self._publish(outgoing, checkpoint, facts, session)
                if isinstance(result, Rejected) and result.problem.code == FILE_GONE:
                    # A PDS forgets an upload that no post used for some hours; refused, nothing stands there.
                    anew = await prepare(outgoing, session, self._resolver)
                    result = await self._publish(outgoing, anew, facts, session)
                return result
        except Failed as failed:
            return failed.result
        except TransportError as error:  # an answer of success that cannot be read
            return Unknown(error.problem) if stage == _PUBLISH.name else Later(SOON, error.problem)
        raise ValueError(f"Bluesky has no stage {stage!r}")

    async def _publish(self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
        """Create the record under the delivery's own key; the server refuses a second one under the same key."""
        record = render_post(outgoing, checkpoint)
        record_key = make_record_key(outgoing.key, outgoing.created_at)
        body = {"repo": facts.account_id, "collection": COLLECTION, "rkey": record_key, "record": record}
        try:
            answer = await call(session, "POST", "com.atproto.repo.createRecord", json=body, irreversible=True)
        except Failed as failed:
            # Refused for its content, or because it stands there already (an attempt whose answer was lost): for that
            # the PDS of 2026-11 answers 500, seen with npm @atproto/pds 0.5.35.
            if not isinstance(failed.result, Rejected | Unknown) or failed.lost:
                raise
            try:
                found = await self._fetch(record_key, facts, session)
            except Failed:
                return failed.result
            if found is None:
                return failed.result
            return Sent(found[0]) if is_same(found[1], record) else Rejected(_key_taken(), fixable=False)
        made = read_object(answer, "uri", "cid")
        return Sent(make_ref(str(made["uri"]), str(made["cid"])))

    async def _fetch(
        self, record_key: str, facts: Facts, session: Session
    ) -> tuple[RemoteRef, Mapping[str, Any]] | None:
        """The post under a record key, or None when the server says that there is none. Raises Failed."""
        place = {"repo": facts.account_id, "collection": COLLECTION, "rkey": record_key}
        answer = await ask(session, "GET", "com.atproto.repo.getRecord", params=place)
        if isinstance(answer, Response) and answer.status in (400, 404) and get_error(answer) == "RecordNotFound":
            return None
        found = read_object(read(answer), "uri", "cid", "value")
        return make_ref(str(found["uri"]), str(found["cid"])), found["value"]

    async def find_delivery(
        self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> Reconciliation:
        """Conclusive: the account's own server says whether the record is there."""
        session.read_quotas = read_quotas
        asked_at = datetime.now(UTC)
        try:
            found = await self._fetch(make_record_key(outgoing.key, outgoing.created_at), facts, session)
        except Failed as failed:
            return CannotTell(failed.problem, after=wait_of(failed.result))
        except TransportError as error:
            return CannotTell(error.problem)
        if found is None:
            return AbsentAsOf(asked_at)
        ref, record = found
        expected = {"text": text.normalize(outgoing.text), "createdAt": render_time(outgoing.created_at)}
        if is_same(record, expected):
            return Found(ref)
        return CannotTell(_key_taken(), (Candidate(ref, str(record.get("text", "")), None),))

    async def find_post(self, url: str, facts: Facts, session: Session) -> Resolution:
        """By the record key in the address; a handle in it may be an older one of the account."""
        session.read_quotas = read_quotas
        named = parse_address(url)
        if named is None:
            return NoSuchPost(addresses.no_address(NETWORK, url))
        who, record_key = named
        try:
            if not who.startswith("did:") and who != facts.handle.lower():
                who = await identity.fetch_did(who, session, resolver=self._resolver)
            if who not in (facts.account_id, facts.handle.lower()):
                return NoSuchPost(addresses.of_another(NETWORK, facts.handle))
            found = await self._fetch(record_key, facts, session)
        except Failed as failed:
            return CannotTell(failed.problem, after=wait_of(failed.result))
        except TransportError as error:
            return CannotTell(error.problem)
        return Found(found[0]) if found else NoSuchPost(addresses.not_there(NETWORK))

    async def list_recent(self, since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
        session.read_quotas = read_quotas
        try:
            return await list_records(since, facts, session)
        except Failed as failed:
            return CannotTell(failed.problem)
        except TransportError as error:
            return CannotTell(error.problem)

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
        return Rejected(
            Problem(
                "bluesky_no_edit",
                gettext_noop("Bluesky's apps do not show changes to a post."),
                fix=gettext_noop("Delete the post and publish it again."),
            ),
            fixable=False,
        )

    async def delete(self, ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult:
        """Deleting what is gone already succeeds too."""
        session.read_quotas = read_quotas
        _, record_key = parse_uri(ref.id)
        body = {"repo": facts.account_id, "collection": COLLECTION, "rkey": record_key}
        try:
            await call(session, "POST", "com.atproto.repo.deleteRecord", json=body)
        except Failed as failed:
            return failed.result
        return Changed(None)

    # Connecting and health.

    async def connect(self, form: Mapping[str, str], pending: Mapping[str, str], session: Session) -> Connected:
        return await account.connect(form, session, resolver=self._resolver, directory=self._directory)

    async def inspect(self, session: Session) -> Facts:
        try:
            return await account.inspect(session)
        except Failed as failed:
            if isinstance(failed.result, Later | Unknown | ChannelTrouble):  # says nothing about the account
                raise AnswerLost(failed.problem) from failed
            raise ConnectRefused(failed.problem) from failed


def _key_taken() -> Problem:
    return Problem(
        "bluesky_key_taken",
        gettext_noop("Another post of this account stands where this one would go."),
        fix=gettext_noop("Duplicate the post and publish the copy."),
    )
