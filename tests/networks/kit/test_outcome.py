"""From answers to what happens next."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from kaja.kernel.problems import Problem
from kaja.networks.kit.egress import AnswerLost, HostRefused, NotSent
from kaja.networks.kit.http import Response
from kaja.networks.kit.outcome import TROUBLE, Failure, classify, parse_reset, parse_retry_after, refused_problem
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Rejected, Unknown

NOW = datetime(2026, 11, 22, 6, 0, 0, tzinfo=UTC)
PROBLEM = Problem("x", "x")


def answer(status: int, **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", "https://x.test/")


def reject(response: Response) -> Failure:
    return Rejected(refused_problem("X", f"status {response.status}"))


@pytest.mark.parametrize(
    ("given", "irreversible", "final", "expected"),
    [
        (answer(200), True, False, None),
        (answer(204), True, False, None),
        *((answer(status), True, False, ChannelTrouble) for status in (301, 302, 307, 308, 405, 501)),
        *((answer(status), False, False, ChannelTrouble) for status in (302, 303)),
        (answer(303), True, False, Unknown),
        (answer(400), True, False, Rejected),
        (answer(401), True, False, NeedsReconnect),
        (answer(403), True, False, Rejected),
        (answer(408), True, False, Unknown),
        (answer(422), True, False, Rejected),
        (answer(429), True, False, Later),
        (answer(500), True, False, Unknown),
        (answer(503), True, False, Unknown),
        (answer(503), True, True, Later),
        (answer(500), False, False, Later),
        (NotSent(PROBLEM), True, False, Later),
        (AnswerLost(PROBLEM), True, False, Unknown),
        (AnswerLost(PROBLEM), True, True, Unknown),
        (AnswerLost(PROBLEM), False, False, Later),
        (HostRefused(PROBLEM), True, False, ChannelTrouble),
    ],
)
def test_what_an_answer_means(
    given: Response | NotSent, irreversible: bool, final: bool, expected: type[Failure] | None
) -> None:
    result = classify(given, network="X", reject=reject, irreversible=irreversible, server_error_is_final=final)
    assert type(result) is (expected or type(None))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "0"}, 1),
        ({"retry_after": "9999999"}, 86_400),
        ({"retry_after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90),
        ({"retry_after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, 1),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "soon", "ratelimit_reset": "30"}, 30),
        ({"ratelimit_reset": str(int(NOW.timestamp()) + 45)}, 45),
        ({"x_ratelimit_reset": "2026-11-22T06:05:00.000Z"}, 300),
        ({"x_ratelimit_reset": "2026-11-22T08:01:00+02:00"}, 60),
        ({"x_ratelimit_reset": "never"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert parse_retry_after(answer(429, **headers), NOW) == seconds


def test_a_limit_without_a_time_waits_a_minute_and_names_its_bucket() -> None:
    result = classify(answer(429), network="X", reject=reject, bucket="posts", now=NOW)
    assert isinstance(result, Later)
    assert (result.after, result.bucket) == (60.0, "posts")


@pytest.mark.parametrize("value", ["", "x", "1e400", "-5", "2026-99-99", "nan", "inf"])
def test_a_reset_that_makes_no_sense_is_none(value: str) -> None:
    assert parse_reset(value, NOW) is None


def test_a_redirect_says_where_it_points_without_what_was_asked() -> None:
    there = Response(308, {"location": "/moved/api/v1?key=secret"}, b"", "https://old.test/api/v1?token=secret")
    result = classify(there, network="X", reject=reject)
    assert isinstance(result, ChannelTrouble)
    assert result.problem.code in TROUBLE
    assert result.problem.params == {
        "network": "X",
        "host": "old.test",
        "to": "https://old.test/moved/api/v1",
        "asked": "https://old.test/api/v1",
    }


def test_a_reset_beside_an_error_of_the_server_says_nothing_about_waiting() -> None:
    """29,900 of 30,000 calls are left: the reset in 210 s is no reason to wait for it."""
    headers = {"x-ratelimit-remaining": "29900", "x-ratelimit-reset": "210"}
    told = classify(answer(500, **headers), network="N", reject=reject, irreversible=False, now=NOW)
    assert isinstance(told, Later)
    assert told.after == 0, "the engine's own pauses, which begin with seconds"
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "210"}
    assert parse_retry_after(answer(500, **spent), NOW) == 210
    assert parse_retry_after(answer(503, **{**headers, "retry-after": "7"}), NOW) == 7
