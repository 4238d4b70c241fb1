"""What is told arrives, signed, until it is taken: over failures, dead workers, and switches."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotAllowed, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.outgoing import actions
from kaja.outgoing.events import MessageReceived
from kaja.outgoing.forgetting import forget_told
from kaja.outgoing.models import Endpoint, Off, OutgoingEvent, Sending, SendingState, SendingTry
from kaja.outgoing.queries import page_log
from kaja.outgoing.secrets import new_secret
from kaja.outgoing.sending import DELAYS, find_lanes, find_next, send_due, take_lane
from kaja.outgoing.telling import tell
from kaja.workspaces.models import Notice, Role, Workspace
from tests.outgoing.receiver import Receiver, receiver_at_work
from tests.people import actor, add_member

pytestmark = pytest.mark.django_db(transaction=True)
KIND = "message.received"


@pytest.fixture(autouse=True)
def _nearby(settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_at_work() as receiver:
        yield receiver


def make(workspace: Workspace, receiver: Receiver, name: str = "Shop", kinds: tuple[str, ...] = (KIND,)) -> Any:
    with workspace_scope(workspace.id):
        return actions.create_endpoint(actor(workspace), name, receiver.url, kinds)


def say(workspace: Workspace, count: int = 1) -> None:
    told = [
        MessageReceived(
            message=new_id(), conversation=new_id(), channel=new_id(), network="practice", kind="comment", at=now()
        )
        for _ in range(count)
    ]
    with workspace_scope(workspace.id):
        tell(KIND, told)


def sendings(workspace: Workspace) -> list[Sending]:
    with workspace_scope(workspace.id):
        return list(Sending.objects.select_related("endpoint", "event").order_by("id"))


def said_of(tried: SendingTry) -> dict[str, Any]:
    assert tried.problem is not None
    return dict(tried.problem)


def pass_time(workspace: Workspace) -> None:
    """Whatever waits for a later moment is due now, and leases are over."""
    with workspace_scope(workspace.id):
        Sending.objects.filter(state=SendingState.WAITING).update(next_at=now() - timedelta(milliseconds=1))
        Endpoint.objects.update(busy_until=None)


def test_the_signature_is_the_specifications_own_example() -> None:
    webhook = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    moment = datetime.fromtimestamp(1614265330, tz=now().tzinfo)
    signed = webhook.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, '{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_happened_arrives_signed(workspace: Workspace, receiver: Receiver) -> None:
    _, secret = make(workspace, receiver)
    say(workspace)
    send_due()
    [received] = receiver.got
    body = received.verify(secret)
    assert (body["type"], body["version"], body["workspace"]) == (KIND, 1, str(workspace.id))
    assert body["data"]["network"] == "practice"
    with pytest.raises(WebhookVerificationError):
        received.verify(new_secret())
    received.headers["webhook-id"] += "x"
    with pytest.raises(WebhookVerificationError):
        received.verify(secret)
    [sent] = sendings(workspace)
    assert (sent.state, sent.tries, sent.next_at) == (SendingState.SENT, 1, None)
    with workspace_scope(workspace.id):
        [tried] = SendingTry.objects.all()
    assert (tried.status, tried.answer, tried.problem) == (200, "thanks", None)
    assert sent.endpoint.busy_until is None
    assert find_lanes() == []


def test_what_was_rolled_back_is_told_to_nobody(workspace: Workspace, receiver: Receiver) -> None:
    make(workspace, receiver)
    with pytest.raises(ZeroDivisionError), workspace_scope(workspace.id), transaction.atomic():  # noqa: PT012
        say(workspace)
        raise ZeroDivisionError
    send_due()
    assert receiver.got == []


def test_each_is_told_what_it_wants_and_of_its_own_workspace(
    workspace: Workspace, other_workspace: Workspace, receiver: Receiver, django_assert_num_queries: Any
) -> None:
    make(workspace, receiver, "Posts", ("post.published",))
    make(other_workspace, receiver)
    with workspace_scope(workspace.id), django_assert_num_queries(1):
        tell(KIND, [])
    say(workspace)
    send_due()
    assert receiver.got == []
    say(other_workspace, 3)
    send_due()
    assert [json.loads(each.body)["workspace"] for each in receiver.got] == [str(other_workspace.id)] * 3


def test_a_failure_is_tried_again_with_growing_pauses_until_it_is_given_up(
    workspace: Workspace, receiver: Receiver
) -> None:
    make(workspace, receiver)
    receiver.answers = [500]
    say(workspace)
    for tries, delay in enumerate(DELAYS, 1):
        before = now()
        send_due()
        [row] = sendings(workspace)
        assert (row.state, row.tries) == (SendingState.WAITING, tries)
        assert row.next_at is not None
        assert before + delay <= row.next_at <= now() + delay
        pass_time(workspace)
    send_due()
    [row] = sendings(workspace)
    assert (row.state, row.tries, row.next_at) == (SendingState.FAILED, len(DELAYS) + 1, None)
    assert len(set(receiver.ids)) == 1, "each try is the same message"
    assert len(receiver.got) == len(DELAYS) + 1
    with workspace_scope(workspace.id):
        assert [notice.kind for notice in Notice.objects.all()] == ["webhook.failed"]
        log = page_log(row.endpoint_id).rows
    assert log[0].last is not None
    assert said_of(log[0].last)["params"] == {"status": 500}
    receiver.answers = [200]
    with workspace_scope(workspace.id):
        actions.send_again(actor(workspace), row.id)
    send_due()
    assert sendings(workspace)[0].state == SendingState.SENT
    assert len(set(receiver.ids)) == 1


def test_an_endpoint_that_asks_for_patience_gets_it(workspace: Workspace, receiver: Receiver) -> None:
    make(workspace, receiver)
    receiver.answers, receiver.headers = [503], {"Retry-After": "3600"}
    say(workspace)
    before = now()
    send_due()
    [row] = sendings(workspace)
    assert row.next_at is not None
    assert row.next_at >= before + timedelta(hours=1)
    assert find_next() is None


def test_the_first_pause_is_seconds_and_has_a_job_of_its_own(workspace: Workspace, receiver: Receiver) -> None:
    make(workspace, receiver)
    receiver.answers = [500, 200]
    say(workspace)
    send_due()
    [row] = sendings(workspace)
    assert find_next() == row.next_at


def test_who_answers_410_is_told_nothing_any_more(workspace: Workspace, receiver: Receiver) -> None:
    endpoint, _ = make(workspace, receiver)
    receiver.answers = [410]
    say(workspace, 2)
    send_due()
    assert len(receiver.got) == 1
    with workspace_scope(workspace.id):
        row = Endpoint.objects.get()
        assert (row.off_why, [notice.kind for notice in Notice.objects.all()]) == (Off.GONE, ["webhook.off"])
    say(workspace)
    assert len(sendings(workspace)) == 2, "what happens while it is off is not kept"
    receiver.answers = [200]
    with workspace_scope(workspace.id):
        actions.switch_endpoint(actor(workspace), endpoint.id, True)
    send_due()
    assert len(receiver.got) == 2, "what waited goes on"


def test_days_without_a_success_switch_it_off(workspace: Workspace, receiver: Receiver) -> None:
    make(workspace, receiver)
    receiver.answers = [500]
    say(workspace)
    send_due()
    with workspace_scope(workspace.id):
        Endpoint.objects.update(failing_since=now() - timedelta(days=5, seconds=1))
    pass_time(workspace)
    send_due()
    with workspace_scope(workspace.id):
        row = Endpoint.objects.get()
        assert row.off_why == Off.FAILING
        assert [notice.params for notice in Notice.objects.all()] == [{"name": "Shop"}]
    pass_time(workspace)
    send_due()
    assert len(receiver.got) == 2


def test_one_that_does_not_answer_holds_up_no_other(workspace: Workspace, receiver: Receiver) -> None:
    with receiver_at_work() as gone:
        make(workspace, gone, "Gone")
    make(workspace, receiver)
    say(workspace, 3)
    send_due()
    assert len(receiver.got) == 3
    states = {row.endpoint.name: row.state for row in sendings(workspace)}
    assert states == {"Gone": SendingState.WAITING, "Shop": SendingState.SENT}


def test_after_a_new_secret_both_count_for_a_day(workspace: Workspace, receiver: Receiver) -> None:
    endpoint, old = make(workspace, receiver)
    with workspace_scope(workspace.id):
        new = actions.renew_secret(actor(workspace), endpoint.id)
    say(workspace)
    send_due()
    receiver.got[0].verify(old)
    receiver.got[0].verify(new)
    with workspace_scope(workspace.id):
        Endpoint.objects.update(old_until=now())
    say(workspace)
    send_due()
    receiver.got[1].verify(new)
    with pytest.raises(WebhookVerificationError):
        receiver.got[1].verify(old)


def test_a_private_address_is_refused_when_it_is_typed_and_when_a_name_leads_there(
    workspace: Workspace, receiver: Receiver, settings: Any
) -> None:
    endpoint, _ = make(workspace, receiver)
    settings.PRIVATE_HOSTS_ALLOWED = []
    say(workspace)
    send_due()
    assert receiver.got == []
    with workspace_scope(workspace.id):
        assert said_of(SendingTry.objects.get())["code"] == "host_not_https"
        Endpoint.objects.update(address=receiver.url.replace("http://127.0.0.1", "https://localhost"))
    pass_time(workspace)
    send_due()
    assert receiver.got == []
    with workspace_scope(workspace.id):
        assert said_of(SendingTry.objects.latest("at"))["code"] == "host_private"
        for address in ("https://10.0.0.7/x", "https://[::1]/x", "http://example.org/x", "https://localhost/", "x", ""):
            with pytest.raises(Refused) as refused:
                actions.update_endpoint(actor(workspace), endpoint.id, "Shop", address, [KIND])
            assert [problem.field for problem in refused.value.problems] == ["address"], address


def test_a_redirect_is_no_yes(workspace: Workspace, receiver: Receiver) -> None:
    make(workspace, receiver)
    receiver.answers, receiver.headers = [302, 200], {"Location": receiver.url}
    say(workspace)
    send_due()
    assert len(receiver.got) == 1
    assert sendings(workspace)[0].state == SendingState.WAITING


def test_a_long_answer_is_kept_as_its_beginning(workspace: Workspace, receiver: Receiver) -> None:
    make(workspace, receiver)
    receiver.said = b"\0\xff" + b"x" * 5000
    say(workspace)
    send_due()
    with workspace_scope(workspace.id):
        assert len(SendingTry.objects.get().answer) == 1000


def test_nothing_is_told_from_a_workspace_that_is_held(workspace: Workspace, receiver: Receiver) -> None:
    make(workspace, receiver)
    say(workspace)
    with workspace_scope(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(held_at=now())
    send_due()
    assert receiver.got == []


def test_two_workers_speak_with_one_endpoint_one_after_the_other(workspace: Workspace, receiver: Receiver) -> None:
    endpoint, _ = make(workspace, receiver)
    say(workspace)
    assert take_lane(workspace.id, endpoint.id) == 1
    assert take_lane(workspace.id, endpoint.id) is None
    send_due()
    assert receiver.got == []


def test_a_worker_that_dies_after_the_answer_sends_it_again_with_the_same_id(
    workspace: Workspace, receiver: Receiver
) -> None:
    make(workspace, receiver)
    say(workspace)
    worker = start_worker()
    receiver.at_each = lambda: os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL
    assert len(receiver.got) == 1
    [row] = sendings(workspace)
    assert (row.state, row.tries) == (SendingState.WAITING, 0), "nobody noted the answer"
    assert row.endpoint.busy_until is not None
    send_due()
    assert len(receiver.got) == 1, "its lease is not over"
    receiver.at_each = lambda: None
    pass_time(workspace)
    send_due()
    assert sendings(workspace)[0].state == SendingState.SENT
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1


def start_worker() -> "subprocess.Popen[bytes]":
    """A process of its own that sends what is due, once."""
    options = connection.settings_dict
    address = (
        f"postgresql://{options['USER']}:{options['PASSWORD']}@{options['HOST']}:{options['PORT']}/{options['NAME']}"
    )
    code = "import django; django.setup()\nfrom kaja.outgoing.sending import send_due\nsend_due()"
    own = {"DATABASE_URL": address, "KAJA_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}
    return subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **own})


def test_the_log_of_a_month_ago_is_forgotten_but_not_what_waits(workspace: Workspace, receiver: Receiver) -> None:
    make(workspace, receiver)
    receiver.answers = [200, 500]
    say(workspace, 2)
    send_due()
    with workspace_scope(workspace.id):
        OutgoingEvent.objects.update(at=now() - timedelta(days=31))
    forget_told()
    assert [row.state for row in sendings(workspace)] == [SendingState.WAITING]


def test_who_does_not_manage_changes_nothing(workspace: Workspace, receiver: Receiver) -> None:
    endpoint, _ = make(workspace, receiver)
    say(workspace)
    add_member(workspace, "mari@acme.test", Role.CONTENT_MANAGER)
    someone = actor(workspace, "mari@acme.test")
    [row] = sendings(workspace)
    with workspace_scope(workspace.id):
        for do in (
            lambda: actions.create_endpoint(someone, "x", receiver.url, [KIND]),
            lambda: actions.update_endpoint(someone, endpoint.id, "x", receiver.url, [KIND]),
            lambda: actions.switch_endpoint(someone, endpoint.id, False),
            lambda: actions.renew_secret(someone, endpoint.id),
            lambda: actions.delete_endpoint(someone, endpoint.id),
            lambda: actions.send_test(someone, endpoint.id),
            lambda: actions.send_again(someone, row.id),
        ):
            with pytest.raises(NotAllowed):
                do()


def test_the_button_sends_one_that_says_nothing(workspace: Workspace, receiver: Receiver) -> None:
    endpoint, secret = make(workspace, receiver)
    make(workspace, receiver, "Another")
    with workspace_scope(workspace.id):
        actions.send_test(actor(workspace), endpoint.id)
    send_due()
    [received] = receiver.got
    assert received.verify(secret)["type"] == "webhook.test"


def test_a_secret_stands_nowhere_in_the_clear(workspace: Workspace, receiver: Receiver) -> None:
    _, secret = make(workspace, receiver)
    with workspace_scope(workspace.id):
        row = Endpoint.objects.get()
    assert secret.removeprefix("whsec_").encode() not in bytes(row.secret)
