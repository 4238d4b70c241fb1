"""What is left to a person after a lost answer, and what the list itself settles."""

from dataclasses import replace

import pytest

from kaja.networks.kit.results import AbsentAsOf, CannotTell
from kaja.networks.mastodon import CONNECTOR
from tests.needed import needs
from tests.networks.mastodon.server import FACTS, MastodonServer
from tests.networks.mastodon.test_connector import _post, at_work
from tests.realnet.driving import make_outgoing, publish


async def test_another_number_makes_another_text() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        outgoing = make_outgoing("Day 12 of a hundred days of bread")
        prepared = await needs(CONNECTOR.publisher).run("prepare", outgoing, {}, FACTS, session)
        server._status(_post({"status": "Day 13 of a hundred days of bread"}))
        told = await CONNECTOR.publisher.find_delivery(outgoing, prepared.checkpoint, FACTS, session)  # type: ignore[union-attr]
    assert isinstance(told, AbsentAsOf)


async def test_kajas_own_other_posts_are_no_candidates() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        outgoing = make_outgoing("The shop opens at nine tomorrow")
        prepared = await needs(CONNECTOR.publisher).run("prepare", outgoing, {}, FACTS, session)
        own = await publish(CONNECTOR, make_outgoing("The shop opens at ten tomorrow", key="5" * 32), FACTS, session)
        looking = replace(outgoing, owned=frozenset({own.ref.owner_key}))
        told = await CONNECTOR.publisher.find_delivery(looking, prepared.checkpoint, FACTS, session)  # type: ignore[union-attr]
    assert isinstance(told, AbsentAsOf)


@pytest.mark.parametrize("shown", ["before", "after", "never"])
async def test_a_list_that_shows_followers_only_posts_settles_such_a_doubt(shown: str) -> None:
    """On a server that does not say which it is; where no such post was ever listed, nobody can know."""
    unnamed = replace(FACTS, limits={**FACTS.limits, "software": ""})
    server = MastodonServer()
    async with at_work(server) as (_, session):
        outgoing = make_outgoing("For friends", options={"visibility": "private"})
        if shown == "before":
            server._status(_post({"status": "Another", "visibility": "private"}))
        prepared = await needs(CONNECTOR.publisher).run("prepare", outgoing, {}, unnamed, session)
        if shown == "after":
            server._status(_post({"status": "Another", "visibility": "private"}))
        told = await CONNECTOR.publisher.find_delivery(outgoing, prepared.checkpoint, unnamed, session)  # type: ignore[union-attr]
    assert isinstance(told, CannotTell if shown == "never" else AbsentAsOf)
