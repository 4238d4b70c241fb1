"""People on the screen: found, known, joined with undo, given out whole, forgotten."""

import json
import re

import pytest
from django.test import Client

from kaja.inbox.models import Handle, Message, Person
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db
PEOPLE = "/w/acme/inbox/people/"


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def anna(workspace: Workspace) -> Person:
    """Anna on one network, who wrote; the same Anna on another, and Boris."""
    with workspace_scope(workspace.id):
        channel = make_channel("Bakery")
        handle = make_handle("Anna <b>")
        make_conversation(channel, handle, ["Is there <i>bread</i>?"])
        make_handle("Annushka", network="mastodon")
        make_handle("Boris")
        return handle.person


def other(workspace: Workspace, name: str) -> Person:
    with workspace_scope(workspace.id):
        return Handle.objects.select_related("person").get(name=name).person


def listed(html: str) -> set[str]:
    return {re.sub(r"<[^>]+>", "", each) for each in re.findall(r'<p class="list-title">\s*<a[^>]*>(.*?)</a>', html)}


def test_people_are_listed_and_searched(client: Client, anna: Person) -> None:
    assert listed(client.get(PEOPLE).content.decode()) == {"Anna &lt;b&gt;", "Annushka", "Boris"}
    assert listed(client.get(f"{PEOPLE}?q=ANN").content.decode()) == {"Anna &lt;b&gt;", "Annushka"}
    html = client.get(f"{PEOPLE}?q=%25").content.decode()
    assert listed(html) == set()
    assert "Nobody is found." in html


def test_what_is_known_is_written_down(client: Client, workspace: Workspace, anna: Person) -> None:
    address = f"{PEOPLE}{anna.id}/"
    html = client.get(address).content.decode()
    assert "Is there &lt;i&gt;bread&lt;/i&gt;?" in html
    form = {"name": "Anna Õ.", "notes": "likes <b>rye</b>", "labels": "regular, press", "consent": "given",
            "consent_note": "newsletter"}  # fmt: skip
    html = client.post(address, form, follow=True).content.decode()
    assert "The consent changed" in html
    assert "likes &lt;b&gt;rye&lt;/b&gt;" in html
    with workspace_scope(workspace.id):
        anna.refresh_from_db()
    assert (anna.name, anna.labels, anna.consent) == ("Anna Õ.", ["regular", "press"], "given")
    assert client.post(address, {**form, "labels": "x" * 61}).status_code == 422


def test_two_are_joined_and_parted_by_undo_or_later(client: Client, workspace: Workspace, anna: Person) -> None:
    second, address = other(workspace, "Annushka"), f"{PEOPLE}{anna.id}/"
    html = client.get(f"{address}?q=annushka").content.decode()
    assert f'value="{second.id}"' in html
    html = client.post(f"{address}join", {"other": str(second.id)}, follow=True).content.decode()
    assert "They are one person now." in html
    with workspace_scope(workspace.id):
        assert anna.handles.count() == 2
    # Whoever comes to the other is led to the one.
    assert client.get(f"{PEOPLE}{second.id}/").headers["Location"] == address
    undo = re.search(r"/w/acme/undo/[0-9a-f-]+", html)
    assert undo is not None
    client.post(undo[0])
    with workspace_scope(workspace.id):
        assert anna.handles.count() == 1
    client.post(f"{address}join", {"other": str(second.id)})
    assert "Part them again" in client.get(address).content.decode()
    client.post(f"{address}part", {"other": str(second.id)})
    with workspace_scope(workspace.id):
        assert anna.handles.count() == 1
    assert client.post(f"{address}join", {"other": str(anna.id)}).status_code == 422
    assert client.post(f"{address}part", {"other": str(second.id)}).status_code == 404


def test_everything_is_downloaded(client: Client, anna: Person) -> None:
    answer = client.get(f"{PEOPLE}{anna.id}/export")
    assert answer["Content-Disposition"] == f'attachment; filename="person-{anna.id}.json"'
    assert "no-store" in answer["Cache-Control"]
    found = json.loads(answer.content)
    assert [each["text"] for each in found["messages"]] == ["Is there <i>bread</i>?"]
    assert found["handles"][0]["name"] == "Anna <b>"


def test_somebody_is_forgotten_by_who_manages_only(client: Client, workspace: Workspace, anna: Person) -> None:
    address = f"{PEOPLE}{anna.id}/"
    for role, answers in ((Role.ANALYST, False), (Role.COMMUNITY_MANAGER, True)):
        add_member(workspace, f"{role}@acme.test", role)
        person = browser(workspace, f"{role}@acme.test")
        html = person.get(address).content.decode()
        assert "Forget this person" not in html
        assert ("Download everything" in html) == answers
        assert person.post(f"{address}erase").status_code == 403
        assert person.get(f"{address}export").status_code == (200 if answers else 403)
        assert person.post(address, {"name": "x"}).status_code == (302 if answers else 403)
    html = client.get(address).content.decode()
    assert "data-confirm-danger" in html
    html = client.post(f"{address}erase", follow=True).content.decode()
    assert "1 message was blanked" in html
    with workspace_scope(workspace.id):
        assert set(Message.objects.values_list("text", flat=True)) == {""}
        assert not Handle.objects.filter(name__startswith="Anna <").exists()
    assert client.get(address).status_code == 200
