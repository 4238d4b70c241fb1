"""Files of a status: sent first, and looked at by the server in its own time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.content import Media
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Session
from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.kit.results import Rejected
from kaja.networks.kit.uploads import UPLOAD_SECONDS, open_upload
from kaja.networks.kit.waiting import wait_for
from kaja.networks.mastodon.api import NETWORK, REST
from kaja.networks.mastodon.limits import Limits
from kaja.networks.mastodon.rules import becomes_gif

POLLS = 20
POLL_SECONDS = 1.0
KEPT = timedelta(hours=12)
"""Mastodon removes files that no status uses after about a day (unverified); older ones go up again."""


async def upload(media: Media, limits: Limits, session: Session) -> dict[str, Any]:
    """Send one file with its description; says whether the server still works on it (202). Raises Failed."""
    pictures = ImageRules(limits.image_size_limit, limits.image_types, limits.max_side)
    gifs = replace(pictures, mimes=("image/gif",)) if becomes_gif(media, limits) else None
    file = await open_upload(media, pictures, moving=gifs)
    how: dict[str, Any] = {
        "files": {"file": file.in_form},
        "data": {"description": media.alt} if media.alt.strip() else None,
        "timeout": UPLOAD_SECONDS,
    }
    try:
        answer = await REST.call(session, "POST", "/api/v2/media", **how)
    except Failed as failed:
        if not failed.gone:
            raise
        answer = await REST.call(session, "POST", "/api/v1/media", **how)
    made = read_object(answer, "id")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"id": str(made["id"]), "ready": answer.status != 202, "at": at}


async def make_ready(item: Mapping[str, Any], media: Media, limits: Limits, session: Session) -> dict[str, Any]:
    """The file when it can be attached, sent anew when the server may have dropped it. Raises Failed."""
    if item.get("gone") or datetime.fromisoformat(item["at"]) < datetime.now(UTC) - KEPT:
        item = await upload(media, limits, session)
    return dict(item) if item["ready"] else await wait_until_ready(item, session)


async def wait_until_ready(item: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """Ask until the server is done with a file: 206 while it works, 200 then, 422 when it cannot read the file."""

    async def ask() -> dict[str, Any] | None:
        try:
            answer = await REST.call(session, "GET", f"/api/v1/media/{item['id']}")
        except Failed as failed:
            if isinstance(failed.result, Rejected) and not failed.gone:
                raise Failed(Rejected(_unreadable())) from failed
            raise
        return {**item, "ready": True} if answer.status != 206 and read_object(answer).get("url") else None

    return await wait_for(ask, NETWORK, polls=POLLS, seconds=POLL_SECONDS)


def _unreadable() -> Problem:
    return Problem(
        "media_unreadable",
        gettext_noop("%(network)s could not process a file of this post."),
        "parts.0.media",
        gettext_noop("Replace the file, for example with a JPEG picture or an MP4 (H.264) video."),
        {"network": NETWORK},
    )
