"""Keeping what was read: once, in its newest form; and how much reading may ask for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from kaja.channels.models import Channel
from kaja.networks.kit.reading import Author, Incoming, render_incoming
from kaja.reading.actions import PAUSE_LONGEST, pause_of
from kaja.reading.budget import find_pause
from kaja.reading.models import Item
from kaja.reading.streams import take_in
from kaja.workspaces.models import Workspace

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
ONE = Incoming("1", "comment", Author("mari"), AT, "One")
TWO = Incoming("2", "comment", Author("mari"), AT, "Two")


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="bakery")


def test_a_page_that_comes_again_changes_nothing(channel: Channel) -> None:
    read = take_in(channel.id, "comments", [ONE, TWO])
    assert (len(read.new), read.changed) == (2, ())
    again = take_in(channel.id, "comments", [TWO, ONE])
    assert (again.new, again.changed) == ((), ())
    assert Item.objects.filter(changed_at=None).count() == 2


def test_what_has_changed_is_told_and_stands_in_its_newest_form(channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    edited = replace(ONE, text="One, better", state="edited")
    read = take_in(channel.id, "comments", [edited])
    item = Item.objects.get()
    assert (read.new, read.changed) == ((), (item.id,))
    assert (item.content["text"], item.content["state"]) == ("One, better", "edited")


def test_the_same_thing_twice_in_a_page_is_one_in_its_last_form(channel: Channel) -> None:
    read = take_in(channel.id, "comments", [ONE, replace(ONE, text="Newer")])
    assert len(read.new) == 1
    assert Item.objects.get().content["text"] == "Newer"


def test_channels_have_ids_of_their_own_and_streams_have_not(channel: Channel) -> None:
    """A mention may be read from two lists, and by looking at its thread: it is one thing."""
    other = Channel.objects.create(network="practice", account_id="2", name="café")
    for place, new in (((channel.id, "comments"), 1), ((channel.id, "mentions"), 0), ((other.id, "comments"), 1)):
        assert len(take_in(*place, [ONE]).new) == new
    assert set(Item.objects.values_list("stream", flat=True)) == {"comments"}


def test_a_page_of_a_hundred_takes_one_statement(channel: Channel) -> None:
    """Besides those of whoever listens (`tests/inbox`)."""
    items = [replace(ONE, id=str(number)) for number in range(100)]
    with CaptureQueriesContext(connection) as captured:
        take_in(channel.id, "comments", items)
    assert len([each for each in captured.captured_queries if "reading_item" in each["sql"]]) == 1
    assert Item.objects.count() == 100


def test_an_older_form_does_not_bring_the_older_words_back(channel: Channel) -> None:
    edited = replace(ONE, text="Newer", state="edited", edited_at=AT + timedelta(minutes=1))
    read = take_in(channel.id, "comments", [edited, ONE])
    assert [form["text"] for form in read.forms] == ["Newer", "One"]
    again = take_in(channel.id, "comments", [ONE, edited])
    assert (again.new, again.changed) == ((), ())
    assert [form["text"] for form in again.forms] == ["One"]
    assert Item.objects.get().content["text"] == "Newer"


def test_ids_that_are_too_long_stay_apart(channel: Channel) -> None:
    long = "x" * 600
    assert len(take_in(channel.id, "comments", [replace(ONE, id=long + "1"), replace(ONE, id=long + "2")]).new) == 2


@pytest.mark.parametrize("text", ["with\0nul", "half \ud800 of a letter", "\\u0000 in words"])
def test_foreign_text_that_no_database_holds_stops_nothing(channel: Channel, text: str) -> None:
    take_in(channel.id, "comments", [replace(ONE, text=text), TWO])
    kept = Item.objects.get(remote_id="1").content["text"]
    assert "\0" not in kept
    assert Item.objects.count() == 2
    assert render_incoming(replace(ONE, text=kept))["text"] == kept
    assert len(take_in(channel.id, "comments", [replace(ONE, id=text)]).new) == 1


@given(failures=st.integers(1, 1000), least=st.floats(0, 100_000))
def test_pauses_grow_and_never_undercut_what_the_network_asked_for(failures: int, least: float) -> None:
    assert least <= pause_of(failures, least) <= max(least, PAUSE_LONGEST)
    assert pause_of(failures, least) <= pause_of(failures + 1, least)


RESET = AT + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("quota", "until"),
    [
        ({"limit": 100, "remaining": 51, "resets_at": RESET}, None),
        ({"limit": 100, "remaining": 50, "resets_at": RESET}, RESET),
        ({"limit": 100, "remaining": 0, "resets_at": AT}, None),
        ({"limit": None, "remaining": 3, "resets_at": RESET}, None),
        ({"limit": None, "remaining": 0, "resets_at": RESET}, RESET),
        ({"limit": 100, "remaining": None, "resets_at": RESET}, None),
        ({"limit": 100, "remaining": 90, "resets_at": RESET, "blocked_until": RESET.isoformat()}, RESET),
        ({"blocked_until": AT}, None),
    ],
)
def test_half_of_a_budget_is_left_to_what_is_sent(quota: dict[str, object], until: datetime | None) -> None:
    assert find_pause([quota], AT, 0.5) == until
