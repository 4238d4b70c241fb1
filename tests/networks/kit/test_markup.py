"""The addresses that a page names with a relation, where servers and themes put them."""

import pytest

from kaja.networks.kit.http import Response
from kaja.networks.kit.markup import find_link

REL = "https://api.example/"


@pytest.mark.parametrize(
    ("header", "page", "address"),
    [
        (f'</other>; rel="next", </api/>; rel="{REL}", </x>; rel=shortlink', b"", "/api/"),
        (f"</api/>; rel={REL}", b"", "/api/"),
        ("", f"<LINK rel='{REL}' href='/a?b=1&amp;c=2' />".encode(), "/a?b=1&c=2"),
        ("", f'<link rel="other" href="/x"><link href="/y" rel="{REL}">'.encode(), "/y"),
        (f'</api/>; rel="{REL}"', f"<link rel='{REL}' href='/page'>".encode(), "/api/"),
        ("</x>; rel=next", f"<a rel='{REL}' href='/no'>".encode(), ""),
        ("", f"<link rel='{REL}'>".encode(), ""),
        ("", b"\xff\xfe<link", ""),
    ],
)
def test_a_named_address_is_found(header: str, page: bytes, address: str) -> None:
    headers = {"link": header} if header else {}
    assert find_link(Response(200, headers, page, "https://x.example/"), REL) == address
