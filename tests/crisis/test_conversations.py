"""The conversations that a crisis is about: found, added and taken out by hand, kept at its end, and counted."""

from datetime import timedelta

import pytest

from kaja.channels.models import Channel
from kaja.crisis.actions import Ending, add_conversation, choose_affected, end_crisis, remove_conversation
from kaja.crisis.models import Crisis
from kaja.crisis.queries import Affected, count_figures, filter_affected, get_crisis, list_lines
from kaja.inbox.models import Conversation
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotAllowed, NotFound
from kaja.workspaces.models import Role, Workspace
from tests.crisis.begun import begin
from tests.people import actor, add_member
from tests.web.inbox.conversations import add_message, make_channel, make_conversation, make_handle


@pytest.fixture
def crisis(in_workspace: Workspace) -> Crisis:
    return begin(in_workspace)


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return make_channel()


def talk(channel: Channel, name: str, *texts: str, ago: int = 0) -> Conversation:
    made = make_conversation(channel, make_handle(name), texts, at=clock.now() - timedelta(minutes=ago))
    Conversation.objects.filter(id=made.id).update(last_in_at=made.last_at)
    return made


def about(crisis: Crisis) -> set[str]:
    return {row.handle.name for row in filter_affected(get_crisis(crisis.id)).select_related("handle") if row.handle}


def test_without_a_filter_only_what_somebody_added(in_workspace: Workspace, crisis: Crisis, channel: Channel) -> None:
    one, _two = talk(channel, "Anna", "Glass!"), talk(channel, "Boris", "Glass!")
    assert about(crisis) == set()
    add_conversation(actor(in_workspace), crisis.id, one.id)
    assert about(crisis) == {"Anna"}
    remove_conversation(actor(in_workspace), crisis.id, one.id)
    assert about(crisis) == set()


def test_the_filter_finds_words_channels_and_times_and_hands_overrule_it(
    in_workspace: Workspace, crisis: Crisis, channel: Channel
) -> None:
    other = make_channel("Other")
    talk(channel, "Anna", "There is glass in it")
    talk(channel, "Boris", "My tooth broke")
    quiet = talk(channel, "Clara", "When do you open?")
    old = talk(channel, "Dora", "glass", ago=600)
    talk(other, "Emil", "glass")
    since = clock.now() - timedelta(minutes=30)
    choose_affected(actor(in_workspace), crisis.id, Affected(since=since, words=("glass", "tooth")))
    assert about(crisis) == {"Anna", "Boris", "Emil"}
    choose_affected(actor(in_workspace), crisis.id, Affected(since=since, channels=(channel.id,)))
    assert about(crisis) == {"Anna", "Boris", "Clara"}
    remove_conversation(actor(in_workspace), crisis.id, quiet.id)
    add_conversation(actor(in_workspace), crisis.id, old.id)
    assert about(crisis) == {"Anna", "Boris", "Dora"}
    # What is written later is collected by itself.
    talk(channel, "Fred", "glass")
    assert "Fred" in about(crisis)
    assert [line.what for line in list_lines(crisis)] == ["start", "affected", "affected"]


def test_at_the_end_it_stays_what_it_was(in_workspace: Workspace, crisis: Crisis, channel: Channel) -> None:
    anna, boris = talk(channel, "Anna", "glass"), talk(channel, "Boris", "glass")
    choose_affected(actor(in_workspace), crisis.id, Affected(since=clock.now() - timedelta(hours=1), words=("glass",)))
    remove_conversation(actor(in_workspace), crisis.id, boris.id)
    end_crisis(actor(in_workspace), crisis.id, Ending())
    talk(channel, "Clara", "glass")
    assert about(crisis) == {"Anna"}
    Conversation.objects.filter(id=anna.id).update(last_in_at=clock.now())
    assert about(crisis) == {"Anna"}


def test_the_figures_are_of_its_conversations_and_its_time(
    in_workspace: Workspace, crisis: Crisis, channel: Channel
) -> None:
    moment = clock.now() + timedelta(seconds=1)
    anna = talk(channel, "Anna", "glass", ago=60)  # before it began
    add_message(anna, "more glass", at=moment)
    add_message(anna, ">We are sorry", at=moment)
    boris = talk(channel, "Boris", "glass", ago=60)
    add_message(boris, "and teeth", at=moment)
    talk(channel, "Clara", "hello")
    for each in (anna, boris):
        add_conversation(actor(in_workspace), crisis.id, each.id)
    Crisis.objects.filter(id=crisis.id).update(ended_at=moment + timedelta(minutes=1))
    figures = count_figures(get_crisis(crisis.id))
    assert (figures.conversations, figures.messages, figures.people) == (2, 2, 2)
    assert (figures.answered, figures.waiting) == (1, 1)


def test_walls_and_permissions(in_workspace: Workspace, crisis: Crisis, channel: Channel) -> None:
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    one = talk(channel, "Anna", "glass")
    with pytest.raises(NotAllowed):
        add_conversation(actor(in_workspace, "ana@acme.test"), crisis.id, one.id)
    with pytest.raises(NotFound):
        add_conversation(actor(in_workspace), crisis.id, new_id())
