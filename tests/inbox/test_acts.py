"""What is done to a message: once, again when its answer was lost, and undone by its opposite."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from kaja.channels.models import Channel
from kaja.delivery.models import Attempt, Delivery, State
from kaja.delivery.queries import journal_of
from kaja.inbox.acts import do_act, list_acts, list_acts_of
from kaja.inbox.models import Conversation, ConversationState, Message, MessageAct, MessageState
from kaja.kernel.problems import NotAllowed, NotFound, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.moderation import Act
from kaja.workspaces.models import Role, Workspace
from tests.channels.moving import connect_mastodon, front_of, mastodon_at_work
from tests.inbox.talking import add_message, answer, delivery_of, stored, wait_for
from tests.networks.mastodon.server import FOREIGN, MastodonServer
from tests.people import actor, add_member
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, plan_post, running_engine, wait_for_states
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nearby(settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]


@pytest.fixture
def mastodon() -> Iterator[tuple[MastodonServer, str]]:
    with mastodon_at_work() as server:
        yield server


def press(workspace: Workspace, message: Message, act: Act) -> Delivery:
    with workspace_scope(workspace.id):
        return do_act(ACTOR, message.id, act)


def done(workspace: Workspace, row: Delivery) -> None:
    wait_for(workspace, row.source_id, State.SENT)
    with workspace_scope(workspace.id):
        wait_until(lambda: MessageAct.objects.get(id=row.source_id).done_at is not None)


def offered(workspace: Workspace, message: Message) -> tuple[set[str], set[str]]:
    """What can be done to it now, and what was done."""
    with workspace_scope(workspace.id):
        acts = list_acts_of([Message.objects.select_related("channel").get(id=message.id)])[message.id]
    return set(acts.offered), set(acts.done)


def test_a_like_whose_answer_was_lost_is_given_again_and_is_one(
    mastodon: tuple[MastodonServer, str], workspace: Workspace
) -> None:
    server, url = mastodon
    path = f"/api/v1/statuses/{FOREIGN['id']}/favourite"
    with front_of(url) as front:
        theirs = add_message(workspace, connect_mastodon(workspace, front.url), "Nice!", remote_id=FOREIGN["id"])
        front.losing = path
        row = press(workspace, theirs, "like")
        with running_engine():
            done(workspace, row)
    assert front.lost == 1
    assert [request.path for request in server.requests if request.method == "POST"] == [path, path]
    assert server.favourites == {FOREIGN["id"]}
    with workspace_scope(workspace.id):
        assert [line.outcome for line in journal_of(row)] == ["unknown", "sent"]
        assert not Attempt.objects.filter(irreversible=True).exists()
    assert offered(workspace, theirs) == (
        {"unlike", "boost", "block", "mute", "report"},
        {"like"},
    )


def test_a_second_press_is_the_same_and_the_opposite_takes_it_back(
    mastodon: tuple[MastodonServer, str], workspace: Workspace
) -> None:
    server, url = mastodon
    theirs = add_message(workspace, connect_mastodon(workspace, url), "Nice!", remote_id=FOREIGN["id"])
    assert press(workspace, theirs, "like").id == press(workspace, theirs, "like").id
    # Taken back before it was done: it never is.
    back = press(workspace, theirs, "unlike")
    with running_engine():
        done(workspace, back)
        with workspace_scope(workspace.id):
            states = dict(Delivery.objects.filter(kind="act").values_list("source_id", "state"))
            first = MessageAct.objects.get(act="like")
            assert Delivery.objects.get(source_id=first.id).id == first.delivery_id
        assert states[first.id] == State.CANCELLED
        assert server.favourites == set()
        again = press(workspace, theirs, "like")
        done(workspace, again)
        assert server.favourites == {FOREIGN["id"]}
        done(workspace, press(workspace, theirs, "unlike"))
    assert server.favourites == set()
    assert "like" in offered(workspace, theirs)[0]


def test_who_is_blocked_is_blocked_whichever_message_it_was_pressed_at(
    mastodon: tuple[MastodonServer, str], workspace: Workspace
) -> None:
    channel = connect_mastodon(workspace, mastodon[1])
    one = add_message(workspace, channel, "Spam", remote_id=FOREIGN["id"])
    other = add_message(workspace, channel, "More spam", remote_id="12")
    with running_engine():
        done(workspace, press(workspace, one, "block"))
    assert mastodon[0].blocked == {"1"}
    assert "unblock" in offered(workspace, other)[0]
    assert "block" in offered(workspace, other)[1]


def test_our_own_answer_is_deleted_and_stands_so(mastodon: tuple[MastodonServer, str], workspace: Workspace) -> None:
    theirs = add_message(workspace, connect_mastodon(workspace, mastodon[1]), "Hello?", remote_id=FOREIGN["id"])
    ours = answer(workspace, theirs, "Helo")
    with running_engine():
        wait_for(workspace, ours.id, State.SENT)
        wait_until(lambda: stored(workspace, ours).remote_id != "")
        assert offered(workspace, ours)[0] == {"delete"}
        row = press(workspace, ours, "delete")
        done(workspace, row)
    assert mastodon[0].statuses == []
    assert stored(workspace, ours).state == MessageState.DELETED
    with workspace_scope(workspace.id), pytest.raises(Refused):
        do_act(ACTOR, ours.id, "delete")


def test_what_is_not_offered_is_refused(mastodon: tuple[MastodonServer, str], workspace: Workspace) -> None:
    channel = connect_mastodon(workspace, mastodon[1])
    theirs = add_message(workspace, channel, "Hello?", remote_id=FOREIGN["id"])
    with workspace_scope(workspace.id):
        for act, code in (("hide", "act_unsupported"), ("approve", "act_unsupported")):
            with pytest.raises(Refused) as caught:
                do_act(ACTOR, theirs.id, act)  # type: ignore[arg-type]  # of a list of words
            assert caught.value.problems[0].code == code
        Message.objects.filter(id=theirs.id).update(state=MessageState.DELETED)
        with pytest.raises(Refused) as caught:
            do_act(ACTOR, theirs.id, "like")
        assert caught.value.problems[0].code == "target_deleted"
        assert list_acts(Message.objects.get(id=theirs.id)) == {"block", "mute", "report"}
        with pytest.raises(NotFound):
            do_act(ACTOR, channel.id, "like")
        # An old consent lacks what likes need.
        Message.objects.filter(id=theirs.id).update(state=MessageState.THERE)
        Channel.objects.update(facts={**channel.facts, "permissions": ["read:statuses", "write:statuses"]})
        assert list_acts(Message.objects.get(id=theirs.id)) == {"boost"}
    person = add_member(workspace, "guest@acme.test", Role.DESIGNER)
    with workspace_scope(workspace.id), pytest.raises(NotAllowed):
        do_act(actor(workspace, person.email), theirs.id, "boost")


def test_two_who_press_at_once_make_one_act(mastodon: tuple[MastodonServer, str], workspace: Workspace) -> None:
    theirs = add_message(workspace, connect_mastodon(workspace, mastodon[1]), "Nice!", remote_id=FOREIGN["id"])
    made: list[Any] = []
    together = threading.Barrier(4)

    def work() -> None:
        together.wait(30)
        try:
            made.append(press(workspace, theirs, "boost").id)
        except BaseException as error:  # noqa: BLE001 - looked at below
            made.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 4
    assert len(set(made)) == 1, made


def test_a_comment_is_hidden_approved_and_deleted_under_faults(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with running_engine():
        post = plan_post(workspace, [channel], "Fresh rye")
        wait_for_states(workspace, post, "sent")
        [remote_id] = practice.plant("bakery", {"name": "sam", "text": "Buy followers"})
        theirs = add_message(workspace, channel, "Buy followers", remote_id=remote_id, handle="sam")
        practice.set_faults(
            seed=3,
            drop_before={"probability": 0.3, "on": ["act"]},
            drop_after={"probability": 0.3, "on": ["act"]},
            error_after={"probability": 0.2, "on": ["act"]},
        )
        steps: tuple[tuple[Act, MessageState], ...] = (
            ("hide", MessageState.HIDDEN),
            ("unhide", MessageState.THERE),
            ("spam", MessageState.HIDDEN),
            ("approve", MessageState.THERE),
            ("delete", MessageState.DELETED),
        )
        for act, becomes in steps:
            row = press(workspace, theirs, act)
            done(workspace, row)
            assert stored(workspace, theirs).state == becomes
    assert delivery_of(workspace, row.source_id).state == State.SENT
    # Nobody waits for an answer to what is not there any more, and the list does not say it.
    with workspace_scope(workspace.id):
        talk = Conversation.objects.get(id=theirs.conversation_id)
    assert (talk.state, talk.waiting_since, talk.excerpt) == (ConversationState.DONE, None, "")
