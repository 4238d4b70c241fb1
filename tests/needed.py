"""What a test knows to be there and a type leaves open: an ability that a network may lack, a row's empty column."""

from typing import TYPE_CHECKING, TypeVar, cast

from django.http import HttpResponse

from kaja.networks.kit.connector import ByForm, Connector

if TYPE_CHECKING:
    # What the test client adds to an answer has no public name.
    from django.test.client import _MonkeyPatchedWSGIResponse

    Answer = _MonkeyPatchedWSGIResponse
else:
    Answer = HttpResponse

T = TypeVar("T")


def needs(value: T | None) -> T:
    assert value is not None
    return value


def by_form(connector: Connector) -> ByForm:
    """The accounts of a network that is connected by a form."""
    assert connector.info.form, "connected by a form"
    return cast(ByForm, connector.accounts)
