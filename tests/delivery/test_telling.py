"""What became of deliveries is told for thousands at once: in few statements, each exactly once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.delivery.engine import housekeeping
from kaja.delivery.events import DeliverySent
from kaja.delivery.models import Delivery, Publication, State, UntoldEvent
from kaja.inbox.models import Conversation, Message
from kaja.kernel import events
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.reading.looks import WHAT
from kaja.reading.models import Poll
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channels(practice: PracticeServer, workspace: Workspace) -> list[Channel]:
    """On a network that is asked again for what stands below a post."""
    rows = [connect_practice(practice, workspace, name) for name in ("bakery", "cafe", "mill")]
    with workspace_scope(workspace.id):
        Channel.objects.update(network="mastodon")
    return rows


def send(workspace: Workspace, channels: Sequence[Channel], number: int) -> list[UUID]:
    """Deliveries that stand on the network, as the journal leaves them."""
    moment = now() - timedelta(seconds=1)
    with workspace_scope(workspace.id):
        rows = [
            Delivery(
                source_id=new_id(), channel=channels[place % len(channels)], state=State.SENT, due_at=moment,
                remote_id=new_id().hex, sent_at=moment, announce="sent", workspace_id=workspace.id,
            )
            for place in range(number)
        ]  # fmt: skip
        Delivery.objects.bulk_create(rows)
        Publication.objects.bulk_create(
            Publication(
                delivery=row, channel=row.channel, remote_id=row.remote_id, sent={}, published_at=moment,
                workspace_id=workspace.id,
            )
            for row in rows
        )  # fmt: skip
    return [row.id for row in rows]


@contextmanager
def listening() -> Iterator[list[list[UUID]]]:
    """What a handler of many hears, call by call."""
    heard: list[list[UUID]] = []

    def hear(told: Sequence[DeliverySent]) -> None:
        heard.append([event.delivery_id for event in told])

    events.subscribe_to_many(DeliverySent, hear)
    try:
        yield heard
    finally:
        events._of_many[DeliverySent].remove(hear)


def count_statements(workspace: Workspace, channels: Sequence[Channel], number: int) -> int:
    send(workspace, channels, number)
    with CaptureQueriesContext(connection) as asked:
        housekeeping.tell_events()
    return len(asked)


def test_statements_do_not_grow_with_what_is_told(workspace: Workspace, channels: list[Channel]) -> None:
    few = count_statements(workspace, channels, 3)
    assert count_statements(workspace, channels, 150) == few
    assert few <= 20
    with workspace_scope(workspace.id):
        assert Poll.objects.filter(what=WHAT).count() == 153
        assert not Delivery.objects.exclude(announce="").exists()


def test_each_is_told_once_and_those_of_one_time_together(workspace: Workspace, channels: list[Channel]) -> None:
    with listening() as heard:
        sent = send(workspace, channels, 7)
        housekeeping.tell_events()
        housekeeping.tell_events()
    assert [sorted(ids) for ids in heard] == [sorted(sent)]


def test_one_whose_handler_breaks_holds_up_no_other(workspace: Workspace, channels: list[Channel]) -> None:
    bad, *good = send(workspace, channels, 5)

    def break_at(told: Sequence[DeliverySent]) -> None:
        if any(event.delivery_id == bad for event in told):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")

    events.subscribe_to_many(DeliverySent, break_at)
    try:
        housekeeping.tell_events()
    finally:
        events._of_many[DeliverySent].remove(break_at)
    with workspace_scope(workspace.id):
        assert [row.id for row in Delivery.objects.exclude(announce="")] == [bad]
        assert [row.delivery_id for row in UntoldEvent.objects.all()] == [bad]
        told = Publication.objects.filter(delivery_id__in=good).values_list("remote_id", flat=True)
        assert {poll.cursor["place"] for poll in Poll.objects.filter(what=WHAT)} == set(told)
        UntoldEvent.objects.update(next_at=now())
    housekeeping.tell_events()
    with workspace_scope(workspace.id):
        assert not Delivery.objects.exclude(announce="").exists()
        assert not UntoldEvent.objects.exists()
        assert Poll.objects.filter(what=WHAT).count() == 5


def test_what_was_read_before_it_was_known_as_ours_is_joined_among_many(
    workspace: Workspace, channels: list[Channel]
) -> None:
    mine, *_ = send(workspace, channels, 6)
    with workspace_scope(workspace.id):
        publication = Publication.objects.get(delivery_id=mine)
        channel = publication.channel
        assert channel is not None
        conversation = Conversation.objects.create(
            channel=channel, thread="t", post_ref=publication.remote_id, last_at=now()
        )
        Message.objects.create(
            conversation=conversation, channel=channel, direction="out", kind="post", text="Ours", at=now(),
            remote_id=publication.remote_id,
        )  # fmt: skip
        other = Conversation.objects.create(channel=channel, thread="u", post_ref="somebody else's", last_at=now())
        Message.objects.create(
            conversation=other, channel=channel, direction="in", kind="comment", text="Theirs", at=now(), remote_id="c"
        )
    housekeeping.tell_events()
    with workspace_scope(workspace.id):
        assert [row.text for row in Message.objects.all()] == ["Theirs"]
        other.refresh_from_db()
        assert other.publication_id is None
