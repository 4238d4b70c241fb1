"""What the inbox makes of items is a function of their set: any order, any pages, twice, old forms after new ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaja.channels.models import Channel
from kaja.inbox.models import Message
from kaja.networks.kit.reading import Author, Incoming, Kind
from kaja.reading.streams import take_in
from kaja.workspaces.models import Workspace
from tests.inbox.snapshot import snapshot, try_out

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
WORDS = (
    "",
    "Is it open?",
    "Yes",
    "Мы открыты",
    "我們開門了",
    "x" * 30_000,
    "nul\0 and \ud800 half",
    "\u202eright to left\u202c",
)
STATES = ("there", "pending", "hidden", "edited")
PLAIN = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40
)


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="bakery")


@dataclass(frozen=True)
class History:
    """What a network showed of one thing, the oldest form first."""

    forms: tuple[Incoming, ...]


def minute(number: int) -> datetime:
    return AT + timedelta(minutes=number)


@st.composite
def histories(draw: st.DrawFn, number: int) -> History:
    thread = draw(st.sampled_from(["t1", "t2", "t3"]))
    kind: Kind = draw(st.sampled_from(["comment", "reply", "mention", "direct", "review"]))
    who = draw(st.integers(0, 3))
    name = draw(st.sampled_from(["Mari", "Марина", "瑪麗"]))
    author = Author("us", "bakery", "Bakery", is_us=True) if who == 0 else Author(str(who), f"@{name}", name)
    at = draw(st.integers(0, 20))
    first = Incoming(
        str(number), kind, author, minute(at), draw(st.sampled_from(WORDS)), thread=thread,
        parent="p" if who == 0 else "", publication=draw(st.sampled_from(["", "post"])),
        state=draw(st.sampled_from(STATES[:3])),
    )  # fmt: skip
    forms = [first]
    for later in sorted(draw(st.sets(st.integers(at + 1, 40), max_size=3))):
        forms.append(
            replace(
                first,
                text=draw(st.sampled_from(WORDS)),
                state=draw(st.sampled_from([*STATES, "deleted"])),
                edited_at=minute(later),
            )
        )
    if draw(st.booleans()):
        # The same thing as another list of the network shows it, which says less of where it stands.
        forms.append(replace(first, kind="mention", text=first.text))
    if draw(st.integers(0, 3)) == 0:
        forms.append(replace(first, text="", state="deleted"))
    return History(tuple(forms))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Incoming], list[list[Incoming]]]:
    """All forms in the order of time in one page, and the same in any order, some twice, in any pages."""
    forms = [form for number in range(draw(st.integers(1, 6))) for form in draw(histories(number)).forms]
    orderly = sorted(forms, key=lambda form: (form.edited_at or form.at, form.state == "deleted"))
    shuffled = draw(st.permutations(forms + draw(st.lists(st.sampled_from(forms), max_size=4))))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled)), max_size=5)))
    pages = [list(shuffled[a:b]) for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    return orderly, [page for page in pages if page]


def read(channel: Channel, pages: Sequence[Sequence[Incoming]]) -> None:
    for number, page in enumerate(pages):
        take_in(channel.id, ("comments", "mentions")[number % 2], page)


@PLAIN
@given(world=worlds())
def test_any_order_in_any_pages_gives_the_same_rows(
    channel: Channel, world: tuple[list[Incoming], list[list[Incoming]]]
) -> None:
    orderly, pages = world
    expected = try_out(lambda: read(channel, [orderly]))
    assert try_out(lambda: read(channel, pages)) == expected
    assert expected["messages"] or all(each.author.is_us for each in orderly)


@PLAIN
@given(data=st.data())
def test_without_moments_the_form_that_was_read_last_counts(channel: Channel, data: st.DataObject) -> None:
    """Of each thing the forms come in the network's order, and what comes between does not matter."""
    number = data.draw(st.integers(1, 4))
    forms: dict[int, list[Incoming]] = {}
    for each in range(number):
        first = data.draw(histories(each)).forms[0]
        words = data.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
        forms[each] = [replace(first, text=word) for word in words]
    turns = data.draw(st.permutations([each for each, found in forms.items() for _ in found]))
    mixed = [(each, turns[:place].count(each)) for place, each in enumerate(turns)]

    def shown(items: Sequence[Incoming]) -> None:
        for item in items:
            take_in(channel.id, "comments", [item])

    def texts(order: Sequence[Incoming]) -> Any:
        return try_out(lambda: shown(order), noticed=False)

    assert texts([forms[each][nr] for each, nr in mixed]) == texts([item for found in forms.values() for item in found])


def test_a_replay_of_everything_changes_nothing(channel: Channel) -> None:
    items = [
        Incoming(str(nr), "comment", Author(str(nr % 7)), minute(nr), f"Words {nr}", thread=f"t{nr % 5}")
        for nr in range(50)
    ]
    read(channel, [items[:30], items[30:]])
    before, arrived = snapshot(), list(Message.objects.order_by("id").values_list("id", "arrived_at"))
    read(channel, [list(reversed(items)), items[10:40]])
    assert snapshot() == before
    assert list(Message.objects.order_by("id").values_list("id", "arrived_at")) == arrived
