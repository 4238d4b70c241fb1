"""From a notice to a device: who is told what, by whom it is signed, what an answer of the push service does."""

import json
import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from procrastinate.contrib.django.models import ProcrastinateJob

from kaja.kernel.ids import new_id
from kaja.kernel.jobs import ComeAgain
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.push.actions import MOST, add_device, choose_kinds, keep_device, open_subscription
from kaja.push.jobs import push_notice
from kaja.push.kinds import INBOX, KINDS, POSTS, WORKSPACE, find_heap
from kaja.push.models import Device, ServerKey
from kaja.push.sealing import LARGEST
from kaja.push.server_key import ensure_server_key, load_signer, sign
from kaja.push.telling import list_buttons, render_message
from kaja.workspaces.actions import read_notices
from kaja.workspaces.models import Notice, User, Workspace
from kaja.workspaces.notices import create_notice, tell_members
from kaja.workspaces.policy import Permission
from tests.people import add_member, member_of
from tests.push.receiving import BrowserKeys, PushService, decode, read_signature

pytestmark = pytest.mark.django_db

MESSAGE = "The channel %(channel)s has to be connected again: nothing can be sent to it until then."


def tell(workspace: Workspace, kind: str = "channel.broken", path: str = "channels/x/") -> Notice:
    with workspace_scope(workspace.id):
        return create_notice(kind, MESSAGE, {"channel": "Kohvik"}, path=path, permission=Permission.MANAGE)[0]


def jobs() -> list[dict[str, Any]]:
    rows = ProcrastinateJob.objects.filter(task_name="push.push_notice").order_by("id")
    return [dict(row.args) for row in rows]


def do(arguments: dict[str, Any]) -> None:
    """As a worker does it."""
    push_notice(**arguments)  # type: ignore[operator]


def test_a_notice_reaches_the_device_signed_and_sealed(
    workspace: Workspace, device: Device, service: PushService, keys: BrowserKeys
) -> None:
    notice = tell(workspace)
    [arguments] = jobs()
    do(arguments)
    [got] = service.received
    assert got.path == "/device"
    claims, key = read_signature(got.headers["authorization"])
    assert key == decode(ServerKey.objects.get().public)
    assert claims["aud"] == service.url, "the origin, with its port"
    assert claims["sub"].startswith("mailto:kaja@")
    assert time.time() < claims["exp"] <= time.time() + 24 * 3600
    assert got.headers["content-encoding"] == "aes128gcm"
    assert int(got.headers["ttl"]) > 0
    assert "cookie" not in got.headers
    assert b"Kohvik" not in got.body
    told = json.loads(keys.open(got.body))
    assert told["title"] == workspace.name
    assert told["body"] == MESSAGE % {"channel": "Kohvik"}
    assert told["url"] == "/w/acme/channels/x/"
    assert told["tag"] == str(notice.id)
    device.refresh_from_db()
    assert device.succeeded_at
    assert device.problem is None


def test_it_is_said_in_the_persons_language(
    workspace: Workspace, device: Device, service: PushService, keys: BrowserKeys
) -> None:
    User.objects.filter(id=device.user_id).update(language="ru")
    tell(workspace)
    do(jobs()[0])
    assert "Kohvik" in (body := json.loads(keys.open(service.received[0].body))["body"])
    assert body != MESSAGE % {"channel": "Kohvik"}


def test_what_was_read_or_is_told_to_nobody_any_more_is_not_sent(
    workspace: Workspace, device: Device, service: PushService
) -> None:
    tell(workspace)
    [arguments] = jobs()
    do({**arguments, "device_id": str(new_id())})
    do({**arguments, "notice_id": str(new_id())})
    with workspace_scope(workspace.id):
        read_notices(member_of(workspace))
    do(arguments)
    assert service.received == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_over_takes_the_device_away(
    workspace: Workspace, device: Device, service: PushService, status: int
) -> None:
    service.answers = [status]
    tell(workspace)
    do(jobs()[0])
    assert not Device.objects.exists()
    tell(workspace, path="channels/y/")
    assert len(jobs()) == 1, "nothing is planned for it any more"


@pytest.mark.parametrize(("status", "pause"), [(429, 120.0), (500, 0.0), (503, 0.0)])
def test_a_push_service_in_trouble_is_asked_again(
    workspace: Workspace, device: Device, service: PushService, status: int, pause: float
) -> None:
    service.answers = [status]
    tell(workspace)
    with pytest.raises(ComeAgain) as again:
        do(jobs()[0])
    assert again.value.after == pause
    device.refresh_from_db()
    assert device.problem
    do(jobs()[0])
    device.refresh_from_db()
    assert device.problem is None
    assert len(service.received) == 2


@pytest.mark.parametrize("status", [302, 400, 401, 403, 413])
def test_a_refusal_is_kept_for_the_page_and_not_repeated(
    workspace: Workspace, device: Device, service: PushService, status: int
) -> None:
    service.answers = [status]
    tell(workspace)
    do(jobs()[0])
    device.refresh_from_db()
    assert device.problem
    assert device.problem["params"]["status"] == status
    assert len(service.received) == 1, "not even where the answer leads"


def test_nobody_listens_there(workspace: Workspace, device: Device, service: PushService) -> None:
    service.stop()
    tell(workspace)
    with pytest.raises(ComeAgain):
        do(jobs()[0])


def test_an_address_inside_is_not_called(
    workspace: Workspace, device: Device, service: PushService, settings: Any
) -> None:
    """The rule is asked when something is sent, whatever was true when the device was added."""
    settings.PRIVATE_HOSTS_ALLOWED = []
    tell(workspace)
    do(jobs()[0])
    assert service.received == []
    device.refresh_from_db()
    assert device.problem
    assert device.problem["code"] in {"host_not_https", "host_private"}


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1:1/x", "https://10.0.0.7/x"])
def test_a_private_address_with_https_is_not_called_either(
    workspace: Workspace, device: Device, settings: Any, keys: BrowserKeys, endpoint: str
) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = []
    given = {"endpoint": endpoint, "keys": {"p256dh": open_subscription(device)["p256dh"], "auth": "A" * 22}}
    inside = add_device(device.user, device.session, "", given)
    tell(workspace)
    do(next(each for each in jobs() if each["device_id"] == str(inside.id)))
    inside.refresh_from_db()
    assert inside.problem
    assert inside.problem["code"] == "host_private"


POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"endpoint": 5},
        {"endpoint": "http://push.test/x", "keys": {"p256dh": POINT, "auth": "A" * 22}},
        {"endpoint": "javascript:alert(1)", "keys": {"p256dh": POINT, "auth": "A" * 22}},
        {"endpoint": "https://u:p@push.test/x", "keys": {"p256dh": POINT, "auth": "A" * 22}},
        {"endpoint": "https://push.test/" + "x" * 2000, "keys": {"p256dh": POINT, "auth": "A" * 22}},
        {"endpoint": "https://push.test/é", "keys": {"p256dh": POINT, "auth": "A" * 22}},
        {"endpoint": "https://[::1]/x", "keys": {"p256dh": POINT, "auth": "A" * 22}},
        {"endpoint": "https://push.test/x", "keys": None},
        {"endpoint": "https://push.test/x", "keys": {"p256dh": "AAAA", "auth": "A" * 22}},
        {"endpoint": "https://push.test/x", "keys": {"p256dh": "*", "auth": "A" * 22}},
        {"endpoint": "https://push.test/x", "keys": {"p256dh": POINT, "auth": "A"}},
        {"endpoint": "https://push.test/x", "keys": {"p256dh": POINT, "auth": "A" * 40}},
    ],
    ids=range(13),
)
def test_what_no_browser_gives_is_refused(workspace: Workspace, given: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        add_device(member_of(workspace).user, "session", "", given)
    assert not Device.objects.exists()


def test_only_what_a_device_wants_and_only_its_persons_notices(
    workspace: Workspace, device: Device, service: PushService
) -> None:
    choose_kinds(device.user, device.id, [INBOX, "nonsense"])
    device.refresh_from_db()
    assert device.kinds == [INBOX]
    tell(workspace)
    other = add_member(workspace, "liis@lummus.test")
    with workspace_scope(workspace.id):
        tell_members("inbox.assigned", "x", {}, path="inbox/", user_ids=[other.id])
        assert jobs() == []
        tell_members("inbox.assigned", "x", {}, path="inbox/", user_ids=[other.id, device.user_id])
    assert [each["device_id"] for each in jobs()] == [str(device.id)]


def test_telling_many_asks_for_their_devices_once(workspace: Workspace, device: Device, service: PushService) -> None:
    people = [add_member(workspace, f"m{number}@lummus.test") for number in range(4)]
    for number, person in enumerate(people):
        add_device(person, "s", "", service.subscription(BrowserKeys(), f"/{number}"))
    with workspace_scope(workspace.id), CaptureQueriesContext(connection) as asked:
        tell_members("inbox.assigned", "x", {}, path="inbox/", user_ids=[person.id for person in people])
    assert len([each for each in asked.captured_queries if '"push_device"' in each["sql"]]) == 1
    assert len(jobs()) == 4


def test_who_is_not_signed_in_there_is_told_nothing_until_they_are(
    workspace: Workspace, device: Device, service: PushService
) -> None:
    before = Session.objects.get(session_key=device.session)
    Session.objects.filter(session_key=device.session).delete()
    tell(workspace)
    do(jobs()[0])
    assert service.received == []
    assert keep_device(device.user, before.session_key, open_subscription(device)["endpoint"])
    before.save(force_insert=True)
    do(jobs()[0])
    assert len(service.received) == 1


def test_who_left_the_workspace_hears_no_more_of_it(workspace: Workspace, device: Device, service: PushService) -> None:
    person = add_member(workspace, "left@lummus.test")
    with workspace_scope(workspace.id):
        Device.objects.filter(id=device.id).update(user=person)
        [notice] = tell_members("inbox.assigned", "x", {}, path="inbox/", user_ids=[person.id])
    [arguments] = jobs()
    do(arguments)
    assert service.received == [], "the session is another person's"
    assert notice.member.user_id == person.id


def test_signing_out_ends_it_and_the_end_of_a_session_only_lets_it_rest(device: Device, client: Client) -> None:
    client.get("/w/acme/needs-you/")
    assert Device.objects.exists()
    client.post("/account/logout/")
    assert not Device.objects.exists()


def test_a_browser_has_one_person(
    workspace: Workspace, device: Device, service: PushService, keys: BrowserKeys
) -> None:
    again = add_device(device.user, "another session", "", service.subscription(keys))
    assert again.id == device.id
    other = add_member(workspace, "liis@lummus.test")
    assert not keep_device(other, "s", open_subscription(device)["endpoint"])
    taken = add_device(other, "s", "", service.subscription(keys))
    assert [each.user_id for each in Device.objects.all()] == [other.id]
    assert taken.kinds == list(KINDS)


def test_a_person_has_so_many_devices_and_no_more(workspace: Workspace, service: PushService) -> None:
    user = member_of(workspace).user
    made = [add_device(user, "s", "", service.subscription(BrowserKeys(), f"/{n}")).id for n in range(MOST + 2)]
    assert set(Device.objects.values_list("id", flat=True)) == set(made[2:])


def test_what_the_browser_gave_is_sealed_and_the_key_is_made_once(device: Device) -> None:
    endpoint = open_subscription(device)["endpoint"].encode()
    assert endpoint not in bytes(device.sealed)
    public = ensure_server_key()
    assert ensure_server_key() == public
    with CaptureQueriesContext(connection) as asked:
        ensure_server_key()
    assert len(asked) == 1
    assert len(decode(public)) == 65
    assert b"PRIVATE" not in bytes(ServerKey.objects.get().sealed)


def test_a_key_that_opens_no_more_is_replaced_and_its_devices_go(device: Device) -> None:
    public = ensure_server_key()
    ServerKey.objects.update(sealed=b"not ours")
    assert ensure_server_key() != public
    assert not Device.objects.exists()
    assert ServerKey.objects.count() == 1


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://push.test/x", "https://push.test"),
        ("https://push.test:443/x", "https://push.test"),
        ("https://push.test:8443/x", "https://push.test:8443"),
    ],
)
def test_a_signature_is_for_the_origin_of_the_service(device: Device, endpoint: str, origin: str) -> None:
    signer = load_signer()
    assert signer is not None
    assert read_signature(sign(signer, endpoint))[0]["aud"] == origin


ID = "01a22bf3-fb4f-74cb-8434-94bd0bdf8b87"


def test_buttons_lead_to_what_the_pages_own_buttons_do() -> None:
    answer, done = list_buttons("inbox.assigned", f"inbox/{ID}/", "/w/acme/")
    assert answer == {"action": "answer", "title": "Answer"}
    assert resolve(done["post"]).view_name == "inbox:work"
    assert done["form"] == {"conversation": ID, "do": "state:done"}
    now, look = list_buttons("delivery.missed", f"needs-you/#delivery-{ID}", "/w/acme/")
    assert resolve(now["post"]).view_name == "needs_you:settle"
    assert resolve(now["post"]).kwargs["delivery_id"].hex == ID.replace("-", "")
    assert now["form"] == {"do": "send_now"}
    assert "post" not in look
    assert list_buttons("delivery.failed", f"needs-you/#delivery-{ID}", "/w/acme/") == []
    assert list_buttons("channel.broken", "channels/x/", "/w/acme/") == []
    assert list_buttons("inbox.alarm", f"inbox/alarms/{ID}/", "/w/acme/") == []


def test_heaps() -> None:
    found = [find_heap(kind) for kind in ("delivery.failed", "post.law", "inbox.due", "channel.broken", "new.kind")]
    assert found == [POSTS, POSTS, INBOX, WORKSPACE, WORKSPACE]


@pytest.mark.parametrize("letter", ["a", "я", "語", "😀", "\x00", '"'])
def test_every_text_fits(letter: str) -> None:
    message = render_message(title=letter * 200, body=letter * 5000, url="/w/" + "x" * 360, tag=ID, buttons=[])
    assert len(message) <= LARGEST
    assert json.loads(message)["body"].startswith(letter)
