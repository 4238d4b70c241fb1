"""The pages on which answers are drawn and rated."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from kaja.inbox.models import AnswerWait, QualityCard, QualitySample
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.inbox.quality.test_cards import WEEK, at
from tests.people import add_member, browser
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db(transaction=True)
QUALITY = "/w/acme/inbox/quality/"


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def answered(workspace: Workspace) -> None:
    """Kai answered seven conversations in the week before the last."""
    kai = add_member(workspace, "kai@acme.test", Role.COMMUNITY_MANAGER, "Kai <b>")
    with workspace_scope(workspace.id):
        channel = make_channel()
        for number in range(7):
            talk = make_conversation(
                channel, make_handle(f"Asker {number}"), ["When?", ">At ten, <script>alert(1)</script>"]
            )
            begun = at(WEEK, 9 + number)
            AnswerWait.objects.create(
                conversation=talk, channel=channel, measure="first", begun_at=begun, by=kai,
                ended_at=begun + timedelta(minutes=5),
            )  # fmt: skip


def get(client: Client, path: str = "") -> str:
    answer = client.get(QUALITY + path)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def draw(client: Client, **given: Any) -> Any:
    return client.post(QUALITY + "draw", {"week": WEEK.isoformat(), "size": "3", **given}, follow=True)


def cards(workspace: Workspace) -> list[QualityCard]:
    with workspace_scope(workspace.id):
        return list(QualityCard.objects.order_by("-id"))


def test_drawn_rated_and_looked_into(workspace: Workspace, client: Client, answered: None) -> None:
    assert "Nothing is drawn yet" in get(client)
    assert "3 conversations are drawn." in draw(client).content.decode()
    assert "There is nothing to draw" in draw(client).content.decode()
    html = get(client)
    first, second, _third = cards(workspace)
    assert html.count("To be rated") >= 3
    assert f'href="{QUALITY}{first.id}/"' in html  # the next one to rate
    card = get(client, f"{first.id}/")
    assert "When?" in card
    assert "<script>alert" not in card
    assert "Kai &lt;b&gt;" in card
    assert "kaja-reply" not in card
    sent = {"correct": "yes", "tone": "partly", "solved": "no", "note": "Short", "do": "next"}
    answer = client.post(f"{QUALITY}{first.id}/", sent)
    assert (answer.status_code, answer["Location"]) == (302, f"{QUALITY}{second.id}/")
    html = get(client)
    # One of one: nobody should read much into it, and the page says so.
    assert re.findall(r"<strong>(\d+ %)</strong>\s*<span[^>]*>\(([^)]*)\)", html) == [
        ("100 %", "21–100 %"), ("0 %", "0–79 %"), ("0 %", "0–79 %"),
    ]  # fmt: skip
    with workspace_scope(workspace.id):
        assert QualitySample.objects.get().seed in html
    kai = first.member_id
    link = f"{QUALITY}?weeks=13&amp;standing=rated&amp;member={kai}#quality-cards"
    assert f'href="{link}"' in html
    listed = get(client, f"?weeks=13&standing=rated&member={kai}")
    assert re.findall(r'data-item="([^"]+)"', listed) == [str(first.id)]
    assert "Short" in listed
    assert get(client, "?weeks=4&standing=open").count("data-item=") == 2
    assert get(client, "?weeks=nonsense&standing=x&member=y").count("data-item=") == 3


def test_whoever_answered_sees_the_card_and_cannot_rate_it(
    workspace: Workspace, client: Client, answered: None
) -> None:
    draw(client)
    card = cards(workspace)[0]
    own = browser(workspace, "kai@acme.test")
    html = get(own, f"{card.id}/")
    assert "a colleague rates it" in html
    assert 'value="next"' not in html
    assert "Rate the next one" not in get(own)
    assert f'action="{QUALITY}draw"' not in get(own)
    sent = {"correct": "yes", "tone": "yes", "solved": "yes"}
    assert own.post(f"{QUALITY}{card.id}/", sent).status_code == 422
    assert cards(workspace)[0].rated_at is None


@pytest.mark.parametrize(
    "given",
    [{"week": "yesterday"}, {"week": "2999-01-01"}, {"size": "0"}, {"size": "51"}, {"size": "many"}, {"size": ""}],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said_and_what_was_typed_stays(
    workspace: Workspace, client: Client, answered: None, given: dict[str, str]
) -> None:
    answer = draw(client, **given)
    assert answer.status_code == 422
    assert "notice" in answer.content.decode()
    assert cards(workspace) == []


def test_half_a_card_is_refused_and_kept_in_the_form(workspace: Workspace, client: Client, answered: None) -> None:
    draw(client)
    card = cards(workspace)[0]
    answer = client.post(f"{QUALITY}{card.id}/", {"correct": "yes", "note": "My words"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "All three are rated" in html
    assert "My words" in html
    assert re.search(r'name="correct"\s+value="yes"\s+required\s+checked', html)


def test_nothing_of_another_workspace(
    workspace: Workspace, client: Client, answered: None, other_workspace: Workspace
) -> None:
    draw(client)
    card = cards(workspace)[0]
    rival = browser(other_workspace)
    assert rival.get(f"/w/{other_workspace.slug}/inbox/quality/{card.id}/").status_code == 404
    sent = {"correct": "no", "tone": "no", "solved": "no"}
    assert rival.post(f"/w/{other_workspace.slug}/inbox/quality/{card.id}/", sent).status_code == 404
