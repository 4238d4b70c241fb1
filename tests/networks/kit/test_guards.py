"""From exceptions to what a person or the engine is told."""

import pytest

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.guards import Failed, connecting, removing, require_filled
from kaja.networks.kit.http import AnswerLost
from kaja.networks.kit.outcome import refused_problem, target_gone
from kaja.networks.kit.results import Changed, Rejected, Unknown

LOST = AnswerLost(Problem("timeout", "No answer."))
GONE = Failed(Rejected(target_gone("Some")))
REFUSED = Failed(Rejected(refused_problem("Some", "no")))


async def fail(error: Exception | None) -> None:
    if error is not None:
        raise error


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (None, Changed(None)),
        (GONE, Changed(None)),
        (REFUSED, REFUSED.result),
        (LOST, Unknown(LOST.problem)),
    ],
)
async def test_what_is_gone_already_is_deleted(error: Exception | None, result: object) -> None:
    assert await removing(fail)(error) == result


@pytest.mark.parametrize(
    ("error", "code", "field"),
    [
        (LOST, "timeout", "site"),
        (REFUSED, "network_refused", ""),
        (ConnectRefused(Problem("odd", "Odd.", "name")), "odd", "name"),
    ],
)
async def test_connecting_tells_whatever_goes_wrong(error: Exception, code: str, field: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        await connecting("site")(fail)(error)
    assert (refused.value.problem.code, refused.value.problem.field) == (code, field)
    await connecting()(fail)(None)


def test_a_field_that_is_needed_is_filled() -> None:
    assert require_filled({"name": " kohvik "}, "name") == "kohvik"
    for form in ({}, {"name": " "}):
        with pytest.raises(ConnectRefused) as refused:
            require_filled(form, "name")
        assert (refused.value.problem.code, refused.value.problem.field) == ("name_missing", "name")
