"""What the engine reads of its rows."""

import json
from typing import Any

import pytest

from kaja.delivery.engine.row import read_json


@pytest.mark.parametrize(
    "value",
    [
        {}, [], None, True, "", "Grüße \u2028 𝄞", 0, -1, 2**53 + 1, 2**80, 1.5, 1e-7, -0.0,
        {"a": {"b": [1, "2", None, {"c": []}]}, "": "empty name", "ä": 1},
    ],
)  # fmt: skip
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    stored = json.dumps(value).encode()
    read = read_json(stored)
    assert read == json.loads(stored)
    assert type(read) is type(json.loads(stored))


def test_what_is_nested_deeper_than_the_quick_reader_goes_is_read_too() -> None:
    """One such row must not keep the others of its batch from being read."""
    stored = b'{"a":' * 400 + b"1" + b"}" * 400
    assert read_json(stored) == json.loads(stored)
