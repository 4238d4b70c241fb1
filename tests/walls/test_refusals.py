"""One class of refusals, one answer: screen, fragment, composer, API and command line read it from the class."""

from collections.abc import Iterator
from typing import Any

import click
import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, JsonResponse
from django.test import RequestFactory

from kaja.api.problems import TITLES, refusal_response
from kaja.cli.application import application
from kaja.content.errors import EditConflict
from kaja.kernel.problems import Conflict, NotAllowed, NotFound, Problem, Refused
from kaja.media.refusals import BodyRefused
from kaja.web.kit.json import json_answer
from kaja.web.workspace import refused_response

SAID = {Refused: (422, 1), NotAllowed: (403, 7), NotFound: (404, 8), Conflict: (409, 9), BodyRefused: (413, 1)}


def classes(of: type[Refused] = Refused) -> Iterator[type[Refused]]:
    """Every refusal that the application has; those of tests do not count."""
    if of.__module__.startswith("kaja."):
        yield of
    for each in of.__subclasses__():
        yield from classes(each)


def name_of(kind: type[Refused]) -> str:
    return kind.__name__


KINDS: list[type[Refused]] = sorted(set(classes()), key=name_of)


def made(kind: type[Refused]) -> Refused:
    refused = kind.__new__(kind)
    Refused.__init__(refused, Problem("no", "No."))
    return refused


def test_a_refusal_says_its_status_and_its_code() -> None:
    assert {kind: (kind.status, kind.exit_code) for kind in SAID} == SAID
    assert (EditConflict.status, EditConflict.exit_code) == SAID[Conflict], "a kind of a kind is answered like it"


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_answers_a_refusal_with_the_status_of_its_class(kind: type[Refused]) -> None:
    assert kind.status in TITLES, "the API has a title for it"

    def request(**headers: str) -> Any:
        asked: Any = RequestFactory().get("/w/acme/", headers=headers)
        asked.session, asked.user = {}, AnonymousUser()
        return asked

    def view(_: HttpRequest) -> JsonResponse:
        raise made(kind)

    fragment = refused_response(request(**{"HX-Request-Type": "partial"}), made(kind))
    answers = [fragment, json_answer(view)(request())]
    if kind is not EditConflict:  # carries both versions, which are shown elsewhere
        answers.append(refusal_response(made(kind)))
    assert {answer.status_code for answer in answers} == {kind.status}
    with pytest.raises(click.ClickException) as failed, application():
        raise made(kind)
    assert failed.value.exit_code == kind.exit_code
