"""The calendar's rows beside what the tables hold."""

from datetime import UTC, datetime, timedelta

import pytest

from kaja.channels.models import Channel
from kaja.content.models import Campaign, Label, Post, PostLabel, PostState, Variant
from kaja.content.queries import PostFilter
from kaja.delivery.models import Kind, State
from kaja.media.models import Asset
from kaja.publishing import calendar
from kaja.publishing.calendar import Row, list_calendar
from kaja.publishing.models import PostDelivery
from kaja.publishing.queries import parse_standing, standings_of_posts
from kaja.workspaces.models import Workspace
from tests.people import actor

DAY = datetime(2027, 5, 1, tzinfo=UTC)
END = DAY + timedelta(days=31)


def rows_of(wanted: PostFilter | None = None) -> list[Row]:
    return [Row(*values) for values in list_calendar(DAY, END, wanted).rows]


def make_channels(*names: str) -> list[Channel]:
    return [Channel.objects.create(network="practice", account_id=name, name=name) for name in names]


def test_row_tells_all_that_a_card_shows(in_workspace: Workspace) -> None:
    one, two, gone = make_channels("one", "two", "gone")
    asset = Asset.objects.create(
        kind="image", file="f", thumbnail="t", filename="f.png", mime="image/png", size=1, width=1, height=1, sha256="s"
    )
    campaign = Campaign.objects.create(name="Spring", colour="green")
    person = actor(in_workspace)
    parts = [{"text": "a", "media": []}, {"text": "b", "media": [{"asset": str(asset.id)}]}]
    post = Post.objects.create(
        summary="Hello", state=PostState.SCHEDULED, due_at=DAY + timedelta(hours=9, microseconds=5), campaign=campaign,
        owner_id=person.id, document={"parts": parts},
    )  # fmt: skip
    for channel in (two, one):
        variant = Variant.objects.create(post=post, channel=channel)
        first = PostDelivery.objects.create(
            variant=variant, channel=channel, due_at=DAY, state=State.SENT, remote_id="r"
        )
        PostDelivery.objects.create(
            variant=variant, channel=channel, due_at=DAY, position=1, kind=Kind.CONTINUATION, after=first
        )
    Variant.objects.create(post=post, channel=gone, removed_at=DAY)
    for name in ("tips", "bread"):
        PostLabel.objects.create(post=post, label=Label.objects.create(name=name))
    (row,) = rows_of()
    assert row.list_labels() == ["bread", "tips"]
    assert row == Row(
        str(post.id), "scheduled", post.due_at.timestamp() if post.due_at else 0.0, "Hello", "owner@acme.test",
        "Spring", "green", str(asset.id), row.channels, "scheduled sent", "bread\x1ftips",
    )  # fmt: skip
    assert row.list_channels() == [two.id, one.id]  # as they were added, each once
    standing = parse_standing(row.standing)
    assert standing is not None
    assert (standing.standing, standing.begun) == ("under_way", True)
    assert standings_of_posts([post.id]) == {post.id: standing}
    PostDelivery.objects.filter(position=1).update(state=State.UNCERTAIN, needs_person=True)
    assert parse_standing(rows_of()[0].standing) == standings_of_posts([post.id])[post.id]
    assert standings_of_posts([post.id])[post.id].standing == "needs_you"


def test_what_there_is_not_is_empty(in_workspace: Workspace) -> None:
    Post.objects.create(due_at=DAY, document={"parts": [{"text": "", "media": [{"asset": None}]}]})
    (row,) = rows_of()
    assert row[3:] == ("",) * 8
    assert row.list_channels() == []
    assert parse_standing(row.standing) is None


@pytest.mark.parametrize("state", [state for state in State if state != State.CANCELLED])
def test_one_message_stands_as_its_delivery(in_workspace: Workspace, state: State) -> None:
    (channel,) = make_channels("one")
    post = Post.objects.create(due_at=DAY, state=PostState.SCHEDULED)
    variant = Variant.objects.create(post=post, channel=channel)
    delivery = PostDelivery.objects.create(variant=variant, channel=channel, due_at=DAY, state=state, remote_id="r")
    from kaja.publishing.queries import standing_of

    assert standings_of_posts([post.id])[post.id].standing == standing_of(delivery.state, False)
    assert standings_of_posts([]) == {}


def test_stretch_begins_and_ends_where_it_says(in_workspace: Workspace) -> None:
    moments = {
        "before": DAY - timedelta(microseconds=1),
        "first": DAY,
        "last": END - timedelta(seconds=1),
        "after": END,
    }
    for summary, due in moments.items():
        Post.objects.create(summary=summary, due_at=due)
    Post.objects.create(summary="idea", due_at=DAY, state=PostState.IDEA)
    Post.objects.create(summary="bin", due_at=DAY, deleted_at=DAY)
    Post.objects.create(summary="no time")
    assert [row.summary for row in rows_of()] == ["first", "last"]


def test_more_than_are_drawn_are_counted(in_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        Post.objects.create(summary=str(number), due_at=DAY + timedelta(hours=number))
    monkeypatch.setattr(calendar, "ENTRIES_MAX", 2)
    found = list_calendar(DAY, END, PostFilter(states=("draft",)))
    assert (len(found.rows), found.total) == (2, 4)


def test_search_is_not_for_the_calendar(in_workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="search"):
        list_calendar(DAY, END, PostFilter(text="hello"))
