"""What the box and the menus of messages send: an answer once, taken back, refused in words; notes; acts."""

import io
import json
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from kaja.delivery.models import Delivery
from kaja.inbox.models import Conversation, Message, MessageState
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.media.upload import upload_asset
from kaja.networks.mastodon.limits import Limits, render_limits
from kaja.workspaces.models import Member, Role, Workspace
from tests.media.pictures import gradient, save
from tests.people import actor, add_member, browser
from tests.web.inbox.conversations import add_message, make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db(transaction=True)
INBOX = "/w/acme/inbox/"


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def asked(workspace: Workspace) -> Conversation:
    with workspace_scope(workspace.id):
        return make_conversation(make_channel(), make_handle("Mari"), ["When do you open?"])


def send(client: Client, path: str, body: Any) -> Any:
    return client.post(INBOX + path, json.dumps(body), content_type="application/json", HTTP_ACCEPT="application/json")


def ours(workspace: Workspace, conversation: Conversation) -> list[Message]:
    with workspace_scope(workspace.id):
        return list(Message.objects.filter(conversation=conversation, direction="out").order_by("at"))


def code_of(answer: Any) -> str:
    return str(answer.json()["problems"][0]["code"])


def test_an_answer_pressed_twice_goes_once_and_can_be_taken_back(
    workspace: Workspace, client: Client, asked: Conversation
) -> None:
    body = {"text": "At ten.", "key": str(new_id()), "seen": 1}
    first, second = (send(client, f"{asked.id}/reply", body) for _ in range(2))
    assert first.status_code == second.status_code == 200, first.content
    assert first.json()["id"] == second.json()["id"] == body["key"]
    assert first.json()["seconds"] == 10
    [message] = ours(workspace, asked)
    page = client.get(f"{INBOX}{asked.id}/").content.decode()
    assert "Waits a moment before it goes out" in page
    assert first.json()["take_back"] in page
    taken = client.post(first.json()["take_back"], HTTP_ACCEPT="application/json")
    assert taken.json()["text"] == "At ten."
    [message] = ours(workspace, asked)
    assert message.state == MessageState.DELETED
    with workspace_scope(workspace.id):
        assert Delivery.objects.get(source_id=message.id).state == "cancelled"
    page = client.get(f"{INBOX}{asked.id}/").content.decode()
    assert "Taken back, never sent" in page
    assert "Deleted on the network" not in page


def test_whoever_is_second_is_told_before_anything_goes_out(
    workspace: Workspace, client: Client, asked: Conversation
) -> None:
    assert send(client, f"{asked.id}/reply", {"text": "At ten.", "seen": 1}).status_code == 200
    late = send(client, f"{asked.id}/reply", {"text": "At nine?", "seen": 1})
    assert (late.status_code, code_of(late)) == (409, "answered_meanwhile")
    assert len(ours(workspace, asked)) == 1
    assert send(client, f"{asked.id}/reply", {"text": "At nine?", "seen": None}).status_code == 200
    assert len(ours(workspace, asked)) == 2


def test_who_lost_the_right_while_writing_is_told_and_nothing_goes_out(
    workspace: Workspace, asked: Conversation
) -> None:
    user = add_member(workspace, "liis@acme.test", Role.COMMUNITY_MANAGER)
    liis = browser(workspace, "liis@acme.test")
    assert 'id="reply-text"' in liis.get(f"{INBOX}{asked.id}/").content.decode()
    with workspace_scope(workspace.id):
        Member.objects.filter(user=user).update(role=Role.ANALYST)
    for path in ("reply", "note"):
        answer = send(liis, f"{asked.id}/{path}", {"text": "At ten.", "key": str(new_id()), "seen": 1})
        assert answer.status_code == 403
        assert "does not allow this" in answer.json()["problems"][0]["text"]
    assert ours(workspace, asked) == []
    # The page that is loaded again shows the conversation, and no box.
    assert 'id="reply-text"' not in liis.get(f"{INBOX}{asked.id}/").content.decode()


def test_an_answer_carries_pictures_and_is_measured_before(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel(network="mastodon", facts={"limits": dict(render_limits(Limits()))})
        asked = make_conversation(channel, make_handle("Mari", "mastodon"), ["Have you got it in blue?"])
        Message.objects.filter(conversation=asked).update(data={"acct": "mari", "visibility": "public"})
    content = save(gradient(), "PNG")
    asset = upload_asset(actor(workspace), workspace.id, io.BytesIO(content), "bowl.png", len(content))
    media = [{"asset": str(asset.id), "alt": "The blue bowl"}]
    told = send(client, f"{asked.id}/check", {"text": "Here it is", "to": None, "media": media}).json()
    assert (told["used"], told["limit"], told["found"]) == (len("@mari Here it is"), 500, [])
    long = send(client, f"{asked.id}/check", {"text": "x" * 600}).json()
    assert [each["severity"] for each in long["found"]] == ["error"]
    sent = send(client, f"{asked.id}/reply", {"text": "Here it is", "media": media})
    assert sent.status_code == 200, sent.content
    [message] = ours(workspace, asked)
    assert [each["alt"] for each in message.media] == ["The blue bowl"]
    page = client.get(f"{INBOX}{asked.id}/").content.decode()
    assert f"/w/acme/media/{asset.id}/thumbnail" in page
    assert 'type="file"' in page


def test_where_answers_are_words_alone_nobody_offers_pictures(client: Client, asked: Conversation) -> None:
    assert 'type="file"' not in client.get(f"{INBOX}{asked.id}/").content.decode()


def test_why_one_cannot_answer_stands_where_the_box_is(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        made = make_conversation(make_channel(), make_handle("Mari"), ["Gone"])
        Message.objects.filter(conversation=made).update(state=MessageState.DELETED)
    page = client.get(f"{INBOX}{made.id}/").content.decode()
    assert 'id="reply-why"' in page
    assert "data-notes-only" in page
    refused = send(client, f"{made.id}/reply", {"text": "x"})
    assert (refused.status_code, code_of(refused)) == (422, "target_deleted")


def test_a_note_stays_among_colleagues(workspace: Workspace, client: Client, asked: Conversation) -> None:
    assert send(client, f"{asked.id}/note", {"text": "Ask Liis <b>"}).status_code == 200
    page = client.get(f"{INBOX}{asked.id}/").content.decode()
    assert "Ask Liis &lt;b&gt;" in page
    assert "Note, only for us" in page
    with workspace_scope(workspace.id):
        assert not Delivery.objects.exists()


def test_the_form_alone_works_without_the_script(workspace: Workspace, client: Client, asked: Conversation) -> None:
    sent = {"text": "At ten.\r\nOr nine.", "id": str(new_id()), "seen": "1"}
    answer = client.post(f"{INBOX}{asked.id}/reply", sent, HTTP_REFERER=f"http://testserver{INBOX}{asked.id}/")
    assert (answer.status_code, answer["Location"].endswith(f"{asked.id}/")) == (302, True)
    [message] = ours(workspace, asked)
    assert (message.text, message.id) == ("At ten.\nOr nine.", UUID(sent["id"]))


@pytest.mark.parametrize("body", ["[]", "{}x", '{"text": 5}', '{"text": "x", "to": "y"}', '{"text": "x", "more": 1}'])
def test_what_cannot_be_read_is_refused_and_kept_by_the_page(client: Client, asked: Conversation, body: str) -> None:
    for path in ("reply", "note", "check"):
        answer = client.post(
            f"{INBOX}{asked.id}/{path}", body, content_type="application/json", HTTP_ACCEPT="application/json"
        )
        assert answer.status_code == 422
        assert code_of(answer) == "answer_invalid"


def test_an_act_is_offered_asked_for_and_refused_where_it_is_none(
    workspace: Workspace, client: Client, asked: Conversation
) -> None:
    page = client.get(f"{INBOX}{asked.id}/").content.decode()
    with workspace_scope(workspace.id):
        message = Message.objects.get(conversation=asked)
    assert f"{INBOX}messages/{message.id}/act" in page
    assert 'value="delete"' in page
    assert "data-confirm-danger" in page
    told = client.post(f"{INBOX}messages/{message.id}/act", {"act": "hide"}, HTTP_ACCEPT="application/json")
    assert told.json()["said"] == "It is being hidden."
    with workspace_scope(workspace.id):
        assert Delivery.objects.get().kind == "act"
    strange = client.post(f"{INBOX}messages/{message.id}/act", {"act": "eat"}, HTTP_ACCEPT="application/json")
    assert (strange.status_code, code_of(strange)) == (422, "work_unknown")


def test_saved_replies_fill_names_once(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        made = make_conversation(make_channel(), make_handle("{me} Maasikas"), ["Hi"], language="ru")
    saved = {"title": "Thanks", "text_en": "Thank you, {first_name}!", "text_ru": "Спасибо, {name}! {channel} {x}"}
    assert client.post(f"{INBOX}saved/replies/", saved).status_code == 302
    [reply] = client.get(f"{INBOX}{made.id}/saved").json()["replies"]
    assert (reply["title"], reply["text"]) == ("Thanks", "Спасибо, {me} Maasikas! Lummus {x}")
    taken = client.post(f"{INBOX}saved/replies/", saved)
    assert taken.status_code == 422
    change = {"reply": reply["id"], "title": "Thanks!", "text_en": "Thank you, {first_name}!"}
    assert client.post(f"{INBOX}saved/replies/", change).status_code == 302
    [reply] = client.get(f"{INBOX}{made.id}/saved").json()["replies"]
    assert reply["text"] == "Thank you, {me}!"
    client.post(f"{INBOX}saved/replies/{reply['id']}/delete")
    assert client.get(f"{INBOX}{made.id}/saved").json() == {"replies": []}


def test_a_view_is_kept_counted_and_deleted(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        make_conversation(channel, make_handle("A"), kind="direct")
        make_conversation(channel, make_handle("B"))
    sent = {"name": "Direct ones", "q_view": "all", "q_kind": "direct", "q_saved": "x", "everybody": "1"}
    page = client.post(f"{INBOX}saved/views/", sent, follow=True)
    html = page.content.decode()
    assert "Direct ones" in html
    assert html.count('data-item="') == 1
    saved = client.get(f"{INBOX}saved/").content.decode()
    assert "For everybody" in saved
    start = saved.index(f"{INBOX}saved/views/") + len(f"{INBOX}saved/views/")
    assert client.post(f"{INBOX}saved/views/{saved[start : start + 36]}/delete").status_code == 302
    assert "Direct ones" not in client.get(f"{INBOX}saved/").content.decode().partition('id="main"')[2]


def test_earlier_answers_are_seen_as_they_stand(workspace: Workspace, client: Client, asked: Conversation) -> None:
    send(client, f"{asked.id}/reply", {"text": "At ten."})
    with workspace_scope(workspace.id):
        add_message(asked, "Thanks")
        problem = {"code": "x", "message": "The network refused it.", "fix": "", "params": {}}
        Delivery.objects.update(state="failed", needs_person=True, problem=problem)
    page = client.get(f"{INBOX}{asked.id}/").content.decode()
    assert "The network refused it." in page
    assert 'value="retry"' in page


def test_an_answer_is_settled_where_it_stands_as_on_the_page_of_all(
    workspace: Workspace, client: Client, asked: Conversation
) -> None:
    send(client, f"{asked.id}/reply", {"text": "At ten."})
    found = [{"id": "7", "text": "At ten.", "url": ""}]
    with workspace_scope(workspace.id):
        Delivery.objects.update(state="uncertain", needs_person=True, uncertain_since=now(), candidates=found)
        row = Delivery.objects.get()
    page = client.get(f"{INBOX}{asked.id}/").content.decode()
    # One of those that were found, again, or at an address that only a person knows; each leads back to the thread.
    assert page.count(f'/deliveries/{row.id}/"') == 3
    assert page.count(f'name="next" value="{INBOX}{asked.id}/"') == 3
    assert 'value="send_again"' in page
    assert f'id="url-{row.id}"' in page
    with workspace_scope(workspace.id):
        Delivery.objects.update(state="missed", needs_person=False, uncertain_since=None)
    assert 'value="send_now"' in client.get(f"{INBOX}{asked.id}/").content.decode()
