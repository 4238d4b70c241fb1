"""Who likes, shares and follows on the screen: listed, narrowed, named beside a post and on somebody's page."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.content.models import Post, Variant
from kaja.delivery.models import Publication
from kaja.inbox.models import Conversation, Person, Reaction
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.reading import Author
from kaja.networks.kit.reading import Reaction as Read
from kaja.publishing.models import PostDelivery
from kaja.reading.keeping import tell_reactions
from kaja.workspaces.models import Workspace
from tests.people import browser
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db
ACTIVITY = "/w/acme/inbox/activity/"
CONTROL = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
SCRIPT = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}
EVIL = '<img src=x onerror="alert(1)">\u202eiram'


@pytest.fixture
def client(workspace: Workspace) -> Client:
    made = browser(workspace)
    made.get(ACTIVITY)
    return made


def get(client: Client, path: str = ACTIVITY, **headers: str) -> str:
    answer = client.get(path, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def read(channel: Channel, *rows: tuple[str, str, str], at: datetime | None = None) -> None:
    """Of each who, what and which post."""
    moment = at or clock.now()
    tell_reactions(
        channel.id,
        [
            Read(f"{who}/{kind}/{post}", kind, Author(who, f"@{who}", who.title()), moment, post)  # type: ignore[arg-type]
            for who, kind, post in rows
        ],
    )


def names(html: str) -> list[str]:
    return re.findall(r'inbox/people/[^"]*"><bdi>([^<]*)</bdi>', html)


def send_post(channel: Channel, ref: str, text: str) -> Post:
    """A post that stands on the network."""
    post = Post.objects.create(state="finished", summary=text, due_at=clock.now())
    variant = Variant.objects.create(post=post, channel=channel)
    sent = PostDelivery.objects.create(
        variant=variant, channel=channel, subject_id=post.id, state="sent", due_at=clock.now(), remote_id=ref
    )
    Publication.objects.create(
        delivery=sent, channel=channel, remote_id=ref, sent={"text": text}, published_at=clock.now()
    )
    return post


def test_nothing_yet_says_what_to_expect_and_of_which_network(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        make_channel("Bakery", "bluesky")
        make_channel("Blog", "wordpress")
        make_channel("Stage", "practice")
    html = get(client)
    assert 'id="activity" data-listing data-live="reaction"' in html, "it follows what is read"
    assert "Nobody has liked, shared or followed yet" in html
    told = html[html.index("What each network tells") :]
    assert re.search(r"Bakery</bdi>.*?Like, Share, Quote, Follower\s*· It does not say", told, re.DOTALL)
    assert re.search(r"Blog</bdi>.*?This network knows neither likes nor followers", told, re.DOTALL)
    assert re.search(r"Stage</bdi>.*?It says when something is taken back", told, re.DOTALL)


def test_it_is_listed_and_narrowed(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        here, there = make_channel("Here"), make_channel("There", "mastodon")
        post = send_post(here, "p1", "Fresh rye & more")
        read(here, ("mari", "like", "p1"), ("jaan", "follow", ""))
        read(there, ("anna", "repost", "p9"), at=clock.now() - timedelta(days=2))
    html = get(client)
    assert names(html) == ["Jaan", "Mari", "Anna"] or names(html) == ["Mari", "Jaan", "Anna"]
    assert f'href="/w/acme/posts/{post.id}"' in html
    assert "Fresh rye &amp; more" in html
    assert "A post that was written on the network itself" in html
    assert html.count("New to us") == 1, "of the follower, who was never heard of"
    assert names(get(client, f"{ACTIVITY}?kind=follow")) == ["Jaan"]
    assert names(get(client, f"{ACTIVITY}?channel={there.id}")) == ["Anna"]
    assert names(get(client, f"{ACTIVITY}?post={post.id}")) == ["Mari"]
    day = (clock.now() - timedelta(days=2)).date()
    assert names(get(client, f"{ACTIVITY}?day={day.isoformat()}")) == ["Anna"]
    empty = get(client, f"{ACTIVITY}?kind=quote")
    assert names(empty) == []
    assert "Nothing of this kind." in empty
    assert len(names(get(client, f"{ACTIVITY}?kind=nonsense&day=0001-01-01&post=x"))) == 3


def test_what_was_taken_back_says_so(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        read(channel, ("mari", "follow", ""))
        Reaction.objects.update(gone_at=clock.now() + timedelta(minutes=1))
    html = get(client)
    assert "Taken back" in html
    assert "New to us" not in html


def test_beside_our_post_stand_numbers_and_the_newest(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        post = send_post(channel, "p1", "Fresh rye")
        talk = make_conversation(channel, make_handle("Mari"), post_ref="p1")
        Conversation.objects.update(publication=Publication.objects.get(), post_ref="p1")
        moment = clock.now()
        for number in range(15):
            read(channel, (f"person{number}", "like", "p1"), at=moment + timedelta(minutes=number))
        read(channel, ("someone", "repost", "p1"), ("else", "like", "p2"))
    around = get(client, f"/w/acme/inbox/{talk.id}/about", **SCRIPT)
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", around[around.index('id="thread-tallies"') :]))
    assert "15 Person14, Person13, Person12 and 12 more" in told
    assert "1 Someone" in told
    opened = get(client, f"/w/acme/inbox/{talk.id}/", **SCRIPT)
    assert 'id="thread-tallies"' in opened
    assert f"/w/acme/posts/{post.id}" in opened


def test_one_statement_more_however_many_like_it(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        talk = make_conversation(channel, make_handle("Mari"), post_ref="p1")

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            get(client, f"/w/acme/inbox/{talk.id}/about", **SCRIPT)
        return len([each for each in found.captured_queries if not each["sql"].startswith(CONTROL)])

    none = count()
    with workspace_scope(workspace.id):
        read(channel, *[(f"person{number}", "like", "p1") for number in range(300)])
    assert count() == none == 12


def test_nothing_of_it_makes_anything_new(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        talk = make_conversation(channel, make_handle("Mari"), post_ref="p1", state="done")
        before = Conversation.objects.filter(id=talk.id).values().get()
        read(channel, ("mari", "like", "p1"), ("mari", "follow", ""))
        assert Conversation.objects.filter(id=talk.id).values().get() == before
        assert Conversation.objects.count() == 1


def test_on_somebody_s_page_stands_what_they_do(workspace: Workspace, client: Client) -> None:
    since = datetime(2026, 3, 5, 12, tzinfo=UTC)
    with workspace_scope(workspace.id):
        channel = make_channel("Bakery")
        read(channel, ("mari", "like", "p1"), ("mari", "like", "p2"), ("mari", "like", "p3"))
        read(channel, ("mari", "follow", ""), at=since)
        person = Person.objects.get()
    html = get(client, f"/w/acme/inbox/people/{person.id}/")
    assert "likes 3 posts" in html
    assert re.search(r">follows<.*?<bdi>Bakery</bdi> ·\s*since", html, re.DOTALL)
    assert names(get(client, "/w/acme/inbox/people/")) == []
    assert names(get(client, "/w/acme/inbox/people/?q=mari")) == ["Mari"]


def test_hostile_names_are_text(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        author = Author("evil", EVIL, EVIL, url="javascript:alert(1)", avatar="javascript:alert(2)")
        tell_reactions(
            channel.id,
            [
                Read("1", "quote", author, clock.now(), "p1", "q1", "javascript:alert(3)"),
                Read("2", "follow", author, clock.now()),
            ],
        )
        talk = make_conversation(channel, make_handle("Mari"), post_ref="p1")
        person = Person.objects.get(handles__remote_id="evil")
    for path in (ACTIVITY, f"/w/acme/inbox/{talk.id}/about", f"/w/acme/inbox/people/{person.id}/"):
        html = get(client, path, **(SCRIPT if "about" in path else {}))
        assert "&lt;img" in html
        assert "<img src=x" not in html
        assert "javascript:alert" not in html.replace("&#x27;", "")
        assert "\u202e" not in html
