"""The pages about webhooks: made, shown once, tried, switched, and their log."""

import re
from html import unescape

import pytest
from django.test import Client

from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.outgoing.models import Endpoint, Off, OutgoingEvent, Sending, SendingState, SendingTry
from kaja.workspaces.models import AuditEntry, Role, Workspace
from tests.needed import Answer
from tests.people import add_member, browser

pytestmark = pytest.mark.django_db
PAGE = "/w/acme/settings/webhooks/"
GIVEN = {"name": "Web shop", "address": "https://shop.test/hook", "kinds": ["message.received", "post.failed"]}


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


def words(answer: Answer) -> str:
    return unescape(answer.content.decode())


def secret_in(answer: Answer) -> str:
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", words(answer))
    return found[0] if found else ""


def make(client: Client, **changes: object) -> Answer:
    return client.post(f"{PAGE}new/", {**GIVEN, **changes})


def the_one(workspace: Workspace) -> Endpoint:
    with workspace_scope(workspace.id):
        return Endpoint.objects.get()


def test_an_empty_list_says_what_will_be_there(client: Client) -> None:
    assert "No program is told of anything yet" in words(client.get(PAGE))


def test_the_secret_is_shown_once(client: Client, workspace: Workspace) -> None:
    made = make(client)
    secret = secret_in(made)
    assert (made.status_code, bool(secret)) == (200, True)
    row = the_one(workspace)
    again = client.get(f"{PAGE}{row.id}/")
    assert (again.status_code, secret_in(again)) == (200, "")
    assert "Nothing was told yet" in words(again)
    listed = words(client.get(PAGE))
    assert "Web shop" in listed
    assert "a new message of the audience" in listed
    other = secret_in(client.post(f"{PAGE}{row.id}/do/", {"do": "secret"}))
    assert other not in ("", secret)
    with workspace_scope(workspace.id):
        entries = "".join(str((each.action, each.before, each.after)) for each in AuditEntry.objects.all())
    assert "webhook.secret" in entries
    assert "whsec_" not in entries


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"name": " "}, "name", "required"),
        ({"address": "http://shop.test/"}, "address", "without encryption"),
        ({"address": "https://10.1.2.3/"}, "address", "10.1.2.3"),
        ({"address": "https://user:word@shop.test/"}, "address", "user name or a password"),
        ({"address": "shop"}, "address", "address"),
        ({"kinds": []}, "kinds", "required"),
        ({"kinds": ["everything"]}, "kinds", "everything"),
    ],
    ids=lambda value: str(value),
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, workspace: Workspace, wrong: dict[str, object], field: str, said: str
) -> None:
    answer = make(client, **wrong)
    assert answer.status_code == 422
    assert answer.context is not None
    assert list(answer.context["form"].errors) == [field]
    assert said in str(answer.context["form"].errors[field])
    with workspace_scope(workspace.id):
        assert not Endpoint.objects.exists()


def test_two_of_one_name_are_refused_and_a_second_press_makes_no_second(client: Client, workspace: Workspace) -> None:
    make(client)
    assert "has this name" in words(make(client))
    the_one(workspace)


def test_a_test_waits_in_the_log_and_a_failed_line_is_sent_again(client: Client, workspace: Workspace) -> None:
    make(client)
    row = the_one(workspace)
    page = words(client.post(f"{PAGE}{row.id}/do/", {"do": "test"}, follow=True))
    assert "A test is on its way" in page
    assert "Waiting" in page
    with workspace_scope(workspace.id):
        sending = Sending.objects.get()
        problem = {"code": "x", "message": "The endpoint answered with status %(status)s.", "params": {"status": 500}}
        SendingTry.objects.create(
            sending=sending, at=now(), seconds=1.5, status=500, answer="<script>alert(1)</script>", problem=problem
        )
        Sending.objects.update(state=SendingState.FAILED, next_at=None)
    log = client.get(f"{PAGE}{row.id}/").content.decode()
    assert "The endpoint answered with status 500." in log
    assert "<script>alert" not in log
    client.post(f"{PAGE}again/{sending.id}/")
    with workspace_scope(workspace.id):
        assert Sending.objects.get().state == SendingState.WAITING


def test_switched_off_says_why_and_sends_nothing(client: Client, workspace: Workspace) -> None:
    make(client)
    row = the_one(workspace)
    off = words(client.post(f"{PAGE}{row.id}/do/", {"do": "off"}, follow=True))
    assert "Switched off" in off
    assert client.post(f"{PAGE}{row.id}/do/", {"do": "test"}).status_code == 422
    with workspace_scope(workspace.id):
        Endpoint.objects.update(off_why=Off.GONE)
        assert not OutgoingEvent.objects.exists()
    assert "Its server wants no more" in words(client.get(PAGE))
    client.post(f"{PAGE}{row.id}/do/", {"do": "on"})
    assert the_one(workspace).off_at is None


def test_it_is_changed_and_deleted(client: Client, workspace: Workspace) -> None:
    make(client)
    row = the_one(workspace)
    client.post(f"{PAGE}{row.id}/", {**GIVEN, "name": "Till", "kinds": ["target.breach"]})
    changed = the_one(workspace)
    assert (changed.name, changed.kinds) == ("Till", ["target.breach"])
    assert client.post(f"{PAGE}{row.id}/", {**GIVEN, "address": "http://x.test/"}).status_code == 422
    assert "is deleted" in words(client.post(f"{PAGE}{row.id}/do/", {"do": "delete"}, follow=True))
    with workspace_scope(workspace.id):
        assert not Endpoint.objects.exists()


def test_who_does_not_manage_does_not_see_it(workspace: Workspace) -> None:
    add_member(workspace, "mari@acme.test", Role.CONTENT_MANAGER)
    someone = browser(workspace, "mari@acme.test")
    assert someone.get(PAGE).status_code == 403
    assert "settings/webhooks" not in words(someone.get("/w/acme/settings/"))
