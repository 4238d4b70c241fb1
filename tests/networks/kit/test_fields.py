"""The values of a draft's fields, however a form or a program spelled them."""

from typing import Any

import pytest

from kaja.networks.kit.fields import read_values
from kaja.networks.kit.options import OptionField

FIELDS = (
    OptionField("several", "Several", "bool"),
    OptionField("hours", "Hours", "number", default="24"),
    OptionField("answers", "Answers", "terms"),
    OptionField("board", "Board", "choice"),
)


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({}, {"hours": 24.0}),
        ({"hours": "", "answers": [], "board": None}, {}),
        (
            {"several": "on", "hours": "1.5", "answers": "Rye, wheat ,rye,", "board": "b1", "other": 1},
            {"several": True, "hours": 1.5, "answers": ["Rye", "wheat"], "board": "b1"},
        ),
        ({"several": False, "answers": ["Rye"]}, {"several": False, "hours": 24.0, "answers": ["Rye"]}),
    ],
)
def test_each_kind_has_its_type(options: dict[str, Any], values: dict[str, Any]) -> None:
    assert read_values(FIELDS, options) == values
