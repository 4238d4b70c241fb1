"""Which post stands at an address that somebody copied, asked at a real PDS."""

import pytest

from kaja.networks.kit.connector import Connected, Connector
from kaja.networks.kit.results import Found, NoSuchPost
from tests.needed import needs
from tests.realnet.driving import make_outgoing, publish
from tests.realnet.servers.bluesky import Account, Bluesky
from tests.realnet.test_bluesky import _pools, connected, connections, connector, open_session

__all__ = ["_pools", "connected", "connections", "connector"]
pytestmark = pytest.mark.realnet


@pytest.fixture(scope="module")
def alice(bluesky: Bluesky) -> Account:
    """Another account than that of the other tests on the same server."""
    return bluesky.create_account("carol")


async def test_what_stands_at_an_address_is_found_and_the_thread_goes_on(
    connector: Connector, connected: Connected
) -> None:
    """By DID and by handle, as the app and others write addresses; with the CID that a reply needs."""
    session = open_session(connected)
    sent = await publish(connector, make_outgoing("Where am I?"), connected.facts, session)
    key = sent.ref.url.rsplit("/", 1)[-1]
    for url in (
        sent.ref.url, f"https://bsky.app/profile/{connected.facts.handle.upper()}/post/{key}/",
        f"https://deer.social/profile/{connected.facts.account_id}/post/{key}", sent.ref.id,
    ):  # fmt: skip
        found = await needs(connector.publisher).find_post(url, connected.facts, session)
        assert isinstance(found, Found), (url, found)
        assert found.ref == sent.ref
    place = {"kind": "continuation", "root": sent.ref, "reply_to": sent.ref}
    more = await publish(connector, make_outgoing("And on", **place), connected.facts, session)
    assert more.ref.id != sent.ref.id
    other = "3" if key.endswith("2") else "2"
    gone = await needs(connector.publisher).find_post(sent.ref.url[:-1] + other, connected.facts, session)
    assert isinstance(gone, NoSuchPost)
