"""What is due when, in each row; the order by it; reminders and snoozing until a moment of one's own; two people."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from kaja.inbox import actions
from kaja.inbox.models import AnswerWait, Conversation, ConversationState
from kaja.inbox.targets.follow import mark_due
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import actor, add_member, browser
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle
from tests.web.inbox.test_page import INBOX, SCRIPT, count, get, listed

pytestmark = pytest.mark.django_db
TALLINN = ZoneInfo("Europe/Tallinn")


@pytest.fixture
def client(workspace: Workspace) -> Client:
    made = browser(workspace)
    made.get(INBOX)  # what a session writes once
    return made


def promise(talk: Conversation, due_at: datetime, *pauses: tuple[datetime, datetime], measure: str = "first") -> None:
    """Something was promised of a conversation, with times between at which nobody is there."""
    AnswerWait.objects.create(
        conversation=talk, channel=talk.channel, measure=measure, begun_at=clock.now() - timedelta(hours=3),
        due_at=due_at, pauses=[[int(each.timestamp()) for each in pause] for pause in pauses],
    )  # fmt: skip
    mark_due([talk.id])


def chips(html: str) -> list[str]:
    return re.findall(r'class="convo-due[^>]*>(?:\s|<svg.*?</svg>)*<span>([^<]*)</span>', html, re.DOTALL)


@pytest.fixture
def five(workspace: Workspace) -> dict[str, Conversation]:
    """The newest first: Anna is never due, Boris in two days, Cecilia paused, Dora in 40 minutes, Emil late."""
    with workspace_scope(workspace.id):
        channel, now = make_channel(), clock.now()
        made = {
            name: make_conversation(channel, make_handle(name), at=now - timedelta(minutes=10 * place))
            for place, name in enumerate(("Anna", "Boris", "Cecilia", "Dora", "Emil"))
        }
        promise(made["Boris"], now + timedelta(days=2))
        promise(made["Cecilia"], now + timedelta(hours=9), (now - timedelta(hours=1), now + timedelta(hours=8)))
        promise(made["Dora"], now + timedelta(minutes=40, seconds=30))
        promise(made["Dora"], now + timedelta(hours=20), measure="resolution")
        promise(made["Emil"], now - timedelta(hours=2, minutes=5))
    return made


def test_each_row_says_what_is_due_when(client: Client, five: dict[str, Conversation]) -> None:
    html = get(client)
    two_days, paused, soon, late = chips(html)
    assert re.fullmatch(r"due \w+ \d+ \w+, \d\d:\d\d", two_days)
    assert paused.startswith("paused, due ")
    assert "outside business hours until" in html
    assert (soon, late) == ("due in 40 min", "late by 2 h")
    assert html.count("convo-late") == 1
    assert "First answer: " in html
    # The conversation itself says all that is promised.
    opened = get(client, f"{five['Dora'].id}/")
    assert re.findall(r"<dt>(First answer|Resolution)</dt>\s*<dd[^>]*>([^<]*)<", opened) == [
        ("First answer", "due in 40 min"),
        ("Resolution", "due in 19 h"),
    ]


def test_the_list_is_ordered_by_what_is_due_and_narrowed_to_it(client: Client, five: dict[str, Conversation]) -> None:
    assert listed(get(client)) == ["Anna", "Boris", "Cecilia", "Dora", "Emil"]
    due_first = get(client, "?sort=due")
    assert listed(due_first) == ["Emil", "Dora", "Cecilia", "Boris", "Anna"]
    # What is opened from it leads back to it, and the order is taken off where it stands.
    assert f"{five['Emil'].id}/?sort=due" in due_first
    assert "The newest first again" in due_first
    assert listed(get(client, "?due=late")) == ["Emil"]
    assert listed(get(client, "?due=hour")) == ["Dora", "Emil"]
    assert listed(get(client, "?due=day&sort=due")) == ["Emil", "Dora", "Cecilia"]
    assert len(listed(get(client, "?due=never&sort=name&priority=x"))) == 5
    ids = ",".join(str(each.id) for each in five.values())
    assert listed(get(client, f"rows?due=hour&sort=due&priority=x&ids={ids}", **SCRIPT)) == ["Emil", "Dora"]


def test_promises_cost_no_question_of_their_own(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        made = make_conversation(channel, make_handle("A"))
    before = [count(client, each) for each in ("", "?sort=due", f"{made.id}/")]
    with workspace_scope(workspace.id):
        for number in range(12):
            more = make_conversation(channel, make_handle(f"B{number}"))
            promise(more, clock.now() + timedelta(hours=number - 3))
        promise(made, clock.now() + timedelta(hours=1))
    assert [count(client, each) for each in ("", "?sort=due", f"{made.id}/")] == before


def work(client: Client, talk: Conversation, do: str, *seen: int) -> Any:
    sent = {"conversation": str(talk.id), "do": do, "seen": [f"{talk.id}:{each}" for each in seen]}
    return client.post(INBOX + "work", sent, HTTP_ACCEPT="application/json")


def stored(workspace: Workspace, talk: Conversation) -> Conversation:
    with workspace_scope(workspace.id):
        return Conversation.objects.get(id=talk.id)


@pytest.mark.django_db(transaction=True)
def test_a_reminder_and_a_snooze_at_a_moment_of_ones_own(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        talk = make_conversation(make_channel(), make_handle("Mari"))
    day = clock.now().astimezone(TALLINN).date() + timedelta(days=3)
    wanted = datetime(day.year, day.month, day.day, 7, 45, tzinfo=TALLINN).astimezone(UTC)
    told = work(client, talk, f"remind:{day}T07:45")
    assert told.status_code == 200, told.content
    assert told.json()["undo"]
    assert stored(workspace, talk).remind_at == wanted
    html = get(client, f"{talk.id}/")
    assert "thread-reminder" in html
    assert 'value="remind:"' in html
    assert work(client, talk, "remind:").json()["said"] == "Nobody is reminded any more."
    assert stored(workspace, talk).remind_at is None
    assert work(client, talk, "remind:tomorrow").status_code == 200
    assert stored(workspace, talk).remind_at is not None
    assert work(client, talk, f"snooze:{day}T07:45").status_code == 200
    assert stored(workspace, talk).snoozed_until == wanted


@pytest.mark.parametrize("verb", ["snooze", "remind"])
@pytest.mark.parametrize(
    "moment", ["2020-01-01T09:00", "2099-01-01T09:00", "2026-13-01T09:00", "tomorrow at nine", "2026-12-01",
               "2026-12-01T09:00+02:00", "0001-01-01T00:00", "9999-12-31T23:59"],
)  # fmt: skip
def test_a_moment_that_is_none_is_refused_in_words(
    workspace: Workspace, client: Client, verb: str, moment: str
) -> None:
    with workspace_scope(workspace.id):
        talk = make_conversation(make_channel(), make_handle("A"))
    answer = work(client, talk, f"{verb}:{moment}")
    assert answer.status_code == 422, answer.content
    assert answer.json()["problems"][0]["code"] in ("snooze_unknown", "moment_wrong")
    kept = stored(workspace, talk)
    assert (kept.snoozed_until, kept.remind_at) == (None, None)


def test_what_a_colleague_changed_meanwhile_is_not_written_over(workspace: Workspace, client: Client) -> None:
    add_member(workspace, "kai@acme.test", Role.COMMUNITY_MANAGER)
    with workspace_scope(workspace.id):
        channel = make_channel()
        one, two = (make_conversation(channel, make_handle(name)) for name in ("A", "B"))
        actions.set_state(actor(workspace, "kai@acme.test"), [one.id], ConversationState.SPAM)
    answer = work(client, one, "state:done", 0)
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (409, "conversation_changed_meanwhile")
    assert stored(workspace, one).state == "spam"
    both = {
        "conversation": [str(one.id), str(two.id)],
        "do": "state:done",
        "seen": [f"{one.id}:0", f"{two.id}:0", "x:y"],
    }
    told = client.post(INBOX + "work", both, HTTP_ACCEPT="application/json").json()
    assert "1 of them was changed by somebody else meanwhile" in told["said"]
    assert told["kind"] == "warning"
    assert (stored(workspace, one).state, stored(workspace, two).state) == ("spam", "done")
    # Who has seen it may do it; and what one did oneself a moment ago is no surprise.
    assert work(client, one, "state:open", stored(workspace, one).version).status_code == 200
    assert work(client, one, "state:done", 1).status_code == 200
