"""The gate of the API: who asks, for which workspace, and whether this very request was carried out before.

Every request under `/api/v1/` runs in one transaction inside its token's workspace (but for the few that wait for
something outside, see `routers.WAITING`). An answer of 400 or more rolls all
of it back, so a refused request leaves nothing behind; an `Idempotency-Key` is remembered in the same transaction as
the effect, so a repeated request gets the first answer and never a second effect.
"""

import hashlib
from collections.abc import Callable, Collection
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone

from kaja.api.models import RememberedRequest
from kaja.api.parameters import find_unknown
from kaja.api.problems import MEDIA_TYPE, render_problem_response
from kaja.api.remembered import KEY_LENGTH, find_remembered, read_answer, remember_answer, remember_key
from kaja.api.routers import SHOWN_ONCE, WAITING
from kaja.api.tokens import Bearer, find_bearer
from kaja.kernel.limits import Asked, Limit, caller_of, count_seconds, take
from kaja.kernel.outside import leave_database
from kaja.kernel.problems import Problem, gettext_noop
from kaja.kernel.tenancy import run_in_workspace, workspace_scope

PREFIX = "/api/v1/"
OPEN_PATHS = frozenset({PREFIX + "openapi.json", PREFIX + "docs"})
UNKNOWN_TOKENS = Limit("api: unknown token", 60, 600)
"""Calls of one address with tokens that open nothing."""


def _fingerprint(request: HttpRequest) -> bytes:
    """What was asked: method, address and body (files by their content, since multipart boundaries differ)."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        for name in sorted(request.POST):
            digest.update(repr((name, request.POST.getlist(name))).encode())
        for name in sorted(request.FILES):
            for upload in request.FILES.getlist(name):
                digest.update(repr((name, upload.name)).encode())
                for chunk in upload.chunks():
                    digest.update(chunk)
                upload.seek(0)
    else:
        digest.update(request.body)
    return digest.digest()


def _remembered(request: HttpRequest, bearer: Bearer, key: str) -> tuple[RememberedRequest, HttpResponse | None]:
    """Our own fresh row, or somebody's row with the answer to give. Waits for a request with the key under way."""
    fingerprint = _fingerprint(request)
    row, fresh = remember_key(bearer.token, key, fingerprint)
    return row, None if fresh else _repeat(row, fingerprint)


def _repeat(row: RememberedRequest, fingerprint: bytes) -> HttpResponse:
    """The answer to a request whose key is known."""
    if bytes(row.fingerprint) != fingerprint:
        return render_problem_response(
            422,
            [
                Problem(
                    code="idempotency_key_reused",
                    message=gettext_noop("This Idempotency-Key was used for a different request."),
                    field="Idempotency-Key",
                    fix=gettext_noop("Use a new key for every new request; repeat a key only to repeat a request."),
                )
            ],
        )
    response = HttpResponse(read_answer(row), status=row.status or 200, content_type="application/json")
    response["Idempotency-Replayed"] = "true"
    return response


def api_gate(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: lets requests of the API in, with their workspace entered."""

    def gate(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX) or request.path in OPEN_PATHS:
            return get_response(request)
        # Tokens, not cookies, open the API: a foreign page cannot make a browser send one.
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        unknown = [(UNKNOWN_TOKENS, caller_of(request))]
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        bearer = find_bearer(secret.strip()) if scheme.lower() == "bearer" else None
        if bearer is None:
            if wait := take(*unknown):
                return too_many_response(wait)
            return render_problem_response(
                401,
                [
                    Problem(
                        code="token_invalid",
                        message=gettext_noop("The token is missing, unknown, expired or revoked."),
                        field="Authorization",
                        fix=gettext_noop("Send “Authorization: Bearer kaja_…” with a token from the settings."),
                    )
                ],
            )
        if wait := take(*_limits_of(bearer)):
            return too_many_response(wait)
        request.bearer = bearer  # type: ignore[attr-defined]

        def answer(request: HttpRequest) -> HttpResponse:
            with timezone.override(ZoneInfo(bearer.workspace.time_zone)):  # what is planned is meant by that clock
                return get_response(request)

        key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
        if len(key) > KEY_LENGTH or "\x00" in key:
            return _key_invalid()
        if unknown_parameters := find_unknown(request):
            return render_problem_response(422, unknown_parameters)
        if _is_one_of(WAITING, request):
            return _answer_outside(request, bearer, key, answer)
        return run_in_workspace(bearer.workspace.id, lambda: _answer(request, bearer, key, answer))

    return gate


def _limits_of(bearer: Bearer) -> list[Asked]:
    """What a call counts in: its token, and all tokens of its person together."""
    rate = settings.API_CALLS_PER_MINUTE
    return [
        (Limit("api: token", rate, 60), str(bearer.token.id)),
        (Limit("api: person", 2 * rate, 60), str(bearer.token.user_id)),
    ]


def too_many_response(wait: float) -> HttpResponse:
    """429 with the seconds after which the call will be taken (RFC 6585, section 4)."""
    seconds = count_seconds(wait)
    response = render_problem_response(
        429,
        [
            Problem(
                code="too_many_requests",
                message=gettext_noop("There were too many calls; this one was not carried out."),
                fix=gettext_noop("Repeat it after %(seconds)s seconds, and spread calls out."),
                params={"seconds": seconds},
            )
        ],
    )
    response["Retry-After"] = str(seconds)
    return response


def _key_invalid() -> HttpResponse:
    return render_problem_response(
        400,
        [
            Problem(
                code="idempotency_key_invalid",
                message=gettext_noop("The Idempotency-Key is longer than %(limit)s characters or unprintable."),
                field="Idempotency-Key",
                fix=gettext_noop("A random UUID is a good key."),
                params={"limit": KEY_LENGTH},
            )
        ],
    )


def _is_one_of(operations: Collection[tuple[str, str]], request: HttpRequest) -> bool:
    try:
        route = resolve(request.path_info).route
    except Resolver404:
        return False
    # Ninja reads ids with a converter of its own.
    route = route.removeprefix(PREFIX[1:]).replace("<uuidstr:", "<uuid:")
    return (request.method or "", route) in operations


def _answer(
    request: HttpRequest, bearer: Bearer, key: str, get_response: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    with transaction.atomic():
        row = None
        if key:
            row, earlier = _remembered(request, bearer, key)
            if earlier is not None:
                return earlier
        response = _in_words(get_response(request))
        if ended := request.__dict__.pop("ended_by", None):
            raise ended
        if response.status_code >= 400:
            transaction.set_rollback(True)
        elif row is not None:
            _remember(request, row, response)
    return response


def _answer_outside(
    request: HttpRequest, bearer: Bearer, key: str, get_response: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    """An operation that waits, so no transaction is open around it. Its effect is one of those that are the same when
    they happen twice (the same file, the same account), so its key may be remembered after it."""
    leave_database()
    if key:
        with workspace_scope(bearer.workspace.id):
            known = find_remembered(bearer.token, key)
        leave_database()
        if known is not None:
            return _repeat(known, _fingerprint(request))
    response = _in_words(get_response(request))
    if key and response.status_code < 400:
        with workspace_scope(bearer.workspace.id):
            row, earlier = _remembered(request, bearer, key)
            if earlier is not None:  # the same request at the same time was quicker
                return earlier
            _remember(request, row, response)
    return response


def _in_words(response: HttpResponse) -> HttpResponse:
    if response.status_code in {404, 405} and response["Content-Type"] != MEDIA_TYPE:
        # An address that is none of ours, or not for this method: the router answers before the API does.
        return render_problem_response(response.status_code)
    return response


def _remember(request: HttpRequest, row: RememberedRequest, response: HttpResponse) -> None:
    secret = _is_one_of(SHOWN_ONCE, request)
    remember_answer(row, response.status_code, response.content.decode(), secret=secret)
