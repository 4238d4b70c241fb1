"""Files of a status: sent first, and looked at by the server in its own time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from kaja.networks.kit.answers import read_object
from kaja.networks.kit.background import Background
from kaja.networks.kit.content import Media
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Session
from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.kit.uploads import open_upload
from kaja.networks.mastodon.api import NETWORK, REST
from kaja.networks.mastodon.limits import read_limits


async def _send(media: Media, facts: Facts, session: Session) -> tuple[str, bool]:
    """Send one file with its description; 202 says that the server still works on it."""
    limits = read_limits(facts.limits)
    pictures = ImageRules(limits.image_size_limit, limits.image_types, limits.max_side)
    becomes_gif = media.kind == "gif" and media.mime != "image/gif" and limits.moves_only_gif
    file = await open_upload(media, pictures, moving=replace(pictures, mimes=("image/gif",)) if becomes_gif else None)
    how: dict[str, Any] = {"field": "file", "data": {"description": media.alt} if media.alt.strip() else None}
    try:
        answer = await REST.upload(session, "/api/v2/media", file, **how)
    except Failed as failed:
        if not failed.gone:
            raise
        answer = await REST.upload(session, "/api/v1/media", file, **how)
    return str(read_object(answer, "id")["id"]), answer.status != 202


async def _is_ready(number: str, session: Session) -> bool:
    """206 while the server works, 200 then, 422 when it cannot read the file."""
    answer = await REST.call(session, "GET", f"/api/v1/media/{number}")
    return answer.status != 206 and bool(read_object(answer).get("url"))


# Mastodon removes files that no status uses after about a day (unverified).
FILES = Background(NETWORK, _send, _is_ready, kept=timedelta(hours=12))
