"""What a second account does without a word, through a client that is not ours, on Bluesky's own network and on two
real servers that federate: it arrives, once, and stands at our post and at the person."""

from collections.abc import Iterator
from typing import Any

import pytest

from kaja.inbox.models import Conversation, Message, Person
from kaja.inbox.reactions.queries import ReactionFilters, list_doings, list_reactions, list_tallies
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.realnet.listening import Ear, listen
from tests.realnet.servers import snac as snac_server
from tests.realnet.servers.bluesky import Bluesky
from tests.realnet.setup import cache_folder
from tests.realnet.test_bluesky_reading import People as BlueskyPeople
from tests.realnet.test_mastodon_reading import People as SnacPeople
from tests.waiting import wait_until

pytestmark = [pytest.mark.realnet, pytest.mark.django_db(transaction=True)]
Told = tuple[str, str, str]


def told(ear: Ear) -> list[Told]:
    """Who did what to which post, the oldest first."""
    with workspace_scope(ear.workspace.id):
        rows = list_reactions(ReactionFilters()).order_by("at", "id")
        return [(row.handle.remote_id, row.kind, row.post_ref) for row in rows]


def hear(ear: Ear, wanted: set[Told]) -> None:
    def is_there() -> bool:
        ear.read()
        return wanted <= set(told(ear))

    wait_until(is_there, seconds=120, every=0.3)


def check_quiet(ear: Ear, conversations: int) -> None:
    """Nothing of it is anybody's work, and the next look changes nothing."""
    before = told(ear)
    ear.read()
    assert told(ear) == before
    assert len(set(before)) == len(before)
    with workspace_scope(ear.workspace.id):
        assert Conversation.objects.count() == conversations
        assert Message.objects.count() == conversations


def test_bluesky_likes_reposts_quotes_and_followers(bluesky_network: Bluesky, workspace: Workspace) -> None:
    people = BlueskyPeople(bluesky_network)
    bob, carol = people.bob, people.carol
    ear = listen(workspace, "bluesky", people.connect())
    alice = people.alice.me.did
    post, other = people.post(people.alice, "Fresh rye at eight"), people.post(people.alice, "And buns at nine")
    like = bob.like(post.uri, post.cid)
    bob.repost(post.uri, post.cid)
    bob.follow(alice)
    carol.like(post.uri, post.cid)
    carol.like(other.uri, other.cid)
    quote: Any = carol.app.bsky.feed.post.create(
        carol.me.did,
        {
            "text": "Look at this", "createdAt": carol.get_current_time_iso(),
            "embed": {"$type": "app.bsky.embed.record", "record": {"uri": post.uri, "cid": post.cid}},
        },
    )  # fmt: skip
    wanted = {
        (bob.me.did, "like", post.uri), (bob.me.did, "repost", post.uri), (bob.me.did, "follow", ""),
        (carol.me.did, "like", post.uri), (carol.me.did, "like", other.uri), (carol.me.did, "quote", post.uri),
    }  # fmt: skip
    hear(ear, wanted)
    assert set(told(ear)) == wanted
    check_quiet(ear, conversations=1)  # what is said with a quote is a message, as before
    with workspace_scope(workspace.id):
        assert Message.objects.get().remote_id == quote.uri
        tallies = list_tallies(ear.channel.id, post.uri)
        assert [(each.kind, each.count) for each in tallies] == [("like", 2), ("repost", 1), ("quote", 1)]
        who = Person.objects.get(handles__remote_id=bob.me.did)
        assert [(each.kind, each.count) for each in list_doings(who.id)] == [("like", 1), ("repost", 1), ("follow", 1)]
    # It says nothing of what is taken back, and what is done anew is the same.
    bob.unlike(like.uri)
    wait_until(lambda: people.carol.get_posts([post.uri]).posts[0].like_count == 1)
    bob.like(post.uri, post.cid)
    wait_until(lambda: people.carol.get_posts([post.uri]).posts[0].like_count == 2)
    bob.like(other.uri, other.cid)
    hear(ear, {(bob.me.did, "like", other.uri)})
    assert len(told(ear)) == len(wanted) + 1
    check_quiet(ear, conversations=1)


@pytest.fixture(scope="module")
def snacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnacPeople]:
    """A pair of their own: others count what stands on theirs."""
    with (
        snac_server.serve(cache_folder(), tmp_path_factory.mktemp("liked")) as home,
        snac_server.serve(cache_folder(), tmp_path_factory.mktemp("liking")) as away,
    ):
        yield SnacPeople(home, away)


def test_mastodon_s_api_favourites_boosts_and_followers_from_near_and_afar(
    snacs: SnacPeople, workspace: Workspace
) -> None:
    ear = listen(workspace, "mastodon", snacs.connected)
    # snac2 2.75 lets a neighbour like only what stands in their own timeline.
    snacs.bob.account_follow(snacs.alice.me().id)
    wait_until(lambda: sum(each.type == "follow" for each in snacs.alice.notifications()) == 2)
    post = snacs.post("Fresh rye at eight")
    wait_until(lambda: [each for each in snacs.bob.timeline_home() if "Fresh rye" in each.content])
    bob, carol = f"bob@{snacs.host}", f"alice@{snacs.away}"
    snacs.bob.status_favourite(post.id)
    snacs.bob.status_reblog(post.id)
    there = snacs.find_away("Fresh rye at eight")
    snacs.carol.status_favourite(there.id)
    snacs.carol.status_reblog(there.id)
    wanted = {
        (bob, "like", post.id), (bob, "repost", post.id), (carol, "like", post.id), (carol, "repost", post.id),
        (bob, "follow", ""), (carol, "follow", ""),  # when the pair was made
    }  # fmt: skip
    hear(ear, wanted)
    assert set(told(ear)) == wanted
    check_quiet(ear, conversations=0)
    with workspace_scope(workspace.id):
        tallies = list_tallies(ear.channel.id, str(post.id))
        assert [(each.kind, each.count) for each in tallies] == [("like", 2), ("repost", 2)]
        who = Person.objects.get(handles__remote_id=carol)
        assert [each.kind for each in list_doings(who.id)] == ["like", "repost", "follow"]
        assert not who.spoke
