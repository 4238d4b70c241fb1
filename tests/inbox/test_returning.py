"""What comes back at its moment, and what is forgotten at its own."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from kaja.channels.models import Channel
from kaja.inbox.actions import remind, set_state, snooze
from kaja.inbox.actions.returning import bring_back, remind_of
from kaja.inbox.languages import find_language
from kaja.inbox.models import Conversation, ConversationState, Message, MessageVersion
from kaja.inbox.retention.actions import delete_due
from kaja.kernel.clock import now
from kaja.kernel.problems import Refused
from kaja.reading.models import Item
from kaja.reading.streams import take_in
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Notice, Workspace
from tests.inbox.test_steps import curator
from tests.inbox.test_taking import ONE, US, after, channel

__all__ = ["channel", "curator"]


@pytest.fixture
def conversation(channel: Channel) -> Conversation:
    take_in(channel.id, "comments", [ONE])
    return Conversation.objects.get()


def test_a_snooze_has_a_job_of_its_own_at_that_moment(curator: Actor, conversation: Conversation) -> None:
    until = now() + timedelta(hours=3)
    snooze(curator, [conversation.id], until)
    job = ProcrastinateJob.objects.get(task_name="inbox.wake")
    assert (job.scheduled_at, job.args["conversations"]) == (until, [str(conversation.id)])
    bring_back([conversation.id], until)
    conversation.refresh_from_db()
    assert (conversation.snoozed_until, conversation.state) == (None, "new")
    assert Notice.objects.filter(kind="inbox.back").count() == 1
    assert list(conversation.events.values_list("what", "by")) == [("snooze", ""), ("snooze", "clock")]


def test_the_job_of_an_earlier_snooze_wakes_nobody(curator: Actor, conversation: Conversation) -> None:
    early, late = now() + timedelta(hours=1), now() + timedelta(hours=9)
    snooze(curator, [conversation.id], early)
    snooze(curator, [conversation.id], late)
    bring_back([conversation.id], early)
    conversation.refresh_from_db()
    assert conversation.snoozed_until == late
    assert not Notice.objects.exists()


def test_who_does_not_answer_is_brought_back_to_whoever_wanted_that(curator: Actor, conversation: Conversation) -> None:
    at = now() + timedelta(days=2)
    set_state(curator, [conversation.id], ConversationState.WAITING)
    remind(curator, [conversation.id], at)
    remind_of([conversation.id], at)
    conversation.refresh_from_db()
    assert (conversation.state, conversation.remind_at) == ("open", None)
    assert Notice.objects.get(kind="inbox.reminder").member.user_id == curator.user_id


def test_who_answered_is_not_reminded_of(curator: Actor, conversation: Conversation, channel: Channel) -> None:
    at = now() + timedelta(days=2)
    remind(curator, [conversation.id], at)
    take_in(channel.id, "comments", [replace(ONE, id="2", at=after(1))])
    remind_of([conversation.id], at)
    assert not Notice.objects.exists()


@pytest.mark.parametrize("away", [timedelta(seconds=-1), timedelta(days=731)])
def test_a_moment_that_is_none_is_refused(curator: Actor, conversation: Conversation, away: timedelta) -> None:
    for step in (snooze, remind):
        with pytest.raises(Refused):
            step(curator, [conversation.id], now() + away)


def test_deleted_words_are_kept_as_long_as_the_workspace_says_and_never_come_back(
    in_workspace: Workspace, channel: Channel
) -> None:
    edited = replace(ONE, text="Second words", edited_at=after(1))
    for form in (ONE, edited, replace(edited, text="", state="deleted", edited_at=None)):
        take_in(channel.id, "comments", [form])
    Message.objects.update(deleted_at=now() - timedelta(days=29))
    assert delete_due() == 0
    assert Message.objects.get().text == "Second words"
    Message.objects.update(deleted_at=now() - timedelta(days=31))
    assert (delete_due(), delete_due()) == (1, 0)
    for form in (ONE, edited):
        take_in(channel.id, "comments", [form])
    assert (Message.objects.get().text, Message.objects.get().state) == ("", "deleted")
    assert not MessageVersion.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM inbox_search(%s, 'words', 10)", [in_workspace.id])
        assert cursor.fetchone() == (0,)


def test_what_was_read_of_forgotten_words_says_nothing_either(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE, replace(ONE, id="2", author=US, kind="reply", parent="1")])
    take_in(channel.id, "comments", [replace(ONE, state="deleted")])
    in_workspace.keep_deleted_days = 0
    in_workspace.save()
    assert delete_due() == 1
    content = Item.objects.get(remote_id="1").content
    assert (content["text"], content["state"]) == ("", "deleted")
    assert Item.objects.get(remote_id="2").content["text"] == ONE.text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Мы открыты? https://example.com/long/address", "ru"),
        ("Чи є ще її булочки?", "uk"),
        ("我們開門了", "zh"),
        ("パンが好きです", "ja"),
        ("열려 있나요?", "ko"),
        ("Kas õhtul on avatud?", "et"),
        ("Is it open today?", ""),
        ("não é amanhã, põe", ""),
        ("😀 !", ""),
        ("", ""),
        ("Привет, how are you today my friends", ""),
    ],
)
def test_letters_tell_a_language_or_nothing(text: str, language: str) -> None:
    assert find_language(text) == language
