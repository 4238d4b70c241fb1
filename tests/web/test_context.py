"""What the frame knows of the request."""

import pytest

from kaja.web.context import is_address
from kaja.web.frame.navigation import list_destinations


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000", "192.168.1.7:80"])
def test_addresses_in_figures(host: str) -> None:
    assert is_address(host)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "kaja.example", "1.kaja.example:8000"])
def test_names(host: str) -> None:
    assert not is_address(host)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("inbox/rules/", "inbox:list"),
        ("crisis/new", "inbox:list"),
        ("settings/tokens/", "settings:workspace"),
        ("groups/campaigns/", "groups:campaigns"),
        ("calendar/", "calendar:index"),
    ],
)
def test_every_page_of_a_place_marks_it(path: str, place: str) -> None:
    assert [each["name"] for each in list_destinations("acme", f"/w/acme/{path}") if each["current"]] == [place]
