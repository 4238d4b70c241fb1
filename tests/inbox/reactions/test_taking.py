"""Who liked, shared and follows: a function of what was read and not of its order, and nobody's work."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, Handle, Message, Person, Reaction
from kaja.inbox.people.actions import erase_person
from kaja.inbox.people.queries import export_person, list_people
from kaja.inbox.reactions.queries import ReactionFilters, list_doings, list_reactions, list_tallies
from kaja.networks.kit.reading import Author, Incoming, ReactionKind
from kaja.networks.kit.reading import Reaction as Read
from kaja.reading.keeping import take_in, tell_reactions
from kaja.workspaces.models import Workspace
from tests.people import actor

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
MARI = Author("mari", "mari@example", "Mari")
LIKE = Read("1", "like", MARI, AT, "p1")
PLAIN = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60
)


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="bakery")


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


class _Enough(Exception):
    pass


def rows() -> list[tuple[Any, ...]]:
    """Everything that was made of it, without ids."""
    found = Reaction.objects.select_related("handle").all()
    return sorted(
        (each.kind, each.handle.remote_id, each.handle.name, each.handle.first_at, each.post_ref, each.remote_id,
         each.url, each.at, str(each.gone_at))
        for each in found
    )  # fmt: skip


def try_out(work: Callable[[], None]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    try:
        with transaction.atomic():
            work()
            found = rows()
            raise _Enough
    except _Enough:
        return found


@st.composite
def readings(draw: st.DrawFn) -> Read:
    who = draw(st.sampled_from(["1", "2", "3"]))
    kind: ReactionKind = draw(st.sampled_from(get_args(ReactionKind)))
    at = draw(st.integers(0, 12))
    quote = draw(st.sampled_from(["q1", "q2"])) if kind == "quote" else ""
    gone = draw(st.none() | st.integers(0, 12))
    name = draw(st.sampled_from(["Mari", "Марина", "瑪麗", "\u202eiraM", "nul\0", "half \ud800"]))
    return Read(
        draw(st.sampled_from(["a", "b", "c" * 700])), kind, Author(who, f"@{who}", name), after(at),
        "" if kind == "follow" else draw(st.sampled_from(["p1", "p2", "p" * 600])), quote,
        "https://elsewhere.test/1" if quote else "", None if gone is None else after(gone),
    )  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Read], list[list[Read]]]:
    read = draw(st.lists(readings(), min_size=1, max_size=12))
    shuffled = draw(st.permutations(read + draw(st.lists(st.sampled_from(read), max_size=6))))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled)), max_size=5)))
    pages = [list(shuffled[a:b]) for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    return read, [page for page in pages if page]


def read_pages(channel: Channel, pages: Sequence[Sequence[Read]]) -> None:
    for page in pages:
        tell_reactions(channel.id, page)


@PLAIN
@given(world=worlds())
def test_any_order_in_any_pages_and_twice_gives_the_same_rows(
    channel: Channel, world: tuple[list[Read], list[list[Read]]]
) -> None:
    read, pages = world
    expected = try_out(lambda: read_pages(channel, [read]))
    assert try_out(lambda: read_pages(channel, pages)) == expected
    assert try_out(lambda: read_pages(channel, [*pages, *reversed(pages)])) == expected
    places = {(each.kind, each.author.id, each.post, each.quote) for each in read}
    assert len(expected) == len(places), "one row for each person, kind and place"


def test_a_like_is_nobody_s_work(channel: Channel) -> None:
    tell_reactions(channel.id, [LIKE, replace(LIKE, id="2", kind="follow", post="")])
    assert Reaction.objects.count() == 2
    assert (Conversation.objects.count(), Message.objects.count()) == (0, 0)
    assert list(list_people()) == [], "who said nothing is not among those who write"
    [found] = list_people("mari")
    take_in(channel.id, "comments", [Incoming("9", "comment", MARI, after(1), "Hello", thread="9")])
    assert list(list_people()) == [found], "the same person, who now wrote"


def test_what_was_taken_back_and_done_anew(channel: Channel) -> None:
    tell_reactions(channel.id, [LIKE])
    tell_reactions(channel.id, [replace(LIKE, gone_at=after(1))])
    assert list_tallies(channel.id, "p1") == []
    assert [each.is_there for each in list_reactions(ReactionFilters())] == [False]
    assert not list_reactions(ReactionFilters(there=True)).exists()
    tell_reactions(channel.id, [LIKE])  # an old page once more
    assert list_tallies(channel.id, "p1") == []
    tell_reactions(channel.id, [replace(LIKE, id="7", at=after(2))])
    [tally] = list_tallies(channel.id, "p1")
    assert (tally.count, tally.others) == (1, 0)
    assert Reaction.objects.get().at == after(2)


def test_the_newest_are_named_and_the_others_counted(channel: Channel) -> None:
    many = [Read(str(n), "like", Author(f"p{n}", name=f"Person {n}"), after(n), "p1") for n in range(15)]
    tell_reactions(channel.id, [*many, replace(LIKE, kind="repost"), replace(LIKE, post="p2")])
    like, repost = list_tallies(channel.id, "p1")
    assert (like.count, [each.name for each in like.newest], like.others) == (
        15,
        ["Person 14", "Person 13", "Person 12"],
        12,
    )
    assert (repost.kind, repost.count, repost.others) == ("repost", 1, 0)


def test_a_page_costs_the_same_statements_whatever_is_in_it(channel: Channel) -> None:
    def cost(page: Sequence[Read]) -> int:
        with CaptureQueriesContext(connection) as found:
            tell_reactions(channel.id, page)
        return len(found.captured_queries)

    many = [Read(str(n), "like", Author(f"p{n}"), after(n), f"post {n}") for n in range(200)]
    assert cost([LIKE]) == cost(many) == 7
    assert cost(many) == 6, "what changes nothing tells nobody"


def test_our_own_account_is_nobody(channel: Channel) -> None:
    tell_reactions(channel.id, [replace(LIKE, author=Author("us", is_us=True))])
    assert not Reaction.objects.exists()
    assert not Handle.objects.exists()


def test_what_somebody_does_and_everything_about_them(channel: Channel) -> None:
    follow = replace(LIKE, id="f", kind="follow", post="", at=after(-90))
    likes = [replace(LIKE, id=str(n), post=f"p{n}") for n in range(3)]
    tell_reactions(channel.id, [follow, *likes, replace(LIKE, id="x", post="p9", gone_at=after(1))])
    person = Person.objects.get()
    assert [(each.kind, each.count, each.since) for each in list_doings(person.id)] == [
        ("like", 3, AT),
        ("follow", 1, after(-90)),
    ]
    told = export_person(person.id)["reactions"]
    assert [(each["kind"], each["post"], bool(each["taken_back_at"])) for each in told][:1] == [("follow", "", False)]
    assert len(told) == 5


def test_whoever_is_forgotten_stays_forgotten(channel: Channel, in_workspace: Workspace) -> None:
    tell_reactions(channel.id, [LIKE, replace(LIKE, id="2", author=Author("jaan", name="Jaan"))])
    erase_person(actor(in_workspace), Person.objects.get(handles__remote_id="mari").id)
    assert [each.handle.name for each in Reaction.objects.select_related("handle")] == ["Jaan"]
    tell_reactions(channel.id, [LIKE, replace(LIKE, id="3", kind="follow", post="")])
    assert Reaction.objects.count() == 1


def test_what_is_older_than_it_is_kept_is_not_taken_in(channel: Channel, in_workspace: Workspace) -> None:
    Workspace.objects.filter(id=in_workspace.id).update(keep_reactions_days=30)
    tell_reactions(channel.id, [replace(LIKE, at=AT - timedelta(days=400))])
    assert not Reaction.objects.exists()
