"""What a network refuses, as a table: codes and statuses, and what Kaja makes of each."""

import json
from dataclasses import replace

import pytest

from kaja.kernel.problems import Problem
from kaja.networks.kit.http import Response
from kaja.networks.kit.outcome import GONE, NOT_THERE
from kaja.networks.kit.refusals import Case, Refusals, Told
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Rejected

LARGE = Problem("too_large", "Too large for %(network)s: %(answer)s", "parts.0.media")
PAUSE = Later(20.0, Problem("flood", "Slower."))
CLOSED = NeedsReconnect(Problem("closed", "Closed."))
TABLE = Refusals(
    "Some",
    lambda body: Told(str(body.get("code") or ""), str(body.get("message") or ""), list(body.get("wrong") or ())),
    (
        Case("elsewhere", ("no_route",)),
        Case("gone", ("no_post",), (410,)),
        Case("sign in", statuses=(403,)),
        Case(PAUSE, ("flood_*",)),
        Case(Rejected(Problem("draft_gone", "The draft is gone.")), statuses=(404,), path="*/drafts/*"),
        Case("gone", statuses=(404,)),
        Case(LARGE, ("upload_*",), (413,)),
    ),
    always=[Case(CLOSED, ("closed",))],
    fields={r"^title$": "options.title", r"^fields\.(\w+)": r"options.\1", "picture": "parts.0.media"},
)


def refuse(status: int, path: str = "/posts", /, **body: object) -> Response:
    return Response(status, {}, json.dumps(body).encode(), f"https://some.example{path}")


def code_of(table: Refusals, answer: Response) -> tuple[type, str]:
    result = table.reject(answer)
    problem = result.reason if isinstance(result, Later) else result.problem  # type: ignore[union-attr]
    return type(result), problem.code


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (refuse(400, code="no_route"), ChannelTrouble, NOT_THERE),
        (refuse(404), ChannelTrouble, NOT_THERE),
        (refuse(400, code="no_post"), Rejected, GONE),
        (refuse(410), Rejected, GONE),
        (refuse(404, code="other"), Rejected, GONE),
        (refuse(404, "/v1/drafts/7", code="other"), Rejected, "draft_gone"),
        (refuse(403, code="other"), NeedsReconnect, "needs_reconnect"),
        (refuse(400, code="flood_comments"), Later, "flood"),
        (refuse(413), Rejected, "too_large"),
        (refuse(500, code="upload_quota"), Rejected, "too_large"),
        (refuse(400, code="other"), Rejected, "network_refused"),
        (Response(400, {}, b"<html>", "https://some.example/"), Rejected, "network_refused"),
    ],
)
def test_the_first_case_that_fits_counts(answer: Response, kind: type, code: str) -> None:
    assert code_of(TABLE, answer) == (kind, code)


def test_a_404_without_a_word_is_the_networks_own_where_it_never_says_more() -> None:
    silent = replace(TABLE, explains_404=False)
    assert code_of(silent, refuse(404)) == (Rejected, GONE)


def test_a_problem_quotes_the_answer() -> None:
    result = TABLE.reject(refuse(413, message="x" * 400))
    assert isinstance(result, Rejected)
    assert result.problem.params == {"network": "Some", "answer": "x" * 300}
    assert (result.problem.field, result.fixable) == ("parts.0.media", True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"wrong": ["title"]}, "options.title"),
        ({"wrong": ["subtitle"]}, ""),
        ({"wrong": ["nothing", "fields.board"]}, "options.board"),
        ({"message": "The Picture is odd"}, "parts.0.media"),
        ({"message": "picture", "wrong": ["text"]}, ""),
    ],
)
def test_what_it_complains_of_is_found_in_the_draft(body: dict[str, object], field: str) -> None:
    result = TABLE.reject(refuse(422, **body))
    assert isinstance(result, Rejected)
    assert result.problem.field == field


def test_only_some_statuses_can_be_helped_by_a_change() -> None:
    table = replace(TABLE, fixable=(422,))
    for answer, fixable in ((refuse(422), True), (refuse(400), False), (refuse(410), False), (refuse(413), True)):
        result = table.reject(answer)
        assert isinstance(result, Rejected)
        assert result.fixable is fixable, answer


@pytest.mark.parametrize("status", [200, 401, 500])
def test_some_errors_count_whatever_the_status(status: int) -> None:
    envelope = replace(TABLE, in_success=True)
    assert envelope.find_error(refuse(status, code="closed")) == CLOSED
    assert envelope.find_error(refuse(status, code="other")) is None
    assert TABLE.find_error(refuse(status, code="closed")) == (CLOSED if status != 200 else None)
    assert replace(envelope, always=()).find_error(refuse(status, code="closed")) is None
