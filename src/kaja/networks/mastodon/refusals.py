"""Why a server refused a status: its words alone ("record not found") do not say which of three things is missing."""

from typing import Any

from kaja.networks.kit.connector import Facts
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.outcome import Failure, file_again, file_gone, not_there, refused_problem
from kaja.networks.kit.results import (
    CannotTell,
    ChannelTrouble,
    Checkpoint,
    Found,
    Rejected,
    Restart,
    StageResult,
    Unknown,
)
from kaja.networks.kit.uploads import list_keys
from kaja.networks.mastodon.api import NETWORK, call, is_missing
from kaja.networks.mastodon.delivery import PREPARE, still_processing
from kaja.networks.mastodon.reconcile import find_status

AGAIN = 2
"""How often lost files are uploaded anew before that is told."""


async def explain_refusal(
    refused: Rejected, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
) -> StageResult:
    """What a refusal is about: a file that the server lost or still works on, what the post answers, or the server.

    A file that a status uses cannot be asked for either, so it is looked first whether that status is ours, of a call
    whose answer was lost.
    """
    if is_missing(refused) or refused.problem.code == "network_refused":
        lost = await _list_lost_files(outgoing, checkpoint, session)
        if not isinstance(lost, dict):
            return lost
        if lost:
            found = await find_status(outgoing, checkpoint, facts, session)
            if isinstance(found, Found):
                return Unknown(file_again(NETWORK))  # who owns it is for the look-up to say
            if isinstance(found, CannotTell):
                return Unknown(found.reason)
            media = [lost.get(item["key"], item) for item in checkpoint.get("media", [])]
            if not any(item.get("gone") for item in lost.values()):
                return Restart(PREPARE, {**checkpoint, "media": media}, still_processing())
            again = int(checkpoint.get("again", 0)) + 1
            if again <= AGAIN:
                return Restart(PREPARE, {**checkpoint, "media": media, "again": again}, file_again(NETWORK))
            if outgoing.reply_to is None:
                return Rejected(file_gone(NETWORK))
    if is_missing(refused) and outgoing.reply_to is None:
        return explain_missing(refused, session)
    return refused


def explain_missing(refused: Rejected, session: Session) -> Rejected | ChannelTrouble:
    """404 to a call that answers nothing: the server's own words, or it is no such server any more."""
    if said := refused.problem.params.get("said"):
        return Rejected(refused_problem(NETWORK, str(said)))
    return ChannelTrouble(not_there(NETWORK, session.base_url, 404))


async def _list_lost_files(
    outgoing: Outgoing, checkpoint: Checkpoint, session: Session
) -> dict[str, dict[str, Any]] | Failure:
    """Entries of files that cannot be attached now, by their key: marked as gone, or as not ready."""
    lost: dict[str, dict[str, Any]] = {}
    wanted = set(list_keys(outgoing.media))
    for item in checkpoint.get("media", []):
        if item["key"] not in wanted:
            continue
        answer = await call(session, "GET", f"/api/v1/media/{item['id']}")
        if is_missing(answer):
            lost[item["key"]] = {**item, "gone": True}
        elif isinstance(answer, Response) and answer.status == 206:
            lost[item["key"]] = {**item, "ready": False}
        elif not isinstance(answer, Response | Rejected):
            return answer
    return lost
