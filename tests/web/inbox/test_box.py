"""The box for an answer: its language, saved replies in it; and what stands where nothing is."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from kaja.inbox.models import Conversation, Message
from kaja.inbox.saved import save_reply
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.mastodon.limits import Limits, render_limits
from kaja.workspaces.models import Workspace
from tests.people import actor, browser
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle
from tests.web.inbox.test_page import INBOX, SCRIPT, get

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


def ask_on(network: str, language: str) -> Conversation:
    channel = make_channel(f"{network} {language}", network, facts={"limits": dict(render_limits(Limits()))})
    asked = make_conversation(channel, make_handle(f"Mari {language}", network), ["Millal?"], language=language)
    Message.objects.filter(conversation=asked).update(data={"acct": "mari", "visibility": "public"})
    return asked


def send(client: Client, path: str, **body: Any) -> Any:
    return client.post(INBOX + path, json.dumps(body), content_type="application/json", HTTP_ACCEPT="application/json")


def languages_of(html: str) -> list[str]:
    found = re.search(r"<select[^>]*reply-language.*?</select>", html, re.DOTALL)
    return re.findall(r'<option\s+value="([^"]*)"', found[0]) if found else []


def sent_language(workspace: Workspace, answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    with workspace_scope(workspace.id):
        return str(Message.objects.get(id=answer.json()["id"]).data["answer"]["language"])


def test_an_answer_has_the_conversations_language_unless_another_is_chosen(
    workspace: Workspace, client: Client
) -> None:
    with workspace_scope(workspace.id):
        asked, finnish, strange = (
            ask_on(*each) for each in (("mastodon", "et"), ("bluesky", "fi"), ("mastodon", "??"))
        )
        none = make_conversation(make_channel(), make_handle("Mari"), ["Millal?"], language="et")
    html = get(client, f"{asked.id}/")
    assert languages_of(html) == ["", "en", "ru", "et", "zh-hant"]
    assert re.search(r'<option\s+value="et"\s+selected', html)
    assert languages_of(get(client, f"{finnish.id}/"))[1] == "fi"
    assert "selected" not in re.search(r"reply-language.*?</select>", get(client, f"{strange.id}/"), re.DOTALL)[0]  # type: ignore[index]
    assert languages_of(get(client, f"{none.id}/")) == []  # the practice network takes none
    assert sent_language(workspace, send(client, f"{asked.id}/reply", text="Kell kümme.")) == "et"
    assert sent_language(workspace, send(client, f"{asked.id}/reply", text="At ten.", language="en")) == "en"
    assert sent_language(workspace, send(client, f"{asked.id}/reply", text="10", language="")) == ""
    assert sent_language(workspace, send(client, f"{strange.id}/reply", text="10")) == ""
    assert sent_language(workspace, send(client, f"{none.id}/reply", text="10", language="en")) == ""


@pytest.mark.parametrize("network", ["mastodon", "bluesky"])
def test_a_language_that_is_none_is_refused_before_anything_goes_out(
    workspace: Workspace, client: Client, network: str
) -> None:
    with workspace_scope(workspace.id):
        asked = ask_on(network, "et")
    for path in ("reply", "check"):
        told = send(client, f"{asked.id}/{path}", text="At ten.", language="x<script>").json()
        assert [each["code"] for each in told.get("problems", told.get("found"))] == ["language_invalid"]
    with workspace_scope(workspace.id):
        assert not Message.objects.filter(direction="out").exists()


def test_saved_replies_in_the_answers_language_stand_first(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        asked = ask_on("mastodon", "et")
        save_reply(actor(workspace), "A", {"en": "Thanks", "ru": "Спасибо"})
        save_reply(actor(workspace), "B", {"en": "Soon", "et": "Varsti"})
        save_reply(actor(workspace), "C", {"zh-hant": "謝謝"})

    def offered(language: str) -> list[tuple[str, str]]:
        told = client.get(f"{INBOX}{asked.id}/saved?language={language}").json()
        return [(each["title"], each["text"]) for each in told["replies"]]

    assert offered("") == [("B", "Varsti"), ("A", "Thanks"), ("C", "謝謝")]
    assert offered("ru") == [("A", "Спасибо"), ("B", "Varsti"), ("C", "謝謝")]
    assert offered("zh-TW")[0] == ("C", "謝謝")


def test_where_only_invented_people_could_write_they_are_let_loose(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        make_channel()
    for html in (get(client), get(client, "rows", **SCRIPT)):
        assert "Let invented people write" in html
        assert re.search(r'href="http://127\.0\.0\.1:\d+/audience"', html)
        assert "kaja practice audience" in html
    with workspace_scope(workspace.id):
        make_channel(network="mastodon")
    assert "Let invented people write" not in get(client)
    assert "Nobody has written yet" in get(client)


def test_beside_the_list_stands_what_to_press(workspace: Workspace, client: Client) -> None:
    html = get(client)
    pane = html[html.index('id="inbox-opened"') : html.index('<template id="inbox-nothing"')]
    assert re.findall(r"<kbd>([^<]*)</kbd>", pane) == ["j", "k", "Enter", "d", "/", "?"]
    assert "data-open-keys" in pane
    assert "Here stands who wrote" in pane
