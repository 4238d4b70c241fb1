"""Hooks: who may come in, what is kept, and how little is believed."""

import hmac
import json
import os
import threading
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from kaja.channels.developer_apps import open_app
from kaja.channels.models import Channel
from kaja.hooks.actions import BAD_SIGNATURES, KEPT, REFUSALS_KEPT, forget_hooks, work_off
from kaja.hooks.models import HookReceived, HookRefusal
from kaja.hooks.queries import list_standings
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.reading.models import Poll
from kaja.reading.streams import topic_of
from kaja.workspaces.models import Workspace
from tests.channels.consenting import store_app
from tests.people import browser
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice
from tests.reading.reading import comment, read_ids, running_reader
from tests.waiting import wait_until

COMMENTS = topic_of("comments")


def sign(key: str, body: bytes) -> str:
    return "sha256=" + hmac.new(key.encode(), body, "sha256").hexdigest()


def body_for(*channels: Channel, number: int = 1) -> bytes:
    events = [{"account": channel.account_id, "stream": "comments"} for channel in channels]
    return json.dumps({"id": str(number), "events": events}).encode()


def post(body: bytes, signature: str, network: str = "practice", caller: str = "127.0.0.1") -> Any:
    headers: dict[str, Any] = {"x-practice-signature": signature}
    return Client(enforce_csrf_checks=True, REMOTE_ADDR=caller).post(
        f"/hooks/{network}", body, content_type="application/json", headers=headers
    )


def send(body: bytes, signature: str, network: str = "practice", caller: str = "127.0.0.1") -> int:
    return int(post(body, signature, network, caller).status_code)


@pytest.fixture
def channel(practice: PracticeServer, workspace: Workspace) -> Channel:
    """Whose comments are looked at in an hour."""
    channel = connect_practice(practice, workspace, "bakery")
    with workspace_scope(workspace.id):
        Poll.objects.create(channel=channel, what=COMMENTS, next_at=later())
    return channel


def later() -> datetime:
    return now() + timedelta(hours=1)


def is_due(workspace: Workspace, channel: Channel) -> bool:
    with workspace_scope(workspace.id):
        return Poll.objects.filter(channel=channel, what=COMMENTS, next_at__lte=now()).exists()


def test_a_signed_hook_is_kept_once_and_wakes_the_look(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    body = body_for(channel)
    signature = sign(practice.key, body)
    assert [send(body, signature) for _ in range(3)] == [200, 200, 200]
    assert HookReceived.objects.count() == 1
    assert ProcrastinateJob.objects.filter(task_name="hooks.work_off").count() == 1
    assert not is_due(workspace, channel), "answered before anything is done about it"
    assert work_off() == 1
    assert is_due(workspace, channel)
    row = HookReceived.objects.get()
    assert (bytes(row.body), row.understood, row.done_at is not None) == (b"", True, True)
    assert send(body, signature) == 200
    assert work_off() == 0, "what was done is not done again"


@pytest.mark.parametrize("forgery", ["nothing", "another key", "another body", "no key", "not ascii"])
def test_of_whoever_is_not_the_network_only_the_number_is_kept(
    practice: PracticeServer, channel: Channel, forgery: str, settings: Any, django_assert_num_queries: Any
) -> None:
    body = body_for(channel)
    signature = {
        "nothing": "",
        "another key": sign("guessed", body),
        "another body": sign(practice.key, body + b" "),
        "no key": sign("", body),
        "not ascii": "sha256=é",
    }[forgery]
    if forgery == "no key":
        settings.PRACTICE_KEY, settings.PRACTICE_KEY_FILE = "", "/nowhere"
    assert send(body, signature) == 401
    with django_assert_num_queries(4):  # the operator's apps; a try, and one more of so many
        assert send(body, signature) == 401
    assert HookReceived.objects.count() == 0
    assert HookRefusal.objects.get().count == 2


def test_a_flood_of_forgeries_is_turned_away_and_the_network_beside_it_is_not(
    practice: PracticeServer, channel: Channel, django_assert_num_queries: Any
) -> None:
    body, tries = body_for(channel), BAD_SIGNATURES.tries
    assert {send(body, "sha256=x") for _ in range(tries)} == {401}
    with django_assert_num_queries(3):  # the operator's apps; no try is left; how long until there is one
        answer = post(body, "sha256=x")
    assert (answer.status_code, int(answer["Retry-After"]) >= 1) == (429, True)
    assert HookRefusal.objects.get().count == tries, "a flood writes no more than its share"
    assert send(body, sign(practice.key, body)) == 200, "the network may call from behind the same address"
    assert send(body, "sha256=x", caller="203.0.113.9") == 401, "others have their own tries"


def test_what_is_kept_of_hooks_goes_after_its_time(practice: PracticeServer, channel: Channel) -> None:
    for number in range(4):
        body = body_for(channel, number=number)
        assert send(body, sign(practice.key, body)) == 200
    assert send(b"{}", "sha256=x") == 401
    old, rows = now() - KEPT - timedelta(hours=1), list(HookReceived.objects.order_by("id"))
    HookReceived.objects.filter(id=rows[0].id).update(received_at=old, done_at=old)
    HookReceived.objects.filter(id=rows[1].id).update(received_at=old)  # nobody ever worked it off
    HookReceived.objects.filter(id=rows[2].id).update(done_at=now())
    forget_hooks()
    assert set(HookReceived.objects.values_list("id", flat=True)) == {rows[2].id, rows[3].id}
    assert HookRefusal.objects.count() == 1
    HookRefusal.objects.update(last_at=now() - REFUSALS_KEPT - timedelta(hours=1))
    forget_hooks()
    assert HookRefusal.objects.count() == 0


def test_operators_see_what_came_in_lately(
    practice: PracticeServer, workspace: Workspace, channel: Channel, django_assert_num_queries: Any
) -> None:
    page = "/w/acme/settings/running/"
    assert "Nothing yet" in browser(workspace).get(page).content.decode()
    good, strange = body_for(channel), b"[]"
    for body in (good, strange):
        assert send(body, sign(practice.key, body)) == 200
    with django_assert_num_queries(2):
        [standing] = list_standings()
    assert (standing.network, standing.received, standing.open, standing.trouble) == ("practice", 2, 2, "")
    assert work_off() == 2
    [standing] = list_standings()
    assert (standing.open, standing.unread, standing.trouble) == (0, 1, "unread")
    assert send(good, "sha256=x") == 401
    [standing] = list_standings()
    assert (standing.received, standing.refused, standing.trouble) == (2, 1, "refused")
    html = browser(workspace).get(page).content.decode()
    assert "without the network&#x27;s signature" in html or "without the network's signature" in html
    assert "sha256=x" not in html, "nothing of what a stranger sent is shown"


def test_networks_without_hooks_have_no_room(db: None) -> None:
    assert [send(b"{}", "x", network) for network in ("mastodon", "nowhere")] == [404, 404]
    assert Client().get("/hooks/practice").status_code == 404
    assert Client().put("/hooks/practice").status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"null", b"{}", b'{"events": 1}', b'{"events": [{}]}', b"\xff", b"[" * 9000),
        *(b'{"events": [{"account": "1%s", "stream": "comments"}]}' % sign for sign in (b"\\u0000", b"\\ud800")),
        b'{"events": [{"account": "1", "stream": "\\u0000"}]}',
    ],
)
def test_a_body_in_no_known_form_holds_up_no_other(
    practice: PracticeServer, workspace: Workspace, channel: Channel, body: bytes
) -> None:
    good = body_for(channel)
    assert [send(each, sign(practice.key, each)) for each in (body, good)] == [200, 200]
    assert work_off() == 2
    assert is_due(workspace, channel)
    assert list(HookReceived.objects.order_by("id").values_list("understood", flat=True)) == [False, True]


def test_hooks_about_others_and_in_any_order_change_nothing_else(
    practice: PracticeServer, workspace: Workspace, other_workspace: Workspace, channel: Channel
) -> None:
    """An account that several workspaces have is looked at in each; an unknown one, or stream, in none."""
    rival = connect_practice(practice, other_workspace, "rival")
    with workspace_scope(other_workspace.id):
        Channel.objects.filter(id=rival.id).update(account_id=channel.account_id)
        Poll.objects.create(channel=rival, what=COMMENTS, next_at=later())
        left_alone = Poll.objects.create(channel=rival, what="channel.health", next_at=later())
    unknown = json.dumps({"events": [{"account": "0", "stream": "comments"}, {"account": "1", "stream": "x"}]}).encode()
    for number, body in enumerate((unknown, body_for(channel, number=9), body_for(channel, number=2))):
        assert send(body, sign(practice.key, body)) == 200, number
    assert work_off() == 3
    assert is_due(workspace, channel)
    assert is_due(other_workspace, rival)
    with workspace_scope(other_workspace.id):
        assert Poll.objects.get(id=left_alone.id).next_at == left_alone.next_at


def test_a_network_that_wants_to_be_left_alone_is_not_asked_because_of_a_hook(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    pause = later()
    with workspace_scope(workspace.id):
        Poll.objects.update(next_at=pause, not_before=pause)
    body = body_for(channel)
    assert send(body, sign(practice.key, body)) == 200
    assert work_off() == 1
    with workspace_scope(workspace.id):
        assert Poll.objects.get().next_at == pause


@pytest.mark.django_db(transaction=True)
def test_from_a_visitor_to_the_workspace_by_the_networks_own_hook(
    practice: PracticeServer, workspace: Workspace, live_server: Any, channel: Channel
) -> None:
    practice.call("PUT", "/admin/hook", {"url": f"{live_server.url}/hooks/practice"})
    post = str(practice.post(practice.account("bakery"), "Fresh rye").json()["id"])
    try:
        with running_reader():
            wanted = comment(practice, post, "One")
            wait_until(lambda: HookReceived.objects.count() == 1)
            assert read_ids(workspace) == [], "nobody looks for an hour"
            assert work_off() == 1
            wait_until(lambda: read_ids(workspace) == wanted)
    finally:
        practice.call("PUT", "/admin/hook", {"url": ""})


@pytest.mark.django_db(transaction=True)
def test_a_hook_is_there_before_anybody_is_told_to_work_it_off(practice: PracticeServer, channel: Channel) -> None:
    """A job that waits already may begin at any moment; one that does not see the hook would leave it lying."""
    body = body_for(channel)
    sender = threading.Thread(target=lambda: send(body, sign(practice.key, body)))
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=name) as own:
        own.execute("LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE")
        sender.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], autocommit=True) as watcher:
            wait_until(lambda: watcher.execute(waiting, [name]).fetchone() == (1,))
        assert HookReceived.objects.count() == 1
    sender.join(60)
    assert ProcrastinateJob.objects.filter(task_name="hooks.work_off").count() == 1


def test_a_hundred_hooks_take_as_many_statements_as_one(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    counts = []
    for numbers in (range(1), range(1, 20)):
        for number in numbers:
            body = body_for(channel, number=number)
            assert send(body, sign(practice.key, body)) == 200
        with CaptureQueriesContext(connection) as queries:
            assert work_off() == len(numbers)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_operators_app_has_a_secret_of_its_own_and_a_handshake(channel: Channel, practice: PracticeServer) -> None:
    row = store_app(practice)
    body = body_for(channel)
    assert send(body, sign("another-secret", body)) == 401
    assert send(body, sign("hook-secret", body)) == 200
    known = {"hub.mode": "subscribe", "hub.challenge": "1234", "hub.verify_token": open_app(row).verify_token}
    answer = Client().get("/hooks/practice", known)
    assert (answer.status_code, answer.content) == (200, b"1234")
    for wrong in ({**known, "hub.verify_token": "hook-secret"}, {**known, "hub.mode": "x"}, {}):
        assert Client().get("/hooks/practice", wrong).status_code == 404
