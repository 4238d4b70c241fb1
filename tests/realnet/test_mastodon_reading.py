"""What people write to an account from two real servers that federate (snac2), through Mastodon.py, which is not ours.

snac2 is a compatible server: what it lacks is said where it matters. Mastodon's own ways are held in tests/conformance.
"""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from kaja.networks.kit.connector import Connected
from kaja.networks.kit.http import close_pools
from kaja.networks.mastodon import CONNECTOR
from kaja.workspaces.models import Workspace
from tests.realnet.listening import Ear, listen
from tests.realnet.servers import snac as snac_server
from tests.realnet.servers.snac import Snac
from tests.realnet.setup import cache_folder
from tests.realnet.test_mastodon import REDIRECT, client_of, consent, make_session
from tests.waiting import wait_until

pytestmark = [pytest.mark.realnet, pytest.mark.django_db(transaction=True)]


def connect(server: Snac, name: str) -> Connected:
    async def work() -> Connected:
        consents = CONNECTOR.consent
        assert consents is not None
        try:
            asked = await consents.authorize({"instance": server.url}, REDIRECT, "s", None, make_session())
            came_back = await asyncio.to_thread(consent, asked.url, name, server.passwords[name])
            granted = await consents.exchange(came_back, asked.pending, None, make_session())
        finally:
            await close_pools()
        [offer] = granted.offers
        return Connected(offer.facts, granted.tokens.credentials, offer.base_url)

    return asyncio.run(work())


class People:
    """Alice is the account; Bob is her neighbour, Carol writes from elsewhere."""

    def __init__(self, home: Snac, away: Snac) -> None:
        self.connected = connect(home, "alice")
        self.alice, self.bob, self.carol = (
            client_of(self.connected),
            client_of(connect(home, "bob")),
            client_of(connect(away, "alice")),
        )
        self.host, self.away = urlsplit(home.url).netloc, urlsplit(away.url).netloc
        [here] = self.carol.search_v2(f"@alice@{self.host}", resolve=True).accounts
        self.carol.account_follow(here.id)
        wait_until(lambda: any(each.type == "follow" for each in self.alice.notifications()))

    def post(self, text: str) -> Any:
        return self.alice.status_post(text)

    def find_away(self, text: str) -> Any:
        """The same status as Carol's server has it."""
        return wait_until(lambda: [each for each in self.carol.timeline_home() if text in each.content])[0]


@pytest.fixture(scope="module")
def people(snac: Snac, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with snac_server.serve(cache_folder(), tmp_path_factory.mktemp("away")) as away:
        yield People(snac, away)


@pytest.fixture
def ear(people: People, workspace: Workspace) -> Ear:
    return listen(workspace, "mastodon", people.connected)


def place(item: dict[str, Any]) -> tuple[str, str, str, str]:
    return item["kind"], item["thread"], item["parent"], item["publication"]


def find(items: dict[str, dict[str, Any]], text: str) -> dict[str, Any]:
    """Empty for what was not read."""
    found = [item for item in items.values() if text in item["text"]]
    assert len(found) <= 1, f"{text} came twice"
    return found[0] if found else {}


def test_comments_mentions_and_direct_messages_come_in_their_places(people: People, ear: Ear) -> None:
    post = people.post("Fresh rye at eight")
    one = people.bob.status_post("@alice Is it warm?", in_reply_to_id=post.id)
    people.carol.status_post(f"@alice@{people.host} From afar", in_reply_to_id=people.find_away("Fresh rye").id)
    people.bob.status_post("@alice Go there!")
    people.bob.status_post("@alice Between us", visibility="direct")
    people.bob.status_favourite(post.id)
    texts = ("Is it warm?", "From afar", "Go there!", "Between us")
    items = ear.read_until(lambda read: all(find(read, text) for text in texts))
    warm, afar, there, direct = (find(items, text) for text in texts)
    assert place(warm) == ("comment", warm["id"], "", post.id)
    assert place(afar) == ("comment", afar["id"], "", post.id)
    assert place(there) == ("mention", there["id"], "", "")
    assert place(direct) == ("direct", direct["id"], "", "")
    assert (warm["author"]["id"], afar["author"]["id"]) == (f"bob@{people.host}", f"alice@{people.away}")
    ours = people.alice.status_post("@bob It is", in_reply_to_id=one.id)
    people.bob.status_post("@alice Then I come", in_reply_to_id=ours.id)
    items = ear.read_until(lambda read: find(read, "It is") and find(read, "Then I come"))
    answer, back = find(items, "It is"), find(items, "Then I come")
    assert place(answer) == ("reply", warm["id"], warm["id"], post.id)
    assert place(back) == ("reply", warm["id"], answer["id"], post.id)
    assert answer["author"]["is_us"]
    before = ear.count_changes()
    assert set(ear.look_again(post.id)) == set(items)
    assert ear.count_changes() == before, "what another way lists is the same, in every letter"
    ear.check_inbox()


def test_an_edit_is_noticed_by_the_next_look(people: People, ear: Ear) -> None:
    post = people.post("A second post")
    one = people.bob.status_post("@alice Befroe", in_reply_to_id=post.id)
    ear.read_until(lambda read: find(read, "Befroe"))
    people.bob.status_update(one.id, "@alice Before")
    items = ear.look_again(post.id)
    assert find(items, "Before")["state"] == "edited"
    assert find(items, "Befroe") == {}, "one message, in its newest form"
    ear.check_inbox()
    ours = people.alice.status_post("@bob Seen", in_reply_to_id=find(items, "Before")["id"])
    items = ear.read_until(lambda read: find(read, "Seen"))
    assert find(items, "Seen")["thread"] == find(items, "Before")["id"], "it can be answered by that id"
    assert ours.in_reply_to_id
