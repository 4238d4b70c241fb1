"""Publishing a status: files first, then a look at what stands there already, then the one call that counts.

After a lost answer it is looked for, because compatible servers may ignore the idempotency key. The statuses that stood
there before the call are known from stage `prepare`; only newer ones are considered.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kaja.networks.kit import addresses
from kaja.networks.kit.answers import read_list, read_mapping, read_object, read_server_time
from kaja.networks.kit.connector import Stage
from kaja.networks.kit.content import Kind, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, looking
from kaja.networks.kit.http import Session
from kaja.networks.kit.newest import find_back, note_newest, read_back, read_newest, resolve_own
from kaja.networks.kit.outcome import file_again, file_gone, not_there, refused_problem, still_processing
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    ChannelTrouble,
    Checkpoint,
    Found,
    Listing,
    NoSuchPost,
    Reconciliation,
    Rejected,
    Resolution,
    Restart,
    Sent,
    StageResult,
    Unknown,
)
from kaja.networks.kit.steps import PATIENCE, UPLOADS, Sending, list_uploads, list_used, make_run
from kaja.networks.mastodon import statuses
from kaja.networks.mastodon.api import NETWORK, REST
from kaja.networks.mastodon.files import FILES
from kaja.networks.mastodon.info import WORDS
from kaja.networks.mastodon.limits import read_limits
from kaja.networks.mastodon.statuses import Status

PREPARE, PUBLISH = "prepare", "publish"
SLACK = timedelta(seconds=10)  # servers truncate times, and a call may have been on its way before the mark

kinds: frozenset[Kind] = frozenset({"post", "continuation", "comment", "reply", "message"})


def stages(outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
    # Not "prepare" ahead: which statuses stood there before ours is only true right before it.
    return (*list_uploads(outgoing, ahead=True), Stage(PREPARE, patience=PATIENCE), Stage(PUBLISH, irreversible=True))


async def _prepare(sending: Sending) -> StageResult:
    """Wait for the files, and remember which statuses stand there before ours."""
    ready = await FILES.make_ready(sending)
    answer = await statuses.fetch_statuses(sending.facts, sending.session)
    listed = read_list(answer)[: statuses.LISTED]
    mark = note_newest(sending.checkpoint, map(statuses.id_of, listed), read_server_time(answer))
    mark |= {name: True for name, shows in statuses.HIDDEN.items() if any(map(shows, listed))}
    return sending.note(media=ready, **mark)


async def _publish(sending: Sending) -> StageResult:
    """The irreversible call, alone in its function."""
    outgoing = sending.outgoing
    body, headers = statuses.render_status(outgoing, sending.uploaded), {"Idempotency-Key": outgoing.key}
    made = await REST.call(sending.session, "POST", "/api/v1/statuses", json=body, headers=headers, irreversible=True)
    return Sent(statuses.build_ref(read_object(made, "id"), list_used(outgoing, sending.checkpoint)))


async def _explain(refused: Rejected, sending: Sending) -> StageResult:
    """What a refusal is about: a file that the server lost or still works on, what the post answers, or the server.

    Its words alone ("record not found") do not say which. A file that a status uses cannot be asked for either, so it
    is looked first whether that status is ours, of a call whose answer was lost.
    """
    gone = Failed(refused).gone
    doubtful = sending.stage == PUBLISH and (gone or refused.problem.code == "network_refused")
    if doubtful and (lost := await FILES.find_lost(sending)):
        result = await _begin_again(lost, sending)
        if not isinstance(result, Rejected) or sending.outgoing.reply_to is None:
            return result
    if not gone or (sending.stage == PUBLISH and sending.outgoing.reply_to is not None):
        return refused
    if refused.problem.params.get("said"):
        # To a call that answers nothing only the server's own words are left.
        return replace(refused, problem=refused_problem(NETWORK, str(refused.problem.params["said"])))
    return ChannelTrouble(not_there(NETWORK, sending.session.base_url, 404))


async def _begin_again(lost: dict[str, Any], sending: Sending) -> StageResult:
    found = await find_delivery(sending.outgoing, sending.checkpoint, sending.facts, sending.session)
    if isinstance(found, Found):
        return Unknown(file_again(NETWORK))  # who owns it is for the look-up to say
    if isinstance(found, CannotTell):
        return Unknown(found.reason)
    media = {**sending.uploaded, **lost}
    if not any(item.get("gone") for item in lost.values()):
        return Restart(PREPARE, {**sending.checkpoint, "media": media}, still_processing(NETWORK))
    return sending.begin_again(PREPARE, file_again(NETWORK), file_gone(NETWORK), media=media)


run = make_run({UPLOADS: FILES.upload, PREPARE: _prepare, PUBLISH: _publish}, stages, _explain)


@looking
async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    """Look through the account's newest statuses for the one that `outgoing` would have made."""
    looked_at = datetime.now(UTC)
    fresh, complete = await _list_fresh(*read_newest(checkpoint, outgoing), facts, session)
    shown = {name for name, shows in statuses.HIDDEN.items() if checkpoint.get(name) or any(map(shows, fresh))}
    fresh = [status for status in fresh if not outgoing.is_of_another(statuses.build_ref(status))]
    matching = [status for status in fresh if statuses.matches(status, outgoing)]
    # Where a reply's own place is shown, a status without one is another.
    matching = [status for status in matching if statuses.answers(status, outgoing)] or matching
    if matching:  # the list is newest first: ours came first
        return Found(statuses.build_ref(matching[-1], list_used(outgoing, checkpoint)))
    # Not every server lists to its owner what only followers, or only one person, may read; one that has shown such a
    # status does.
    unshown = f"shows_{statuses.visibility_of(outgoing)}" in statuses.HIDDEN.keys() - shown
    hidden = unshown and read_limits(facts.limits).software != "mastodon"
    if hidden or not complete or any(statuses.resembles(status, outgoing) for status in fresh):
        return CannotTell(
            WORDS.problem("cannot_tell", handle=facts.handle),
            tuple(statuses.build_candidate(status, 300) for status in fresh),
        )
    return AbsentAsOf(looked_at)


async def _list_fresh(
    since: datetime, known: Collection[str], facts: Facts, session: Session
) -> tuple[list[Status], bool]:
    """Statuses made since the mark, newest first, and whether the list reaches back to it. Raises Failed."""
    found, complete = await read_back(
        lambda before: statuses.fetch_page(facts, session, before),
        statuses.posted_at,
        since - SLACK,
        pages=statuses.PAGES,
        id_of=statuses.id_of,
        known=known,
        page_size=statuses.LISTED,
    )
    return [status for status in found if not status.get("reblog")], complete


@looking
async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    """The account's status at an address: by the id in it, else among the newest ones by the address they give.

    Search could resolve more addresses, but needs a permission (read:search) that Kaja does not ask for.
    """
    parts = addresses.parse_own(url, NETWORK, session.base_url, facts.url)
    if isinstance(parts, NoSuchPost):
        return parts
    fetched = _fetch_named(parts.path.rstrip("/").rpartition("/")[2], url.strip().rstrip("/"), facts, session)
    return await resolve_own(
        fetched,
        NETWORK,
        facts.handle,
        is_ours=lambda status: str(read_mapping(status.get("account")).get("id")) == facts.account_id,
        ref_of=statuses.build_ref,
    )


async def _fetch_named(last: str, named: str, facts: Facts, session: Session) -> Status | None:
    if statuses.ID.fullmatch(last):
        try:
            return await REST.fetch(session, f"/api/v1/statuses/{last}", "id")
        except Failed as failed:
            if not failed.gone:
                raise
    return await find_back(
        lambda before: statuses.fetch_page(facts, session, before),
        lambda status: named in (status.get("url"), status.get("uri")) and not status.get("reblog"),
        pages=statuses.PAGES,
    )


@looking
async def list_recent(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    fresh, complete = await _list_fresh(since, [], facts, session)
    return Listing(tuple(map(statuses.build_candidate, fresh)), complete)
