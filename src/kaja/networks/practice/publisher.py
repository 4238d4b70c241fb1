"""Sending and changing: `keyed` and `plain` accounts publish at once, `staged` ones in two stages."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.kit.connector import Stage
from kaja.networks.kit.content import Kind, Media, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import changing, removing
from kaja.networks.kit.http import AnswerLost, Response, Session
from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.kit.outcome import file_again, file_gone, processing_failed, still_processing
from kaja.networks.kit.results import (
    Changed,
    ChangeResult,
    Later,
    Next,
    Processing,
    Rejected,
    RemoteRef,
    Sent,
    StageResult,
)
from kaja.networks.kit.steps import PATIENCE, Sending, make_run
from kaja.networks.kit.uploads import UPLOAD_SECONDS, have_fetched, open_upload
from kaja.networks.practice.answers import (
    CONTAINER_GONE,
    NETWORK,
    REST,
    UPLOAD_GONE,
    not_practice,
    parse_ref,
    read_told,
)
from kaja.networks.practice.formats import get_limit, render_format
from kaja.networks.practice.lookup import find_delivery, find_post, list_recent
from kaja.networks.practice.moderator import ANSWERS, list_of

__all__ = ["delete", "edit", "find_delivery", "find_post", "kinds", "list_recent", "run", "stages"]

kinds: frozenset[Kind] = frozenset({"post", "continuation", "comment", "reply", "message"})
_UPLOAD, _CONTAINER = Stage("upload", ahead=True), Stage("container", ahead=True)
_READY = Stage("ready", ahead=True, patience=PATIENCE)
_PUBLISH, _CONFIRM = Stage("publish", irreversible=True), Stage("confirm")


def stages(outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
    if outgoing.kind in ANSWERS:
        return (_PUBLISH,)
    upload = (_UPLOAD,) if outgoing.media else ()
    if facts.limits.get("kind") == "staged":
        return (*upload, _CONTAINER, _READY, _PUBLISH, _CONFIRM)
    return (*upload, _PUBLISH)


async def _upload(sending: Sending) -> Next:
    """Repeating it leaves an upload behind that nothing uses, which nobody sees."""
    return sending.note(media=await _send_files(sending.outgoing, sending.facts, sending.session))


async def _send_files(outgoing: Outgoing, facts: Facts, session: Session) -> list[str]:
    return [await _send_file(medium, facts, session) for medium in outgoing.media]


async def _send_file(medium: Media, facts: Facts, session: Session) -> str:
    """The id of a file that the network fetched from us, or was sent."""

    async def fetch(url: str) -> Response:
        body = {"url": url, "alt": medium.alt}
        return await REST.call(session, "POST", "/api/v1/media/fetch", json=body, timeout=UPLOAD_SECONDS)

    pictures = ImageRules(get_limit(facts, "max_image_bytes"))
    answer = await have_fetched(medium, pictures, fetch) if facts.limits.get("fetches") else None
    if answer is None:
        file = await open_upload(medium, pictures)
        answer = await REST.upload(session, "/api/v1/media", file, params={"alt": medium.alt})
    return str(read_told(answer)["id"])


async def _contain(sending: Sending) -> StageResult:
    headers = {"X-Client-Reference": sending.outgoing.key}
    body = _body(sending.outgoing, sending.checkpoint.get("media", []), sending.facts)
    answer = await REST.call(sending.session, "POST", "/api/v1/containers", json=body, headers=headers)
    return sending.note(container=str(read_told(answer)["id"]))


async def _fetch_container(sending: Sending) -> Mapping[str, Any]:
    return await REST.fetch(sending.session, f"/api/v1/containers/{sending.checkpoint['container']}", "status")


async def _ready(sending: Sending) -> StageResult:
    told = await _fetch_container(sending)
    if told["status"] == "processing":
        return Later(_pause(told), still_processing(NETWORK))
    if told["status"] == "failed":
        return Rejected(processing_failed(NETWORK, str(told["reason"])))
    return sending.note()


async def _publish(sending: Sending) -> StageResult:
    """The one call that is never made twice by machinery."""
    outgoing = sending.outgoing
    headers = {"X-Client-Reference": outgoing.key, "Idempotency-Key": outgoing.key}
    body: Any = None
    if outgoing.kind in ANSWERS:
        path, body = list_of(outgoing)[0], {"text": outgoing.text}
    elif sending.facts.limits.get("kind") == "staged":
        path = f"/api/v1/containers/{sending.checkpoint['container']}/publish"
    else:
        path, body = "/api/v1/posts", _body(outgoing, sending.checkpoint.get("media", []), sending.facts)
    told = read_told(await REST.call(sending.session, "POST", path, json=body, headers=headers, irreversible=True))
    if told.get("status") == "publishing":
        return Processing(sending.checkpoint, _pause(told))
    return Sent(_ref(told))


async def _confirm(sending: Sending) -> StageResult:
    told = await _fetch_container(sending)
    if told["status"] == "published":
        return Sent(_ref(told["post"]))
    return Processing(sending.checkpoint, _pause(told))


def _pause(told: Mapping[str, Any]) -> float:
    return max(float(told.get("check_after") or 0), 0.5)


async def _explain(refused: Rejected, sending: Sending) -> StageResult:
    """What an earlier stage had made is gone: an upload, or a container. It is made once more."""
    outgoing = sending.outgoing
    if outgoing.kind in ANSWERS or refused.problem.code not in (UPLOAD_GONE, CONTAINER_GONE):
        return refused
    stage = _UPLOAD if outgoing.media else _CONTAINER
    lost = ("media", "container")
    return sending.begin_again(stage.name, file_again(NETWORK), file_gone(NETWORK), without=lost)


run = make_run(
    {"upload": _upload, "container": _contain, "ready": _ready, "publish": _publish, "confirm": _confirm},
    stages,
    _explain,
)


@changing
async def edit(ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
    """Replaces text, media and options; repeating it does no harm."""
    body = _body(outgoing, await _send_files(outgoing, facts, session), facts)
    headers = {"X-Client-Reference": outgoing.key}
    answer = await REST.call(session, "PUT", f"/api/v1/posts/{ref.id}", json=body, headers=headers)
    return Changed(_ref(read_told(answer)))


@removing
async def delete(ref: RemoteRef, facts: Facts, session: Session) -> None:
    await REST.call(session, "DELETE", f"/api/v1/posts/{ref.id}")


def _body(outgoing: Outgoing, media: list[str], facts: Facts) -> dict[str, Any]:
    first = outgoing.kind == "post"
    return {
        "text": outgoing.text,
        "media": media,
        "reply_to": outgoing.reply_to.id if outgoing.reply_to else None,
        "title": str(outgoing.options.get("title") or "") if first else "",
        "content_warning": str(outgoing.options.get("content_warning") or ""),
        "language": outgoing.language,
        **(render_format(outgoing.options, facts) if first else {}),
    }


def _ref(told: Mapping[str, Any]) -> RemoteRef:
    try:
        return parse_ref(told)
    except (KeyError, TypeError) as error:
        raise AnswerLost(not_practice("")) from error
