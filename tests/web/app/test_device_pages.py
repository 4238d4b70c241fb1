"""What the page of devices answers, without a browser before it."""

import pytest
from django.test import Client

from kaja.kernel.sessions import name_of
from kaja.push.actions import add_device
from kaja.push.models import Device
from kaja.push.quiet import find_quiet
from kaja.push.server_key import ensure_server_key
from kaja.workspaces.models import Workspace
from tests.people import add_member, browser, member_of
from tests.push.conftest import service as service
from tests.push.receiving import BrowserKeys, PushService

pytestmark = pytest.mark.django_db

DEVICES = "/w/acme/settings/devices/"


def test_a_device_of_somebody_else_is_not_there(workspace: Workspace, service: PushService) -> None:
    theirs = add_device(add_member(workspace, "liis@lummus.test"), "s", "", service.subscription(BrowserKeys()))
    client = browser(workspace)
    for what in ("kinds", "test", "remove"):
        assert client.post(f"{DEVICES}{theirs.id}/{what}").status_code == 404
    assert str(theirs.id) not in client.get(DEVICES).content.decode()
    theirs.refresh_from_db()
    assert theirs.kinds
    assert service.received == []


@pytest.mark.parametrize(("status", "words"), [(410, "ended this itself"), (403, "status 403")])
def test_a_test_notice_that_does_not_arrive_says_why(
    workspace: Workspace, service: PushService, status: int, words: str
) -> None:
    ensure_server_key()
    client = browser(workspace)
    device = add_device(member_of(workspace).user, "s", "", service.subscription(BrowserKeys()))
    service.answers = [status]
    answer = client.post(f"{DEVICES}{device.id}/test")
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Device.objects.exists() == (status != 410)


def test_the_page_shows_what_did_not_arrive_and_where_nobody_is_signed_in(
    workspace: Workspace, service: PushService
) -> None:
    client = browser(workspace)
    device = add_device(member_of(workspace).user, "ended", "Firefox/150 Android", service.subscription(BrowserKeys()))
    service.answers = [403]
    client.post(f"{DEVICES}{device.id}/test")
    page = client.get(DEVICES).content.decode()
    assert "Firefox, Android" in page
    assert "signed out there" in page
    assert service.subscription(BrowserKeys())["endpoint"] not in page, "whoever has it can make the device ring"


def test_a_signed_in_browser_keeps_its_device_in_another_session(workspace: Workspace, service: PushService) -> None:
    given = service.subscription(BrowserKeys())
    add_device(member_of(workspace).user, "before", "", given)
    client = browser(workspace)
    ask = {"endpoint": given["endpoint"]}
    assert client.post("/visit/keep", ask, content_type="application/json").json() == {"known": True}
    assert Device.objects.get().session == name_of(client.cookies["kaja_session"].value)
    other = {"endpoint": "https://push.test/unknown"}
    assert client.post("/visit/keep", other, content_type="application/json").json() == {"known": False}
    assert Client().post("/visit/keep", ask, content_type="application/json").status_code == 401


def test_quiet_hours_are_off_until_somebody_chooses_them(workspace: Workspace) -> None:
    client = browser(workspace)
    user = member_of(workspace).user
    page = client.get(DEVICES).content.decode()
    assert "Switch on quiet hours" in page
    assert find_quiet(user) is None
    given = {"begins": "23:30", "ends": "06:00", "time_zone": "Asia/Taipei", "urgent": "on"}
    assert client.post(f"{DEVICES}quiet", given).status_code == 302
    kept = find_quiet(user)
    assert kept is not None
    assert (f"{kept.begins:%H:%M}", f"{kept.ends:%H:%M}", kept.time_zone, kept.urgent) == (
        "23:30", "06:00", "Asia/Taipei", True,
    )  # fmt: skip
    page = client.get(DEVICES).content.decode()
    assert "Switch off quiet hours" in page
    assert 'value="23:30"' in page
    assert client.post(f"{DEVICES}quiet", {"do": "off"}).status_code == 302
    assert find_quiet(user) is None


@pytest.mark.parametrize(
    "wrong", [{"begins": "soon"}, {"ends": "22:00"}, {"time_zone": "Mars/Olympus"}, {"begins": ""}], ids=str
)
def test_wrong_quiet_hours_are_said_and_the_form_stays(workspace: Workspace, wrong: dict[str, str]) -> None:
    client = browser(workspace)
    given = {"begins": "22:00", "ends": "07:00", "time_zone": "UTC", **wrong}
    answer = client.post(f"{DEVICES}quiet", given)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode() or "notice" in answer.content.decode()
    assert find_quiet(member_of(workspace).user) is None
