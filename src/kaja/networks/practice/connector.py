"""The connector of the practice network: `keyed` and `plain` accounts publish at once, `staged` ones in two stages."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from kaja.networks.kit.connector import (
    Connected,
    ConnectRefused,
    ConnectsByForm,
    Count,
    Facts,
    FormField,
    Segment,
    Stage,
)
from kaja.networks.kit.content import Draft, Media, Outgoing
from kaja.networks.kit.http import AnswerLost, Response, Session, TransportError
from kaja.networks.kit.media import ImageRefused, ImageRules, fit_image
from kaja.networks.kit.outcome import SOON
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.networks.kit.results import (
    CannotTell,
    Changed,
    ChangeResult,
    ChannelTrouble,
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
    Unknown,
)
from kaja.networks.kit.text import find_links, split_text
from kaja.networks.kit.wire import FileBody
from kaja.networks.practice import lookup
from kaja.networks.practice.anew import begin_anew
from kaja.networks.practice.answers import (
    NETWORK,
    Failed,
    bad_address,
    not_connected,
    not_practice,
    parse_facts,
    parse_ref,
    processing_problem,
    read,
    read_quotas,
)
from kaja.networks.practice.info import INFO
from kaja.networks.practice.reader import PracticeHooks, PracticeReader
from kaja.networks.practice.rules import get_limit, list_problems

UPLOAD_SECONDS = 120.0

_UPLOAD, _CONTAINER, _READY, _CONFIRM = (Stage(name) for name in ("upload", "container", "ready", "confirm"))
_PUBLISH = Stage("publish", irreversible=True)


class Practice(ConnectsByForm):
    """One network; see `kit.connector.Connector`."""

    info = INFO
    reader = PracticeReader()
    hooks = PracticeHooks()

    # Pure rules.
    def check(self, draft: Draft, facts: Facts) -> list[Problem]:
        return list_problems(draft, facts)

    def count(self, text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
        """In Unicode code points."""
        return Count(len(text), get_limit(facts, "max_characters"), "characters")

    def split(self, text: str, facts: Facts) -> list[str]:
        limit = get_limit(facts, "max_characters")
        return split_text(text, lambda part: len(part) <= limit, window=limit + 1)

    def segments(self, text: str, facts: Facts) -> list[Segment]:
        """Links only; the pages of the practice network link the same addresses."""
        found: list[Segment] = []
        done = 0
        for start, end in find_links(text):
            found += [Segment(text[done:start]), Segment(text[start:end], "link", text[start:end])]
            done = end
        return [segment for segment in (*found, Segment(text[done:])) if segment.text]

    def stages(self, outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
        if outgoing.kind == "comment":
            return (_PUBLISH,)
        upload = (_UPLOAD,) if outgoing.media else ()
        if facts.limits.get("kind") == "staged":
            return (*upload, _CONTAINER, _READY, _PUBLISH, _CONFIRM)
        return (*upload, _PUBLISH)

    # Delivery.
    async def run(
        self, stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> StageResult:
        irreversible = stage == _PUBLISH.name
        _open(session)
        try:
            match stage:
                case "upload":
                    return await self._upload(outgoing, checkpoint, facts, session)
                case "container":
                    body = _body(outgoing, checkpoint)
                    told = await _call(session, "POST", "/api/v1/containers", body, outgoing.key)
                    return Next({**checkpoint, "container": str(told["id"])})
                case "ready":
                    return await self._ready(checkpoint, session)
                case "publish":
                    return await self._publish(outgoing, checkpoint, facts, session)
                case "confirm":
                    return await self._confirm(checkpoint, session)
                case _:
                    raise ValueError(f"the practice network has no stage {stage!r}")
        except ImageRefused as refused:
            return refused.as_result("parts.0.media")
        except Failed as failed:
            return begin_anew(failed.result, outgoing, checkpoint)
        except TransportError as error:
            # An answer of success that cannot be read: the call itself was made.
            return Unknown(error.problem) if irreversible else Later(SOON, error.problem)

    async def _upload(self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
        """Repeating it leaves an upload behind that nothing uses, which nobody sees."""
        uploaded: list[str] = []
        for medium in outgoing.media:
            content, mime = await asyncio.to_thread(_fit, medium, facts)
            answer = await _request(
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

    async def _ready(self, checkpoint: Checkpoint, session: Session) -> StageResult:
        told = await lookup.fetch(session, f"/api/v1/containers/{checkpoint['container']}")
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

    async def _publish(self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> StageResult:
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
        answer = await _request(session, "POST", path, json=body, headers=headers, irreversible=True)
        told = _success(read(answer, irreversible=True))
        if told.get("status") == "publishing":
            return Processing(checkpoint, max(float(told.get("check_after") or 0), 0.5))
        return Sent(_ref(told))

    async def _confirm(self, checkpoint: Checkpoint, session: Session) -> StageResult:
        told = await lookup.fetch(session, f"/api/v1/containers/{checkpoint['container']}")
        if told["status"] == "published":
            return Sent(_ref(told["post"]))
        return Processing(checkpoint, max(float(told["check_after"]), 0.5))

    async def find_delivery(
        self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> Reconciliation:
        _open(session)
        return await lookup.find_delivery(outgoing, checkpoint, facts, session)

    async def find_post(self, url: str, facts: Facts, session: Session) -> Resolution:
        _open(session)
        return await lookup.find_post(url, facts, session)

    async def list_recent(self, since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
        _open(session)
        return await lookup.list_posts(since, session)

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
        """Replaces text, media and options; repeating it does no harm."""
        _open(session)
        try:
            checkpoint: Checkpoint = {}
            if outgoing.media:
                uploaded = await self._upload(outgoing, {}, facts, session)
                assert isinstance(uploaded, Next)
                checkpoint = uploaded.checkpoint
            body = _body(outgoing, checkpoint)
            told = await _call(session, "PUT", f"/api/v1/posts/{ref.id}", body, outgoing.key)
            return Changed(parse_ref(told))
        except ImageRefused as refused:
            return refused.as_result("parts.0.media")
        except Failed as failed:
            return failed.result
        except TransportError as error:
            return Later(SOON, error.problem)

    async def delete(self, ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult:
        """What is gone already is deleted."""
        _open(session)
        answer = await _request(session, "DELETE", f"/api/v1/posts/{ref.id}")
        if isinstance(answer, Response) and answer.status == 404:
            return Changed(None)
        try:
            read(answer, irreversible=False)
        except Failed as failed:
            return failed.result
        return Changed(None)

    # Connecting.

    async def connect(self, form: Mapping[str, str], pending: Mapping[str, str], session: Session) -> Connected:
        """Makes the account, or opens the one that has this name already. `pending` holds what Kaja itself shows: its
        key, and the workspace whose the account is."""
        session.base_url = parse_base_url(form.get("base_url") or _field("base_url").default)
        session.use_no_credentials()
        body = {
            "name": form.get("name", ""),
            "kind": form.get("kind") or _field("kind").default,
            "workspace": pending.get("workspace", ""),
        }
        session.hide(pending.get("key", ""))
        headers = {"X-Practice-Key": pending.get("key", "")}
        try:
            answer = await _request(session, "POST", "/api/v1/accounts", json=body, headers=headers)
            if isinstance(answer, Response) and (known := not_connected(answer)):
                raise ConnectRefused(known)
            told = _success(read(answer, irreversible=False))
            facts, token = parse_facts(told["account"]), str(told["token"])
        except (Failed, TransportError) as error:
            raise ConnectRefused(error.problem) from error
        except (KeyError, TypeError, ValueError) as error:
            raise ConnectRefused(not_practice(session.base_url)) from error
        return Connected(facts, {"token": token}, session.base_url)

    async def inspect(self, session: Session) -> Facts:
        """Raises TransportError for trouble of the moment, which says nothing about the account."""
        _open(session)
        try:
            return parse_facts(await lookup.fetch(session, "/api/v1/account"))
        except Failed as failed:
            if isinstance(failed.result, Later | Unknown | ChannelTrouble):
                raise AnswerLost(failed.problem) from failed
            raise ConnectRefused(failed.problem) from failed
        except (KeyError, TypeError, ValueError) as error:
            raise AnswerLost(not_practice(session.base_url)) from error


def parse_base_url(text: str) -> str:
    """The address of a practice network; a bare host is taken as http. Raises ConnectRefused."""
    text = text.strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 raises for a bad one
    except ValueError:
        raise ConnectRefused(bad_address(text)) from None
    foreign = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None
    if parts.scheme not in ("http", "https") or not parts.hostname or foreign:
        raise ConnectRefused(bad_address(text))
    return f"{parts.scheme}://{parts.netloc}"


def _fit(medium: Media, facts: Facts) -> tuple[bytes | FileBody, str]:
    """The bytes to upload and their type: pictures upright, without metadata, small enough; others as they are."""
    if medium.kind == "video":
        return FileBody(medium.open, medium.size), medium.mime
    content = medium.read()
    if medium.kind != "image":
        return content, medium.mime
    fitted = fit_image(content, ImageRules(get_limit(facts, "max_image_bytes")))
    return fitted.content, fitted.mime


def _field(name: str) -> FormField:
    return next(field for field in INFO.form if field.name == name)


def _open(session: Session) -> None:
    session.use_bearer(session.credentials.get("token", ""))
    session.read_quotas = read_quotas


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


async def _request(session: Session, method: str, path: str, **how: Any) -> Response | TransportError:
    """The answer, or why there is none."""
    try:
        return await session.request(method, path, **how)
    except TransportError as error:
        return error


async def _call(session: Session, method: str, path: str, body: Any, key: str = "") -> dict[str, Any]:
    """A call that may be repeated; the object that it answers with. Raises Failed, TransportError."""
    answer = await _request(session, method, path, json=body, headers={"X-Client-Reference": key} if key else None)
    return _success(read(answer, irreversible=False))


def _success(answer: Response) -> dict[str, Any]:
    """The object of a successful answer; anything else means that nobody knows what was done."""
    told = answer.json()
    if not isinstance(told, dict):
        raise AnswerLost(not_practice(answer.url))
    return told


def _ref(told: Mapping[str, Any]) -> RemoteRef:
    try:
        return parse_ref(told)
    except (KeyError, TypeError) as error:
        raise AnswerLost(not_practice("")) from error
