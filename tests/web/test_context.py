"""What the frame knows of the request."""

import pytest

from kaja.web.context import is_address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000", "192.168.1.7:80"])
def test_addresses_in_figures(host: str) -> None:
    assert is_address(host)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "kaja.example", "1.kaja.example:8000"])
def test_names(host: str) -> None:
    assert not is_address(host)
