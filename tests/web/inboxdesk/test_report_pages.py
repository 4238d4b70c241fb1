"""The report on the screen: figures by what, and the conversations behind each of them."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from kaja.inbox.models import AnswerWait, Conversation
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.web.inboxdesk.words import describe_span
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser, member_of
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db
REPORT = "/w/acme/inbox/report/"


@pytest.fixture
def person(workspace: Workspace) -> Client:
    return browser(workspace)


def wait(talk: Conversation, minutes: int | None, **more: object) -> AnswerWait:
    begun = more.pop("begun_at", None) or clock.now() - timedelta(days=1)
    assert isinstance(begun, datetime)
    return AnswerWait.objects.create(
        conversation=talk, channel=talk.channel, begun_at=begun, **{
            "measure": "first", "ended_at": None if minutes is None else begun + timedelta(minutes=minutes),
            "open_seconds": None if minutes is None else 60 * minutes, **more,
        },
    )  # fmt: skip


@pytest.fixture
def asked(workspace: Workspace) -> Conversation:
    """Three first answers of 10, 20 and 60 minutes, one that is late and open; one late next answer."""
    by = member_of(workspace).user
    with workspace_scope(workspace.id):
        talk = make_conversation(make_channel("Bakery"), make_handle("Anna <b>"), ["Hello"])
        due = clock.now() - timedelta(hours=23)
        for n, minutes in enumerate((10, 20, 60)):
            begun = clock.now() - timedelta(days=1, minutes=n)
            wait(talk, minutes, begun_at=begun, by=by, due_at=begun + timedelta(minutes=30))
        wait(talk, None, begun_at=clock.now() - timedelta(days=1, hours=1), due_at=due)
        wait(talk, 90, measure="next", by=by)
        return talk


def rows(html: str) -> list[list[str]]:
    """The cells of all tables as texts."""
    found = []
    for line in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL):
        cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line, re.DOTALL)
        found.append([" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells])
    return found


def test_figures_are_those_of_the_answers_and_what_is_open_is_in_no_mean(person: Client, asked: Conversation) -> None:
    html = person.get(REPORT).content.decode()
    lines = {cells[0]: cells[1:] for cells in rows(html)}
    # 4 asked, 3 answered, 2 late (the slow one and the open one), 2 of 4 promises kept
    assert lines["First answer"] == [
        "4", "3", "2", "50 %", "30 min", "20 min", "52 min", "30 min", "20 min", "52 min",
    ]  # fmt: skip
    assert lines["Next answer"][:5] == ["1", "1", "0", "–", "1 h 30 min"]
    assert lines["Resolution"][:5] == ["0", "0", "0", "–", "–"]
    assert "What is not answered yet is in no mean" in html
    assert lines["Nobody yet, or in the network&#x27;s own app"][:3] == ["1", "0", "1"]


@pytest.mark.parametrize("by", ["channel", "hour", "weekday", "member"])
def test_every_line_leads_to_its_conversations(
    person: Client, workspace: Workspace, asked: Conversation, by: str
) -> None:
    html = person.get(f"{REPORT}?by={by}&measure=first").content.decode()
    links = re.findall(r'<th scope="row">\s*<a href="([^"]+)"', html)[3:]
    total = 0
    for link in links:
        shown = person.get(link.replace("&amp;", "&")).content.decode()
        total += len(re.findall(r"data-item=", shown))
        assert f"/w/acme/inbox/{asked.id}/" in shown
        assert "Anna &lt;b&gt;" in shown
    assert total == 4
    if by == "weekday":
        zone = ZoneInfo(workspace.time_zone)
        day = (clock.now() - timedelta(days=1)).astimezone(zone).strftime("%A")
        assert day in html


def test_period_is_of_local_days_and_nonsense_is_the_usual_one(person: Client, asked: Conversation) -> None:
    far = person.get(f"{REPORT}?from=2020-01-01&to=2020-01-31").content.decode()
    assert "Nobody asked anything in this period." in far
    for nonsense in ("from=x&to=y", "measure=x&by=x", "from=2099-01-01", "to=0001-01-01", "by=hour&key=99"):
        assert person.get(f"{REPORT}?{nonsense}").status_code == 200
        assert person.get(f"{REPORT}conversations?{nonsense}").status_code == 200
    for key in ("x", "99", "-1", "00000000-0000-0000-0000-000000000000", "9" * 400):
        for by in ("member", "channel", "hour", "weekday"):
            assert person.get(f"{REPORT}conversations", {"by": by, "key": key}).status_code == 200


def test_backlog_is_what_waits_now_whatever_the_period(person: Client, asked: Conversation) -> None:
    html = person.get(f"{REPORT}?from=2020-01-01&to=2020-01-31").content.decode()
    part = html[html.index("Questions without an answer") :][:900]
    assert re.findall(r"<strong>([^<]*)</strong>", part)[:2] == ["1", "1"]


def test_who_only_looks_sees_the_report(workspace: Workspace, asked: Conversation) -> None:
    add_member(workspace, "analyst@acme.test", Role.ANALYST)
    client = browser(workspace, "analyst@acme.test")
    assert client.get(REPORT).status_code == client.get(f"{REPORT}conversations").status_code == 200


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""), (0, "0 s"), (29, "29 s"), (31, "1 min"), (3600, "1 h"), (5400, "1 h 30 min"),
        (47 * 3600, "47 h"), (48 * 3600, "2 days"), (49 * 3600, "2 days 1 h"),
    ],
)  # fmt: skip
def test_lengths_of_time(seconds: float | None, words: str) -> None:
    assert describe_span(seconds) == words
