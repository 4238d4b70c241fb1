"""Handing over on the screen: from a person or a conversation, with files, and back."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from kaja.inbox.models import Conversation, Handle, Lead
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db
DESK = "/w/acme/inbox/"
BUNS = {"what": "500 buns <b>", "to_name": "Liis", "to_email": "liis@sales.test", "note": "From May", "consent": "on"}


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def talk(workspace: Workspace) -> Conversation:
    with workspace_scope(workspace.id):
        handle = make_handle("Anna", url="https://x.example/anna")
        return make_conversation(make_channel(), handle, ["What do 500 buns cost?"])


def person_id(workspace: Workspace) -> str:
    with workspace_scope(workspace.id):
        return str(Handle.objects.get().person_id)


def made(workspace: Workspace) -> list[Lead]:
    with workspace_scope(workspace.id):
        return list(Lead.objects.all())


def test_from_a_conversation_to_the_files_and_back(workspace: Workspace, client: Client, talk: Conversation) -> None:
    html = client.get(f"{DESK}{talk.id}/").content.decode()
    form_address = f"{DESK}people/{person_id(workspace)}/hand-over"
    assert f'href="{form_address}?conversation={talk.id}"' in html
    html = client.get(f"{form_address}?conversation={talk.id}").content.decode()
    assert f'name="conversation" value="{talk.id}"' in html
    key = str(new_id())
    sent = {**BUNS, "conversation": str(talk.id), "id": key}
    html = client.post(form_address, sent, follow=True).content.decode()
    client.post(form_address, sent)
    [lead] = made(workspace)
    assert (str(lead.id), lead.conversation_id) == (key, talk.id)
    assert "500 buns &lt;b&gt;" in html
    # Without a mail server the reader's own program writes the letter.
    letter = re.search(r'href="(mailto:[^"]*)"', html)
    assert letter is not None
    assert letter[1].startswith("mailto:liis@sales.test?subject=500%20buns%20%3Cb%3E&amp;body=Anna")
    here = f"{DESK}leads/{lead.id}/"
    for ending, kind in (("vcf", "text/vcard"), ("csv", "text/csv"), ("json", "application/json")):
        for address, name in ((f"{here}file", f"lead-{lead.id}"), (f"{DESK}leads/file", "leads")):
            answer = client.get(f"{address}?as={ending}")
            assert answer["Content-Type"] == f"{kind}; charset=utf-8"
            assert answer["Content-Disposition"] == f'attachment; filename="{name}.{ending}"'
            assert "500 buns" in answer.content.decode()
    assert json.loads(client.get(f"{here}file?as=x").content)[0]["id"] == key
    assert "500 buns" in client.get(f"{DESK}people/{person_id(workspace)}/").content.decode()
    assert "500 buns" in client.get(f"{DESK}leads/").content.decode()
    html = client.post(f"{here}take-back", follow=True).content.decode()
    assert "Tell them: Kaja wrote them no e-mail." in html
    assert "Taken back" in html
    assert f'action="{here}take-back"' not in html


@pytest.mark.parametrize(
    ("change", "field"), [({"consent": ""}, "consent"), ({"what": " "}, "what"), ({"to_email": "x"}, "to_email")]
)
def test_what_is_missing_is_said_at_its_field_and_the_rest_stays(
    workspace: Workspace, client: Client, talk: Conversation, change: dict[str, str], field: str
) -> None:
    answer = client.post(f"{DESK}people/{person_id(workspace)}/hand-over", {**BUNS, **change})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert f'id="id_{field}_error"' in html
    assert "From May" in html
    assert made(workspace) == []


def test_who_withdrew_is_not_handed_over(workspace: Workspace, client: Client, talk: Conversation) -> None:
    with workspace_scope(workspace.id):
        person = Handle.objects.select_related("person").get().person
        person.consent = "withdrawn"
        person.save()
    address = f"{DESK}people/{person.id}/hand-over"
    assert "withdrew their consent" in client.get(address).content.decode()
    assert client.post(address, BUNS).status_code == 422
    assert made(workspace) == []


def test_who_may_not_answer_sees_that_it_was_and_no_file(workspace: Workspace, talk: Conversation) -> None:
    whole: dict[str, Any] = {"to_name": "Liis", "handed_at": talk.last_at, "what": "Buns", "contact": {"name": "Anna"}}
    with workspace_scope(workspace.id):
        lead = Lead.objects.create(person_id=person_id(workspace), **whole)
    add_member(workspace, "eye@acme.test", Role.ANALYST)
    eye = browser(workspace, "eye@acme.test")
    html = eye.get(f"{DESK}leads/{lead.id}/").content.decode()
    assert "Buns" in html
    assert "file?as" not in html + eye.get(f"{DESK}leads/").content.decode()
    assert eye.get(f"{DESK}leads/{lead.id}/file").status_code == 403
    assert eye.get(f"{DESK}leads/file").status_code == 403
    assert eye.post(f"{DESK}leads/{lead.id}/take-back").status_code == 403
    assert eye.get(f"{DESK}people/{person_id(workspace)}/hand-over").status_code == 403
