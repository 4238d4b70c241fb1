"""Acts as deliveries: what an outbox may ask of them, and what it is told."""

from datetime import UTC, datetime

import pytest

from kaja.networks.kit.acting import NO_ADDRESS, ActPublisher, find_publisher
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import AbsentAsOf, CannotTell, NoSuchPost
from kaja.networks.registry import CONNECTORS
from tests.needed import needs

FACTS = Facts("1", "bakery", "Bakery")
LIKE = Outgoing("act", "1" * 32, datetime(2026, 11, 30, tzinfo=UTC), "", options={"act": "like"})


def acting() -> ActPublisher:
    return ActPublisher(needs(CONNECTORS["practice"].moderator))


async def test_nothing_of_an_act_is_irreversible_and_what_is_unclear_is_done_again() -> None:
    publisher, session = acting(), Session("http://127.0.0.1:1", {})
    assert [stage.irreversible for stage in publisher.stages(LIKE, FACTS)] == [False]
    assert isinstance(await publisher.find_delivery(LIKE, {}, FACTS, session), AbsentAsOf)


async def test_whoever_looks_for_one_by_address_or_in_a_list_is_told_that_there_is_none() -> None:
    publisher, session = acting(), Session("http://127.0.0.1:1", {})
    assert await publisher.find_post("https://x.example/1", FACTS, session) == NoSuchPost(NO_ADDRESS)
    assert await publisher.list_recent(LIKE.created_at, FACTS, session) == CannotTell(NO_ADDRESS)


async def test_an_act_that_is_done_to_nothing_is_refused_loudly() -> None:
    with pytest.raises(ValueError, match="nothing"):
        await acting().run("act", LIKE, {}, FACTS, Session("http://127.0.0.1:1", {}))


@pytest.mark.parametrize("network", sorted(CONNECTORS))
def test_what_a_network_cannot_do_has_no_publisher(network: str) -> None:
    connector = CONNECTORS[network]
    assert (find_publisher(connector, "act") is not None) == (connector.moderator is not None)
    assert find_publisher(connector, "post") is connector.publisher
