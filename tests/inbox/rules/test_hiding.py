"""A rule that hides until somebody has looked: a delivery that bears its name, taken back by showing it again."""

from typing import Any

import pytest

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery
from kaja.inbox.acts import do_act, note_done
from kaja.inbox.models import Message, MessageAct
from kaja.inbox.rules.actions import apply_rules, list_hits, undo_hits
from kaja.kernel.problems import Refused
from kaja.workspaces.models import Workspace
from tests.inbox.rules.test_rules import hear, stand, switched_on
from tests.people import actor


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="Bakery")


def acts_of(message: Message) -> list[tuple[str, str]]:
    return list(MessageAct.objects.filter(message=message).order_by("at", "id").values_list("act", "by"))


def hide(workspace: Workspace, **more: Any) -> None:
    switched_on(workspace, then={"hide": True, "labels": ["money"]}, **more)


def test_it_asks_the_network_once_and_does_the_rest_too(in_workspace: Workspace, channel: Channel) -> None:
    hide(in_workspace)
    message = hear(channel, "refund!")
    assert (apply_rules([message.id]), apply_rules([message.id])) == (1, 0)
    assert acts_of(message) == [("hide", "Refunds")]
    assert stand(message)[3] == ["money"]
    [row] = Delivery.objects.all()
    assert (row.kind, row.channel_id) == ("act", channel.id)
    [hit] = list_hits()
    assert hit.problem is None


def test_where_the_network_hides_nothing_the_hit_says_so_and_the_rest_is_done(in_workspace: Workspace) -> None:
    mastodon = Channel.objects.create(network="mastodon", account_id="1", name="Bakery")
    hide(in_workspace)
    message = hear(mastodon, "refund!")
    assert apply_rules([message.id]) == 1
    assert (acts_of(message), stand(message)[3]) == ([], ["money"])
    [hit] = list_hits()
    assert hit.problem is not None
    assert "Mastodon" in hit.problem["params"]["network"]


def test_one_message_that_is_gone_keeps_no_other_from_being_hidden(in_workspace: Workspace, channel: Channel) -> None:
    hide(in_workspace)
    gone, there = hear(channel, "refund!", thread="a", state="deleted"), hear(channel, "refund!", thread="a")
    assert apply_rules([gone.id, there.id]) == 2
    assert (acts_of(gone), acts_of(there)) == ([], [("hide", "Refunds")])
    assert {hit.message_id for hit in list_hits() if hit.problem} == {gone.id}


def test_taking_it_back_shows_the_message_again(in_workspace: Workspace, channel: Channel) -> None:
    hide(in_workspace)
    message = hear(channel, "refund!")
    apply_rules([message.id])
    note_done(MessageAct.objects.get().id)
    assert undo_hits(actor(in_workspace), [hit.id for hit in list_hits()]) == 1
    assert acts_of(message) == [("hide", "Refunds"), ("unhide", "")]
    assert stand(message)[3] == []
    assert all(hit.undone_at for hit in list_hits())


def test_what_somebody_wanted_since_stays(in_workspace: Workspace, channel: Channel) -> None:
    hide(in_workspace)
    message = hear(channel, "refund!")
    apply_rules([message.id])
    note_done(MessageAct.objects.get().id)
    do_act(actor(in_workspace), message.id, "delete")
    assert undo_hits(actor(in_workspace), [hit.id for hit in list_hits()]) == 1
    assert [act for act, _by in acts_of(message)] == ["hide", "delete"]


def test_what_cannot_be_shown_again_stays_in_the_log_as_it_is(in_workspace: Workspace, channel: Channel) -> None:
    hide(in_workspace)
    stuck, other = hear(channel, "refund!", thread="a"), hear(channel, "refund!", thread="b")
    apply_rules([stuck.id, other.id])
    for act in MessageAct.objects.all():
        note_done(act.id)
    Message.objects.filter(id=stuck.id).update(state="deleted")
    hits = {hit.message_id: hit for hit in list_hits()}
    assert undo_hits(actor(in_workspace), [hit.id for hit in hits.values()]) == 1
    assert {hit.message_id for hit in list_hits() if hit.undone_at} == {other.id}
    with pytest.raises(Refused):
        undo_hits(actor(in_workspace), [hits[stuck.id].id])
