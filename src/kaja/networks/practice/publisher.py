"""Sending, changing and finding again: `keyed` and `plain` accounts publish at once, `staged` ones in two stages."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Facts, Stage
from kaja.networks.kit.content import Kind, Media, Outgoing
from kaja.networks.kit.guards import changing, looking, run_guarded
from kaja.networks.kit.http import AnswerLost, Response, Session, TransportError
from kaja.networks.kit.media import ImageRules, fit_image
from kaja.networks.kit.outcome import SOON
from kaja.networks.kit.results import (
    CannotTell,
    Changed,
    ChangeResult,
    Checkpoint,
    Later,
    Listing,
    Next,
    Processing,
    Reconciliation,
    Rejected,
    RemoteRef,
    Resolution,
    Sent,
    StageResult,
)
from kaja.networks.kit.wire import FileBody
from kaja.networks.practice import lookup
from kaja.networks.practice.anew import begin_anew
from kaja.networks.practice.answers import (
    NETWORK,
    ask,
    not_practice,
    open_session,
    parse_ref,
    processing_problem,
    read,
    read_told,
)
from kaja.networks.practice.rules import get_limit

UPLOAD_SECONDS = 120.0

kinds: frozenset[Kind] = frozenset({"post", "continuation", "comment"})
_UPLOAD, _CONTAINER, _READY = (Stage(name, ahead=True) for name in ("upload", "container", "ready"))
_PUBLISH, _CONFIRM = Stage("publish", irreversible=True), Stage("confirm")


def stages(outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
    if outgoing.kind == "comment":
        return (_PUBLISH,)
    upload = (_UPLOAD,) if outgoing.media else ()
    if facts.limits.get("kind") == "staged":
        return (*upload, _CONTAINER, _READY, _PUBLISH, _CONFIRM)
    return (*upload, _PUBLISH)


async def run(stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
    open_session(session)
    result = await run_guarded(_run(stage, outgoing, checkpoint, facts, session), irreversible=stage == _PUBLISH.name)
    return begin_anew(result, outgoing, checkpoint)


async def _run(stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
    match stage:
        case "upload":
            return await _upload(outgoing, checkpoint, facts, session)
        case "container":
            body = _body(outgoing, checkpoint)
            told = await _call(session, "POST", "/api/v1/containers", body, outgoing.key)
            return Next({**checkpoint, "container": str(told["id"])})
        case "ready":
            return await _ready(checkpoint, session)
        case "publish":
            return await _publish(outgoing, checkpoint, facts, session)
        case "confirm":
            return await _confirm(checkpoint, session)
    raise ValueError(f"the practice network has no stage {stage!r}")


async def _upload(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
    """Repeating it leaves an upload behind that nothing uses, which nobody sees."""
    uploaded: list[str] = []
    for medium in outgoing.media:
        content, mime = await asyncio.to_thread(_fit, medium, facts)
        answer = await ask(
            session,
            "POST",
            "/api/v1/media",
            params={"alt": medium.alt},
            content=content,
            headers={"Content-Type": mime},
            timeout=UPLOAD_SECONDS,
        )
        uploaded.append(str(read(answer, irreversible=False).json()["id"]))
    return Next({**checkpoint, "media": uploaded})


async def _ready(checkpoint: Checkpoint, session: Session) -> StageResult:
    told = await lookup.fetch_object(session, f"/api/v1/containers/{checkpoint['container']}")
    if told["status"] == "processing":
        return Later(max(float(told["check_after"]), 0.5), processing_problem())
    if told["status"] == "failed":
        return Rejected(
            Problem(
                "processing_failed",
                gettext_noop("%(network)s could not prepare the post: %(reason)s"),
                field="parts.0.media",
                fix=gettext_noop("Change what it names and send the post again."),
                params={"network": NETWORK, "reason": str(told["reason"])[:300]},
            )
        )
    return Next(checkpoint)


async def _publish(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
    """The one call that is never made twice by machinery."""
    headers = {"X-Client-Reference": outgoing.key, "Idempotency-Key": outgoing.key}
    body: Any = None
    if outgoing.kind == "comment":
        assert outgoing.reply_to is not None
        path, body = f"/api/v1/posts/{outgoing.reply_to.id}/comments", {"text": outgoing.text}
    elif facts.limits.get("kind") == "staged":
        path = f"/api/v1/containers/{checkpoint['container']}/publish"
    else:
        path, body = "/api/v1/posts", _body(outgoing, checkpoint)
    answer = await ask(session, "POST", path, json=body, headers=headers, irreversible=True)
    told = read_told(read(answer, irreversible=True))
    if told.get("status") == "publishing":
        return Processing(checkpoint, max(float(told.get("check_after") or 0), 0.5))
    return Sent(_ref(told))


async def _confirm(checkpoint: Checkpoint, session: Session) -> StageResult:
    told = await lookup.fetch_object(session, f"/api/v1/containers/{checkpoint['container']}")
    if told["status"] == "published":
        return Sent(_ref(told["post"]))
    return Processing(checkpoint, max(float(told["check_after"]), 0.5))


@looking
async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    open_session(session)
    return await lookup.find_delivery(outgoing, checkpoint, facts, session)


@looking
async def find_post(url: str, facts: Facts, session: Session) -> Resolution:
    open_session(session)
    return await lookup.find_post(url, facts, session)


@looking
async def list_recent(since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
    open_session(session)
    return await lookup.list_posts(since, session)


@changing
async def edit(ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
    """Replaces text, media and options; repeating it does no harm."""
    open_session(session)
    checkpoint: Checkpoint = {}
    if outgoing.media:
        uploaded = await _upload(outgoing, {}, facts, session)
        assert isinstance(uploaded, Next)
        checkpoint = uploaded.checkpoint
    try:
        told = await _call(session, "PUT", f"/api/v1/posts/{ref.id}", _body(outgoing, checkpoint), outgoing.key)
    except TransportError as error:
        return Later(SOON, error.problem)
    return Changed(parse_ref(told))


@changing
async def delete(ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult:
    """What is gone already is deleted."""
    open_session(session)
    answer = await ask(session, "DELETE", f"/api/v1/posts/{ref.id}")
    if isinstance(answer, Response) and answer.status == 404:
        return Changed(None)
    read(answer, irreversible=False)
    return Changed(None)


def _fit(medium: Media, facts: Facts) -> tuple[bytes | FileBody, str]:
    """The bytes to upload and their type: pictures upright, without metadata, small enough; others as they are."""
    if medium.kind == "video":
        return FileBody(medium.open, medium.size), medium.mime
    content = medium.read()
    if medium.kind != "image":
        return content, medium.mime
    fitted = fit_image(content, ImageRules(get_limit(facts, "max_image_bytes")))
    return fitted.content, fitted.mime


def _body(outgoing: Outgoing, checkpoint: Checkpoint) -> dict[str, Any]:
    first = outgoing.kind == "post"
    return {
        "text": outgoing.text,
        "media": checkpoint.get("media", []),
        "reply_to": outgoing.reply_to.id if outgoing.reply_to else None,
        "title": str(outgoing.options.get("title") or "") if first else "",
        "content_warning": str(outgoing.options.get("content_warning") or ""),
        "language": outgoing.language,
    }


async def _call(session: Session, method: str, path: str, body: Any, key: str = "") -> dict[str, Any]:
    """A call that may be repeated; the object that it answers with. Raises Failed, TransportError."""
    answer = await ask(session, method, path, json=body, headers={"X-Client-Reference": key} if key else None)
    return read_told(read(answer, irreversible=False))


def _ref(told: Mapping[str, Any]) -> RemoteRef:
    try:
        return parse_ref(told)
    except (KeyError, TypeError) as error:
        raise AnswerLost(not_practice("")) from error
