"""Every post stands under a record key that is made from its delivery, so none can double."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kaja.networks.bluesky import identity
from kaja.networks.bluesky.info import WORDS
from kaja.networks.bluesky.limits import IMAGES, NETWORK, RESOLVER
from kaja.networks.bluesky.records import (
    COLLECTION,
    is_same,
    make_record_key,
    make_ref,
    parse_address,
    parse_uri,
    render_identity,
    render_post,
)
from kaja.networks.bluesky.replies import look_at_parent
from kaja.networks.bluesky.text import list_mentions
from kaja.networks.bluesky.xrpc import FILE_GONE, REST, get_error
from kaja.networks.kit import addresses
from kaja.networks.kit.answers import parse_time, read_mapping, read_object
from kaja.networks.kit.connector import Stage
from kaja.networks.kit.content import Kind, Media, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, looking, removing
from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.newest import read_back, resolve_own
from kaja.networks.kit.results import (
    AbsentAsOf,
    Candidate,
    CannotTell,
    Checkpoint,
    Found,
    Listing,
    NoSuchPost,
    Reconciliation,
    Rejected,
    RemoteRef,
    Resolution,
    Sent,
    StageResult,
    Unknown,
)
from kaja.networks.kit.steps import Sending, make_run
from kaja.networks.kit.uploads import open_upload

_PREPARE, _PUBLISH = Stage("prepare", ahead=True), Stage("publish", irreversible=True)
_REPO = "/xrpc/com.atproto.repo"
PAGE, PAGES = 100, 5
Record = tuple[RemoteRef, Mapping[str, Any]]


@dataclass(frozen=True)
class Publisher:
    """Sending, finding again, deleting. `resolver` is asked who has a handle."""

    resolver: str = RESOLVER
    kinds: frozenset[Kind] = frozenset({"post", "continuation", "comment", "reply"})

    def stages(self, outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
        card = outgoing.link_card
        needs = outgoing.media or (card is not None and card.image is not None) or "@" in outgoing.text
        return (_PREPARE, _PUBLISH) if needs or outgoing.kind == "reply" else (_PUBLISH,)

    async def run(
        self, stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> StageResult:
        steps = {_PREPARE.name: self._prepare, _PUBLISH.name: self._publish}
        return await make_run(steps, self.stages)(stage, outgoing, checkpoint, facts, session)

    async def _prepare(self, sending: Sending) -> StageResult:
        return sending.note(**await self._make_ready(sending.outgoing, sending.session))

    async def _publish(self, sending: Sending) -> StageResult:
        result = await _create(sending, sending.checkpoint)
        if isinstance(result, Rejected) and result.problem.code == FILE_GONE:
            # A PDS forgets an upload that no post used for some hours; refused, nothing stands there.
            result = await _create(sending, await self._make_ready(sending.outgoing, sending.session))
        return result

    async def _make_ready(self, outgoing: Outgoing, session: Session) -> Checkpoint:
        """What a post needs before it can be written: uploaded files, DIDs of mentioned people. Raises Failed."""
        ready: Checkpoint = {"dids": await self._fetch_dids(outgoing.text, session)}
        if outgoing.kind == "reply" and outgoing.reply_to is not None:
            ready |= await look_at_parent(outgoing.reply_to, session)
        if outgoing.media:
            numbered = enumerate(outgoing.media)
            ready["blobs"] = [await _upload(item, session, f"parts.0.media.{number}") for number, item in numbered]
        elif outgoing.link_card is not None and outgoing.link_card.image is not None:
            ready["thumb"] = (await _upload(outgoing.link_card.image, session, "link_card.image"))["blob"]
        return ready

    async def _fetch_dids(self, text: str, session: Session) -> dict[str, str]:
        """A handle that nobody has stays plain text, as in Bluesky's own app."""
        found = {}
        for handle in list_mentions(text):
            try:
                found[handle] = await identity.fetch_did(handle, session, resolver=self.resolver)
            except TransportError as error:
                REST.read(error)
        return {handle: did for handle, did in found.items() if did}

    @looking
    async def find_delivery(
        self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> Reconciliation:
        """Conclusive: the account's own server says whether the record is there."""
        asked_at = datetime.now(UTC)
        found = await _fetch(make_record_key(outgoing.key, outgoing.created_at), facts, session)
        if found is None:
            return AbsentAsOf(asked_at)
        ref, record = found
        if is_same(record, render_identity(outgoing)):
            return Found(ref)
        return CannotTell(WORDS.problem("bluesky_key_taken"), (Candidate(ref, str(record.get("text", "")), None),))

    @looking
    async def find_post(self, url: str, facts: Facts, session: Session) -> Resolution:
        """By the record key in the address; a handle in it may be an older one of the account."""
        named = parse_address(url)
        if named is None:
            return NoSuchPost(addresses.no_address(NETWORK, url))
        who, record_key = named
        if not who.startswith("did:") and who != facts.handle.lower():
            who = await identity.fetch_did(who, session, resolver=self.resolver)
        if who not in (facts.account_id, facts.handle.lower()):
            return NoSuchPost(addresses.of_another(NETWORK, facts.handle))
        fetched = _fetch(record_key, facts, session)
        return await resolve_own(fetched, NETWORK, facts.handle, is_ours=lambda _: True, ref_of=lambda post: post[0])

    @looking
    async def list_recent(self, since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
        """From the account's own repository, newest first by their record keys:
        https://docs.bsky.app/docs/api/com-atproto-repo-list-records."""

        async def fetch(cursor: str) -> tuple[Sequence[Candidate], str]:
            place = {"repo": facts.account_id, "collection": COLLECTION, "limit": str(PAGE)}
            params = place | ({"cursor": cursor} if cursor else {})
            told = (await REST.call(session, "GET", f"{_REPO}.listRecords", params=params)).json_object()
            return [_candidate(record) for record in told.get("records") or ()], str(told.get("cursor") or "")

        posts, complete = await read_back(fetch, lambda post: post.posted_at, since, pages=PAGES)
        return Listing(tuple(posts), complete)

    @removing
    async def delete(self, ref: RemoteRef, facts: Facts, session: Session) -> None:
        body = _place(parse_uri(ref.id)[1], facts)
        await REST.call(session, "POST", f"{_REPO}.deleteRecord", json=body)


async def _upload(medium: Media, session: Session, field: str) -> Mapping[str, Any]:
    file = await open_upload(medium, IMAGES, moving=IMAGES, field=field)
    made = read_object(await REST.upload(session, f"{_REPO}.uploadBlob", file), "blob")
    return {"blob": made["blob"], "width": file.width, "height": file.height}


def _place(record_key: str, facts: Facts) -> dict[str, str]:
    return {"repo": facts.account_id, "collection": COLLECTION, "rkey": record_key}


async def _create(sending: Sending, prepared: Mapping[str, Any]) -> StageResult:
    """Create the record under the delivery's own key; the server refuses a second one under the same key."""
    outgoing, facts, session = sending.outgoing, sending.facts, sending.session
    record = render_post(outgoing, prepared)
    record_key = make_record_key(outgoing.key, outgoing.created_at)
    body = {**_place(record_key, facts), "record": record}
    try:
        answer = await REST.call(session, "POST", f"{_REPO}.createRecord", json=body, irreversible=True)
    except Failed as failed:
        # Refused for its content, or because it stands there already (an attempt whose answer was lost): for that the
        # PDS of 2026-11 answers 500, seen with npm @atproto/pds 0.5.35.
        if not isinstance(failed.result, Rejected | Unknown) or failed.lost:
            raise
        try:
            found = await _fetch(record_key, facts, session)
        except Failed:
            return failed.result
        if found is None:
            return failed.result
        return (
            Sent(found[0]) if is_same(found[1], record) else Rejected(WORDS.problem("bluesky_key_taken"), fixable=False)
        )
    return Sent(_ref(read_object(answer, "uri", "cid")))


async def _fetch(record_key: str, facts: Facts, session: Session) -> Record | None:
    """The post under a record key, or None when the server says that there is none. Raises Failed."""
    answer = await REST.ask(session, "GET", f"{_REPO}.getRecord", params=_place(record_key, facts))
    if isinstance(answer, Response) and answer.status in (400, 404) and get_error(answer) == "RecordNotFound":
        return None
    found = read_object(REST.read(answer), "uri", "cid", "value")
    return _ref(found), found["value"]


def _ref(told: Mapping[str, Any]) -> RemoteRef:
    return make_ref(str(told.get("uri")), str(told.get("cid")))


def _candidate(record: Any) -> Candidate:
    value = read_mapping(read_mapping(record).get("value"))
    return Candidate(_ref(read_mapping(record)), str(value.get("text") or ""), parse_time(value.get("createdAt")))
