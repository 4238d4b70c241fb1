"""The floor under everything that says something to a person."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.kernel.problems import (
    Conflict,
    NotAllowed,
    NotFound,
    Problem,
    Refused,
    fill_params,
    parse_problem,
    render_problem,
)

PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)


@given(
    problem=st.builds(
        Problem,
        code=st.text(max_size=5),
        message=st.text(max_size=5),
        field=st.text(max_size=5),
        fix=st.text(max_size=5),
        params=st.dictionaries(st.text(max_size=5), PLAIN),
        severity=st.sampled_from(["error", "warning"]),
    )
)
def test_a_problem_comes_back_from_a_row_as_it_was(problem: Problem) -> None:
    assert parse_problem(render_problem(problem)) == problem


def test_a_problem_of_an_older_version_is_read() -> None:
    assert parse_problem({"code": "x", "message": "X"}) == Problem("x", "X")


def test_places_are_filled_and_whatever_stands_in_them_can_be_stored() -> None:
    problem = fill_params(Problem("x", "%(what)s", fix="do", severity="warning"), what=ValueError("why"))
    assert (problem.text(), problem.fix, problem.severity) == ("why", "do", "warning")
    assert render_problem(problem)["params"] == {"what": "why"}


@pytest.mark.parametrize(("kind", "status"), [(Refused, 422), (NotAllowed, 403), (NotFound, 404), (Conflict, 409)])
def test_a_refusal_says_all_of_its_problems(kind: type[Refused], status: int) -> None:
    refused = kind(Problem("a", "One"), Problem("b", "Two"))
    assert (str(refused), refused.status, [each.code for each in refused.problems]) == ("One; Two", status, ["a", "b"])


def test_connectors_load_without_django() -> None:
    """The one module of the kernel that they may use brings nothing along."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom kaja.networks.registry import CONNECTORS\n"
            "print(len(CONNECTORS) >= 4, 'django' in sys.modules,"
            " sorted(m for m in sys.modules if m.startswith('kaja.kernel.')))",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert said.stdout.split(maxsplit=2) == ["True", "False", "['kaja.kernel.problems']\n"]
