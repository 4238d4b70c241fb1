"""Sending, changing and finding messages of the bot."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from kaja.networks.discord.api import NETWORK, REST, call, parse_ref, read_message
from kaja.networks.discord.rules import PICTURES

from kaja.networks.kit import addresses
from kaja.networks.kit.answers import parse_time, read_list
from kaja.networks.kit.connector import Stage
from kaja.networks.kit.content import Kind, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import changing, looking, removing, run_guarded
from kaja.networks.kit.http import Session
from kaja.networks.kit.newest import judge, read_back, resolve_own
from kaja.networks.kit.results import (
    Candidate,
    CannotTell,
    Changed,
    ChangeResult,
    Checkpoint,
    Listing,
    NoSuchPost,
    Reconciliation,
    RemoteRef,
    Resolution,
    Sent,
    StageResult,
)
from kaja.networks.kit.uploads import open_upload

PAGE = 100  # GET /channels/{channel_id}/messages, limit.maximum
NONCE = 25  # MessageCreateRequest.nonce.maxLength
SKEW = timedelta(seconds=10)
_ADDRESS = re.compile(r"/channels/(?:\d+|@me)/(\d+)/(\d+)/?")

kinds: frozenset[Kind] = frozenset({"post", "continuation", "comment"})


def stages(outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
    return (Stage("publish", irreversible=True),)


async def run(stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
    return await run_guarded(_publish(outgoing, facts, session), irreversible=True)


async def _publish(outgoing: Outgoing, facts: Facts, session: Session) -> StageResult:
    body: dict[str, Any] = {"content": outgoing.text, "nonce": outgoing.key[:NONCE], "enforce_nonce": True}
    if outgoing.reply_to is not None:
        body["message_reference"] = {"message_id": outgoing.reply_to.id, "fail_if_not_exists": True}
    how: dict[str, Any] = {"json": body}
    if outgoing.media:
        body["attachments"] = [{"id": n, "description": item.alt} for n, item in enumerate(outgoing.media)]
        files = [(await open_upload(item, PICTURES)).in_form for item in outgoing.media]
        how = {
            "data": {"payload_json": json.dumps(body)},
            "files": {f"files[{n}]": each for n, each in enumerate(files)},
        }
    path = f"/channels/{facts.account_id}/messages"
    return Sent(parse_ref(read_message(await call(session, "POST", path, irreversible=True, **how)), facts.url))


async def _list(since: datetime, facts: Facts, session: Session) -> tuple[list[Mapping[str, Any]], bool]:
    """The bot's own messages of the channel, newest first."""

    async def fetch(before: str) -> tuple[Sequence[Mapping[str, Any]], str]:
        params: dict[str, str | int] = {"limit": PAGE} | ({"before": before} if before else {})
        page = read_list(await call(session, "GET", f"/channels/{facts.account_id}/messages", params=params))
        return page, str(page[-1]["id"]) if len(page) == PAGE else ""

    found, complete = await read_back(fetch, _time_of, since)
    return [message for message in found if _is_ours(message, facts)], complete


def _time_of(message: Mapping[str, Any]) -> datetime | None:
    return parse_time(message.get("timestamp"))


def _is_ours(message: Mapping[str, Any], facts: Facts) -> bool:
    return str((message.get("author") or {}).get("id")) == str(facts.limits["user_id"])


@looking
async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    looked_at = datetime.now(UTC)
    listed, complete = await _list(outgoing.created_at - SKEW, facts, session)
    place = outgoing.reply_to.id if outgoing.reply_to else ""
    matching = [
        parse_ref(message, facts.url)
        for message in listed
        if message.get("content") == outgoing.text
        and str((message.get("message_reference") or {}).get("message_id") or "") == place
        and len(message.get("attachments") or ()) == len(outgoing.media)
    ]
    return judge(outgoing, matching, complete=complete, as_of=looked_at, network=NETWORK)


@looking
async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    parts = addresses.parse_url(url)
    named = _ADDRESS.fullmatch(parts.path) if parts and addresses.is_same_host(url, facts.url) else None
    if named is None:
        return NoSuchPost(addresses.no_address(NETWORK, url))
    return await resolve_own(
        REST.fetch(session, f"/channels/{named[1]}/messages/{named[2]}", "id", "channel_id"),
        NETWORK,
        facts.handle,
        is_ours=lambda message: _is_ours(message, facts),
        ref_of=lambda message: parse_ref(message, facts.url),
    )


@looking
async def list_recent(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    listed, complete = await _list(since, facts, session)
    posts = [Candidate(parse_ref(each, facts.url), str(each.get("content")), _time_of(each)) for each in listed]
    return Listing(tuple(posts), complete)


@changing
async def edit(ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
    path = f"/channels/{facts.account_id}/messages/{ref.id}"
    return Changed(
        parse_ref(read_message(await call(session, "PATCH", path, json={"content": outgoing.text})), facts.url)
    )


@removing
async def delete(ref: RemoteRef, facts: Facts, session: Session) -> None:
    await call(session, "DELETE", f"/channels/{facts.account_id}/messages/{ref.id}")
