"""Publishing one status: files first, then a look at what stands there already, then the one call that counts."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.answers import read_list, read_object
from kaja.networks.kit.connector import Facts, Stage
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.media import ImageRefused, ImageRules, fit_image, fit_moving
from kaja.networks.kit.outcome import SOON, Failure
from kaja.networks.kit.results import Checkpoint, Later, Next, Rejected, RemoteRef, Sent, StageResult, Unknown
from kaja.networks.kit.uploads import list_keys, name_upload
from kaja.networks.kit.wire import FileBody
from kaja.networks.mastodon.api import NETWORK, call, is_missing, open_session
from kaja.networks.mastodon.limits import Limits, read_limits
from kaja.networks.mastodon.rules import becomes_gif, read_spoiler

MEDIA = "media-"
PREPARE = "prepare"
PUBLISH = "publish"
LISTED = 40  # the most that one page of an account's statuses holds
POLLS = 20
POLL_SECONDS = 1.0
UPLOAD_SECONDS = 300.0
KEPT = timedelta(hours=12)
"""Mastodon removes files that no status uses after about a day (unverified); older ones go up again."""


def list_stages(outgoing: Outgoing) -> tuple[Stage, ...]:
    """One stage per file, so that a lost connection does not repeat the earlier uploads."""
    # Not "prepare": which statuses stood there before ours is only true right before it.
    uploads = [Stage(f"{MEDIA}{index}", ahead=True) for index in range(len(outgoing.media))]
    return (*uploads, Stage(PREPARE), Stage(PUBLISH, irreversible=True))


async def run_stage(
    stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
) -> StageResult:
    """Run one stage. An answer that cannot be read leaves the outcome open only where it cannot be had again."""
    open_session(session)
    try:
        if stage.startswith(MEDIA):
            return await _upload_one(outgoing, int(stage.removeprefix(MEDIA)), checkpoint, facts, session)
        if stage == PREPARE:
            return await _prepare(outgoing, checkpoint, facts, session)
        if stage == PUBLISH:
            return await _publish(outgoing, checkpoint, session)
    except TransportError as error:
        return Unknown(error.problem) if stage == PUBLISH else Later(SOON, error.problem)
    raise ValueError(stage)


async def _upload_one(
    outgoing: Outgoing, index: int, checkpoint: Checkpoint, facts: Facts, session: Session
) -> StageResult:
    key = list_keys(outgoing.media)[index]
    uploaded = await upload(outgoing.media[index], key, read_limits(facts.limits), session)
    if not isinstance(uploaded, dict):
        return uploaded
    others = [item for item in checkpoint.get("media", []) if item["key"] != key]
    return Next({**checkpoint, "media": [*others, uploaded]})


async def upload(media: Media, key: str, limits: Limits, session: Session) -> dict[str, Any] | Failure:
    """Send one file with its description. The entry is found again by its key (`list_keys`).

    It remembers whether the server still works on the file (202).
    """
    try:
        name, content, mime = await asyncio.to_thread(_open, media, limits)
    except ImageRefused as refused:
        return refused.as_result("parts.0.media")
    arguments: dict[str, Any] = {
        "files": {"file": (name, content, mime)},
        "data": {"description": media.alt} if media.alt.strip() else None,
        "timeout": UPLOAD_SECONDS,
    }
    answer = await call(session, "POST", "/api/v2/media", **arguments)
    if is_missing(answer):
        answer = await call(session, "POST", "/api/v1/media", **arguments)
    if not isinstance(answer, Response):
        return answer
    remote = read_object(answer, "id")
    return {
        "key": key,
        "id": str(remote["id"]),
        "ready": answer.status != 202,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _open(media: Media, limits: Limits) -> tuple[str, bytes | FileBody, str]:
    """File name, content and type to upload; a picture within the instance's limits and without metadata."""
    if media.kind == "video":
        return name_upload(media, media.mime), FileBody(media.open, media.size), media.mime
    content, mime = media.read(), media.mime
    if media.kind == "image":
        fitted = fit_image(content, ImageRules(limits.image_size_limit, limits.image_types, limits.max_side))
        content, mime = fitted.content, fitted.mime
    elif becomes_gif(media, limits):
        fitted = fit_moving(content, ImageRules(limits.image_size_limit, ("image/gif",), limits.max_side))
        content, mime = fitted.content, fitted.mime
    return name_upload(media, mime), content, mime


async def wait_until_ready(item: dict[str, Any], session: Session) -> dict[str, Any] | Failure:
    """Ask until the server is done with a file: 206 while it works, 200 then, 422 when it cannot read the file."""
    for attempt in range(POLLS):
        answer = await call(session, "GET", f"/api/v1/media/{item['id']}")
        if isinstance(answer, Rejected) and not is_missing(answer):
            return Rejected(
                Problem(
                    "media_unreadable",
                    gettext_noop("%(network)s could not process a file of this post."),
                    "parts.0.media",
                    gettext_noop("Replace the file, for example with a JPEG picture or an MP4 (H.264) video."),
                    {"network": NETWORK},
                )
            )
        if not isinstance(answer, Response):
            return answer
        if answer.status != 206 and read_object(answer).get("url"):
            return {**item, "ready": True}
        if attempt + 1 < POLLS:
            await asyncio.sleep(POLL_SECONDS)
    return Later(10.0, still_processing())


def still_processing() -> Problem:
    return Problem(
        "media_processing",
        gettext_noop("%(network)s is still working on a file of this post."),
        params={"network": NETWORK},
    )


async def _prepare(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
    """Wait for the files, and remember which statuses stand there before ours."""
    ready = []
    by_key = {item["key"]: item for item in checkpoint.get("media", [])}
    for key, media in zip(list_keys(outgoing.media), outgoing.media, strict=True):
        item: dict[str, Any] | Failure = by_key[key]
        if isinstance(item, dict) and (item.get("gone") or _is_old(item)):
            item = await upload(media, key, read_limits(facts.limits), session)
        if isinstance(item, dict) and not item["ready"]:
            item = await wait_until_ready(item, session)
        if not isinstance(item, dict):
            return item
        ready.append(item)
    answer = await call(
        session,
        "GET",
        f"/api/v1/accounts/{facts.account_id}/statuses",
        params={"limit": LISTED, "exclude_reblogs": "true"},
    )
    if not isinstance(answer, Response):
        return answer
    listed = read_list(answer)[:LISTED]
    mark: dict[str, Any] = {}
    if any(status.get("visibility") == "private" for status in listed):
        mark["shows_private"] = True
    if "marked_at" not in checkpoint:
        # Prepared once more, an earlier call may have been stored since, and must not count as known before it.
        mark |= {"known": [str(status.get("id")) for status in listed], "marked_at": server_time(answer).isoformat()}
    return Next({**checkpoint, "media": ready, **mark})


def _is_old(item: Mapping[str, Any]) -> bool:
    return datetime.fromisoformat(item["at"]) < datetime.now(UTC) - KEPT


def server_time(answer: Response) -> datetime:
    """The server's own clock, so that no comparison mixes two clocks; ours when it names none."""
    try:
        moment = parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _publish(outgoing: Outgoing, checkpoint: Checkpoint, session: Session) -> StageResult:
    """The irreversible call, alone in its function."""
    answer = await call(
        session,
        "POST",
        "/api/v1/statuses",
        json=render_status(outgoing, checkpoint),
        headers={"Idempotency-Key": outgoing.key},
        irreversible=True,
    )
    if not isinstance(answer, Response):
        return answer
    return Sent(build_ref(read_object(answer, "id"), outgoing, checkpoint))


def render_status(outgoing: Outgoing, checkpoint: Checkpoint) -> dict[str, Any]:
    """The body of POST /api/v1/statuses; the same for every attempt of a delivery."""
    ids = {item["key"]: item["id"] for item in checkpoint.get("media", [])}
    body: dict[str, Any] = {
        "status": outgoing.text,
        "visibility": outgoing.options.get("visibility") or "public",
        "sensitive": is_on(outgoing.options.get("sensitive")),
    }
    if spoiler := read_spoiler(outgoing.options):
        body["spoiler_text"] = spoiler
    if language := render_language(outgoing.language):
        body["language"] = language
    if outgoing.media:
        body["media_ids"] = [ids[key] for key in list_keys(outgoing.media)]
    if outgoing.reply_to is not None:
        body["in_reply_to_id"] = outgoing.reply_to.id
    return body


def build_ref(status: Mapping[str, Any], outgoing: Outgoing, checkpoint: Checkpoint) -> RemoteRef:
    """The published object. `data` keeps the files' remote ids, which a later edit has to name."""
    ids = {item["key"]: item["id"] for item in checkpoint.get("media", [])}
    media = {key: ids[key] for key in list_keys(outgoing.media) if key in ids}
    return RemoteRef(str(status["id"]), str(status.get("url") or status.get("uri") or ""), {"media": media})


_REGIONS = {"zh-hant": "zh-TW", "zh-hans": "zh-CN"}


def render_language(language: str) -> str:
    """An ISO 639-1 code; the two Chinese scripts have names of their own in Mastodon's list (LanguagesHelper)."""
    lowered = language.strip().lower().replace("_", "-")
    return _REGIONS.get(lowered) or lowered.split("-", 1)[0]


def is_on(value: Any) -> bool:
    """A bool option, however the form or API spelled it."""
    return value is True or str(value).lower() in ("true", "on", "1", "yes")
