"""Errors as problem+json (RFC 9457), in the language that the caller prefers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext

from kaja.content.errors import EditConflict
from kaja.content.snapshot import render_content
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.workspaces.wording import say

MEDIA_TYPE = "application/problem+json"
TITLES: dict[int, str] = {
    400: gettext_noop("The request cannot be understood"),
    401: gettext_noop("A valid token is needed"),
    403: gettext_noop("Not allowed"),
    404: gettext_noop("Not found"),
    405: gettext_noop("This address does not take this method"),
    408: gettext_noop("The request took too long"),
    409: gettext_noop("Something else happened meanwhile"),
    413: gettext_noop("The request is too large"),
    415: gettext_noop("This content type is not understood"),
    422: gettext_noop("The request was understood, but refused"),
    429: gettext_noop("Too many requests"),
    503: gettext_noop("Not possible at this moment"),
}


def problem_text(problem: Problem) -> str:
    """The message in the caller's language."""
    return say(problem.message, problem.params)


def render_problem(problem: Problem) -> dict[str, Any]:
    """One finding as JSON: `message` and `fix` are for people, `code`, `field` and `params` for programs."""
    return {
        "code": problem.code,
        "field": problem.field,
        "severity": problem.severity,
        "message": problem_text(problem),
        "fix": say(problem.fix, problem.params),
        "params": dict(problem.params),
    }


def render_problem_response(
    status: int, problems: Sequence[Problem] = (), *, detail: str = "", extra: Mapping[str, Any] | None = None
) -> HttpResponse:
    """A problem document. `detail` defaults to the first finding's message."""
    rendered = [render_problem(problem) for problem in problems]
    body = {
        "type": f"about:blank#{problems[0].code}" if problems else "about:blank",
        "title": gettext(TITLES[status]),
        "status": status,
        "detail": detail or (rendered[0]["message"] if rendered else ""),
        "problems": rendered,
        **(extra or {}),
    }
    response = JsonResponse(body, status=status, content_type=MEDIA_TYPE)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def refusal_response(refused: Refused) -> HttpResponse:
    """The answer to an action that refused."""
    if isinstance(refused, EditConflict):
        extra = {
            "revision": refused.revision,
            "theirs": render_content(refused.theirs),
            "yours": render_content(refused.yours),
        }
        return render_problem_response(refused.status, refused.problems, extra=extra)
    return render_problem_response(refused.status, refused.problems)


def invalid_response(errors: Iterable[Mapping[str, Any]]) -> HttpResponse:
    """The answer to a body, path or query that does not fit its schema."""
    problems = []
    for error in errors:
        where = [str(part) for part in error.get("loc", ())]
        # The first part is "body", "path" or "query", the second the parameter's name in our code.
        field = ".".join(where[2:] if where[:1] == ["body"] else where[1:]) or ".".join(where)
        problems.append(
            Problem(
                code="invalid",
                message=gettext_noop("%(field)s: %(error)s"),
                field=field,
                params={"field": field or "body", "error": str(error.get("msg", ""))},
            )
        )
    return render_problem_response(422, problems)
