"""Every post stands under a record key that is made from its delivery, so none can double."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.bluesky import identity, text
from kaja.networks.bluesky.auth import ask, call
from kaja.networks.bluesky.limits import NETWORK, RESOLVER
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
from kaja.networks.bluesky.xrpc import FILE_GONE, get_error, read, read_quotas
from kaja.networks.kit import addresses
from kaja.networks.kit.answers import parse_time, read_mapping, read_object
from kaja.networks.kit.connector import Stage
from kaja.networks.kit.content import Kind, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, changing, looking
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.newest import read_back
from kaja.networks.kit.results import (
    AbsentAsOf,
    Candidate,
    CannotTell,
    Changed,
    ChangeResult,
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

_PREPARE, _PUBLISH = Stage("prepare", ahead=True), Stage("publish", irreversible=True)
PAGE, PAGES = 100, 5


@dataclass(frozen=True)
class Publisher:
    """Sending, finding again, deleting. `resolver` is asked who has a handle."""

    resolver: str = RESOLVER
    kinds: frozenset[Kind] = frozenset({"post", "continuation", "comment"})

    def stages(self, outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
        return (_PREPARE, _PUBLISH) if needs_preparing(outgoing) else (_PUBLISH,)

    async def run(
        self, stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> StageResult:
        session.read_quotas = read_quotas
        steps = {_PREPARE.name: self._prepare, _PUBLISH.name: self._publish}
        return await make_run(steps, self.stages)(stage, outgoing, checkpoint, facts, session)

    async def _prepare(self, sending: Sending) -> StageResult:
        return sending.note(**await prepare(sending.outgoing, sending.session, self.resolver))

    async def _publish(self, sending: Sending) -> StageResult:
        result = await _create(sending, sending.checkpoint)
        if isinstance(result, Rejected) and result.problem.code == FILE_GONE:
            # A PDS forgets an upload that no post used for some hours; refused, nothing stands there.
            result = await _create(sending, await prepare(sending.outgoing, sending.session, self.resolver))
        return result

    @looking
    async def find_delivery(
        self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> Reconciliation:
        """Conclusive: the account's own server says whether the record is there."""
        session.read_quotas = read_quotas
        asked_at = datetime.now(UTC)
        found = await _fetch(make_record_key(outgoing.key, outgoing.created_at), facts, session)
        if found is None:
            return AbsentAsOf(asked_at)
        ref, record = found
        expected = {"text": text.normalize(outgoing.text), "createdAt": render_time(outgoing.created_at)}
        if is_same(record, expected):
            return Found(ref)
        return CannotTell(_key_taken(), (Candidate(ref, str(record.get("text", "")), None),))

    @looking
    async def find_post(self, url: str, facts: Facts, session: Session) -> Resolution:
        """By the record key in the address; a handle in it may be an older one of the account."""
        session.read_quotas = read_quotas
        named = parse_address(url)
        if named is None:
            return NoSuchPost(addresses.no_address(NETWORK, url))
        who, record_key = named
        if not who.startswith("did:") and who != facts.handle.lower():
            who = await identity.fetch_did(who, session, resolver=self.resolver)
        if who not in (facts.account_id, facts.handle.lower()):
            return NoSuchPost(addresses.of_another(NETWORK, facts.handle))
        found = await _fetch(record_key, facts, session)
        return Found(found[0]) if found else NoSuchPost(addresses.not_there(NETWORK))

    @looking
    async def list_recent(self, since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
        """From the account's own repository, newest first by their record keys:
        https://docs.bsky.app/docs/api/com-atproto-repo-list-records."""
        session.read_quotas = read_quotas

        async def fetch(cursor: str) -> tuple[Sequence[Candidate], str]:
            place = {"repo": facts.account_id, "collection": COLLECTION, "limit": str(PAGE)}
            params = place | ({"cursor": cursor} if cursor else {})
            told = (await call(session, "GET", "com.atproto.repo.listRecords", params=params)).json_object()
            return [_candidate(record) for record in told.get("records") or ()], str(told.get("cursor") or "")

        posts, complete = await read_back(fetch, lambda post: post.posted_at, since, pages=PAGES)
        return Listing(tuple(posts), complete)

    @changing
    async def delete(self, ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult:
        session.read_quotas = read_quotas
        body = _place(parse_uri(ref.id)[1], facts)
        await call(session, "POST", "com.atproto.repo.deleteRecord", json=body)
        return Changed(None)


def _place(record_key: str, facts: Facts) -> dict[str, str]:
    return {"repo": facts.account_id, "collection": COLLECTION, "rkey": record_key}


async def _create(sending: Sending, prepared: Mapping[str, Any]) -> StageResult:
    """Create the record under the delivery's own key; the server refuses a second one under the same key."""
    outgoing, facts, session = sending.outgoing, sending.facts, sending.session
    record = render_post(outgoing, prepared)
    record_key = make_record_key(outgoing.key, outgoing.created_at)
    body = {**_place(record_key, facts), "record": record}
    try:
        answer = await call(session, "POST", "com.atproto.repo.createRecord", json=body, irreversible=True)
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
        return Sent(found[0]) if is_same(found[1], record) else Rejected(_key_taken(), fixable=False)
    made = read_object(answer, "uri", "cid")
    return Sent(make_ref(str(made["uri"]), str(made["cid"])))


async def _fetch(record_key: str, facts: Facts, session: Session) -> tuple[RemoteRef, Mapping[str, Any]] | None:
    """The post under a record key, or None when the server says that there is none. Raises Failed."""
    answer = await ask(session, "GET", "com.atproto.repo.getRecord", params=_place(record_key, facts))
    if isinstance(answer, Response) and answer.status in (400, 404) and get_error(answer) == "RecordNotFound":
        return None
    found = read_object(read(answer), "uri", "cid", "value")
    return make_ref(str(found["uri"]), str(found["cid"])), found["value"]


def _candidate(record: Any) -> Candidate:
    record = read_mapping(record)
    value = read_mapping(record.get("value"))
    ref = make_ref(str(record.get("uri")), str(record.get("cid")))
    return Candidate(ref, str(value.get("text") or ""), parse_time(value.get("createdAt")))


def _key_taken() -> Problem:
    return Problem(
        "bluesky_key_taken",
        gettext_noop("Another post of this account stands where this one would go."),
        fix=gettext_noop("Duplicate the post and publish the copy."),
    )
