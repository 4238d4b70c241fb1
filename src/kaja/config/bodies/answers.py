"""What is said to a sender whose body was not taken."""

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from kaja.api.problems import render_problem_response
from kaja.config.bodies.limits import LARGEST
from kaja.config.outage import Outage, find_outage, server_error
from kaja.kernel.problems import Problem, gettext_noop
from kaja.media import refusals, videos
from kaja.web.problems import render_problem_json

log = logging.getLogger(__name__)


def failed(request: HttpRequest, error: Exception) -> HttpResponse:
    """A body that could not be kept, or whose sender could not be looked up: no room, no database."""
    if isinstance(error, OSError) and find_outage(error) is Outage.DISK and _is_program(request):
        # Only files go to the disk. Whoever uploads one while they write must hear that the post is safe.
        log.error("no room for an upload: %s %s", request.method, request.path)
        return _say(request, 503, refusals.refuse_full_disk().problems[0])
    try:
        raise error
    except Exception:  # noqa: BLE001 - raised for who reads the exception that is being handled
        return server_error(request)


def too_large(request: HttpRequest, size: int, most: int) -> HttpResponse:
    """A body over its limit."""
    if most == LARGEST:
        [problem] = refusals.refuse_large_body(size, videos.MAX_BYTES).problems
    else:
        problem = Problem(
            code="body_too_large",
            message=gettext_noop("What was sent has %(size)s kB; at most %(limit)s kB are accepted. It was not kept."),
            fix=gettext_noop("Sign in first, or send less at once."),
            params={"size": -(-size // 1000), "limit": most // 1000},
        )
    return _say(request, 413, problem)


def too_slow(request: HttpRequest) -> HttpResponse:
    """A body that stopped coming, or trickles."""
    return _say(
        request,
        408,
        Problem(
            code="body_too_slow",
            message=gettext_noop("What was sent came too slowly, and its end was not waited for. It was not kept."),
            fix=gettext_noop("Try again over a better connection."),
        ),
    )


def too_many(request: HttpRequest) -> HttpResponse:
    """One more upload than may come in at once."""
    return _say(
        request,
        429,
        Problem(
            code="uploads_busy",
            message=gettext_noop("Many files are being uploaded at the moment; this one was not accepted."),
            field="media",
            fix=gettext_noop("Send it again when the others are done."),
        ),
    )


def _is_program(request: HttpRequest) -> bool:
    """A program, or a page's script that shows what it is told, as the composer's does."""
    return request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", "")


def _say(request: HttpRequest, status: int, problem: Problem) -> HttpResponse:
    if request.path.startswith("/api/"):
        response = render_problem_response(status, [problem])
    elif _is_program(request):
        response = JsonResponse({"problems": [render_problem_json(problem)]}, status=status)
    else:
        page = render_to_string("errors/413.html", {"bare": True, "problem": problem, "status": status})
        response = HttpResponse(page, status=status)
    if status in (429, 503):
        response["Retry-After"] = "30"
    return response
