"""What a second account says through a client that is not ours is answered from Kaja and read back with that client."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from kaja.delivery.models import State
from kaja.inbox.acts import do_act
from kaja.inbox.models import Direction, Message, MessageAct, MessageState
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.moderation import Act
from kaja.workspaces.models import Workspace
from tests.inbox.talking import answer, stored, wait_for
from tests.publishing.delivering import ACTOR, running_engine
from tests.realnet.listening import Ear, listen
from tests.realnet.servers import snac as snac_server
from tests.realnet.servers.bluesky import Bluesky
from tests.realnet.servers.wordpress import WordPress
from tests.realnet.setup import cache_folder
from tests.realnet.test_bluesky_reading import People as BlueskyPeople
from tests.realnet.test_mastodon_reading import People as SnacPeople
from tests.realnet.test_wordpress_reading import Site
from tests.waiting import wait_until

pytestmark = [pytest.mark.realnet, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _engine(settings: Any) -> Iterator[None]:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1", "localhost"]
    with running_engine():
        yield


def hear(ear: Ear, text: str) -> Message:
    """What somebody said, as it stands in the inbox."""

    def find() -> Message | None:
        ear.read()
        with workspace_scope(ear.workspace.id):
            return Message.objects.filter(direction=Direction.IN, text__contains=text).first()

    found = wait_until(find, seconds=120, every=0.3)
    assert isinstance(found, Message)
    return found


def say(ear: Ear, theirs: Message, text: str) -> Message:
    """Answered from here; gives the message once it stands there and its name is known."""
    ours = answer(ear.workspace, theirs, text)
    wait_for(ear.workspace, ours.id, State.SENT, 120)
    wait_until(lambda: stored(ear.workspace, ours).remote_id != "")
    return stored(ear.workspace, ours)


def act(ear: Ear, message: Message, what: Act) -> None:
    with workspace_scope(ear.workspace.id):
        row = do_act(ACTOR, message.id, what)
    wait_for(ear.workspace, row.source_id, State.SENT, 120)

    def is_told() -> bool:
        with workspace_scope(ear.workspace.id):
            return MessageAct.objects.get(id=row.source_id).done_at is not None

    wait_until(is_told)


def count(ear: Ear) -> int:
    with workspace_scope(ear.workspace.id):
        return Message.objects.filter(direction=Direction.OUT).count()


def test_on_a_wordpress_site_that_moderates_a_comment_is_approved_and_answered(
    wordpress: WordPress, workspace: Workspace
) -> None:
    blog = Site(wordpress)
    ear = listen(workspace, "wordpress", blog.connect("editor"))
    post = blog.publish("Rye", "editor")
    held = blog.comment(post, "Is there rye today?", "Mari", status="hold")
    theirs = hear(ear, "Is there rye today?")
    assert theirs.state == MessageState.PENDING
    act(ear, theirs, "approve")
    act(ear, theirs, "approve")
    assert blog.call("GET", f"comments/{held}")["status"] == "approved"
    ours = say(ear, theirs, "There is, until noon")
    shown = blog.call("GET", f"comments/{ours.remote_id}")
    assert (shown["parent"], shown["post"], shown["status"]) == (int(held), int(post), "approved")
    assert "until noon" in shown["content"]["rendered"]
    ear.read()
    assert count(ear) == 1, "what is read back is the same message"
    spam = hear_spam(ear, blog, post)
    act(ear, spam, "spam")
    assert blog.call("GET", f"comments/{spam.remote_id}?context=edit")["status"] == "spam"
    act(ear, spam, "approve")
    act(ear, spam, "hide")
    assert blog.call("GET", f"comments/{spam.remote_id}?context=edit")["status"] == "hold"
    act(ear, ours, "delete")
    assert blog.call("GET", f"comments/{ours.remote_id}?context=edit")["status"] == "trash"


def hear_spam(ear: Ear, blog: Site, post: str) -> Message:
    blog.comment(post, "Buy watches", "Bot")
    return hear(ear, "Buy watches")


def test_on_two_mastodon_servers_that_federate_answers_arrive(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Servers of its own: the accounts of the others are those of the files that read.
    near, afar = (tmp_path_factory.mktemp(name) for name in ("near", "afar"))
    with snac_server.serve(cache_folder(), near) as home, snac_server.serve(cache_folder(), afar) as away:
        people = SnacPeople(home, away)
        ear = listen(workspace, "mastodon", people.connected)
        post = people.post("Fresh buns at nine")
        one = people.bob.status_post("@alice Are they sweet?", in_reply_to_id=post.id)
        people.carol.status_post(
            f"@alice@{people.host} Do you send them?", in_reply_to_id=people.find_away("Fresh buns").id
        )
        people.bob.status_post("@alice My secret", visibility="direct")
        say(ear, hear(ear, "Are they sweet?"), "Very sweet")
        below = wait_until(lambda: list_below(people.bob, one.id, "Very sweet"))
        assert str(below[0].in_reply_to_id)[10:] == str(one.id)[10:]
        say(ear, hear(ear, "Do you send them?"), "Within the town")
        wait_until(lambda: any("Within the town" in each.status.content for each in mentions(people.carol)))
        say(ear, hear(ear, "My secret"), "It stays between us")
        told = wait_until(lambda: [each for each in mentions(people.bob) if "stays between us" in each.status.content])
        assert told[0].status.visibility != "public"


def list_below(client: Any, status: str, text: str) -> list[Any]:
    return [each for each in client.status_context(status).descendants if text in each.content]


def mentions(client: Any) -> list[Any]:
    return [each for each in client.notifications() if each.type == "mention" and each.status]


def _is(count_of: Callable[[], int], wanted: int) -> bool:
    return count_of() == wanted


def test_on_blueskys_network_an_answer_a_like_and_a_repost_are_seen_by_whoever_wrote(
    bluesky_network: Bluesky, workspace: Workspace
) -> None:
    people = BlueskyPeople(bluesky_network)
    alice, bob = people.alice, people.bob
    ear = listen(workspace, "bluesky", people.connect())
    post = people.post(alice, "Rye at eight")
    one = people.answer(bob, "Is it warm today?", post, post)
    theirs = hear(ear, "Is it warm today?")
    twins = [say(ear, theirs, "It is"), say(ear, theirs, "It is")]
    assert len({ours.remote_id for ours in twins}) == 2

    def list_replies() -> list[Any]:
        return [each.post for each in bob.get_post_thread(one.uri).thread.replies or []]

    shown = wait_until(lambda: len(list_replies()) == 2 and list_replies())
    assert {each.uri for each in shown} == {ours.remote_id for ours in twins}
    assert {(each.record.reply.root.uri, each.record.reply.parent.uri) for each in shown} == {(post.uri, one.uri)}

    def view() -> Any:
        return bob.get_posts([one.uri]).posts[0]

    def count_likes() -> int:
        return view().like_count or 0

    def count_reposts() -> int:
        return view().repost_count or 0

    steps: tuple[tuple[Act, Callable[[], int], int], ...] = (
        ("like", count_likes, 1),
        ("boost", count_reposts, 1),
        ("unlike", count_likes, 0),
        ("unboost", count_reposts, 0),
    )
    for what, count_of, wanted in steps:
        act(ear, theirs, what)
        wait_until(partial(_is, count_of, wanted), seconds=120)
    act(ear, theirs, "hide")
    gate = bob.com.atproto.repo.get_record(
        {"repo": alice.me.did, "collection": "app.bsky.feed.threadgate", "rkey": post.uri.rpartition("/")[2]}
    )
    assert one.uri in str(gate.value)
