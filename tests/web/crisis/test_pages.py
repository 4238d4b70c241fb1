"""Crisis mode on the screen: from an alarm to the review, what each role sees, and what writers are offered."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from kaja.channels.models import Channel
from kaja.crisis.actions import approve_statement, pause_planned, record_decision, write_statement
from kaja.crisis.models import Crisis, Outcome, PausedPost
from kaja.crisis.queries import PlannedFilter
from kaja.inbox.models import Alarm, SavedReply
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.crisis.begun import begin, outcomes, plan
from tests.people import actor, add_member, browser
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db
W = "/w/acme/"
BANNER = "Crisis mode since"


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return make_channel()


@pytest.fixture
def crisis(workspace: Workspace) -> Crisis:
    with workspace_scope(workspace.id):
        return begin(workspace)


def html_of(client: Client, path: str) -> str:
    answer = client.get(W + path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_an_alarm_leads_to_a_crisis_and_every_page_says_so(workspace: Workspace, channel: Channel) -> None:
    client, moment = browser(workspace), clock.now()
    with workspace_scope(workspace.id):
        alarm = Alarm.objects.create(kind="volume", channel=channel, began_at=moment, last_at=moment, count=43)
    assert f"crisis/new?alarm={alarm.id}" in html_of(client, f"inbox/alarms/{alarm.id}/")
    assert BANNER not in html_of(client, "calendar/")
    chosen = new_id()
    sent = {"name": "Glass <b>in</b> the bread", "why": "Two wrote.", "alarm": str(alarm.id), "id": str(chosen)}
    answer = client.post(f"{W}crisis/new", sent)
    assert answer["Location"] == f"{W}crisis/{chosen}/posts/"
    for path in ("calendar/", "inbox/", "settings/", f"crisis/{chosen}/"):
        assert BANNER in html_of(client, path)
    assert client.get(f"{W}crisis/now")["Location"] == f"{W}crisis/{chosen}/"
    html = html_of(client, f"crisis/{chosen}/")
    assert "Glass &lt;b&gt;in&lt;/b&gt; the bread" in html
    assert f"inbox/alarms/{alarm.id}/" in html
    assert "Start crisis mode" not in html_of(client, "crisis/")
    # Who was a moment later is led to the one that lasts.
    later = client.post(f"{W}crisis/new", {"name": "again", "id": str(new_id())}, follow=True)
    assert "Crisis mode is on already." in later.content.decode()


def test_a_crisis_without_a_name_is_asked_for_one(workspace: Workspace) -> None:
    answer = browser(workspace).post(f"{W}crisis/new", {"name": " ", "why": "because"})
    assert answer.status_code == 422
    assert "because" in answer.content.decode()


def test_nothing_is_paused_that_nobody_saw_counted(workspace: Workspace, channel: Channel, crisis: Crisis) -> None:
    with workspace_scope(workspace.id):
        plan(workspace, [channel], "Offer of the day", labels=["offer"])
        plan(workspace, [channel], "Something else")
    client, pause = browser(workspace), f"crisis/{crisis.id}/posts/pause"
    html = html_of(client, f"crisis/{crisis.id}/posts/")
    assert "<strong>2</strong> scheduled posts" in html
    mark = re.search(r'name="seen" value="(\w+)"', html)
    assert mark is not None
    # The choice was changed after the count: the new one is counted, and nothing is paused.
    answer = client.post(W + pause, {"labels": "offer", "seen": mark[1]})
    assert answer.status_code == 200
    assert "<strong>1</strong> scheduled post" in answer.content.decode()
    with workspace_scope(workspace.id):
        assert outcomes(crisis) == {}
    mark = re.search(r'name="seen" value="(\w+)"', answer.content.decode())
    assert mark is not None
    answer = client.post(W + pause, {"labels": "offer", "seen": mark[1]}, follow=True)
    assert "1 post is paused." in answer.content.decode()
    with workspace_scope(workspace.id):
        assert outcomes(crisis) == {"Offer of the day": Outcome.OPEN}


def test_a_statement_goes_from_draft_to_the_reply_box_and_the_composer(
    workspace: Workspace, channel: Channel, crisis: Crisis
) -> None:
    add_member(workspace, "maria@acme.test", Role.COMMUNITY_MANAGER, "Maria")
    maria, curator = browser(workspace, "maria@acme.test"), browser(workspace)
    with workspace_scope(workspace.id):
        talk = make_conversation(channel, make_handle("Anna"), ["Glass!"])
        SavedReply.objects.create(title="A usual one", texts={"en": "Usual"})
    base = f"{W}crisis/{crisis.id}/statements/"
    words = {"title": "First words", "text_en": "Dear {name}, we are looking into it.", "id": str(new_id())}
    assert "kept as a draft" in maria.post(base + "write", words, follow=True).content.decode()
    saved_for = f"{W}inbox/{talk.id}/saved"

    def offered() -> list[str]:
        return [each["text"] for each in maria.get(saved_for).json()["replies"]]

    assert offered() == ["Usual"]
    assert "data-statement" not in html_of(curator, "posts/new")
    html = maria.get(base).content.decode()
    assert 'value="approve"' not in html  # she was not named
    html = curator.get(base).content.decode()
    found = re.search(r'action="([^"]+/do)"', html)
    assert found is not None
    assert maria.post(found[1], {"do": "approve", "version": "1"}).status_code == 403
    assert "It is approved" in curator.post(found[1], {"do": "approve", "version": "1"}, follow=True).content.decode()
    assert offered() == ["Dear Anna, we are looking into it.", "Usual"]
    assert "we are looking into it." in html_of(curator, "posts/new")


def test_a_conversation_is_added_beside_it_and_taken_out_again(
    workspace: Workspace, channel: Channel, crisis: Crisis
) -> None:
    client = browser(workspace)
    with workspace_scope(workspace.id):
        talk = make_conversation(channel, make_handle("Anna"), ["Glass!"])
    about = f"inbox/{talk.id}/about"
    assert "Add it to the crisis" in html_of(client, about)
    put = f"{W}crisis/{crisis.id}/conversations/put"
    client.post(put, {"do": "add", "conversation": str(talk.id)})
    assert "Take it out of the crisis" in html_of(client, about)
    assert "Glass!" in html_of(client, f"crisis/{crisis.id}/conversations/")
    client.post(put, {"do": "remove", "conversation": str(talk.id)})
    assert "Glass!" not in html_of(client, f"crisis/{crisis.id}/conversations/")


def test_the_filter_is_kept_and_wrong_ones_are_said(workspace: Workspace, channel: Channel, crisis: Crisis) -> None:
    client, path = browser(workspace), f"crisis/{crisis.id}/conversations/"
    sent = {"on": "filter", "words": "glass, tooth ,glass", "channels": str(channel.id), "since": "2026-11-30T08:00"}
    assert client.post(f"{W}{path}choose", sent).status_code == 302
    with workspace_scope(workspace.id):
        kept = Crisis.objects.get().affected
    assert kept is not None
    assert kept["words"] == ["glass", "tooth"]
    assert kept["since"].startswith("2026-11-30T06:00")  # the workspace's clock is two hours ahead
    html = html_of(client, path)
    assert 'value="glass, tooth"' in html
    wrong = client.post(f"{W}{path}choose", {**sent, "words": ",".join(f"w{n}" for n in range(11))})
    assert wrong.status_code == 422
    assert "At most 10 words" in wrong.content.decode()


def test_the_end_asks_for_each_post_and_leads_to_the_review(
    workspace: Workspace, channel: Channel, crisis: Crisis
) -> None:
    client = browser(workspace)
    with workspace_scope(workspace.id):
        late, fine = plan(workspace, [channel], "Late one"), plan(workspace, [channel], "Fine one")
        pause_planned(actor(workspace), crisis.id, PlannedFilter())
        PausedPost.objects.filter(post=late).update(due_at=clock.now() - timedelta(hours=1))
        record_decision(actor(workspace), crisis.id, "We close the shop.")
        row = write_statement(actor(workspace), crisis.id, "Words", {"en": "We are looking into it."})
        approve_statement(actor(workspace), crisis.id, row.id, 1)
    html = html_of(client, f"crisis/{crisis.id}/end")
    assert html.count("it is sent only with a new one") == 1
    sent = {f"what-{late.id}": "resume", f"what-{fine.id}": "resume", "usual": "keep", "lesson": "Look at the flour."}
    answer = client.post(f"{W}crisis/{crisis.id}/end", sent)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "has passed, so it needs a new one" in html
    assert "Look at the flour." in html  # nothing that was typed is lost
    # Another time says enough.
    sent |= {f"what-{late.id}": "", f"was-{late.id}": ""}
    sent[f"at-{late.id}"] = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT10:00")
    answer = client.post(f"{W}crisis/{crisis.id}/end", sent, follow=True)
    html = answer.content.decode()
    assert "Crisis mode is over." in html
    for words in ("Look at the flour.", "We close the shop.", "We are looking into it.", "Scheduled again: 2"):
        assert words in html
    assert BANNER not in html
    assert "print.css" in html
    with workspace_scope(workspace.id):
        assert outcomes(crisis) == {"Late one": Outcome.RESUMED, "Fine one": Outcome.RESUMED}
    assert client.get(f"{W}crisis/{crisis.id}/end")["Location"] == f"{W}crisis/{crisis.id}/"


def test_who_only_looks_presses_nothing(workspace: Workspace, crisis: Crisis) -> None:
    add_member(workspace, "ana@acme.test", Role.ANALYST)
    client = browser(workspace, "ana@acme.test")
    for path in ("", "posts/", "statements/", "conversations/"):
        html = html_of(client, f"crisis/{crisis.id}/{path}")
        main = html[html.index("<main") : html.index("</main>")]
        assert "<form" not in main
    assert client.get(f"{W}crisis/{crisis.id}/end").status_code == 403
    assert client.get(f"{W}crisis/new").status_code == 403
