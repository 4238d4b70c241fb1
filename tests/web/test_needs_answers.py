"""Answers and acts among what waits for a person: in words of their own, settled by those who answer."""

from typing import Any

import pytest

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery, State
from kaja.delivery.problems import CHOOSE, render_problem, say_for
from kaja.inbox.acts import do_act
from kaja.inbox.models import Message
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.inbox.talking import add_message, answer, delivery_of
from tests.people import add_member, browser
from tests.publishing.delivering import ACTOR


@pytest.fixture
def theirs(workspace: Workspace) -> Message:
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="mastodon", account_id="a", name="Kohvik")
    return add_message(workspace, channel, "When do you open?")


def leave(workspace: Workspace, row: Delivery, state: str, **more: Any) -> None:
    with workspace_scope(workspace.id):
        Delivery.objects.filter(id=row.id).update(state=state, next_at=None, needs_person=True, **more)


def press(workspace: Workspace, row: Delivery, who: str = "", **data: str) -> Any:
    return browser(workspace, who).post(f"/w/acme/needs-you/deliveries/{row.id}/", data)


def test_an_answer_that_nobody_knows_of_is_shown_and_settled_by_who_answers(
    workspace: Workspace, theirs: Message
) -> None:
    row = delivery_of(workspace, answer(workspace, theirs, "At eight, all week", hurried=False).id)
    problem = render_problem(say_for(row.kind, CHOOSE))
    found: dict[str, Any] = {
        "id": "7",
        "url": "https://net.test/7",
        "text": "At eight, all week",
        "posted_at": None,
        "data": {},
    }
    leave(workspace, row, State.UNCERTAIN, uncertain_since=now(), problem=problem, candidates=[found], content={})
    add_member(workspace, "ada@acme.test", Role.COMMUNITY_MANAGER)
    page = browser(workspace, "ada@acme.test").get("/w/acme/needs-you/").content.decode()
    for said in ("At eight, all week", "Reply:", "whether the answer is on the network", "It is this one"):
        assert said in page
    assert "whether the post is" not in page
    assert press(workspace, row, "ada@acme.test", do="there", candidate="7").status_code == 302
    settled = delivery_of(workspace, row.source_id)
    assert (settled.state, settled.remote_id) == (State.SENT, "7")


def test_one_that_failed_has_nothing_to_edit_and_keeps_its_words_when_it_is_dropped(
    workspace: Workspace, theirs: Message
) -> None:
    row = delivery_of(workspace, answer(workspace, theirs, "At nine", hurried=False).id)
    leave(workspace, row, State.FAILED)
    client = browser(workspace)
    page = client.get("/w/acme/needs-you/").content.decode()
    address = f"/w/acme/needs-you/deliveries/{row.id}/journal/"
    assert address in page
    assert "No call was made yet." in client.get(address).content.decode()
    assert 'value="retry"' in page
    assert "/edit" not in page
    shown = client.post(f"/w/acme/needs-you/deliveries/{row.id}/", {"do": "drop"}, follow=True).content.decode()
    assert "Its words stay in the conversation." in shown
    assert delivery_of(workspace, row.source_id).state == State.CANCELLED


def test_an_act_that_was_refused_is_shown_with_what_it_was_to_be_done_to(workspace: Workspace, theirs: Message) -> None:
    with workspace_scope(workspace.id):
        row = do_act(ACTOR, theirs.id, "like")
    leave(workspace, row, State.FAILED)
    page = browser(workspace).get("/w/acme/needs-you/").content.decode()
    assert "Action:" in page
    assert "When do you open?" in page
    assert press(workspace, row, do="retry").status_code == 302
    assert delivery_of(workspace, row.source_id).state == State.SCHEDULED


def test_who_may_not_answer_sees_and_does_not_settle(workspace: Workspace, theirs: Message) -> None:
    row = delivery_of(workspace, answer(workspace, theirs, "At ten", hurried=False).id)
    leave(workspace, row, State.FAILED)
    add_member(workspace, "designer@acme.test", Role.DESIGNER)
    page = browser(workspace, "designer@acme.test").get("/w/acme/needs-you/").content.decode()
    assert "At ten" in page
    assert 'value="retry"' not in page
    assert press(workspace, row, "designer@acme.test", do="retry").status_code == 403
    assert delivery_of(workspace, row.source_id).state == State.FAILED
