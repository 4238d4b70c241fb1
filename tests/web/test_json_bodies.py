"""What the pages' scripts send is read, or refused in words, whatever it is."""

import pytest
from django.test import RequestFactory
from pydantic import BaseModel

from kaja.kernel.problems import Problem, Refused
from kaja.web.kit.json import parse_body, parse_json


class Said(BaseModel):
    text: str


UNREADABLE = Problem("unreadable", "%(detail)s")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 9000, b'{"text":' * 9000, b"[]", b"1" * 9000])
def test_a_body_that_is_none_of_ours_is_refused(body: bytes) -> None:
    request = RequestFactory().post("/", body, content_type="application/json")
    assert parse_json(request) == {}
    with pytest.raises(Refused):
        parse_body(Said, request, UNREADABLE)
