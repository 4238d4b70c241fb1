"""A reply goes out once, can be taken back for some seconds, and is refused in plain words where it cannot go."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from kaja.channels.models import Channel, Health
from kaja.delivery.actions import hold_everything, look_at_channel
from kaja.delivery.holds import list_unsettled
from kaja.delivery.models import Delivery, State
from kaja.inbox.acts import do_act
from kaja.inbox.answering import list_rules_of_answer, reply, take_back
from kaja.inbox.models import Conversation, Message, MessageState
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Conflict, NotAllowed, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.media.item import MediaItem
from kaja.media.models import Asset
from kaja.workspaces.models import Held, Notice, Role, Workspace
from tests.channels.moving import connect_mastodon, front_of, mastodon_at_work
from tests.inbox.talking import add_message, answer, delivery_of, hurry, stored, wait_for
from tests.networks.mastodon.server import MastodonServer
from tests.people import actor, add_member
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, running_engine
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
FOREIGN = "109000000000000001"


@pytest.fixture(autouse=True)
def _nearby(settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]


@pytest.fixture
def mastodon() -> Iterator[tuple[MastodonServer, str]]:
    with mastodon_at_work() as server:
        yield server


@pytest.fixture
def channel(mastodon: tuple[MastodonServer, str], workspace: Workspace) -> Channel:
    return connect_mastodon(workspace, mastodon[1])


def refusal(caught: pytest.ExceptionInfo[Refused]) -> str:
    return caught.value.problems[0].code


def test_a_reply_names_whom_it_answers_and_the_message_learns_what_became_of_it(
    mastodon: tuple[MastodonServer, str], workspace: Workspace, channel: Channel
) -> None:
    theirs = add_message(workspace, channel, "When do you open?", data={"acct": "sam", "visibility": "unlisted"})
    ours = answer(workspace, theirs, "At eight.")
    with running_engine():
        row = wait_for(workspace, ours.id, State.SENT)
        wait_until(lambda: stored(workspace, ours).remote_id == row.remote_id)
    [status] = mastodon[0].statuses
    assert (status["in_reply_to_id"], status["visibility"]) == (FOREIGN, "unlisted")
    assert "@sam At eight." in status["content"]
    made = stored(workspace, ours)
    assert (made.text, made.url, made.remote_id) == ("At eight.", status["url"], status["id"])


def test_a_direct_message_is_seen_by_nobody_else(
    mastodon: tuple[MastodonServer, str], workspace: Workspace, channel: Channel
) -> None:
    data = {"acct": "sam@example.social", "visibility": "private"}  # as snac2 calls it
    theirs = add_message(workspace, channel, "My order?", kind="direct", data=data)
    ours = answer(workspace, theirs, "@sam@example.social It is on its way.")
    with running_engine():
        row = wait_for(workspace, ours.id, State.SENT)
    assert row.kind == "message"
    [status] = mastodon[0].statuses
    assert status["visibility"] == "direct"
    assert status["content"].count("@sam") == 1


def test_a_lost_answer_is_found_and_the_same_words_twice_stay_two(
    mastodon: tuple[MastodonServer, str], workspace: Workspace
) -> None:
    server, url = mastodon
    server.honours_keys = False
    with front_of(url) as front:
        channel = connect_mastodon(workspace, front.url)
        theirs = add_message(workspace, channel, "Thank you!", data={"acct": "sam"})
        front.losing = "/api/v1/statuses"
        one = answer(workspace, theirs, "You are welcome")
        other = answer(workspace, theirs, "You are welcome")
        with running_engine():
            rows = [wait_for(workspace, message.id, State.SENT, 120) for message in (one, other)]
    assert front.lost == 1
    assert len(server.statuses) == 2
    assert {row.remote_id for row in rows} == {status["id"] for status in server.statuses}


def test_a_second_press_is_the_same_reply_also_at_the_same_moment(workspace: Workspace, channel: Channel) -> None:
    theirs, key = add_message(workspace, channel, "Hello?"), new_id()
    made: list[Message | BaseException] = []
    together = threading.Barrier(4)

    def press() -> None:
        together.wait(30)
        try:
            made.append(answer(workspace, theirs, "Hello!", key=key, hurried=False))
        except BaseException as error:  # noqa: BLE001 - looked at below
            made.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [message.id for message in made if isinstance(message, Message)] == [key] * 4, made
    with workspace_scope(workspace.id):
        assert Delivery.objects.count() == 1
        with pytest.raises(Conflict) as caught:
            reply(ACTOR, theirs.conversation_id, "Something else", key=key)
    assert refusal(caught) == "id_taken"


def test_the_second_of_two_who_answer_is_told_before_anything_goes_out(workspace: Workspace, channel: Channel) -> None:
    theirs = add_message(workspace, channel, "Is it open on Sunday?")
    with workspace_scope(workspace.id):
        conversation = Conversation.objects.get()
        seen = list_rules_of_answer(conversation).seen
    person = add_member(workspace, "ada@example.org", Role.COMMUNITY_MANAGER, "Ada")
    answer(workspace, theirs, "Yes", actor=actor(workspace, person.email), seen=seen, hurried=False)
    with pytest.raises(Conflict) as caught:
        answer(workspace, theirs, "No", seen=seen)
    [problem] = caught.value.problems
    assert (problem.code, problem.params["name"]) == ("answered_meanwhile", "Ada")
    with workspace_scope(workspace.id):
        assert Delivery.objects.count() == 1
        # Who has been told may send it all the same.
        assert reply(ACTOR, conversation.id, "Yes, until noon", key=new_id()).delivery_id
    # What they wrote meanwhile is no answer, and what was taken back is none either.
    add_message(workspace, channel, "Hello?", remote_id="7", conversation=conversation)
    with workspace_scope(workspace.id):
        seen = list_rules_of_answer(conversation).seen
        taken = reply(ACTOR, conversation.id, "Wait", key=new_id())
        take_back(ACTOR, taken.id)
        add_message(workspace, channel, "Anybody?", remote_id="8", conversation=conversation)
        assert reply(ACTOR, conversation.id, "Here", key=new_id(), seen=seen).delivery_id
        # A number beyond all bounds has seen everything, and one below has seen nothing.
        assert reply(ACTOR, conversation.id, "There", key=new_id(), seen=10**30).delivery_id
        with pytest.raises(Conflict):
            reply(ACTOR, conversation.id, "Nowhere", key=new_id(), seen=-(10**30))


def test_a_reply_is_taken_back_while_it_waits_and_not_after(
    mastodon: tuple[MastodonServer, str], workspace: Workspace, channel: Channel
) -> None:
    theirs = add_message(workspace, channel, "Hello?")
    key = new_id()
    ours = answer(workspace, theirs, "To Bob: call me", key=key, hurried=False)
    with workspace_scope(workspace.id):
        again = take_back(ACTOR, ours.id)
        assert (again.text, take_back(ACTOR, ours.id).id) == ("To Bob: call me", ours.id)
    hurry(workspace)
    # The first press, that comes late, does not bring it to life.
    answer(workspace, theirs, "To Bob: call me", key=key)
    other = answer(workspace, theirs, "Hello, Sam")
    with running_engine():
        wait_for(workspace, other.id, State.SENT)
        with workspace_scope(workspace.id), pytest.raises(Conflict) as caught:
            take_back(ACTOR, other.id)
    assert refusal(caught) == "reply_begun"
    assert delivery_of(workspace, ours.id).state == State.CANCELLED
    assert [status["content"] for status in mastodon[0].statuses] == ["<p>@sam Hello, Sam</p>"]


def test_what_was_deleted_meanwhile_is_not_answered_and_the_words_are_kept(
    mastodon: tuple[MastodonServer, str], workspace: Workspace, channel: Channel
) -> None:
    theirs = add_message(workspace, channel, "Terrible!")
    early = answer(workspace, theirs, "What happened?", hurried=False)
    with workspace_scope(workspace.id):
        Message.objects.filter(id=theirs.id).update(state=MessageState.DELETED, deleted_at=now())
    with pytest.raises(Refused) as caught:
        answer(workspace, theirs, "Please tell us more")
    assert refusal(caught) == "target_deleted"
    hurry(workspace)
    with running_engine():
        row = wait_for(workspace, early.id, State.FAILED)
        wait_until(lambda: _list_notices(workspace) != [])
    assert mastodon[0].statuses == []
    assert row.needs_person
    assert row.problem is not None
    assert row.problem["code"] == "target_deleted"
    assert stored(workspace, early).text == "What happened?"
    assert any("“What happened?” could not be sent" in said for said in _list_notices(workspace))


def _list_notices(workspace: Workspace) -> list[str]:
    with workspace_scope(workspace.id):
        return [notice.message % notice.params for notice in Notice.objects.filter(kind__startswith="delivery.")]


def test_what_the_network_no_longer_has_is_said_in_words_for_an_answer(
    mastodon: tuple[MastodonServer, str], workspace: Workspace, channel: Channel
) -> None:
    """Deleted there, or its author blocked us: a network says no more than that it is not there."""
    mastodon[0].missing = {"404"}
    theirs = add_message(workspace, channel, "Gone soon", remote_id="404")
    ours = answer(workspace, theirs, "What did you say?")
    with running_engine():
        row = wait_for(workspace, ours.id, State.FAILED)
    assert row.problem is not None
    assert row.problem["code"] == "target_gone"
    assert mastodon[0].statuses == []


def test_who_may_not_answer_is_refused(workspace: Workspace, channel: Channel) -> None:
    theirs = add_message(workspace, channel, "Hello?")
    person = add_member(workspace, "guest@example.org", Role.DESIGNER)
    who = actor(workspace, person.email)
    with pytest.raises(NotAllowed):
        answer(workspace, theirs, "Hi", actor=who)
    ours = answer(workspace, theirs, "Hello", hurried=False)
    with workspace_scope(workspace.id), pytest.raises(NotAllowed):
        take_back(who, ours.id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"disconnected_at": now()}, "channel_disconnected"),
        ({"health": Health.RECONNECT}, "channel_reconnect"),
        ({"network": "wordperfect"}, "answers_unsupported"),
    ],
)
def test_a_channel_that_cannot_send_says_so_before(
    workspace: Workspace, channel: Channel, change: dict[str, Any], code: str
) -> None:
    theirs = add_message(workspace, channel, "Hello?")
    with workspace_scope(workspace.id):
        Channel.objects.filter(id=channel.id).update(**change)
        form = list_rules_of_answer(Conversation.objects.get())
    assert (form.can_reply, form.problem.code if form.problem else "") == (False, code)
    with pytest.raises(Refused) as caught:
        answer(workspace, theirs, "Hi")
    assert refusal(caught) == code


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("  \n", "empty"), ("x" * 496, "text_too_long")])
def test_the_networks_rules_hold_for_an_answer_with_the_mention_in_it(
    workspace: Workspace, channel: Channel, text: str, code: str
) -> None:
    theirs = add_message(workspace, channel, "Hello?", data={"acct": "sam"})
    with pytest.raises(Refused) as caught:
        answer(workspace, theirs, text)
    assert refusal(caught) == code
    with workspace_scope(workspace.id):
        form = list_rules_of_answer(Conversation.objects.get())
        assert form.count is not None
        assert (form.count.used, form.count.limit) == (len("@sam "), 500)


def test_nothing_to_answer_is_said(workspace: Workspace, channel: Channel) -> None:
    theirs = add_message(workspace, channel, "Hello?", remote_id="")
    with workspace_scope(workspace.id):
        with pytest.raises(Refused) as caught:
            reply(ACTOR, theirs.conversation_id, "Hi", key=new_id())
        assert refusal(caught) == "nothing_to_answer"
        assert not Delivery.objects.exists()


def test_a_file_that_is_too_large_for_the_network_is_refused_before(workspace: Workspace, channel: Channel) -> None:
    theirs = add_message(workspace, channel, "Do you have a picture?")
    with workspace_scope(workspace.id):
        film = Asset.objects.create(
            kind="video", mime="video/mp4", size=200_000_000, width=1, height=1, duration=1.0, filename="film.mp4",
            file="film.mp4", sha256="0" * 64,
        )  # fmt: skip
        with pytest.raises(Refused) as caught:
            reply(ACTOR, theirs.conversation_id, "Here", [MediaItem(asset=film.id, alt="A door")], key=new_id())
        assert refusal(caught) == "media_too_large"
        with pytest.raises(Refused) as caught:
            reply(ACTOR, theirs.conversation_id, "Here", [MediaItem(asset=new_id())], key=new_id())
        assert refusal(caught) == "asset_not_found"
        assert not Delivery.objects.exists()


def test_after_the_networks_window_nothing_can_be_answered(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    data = {"dialogue": "sam"}
    long_ago = now() - timedelta(hours=25)
    theirs = add_message(workspace, channel, "My order?", kind="direct", data=data, at=long_ago)
    with workspace_scope(workspace.id):
        form = list_rules_of_answer(Conversation.objects.get())
        assert form.problem is not None
        assert (form.can_reply, form.problem.code, form.problem.params["hours"]) == (False, "window_over", 24)
    with pytest.raises(Refused) as caught:
        answer(workspace, theirs, "It is on its way")
    assert refusal(caught) == "window_over"
    with workspace_scope(workspace.id):
        Conversation.objects.update(last_in_at=now())
        form = list_rules_of_answer(Conversation.objects.get())
    assert form.kind == "message"
    assert form.until is not None
    assert timedelta(hours=23) < form.until - now() < timedelta(hours=25)


def test_of_a_restored_backup_an_answer_is_for_a_person_to_judge_and_an_act_is_done_again(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    [remote_id] = practice.plant("bakery", {"stream": "mentions", "name": "sam", "text": "Open today?"})
    theirs = add_message(workspace, channel, "Open today?", remote_id=remote_id, kind="mention")
    answer(workspace, theirs, "Until eight")
    with workspace_scope(workspace.id):
        do_act(ACTOR, theirs.id, "like")
    hold_everything(ACTOR, Held.RESTORE, now())
    look_at_channel(workspace.id, channel.id)
    with workspace_scope(workspace.id):
        found = list_unsettled(Workspace.objects.get(id=workspace.id))
    assert {(each.delivery.kind, each.verdict, each.subject.title) for each in found} == {
        ("reply", "unclear", "Until eight"),
        ("act", "missing", "Open today?"),
    }


def test_the_network_is_told_in_which_language_an_answer_is(
    mastodon: tuple[MastodonServer, str], workspace: Workspace, channel: Channel
) -> None:
    theirs = add_message(workspace, channel, "Millal te avate?", data={"acct": "sam"})
    with workspace_scope(workspace.id):
        Conversation.objects.filter(id=theirs.conversation_id).update(language="et")
    usual = answer(workspace, theirs, "Kell kaheksa.")
    chosen = answer(workspace, theirs, "At eight.", language="en")
    with running_engine():
        for message in (usual, chosen):
            wait_for(workspace, message.id, State.SENT)
    told = {status["content"]: status["language"] for status in mastodon[0].statuses}
    assert told == {"<p>@sam Kell kaheksa.</p>": "et", "<p>@sam At eight.</p>": "en"}
