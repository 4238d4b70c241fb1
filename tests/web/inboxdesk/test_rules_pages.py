"""Rules on the screen: tried before they are switched on, in order, with everything that they did to be taken back."""

import re

import pytest
from django.test import Client

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, ConversationLabel
from kaja.inbox.rules.actions import apply_rules, create_rule, parse_rule, switch_rule
from kaja.inbox.rules.conditions import mark_of
from kaja.inbox.rules.models import Rule, RuleHit
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.inbox.rules.test_rules import REFUND, hear
from tests.people import actor, add_member, browser

pytestmark = pytest.mark.django_db
RULES = "/w/acme/inbox/rules/"
FIELDS = {"name": "Refunds", "words": "refund*\nmoney back", "labels": "money, urgent", "priority": "1", "hide": "on"}


@pytest.fixture
def person(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return Channel.objects.create(network="practice", account_id="1", name="Bakery")


def rules(workspace: Workspace) -> list[Rule]:
    with workspace_scope(workspace.id):
        return list(Rule.objects.order_by("position"))


def press(html: str) -> str:
    """What the button that switches on would send."""
    found = re.search(r'name="tried" value="([^"]*)"', html)
    return found[1].replace("&#x27;", "'").replace("&quot;", '"') if found else ""


def test_rule_is_tried_before_it_is_switched_on(person: Client, workspace: Workspace, channel: Channel) -> None:
    assert "No rule yet" in person.get(RULES).content.decode()
    with workspace_scope(workspace.id):
        hear(channel, "I want a <b>refund</b>"), hear(channel, "Thank you")
    html = person.post(RULES + "new", FIELDS, follow=True).content.decode()
    [rule] = rules(workspace)
    assert (rule.on_since, rule.when["words"], rule.then["labels"]) == (
        None, ["refund*", "money back"], ["money", "urgent"],
    )  # fmt: skip
    assert "<strong>1</strong> of the last 2 messages" in html
    assert "I want a &lt;b&gt;refund&lt;/b&gt;" in html
    address = f"{RULES}{rule.id}/do"
    refused = person.post(address, {"do": "on"})
    assert refused.status_code == 422
    assert "was not tried as it is now" in refused.content.decode()
    assert rules(workspace)[0].on_since is None
    person.post(address, {"do": "on", "tried": press(html)})
    assert rules(workspace)[0].on_since is not None
    assert "for what is written from then on" in person.get(RULES).content.decode()
    person.post(address, {"do": "off"})
    assert rules(workspace)[0].on_since is None


def test_what_is_typed_is_tried_without_being_kept(person: Client, workspace: Workspace, channel: Channel) -> None:
    with workspace_scope(workspace.id):
        hear(channel, "refund"), hear(channel, "bread")
        rule = create_rule(actor(workspace), parse_rule(REFUND))
    address = f"{RULES}{rule.id}/"
    answer = person.post(
        address, {"name": "Refunds", "words": "bread\nrefund", "labels": "x", "do": "try"},
        headers={"HX-Request-Type": "partial"},
    )  # fmt: skip
    html = answer.content.decode()
    assert "<html" not in html
    assert "<strong>2</strong> of the last 2 messages" in html
    assert not press(html)
    assert rules(workspace)[0].when["words"] == ["refund*"]
    html = person.post(RULES + "new", {**FIELDS, "do": "try"}).content.decode()
    assert "<strong>1</strong> of the last 2 messages" in html
    assert len(rules(workspace)) == 1


def test_wrong_pattern_is_explained_at_its_field_and_nothing_is_lost(person: Client, workspace: Workspace) -> None:
    for do in ("try", "save"):
        answer = person.post(RULES + "new", {**FIELDS, "pattern": "(a", "do": do})
        html = answer.content.decode()
        assert answer.status_code == 422
        assert "missing )" in html[html.index('id="id_pattern_error"') :][:600]
        assert "money back" in html
    assert rules(workspace) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"words": "", "hide": ""}, "for every message"),
        ({"labels": "", "priority": "", "hide": ""}, "would do nothing"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_is_no_rule_is_refused_in_words(
    person: Client, workspace: Workspace, change: dict[str, str], words: str
) -> None:
    answer = person.post(RULES + "new", {**FIELDS, **change})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert rules(workspace) == []


def test_order_is_changed_and_a_rule_deleted(person: Client, workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        ids = [create_rule(actor(workspace), parse_rule({**REFUND, "name": name})).id for name in "abc"]
    person.post(f"{RULES}{ids[2]}/do", {"do": "up"})
    assert [rule.name for rule in rules(workspace)] == ["a", "c", "b"]
    person.post(f"{RULES}{ids[0]}/do", {"do": "down"})
    assert [rule.name for rule in rules(workspace)] == ["c", "a", "b"]
    person.post(f"{RULES}{ids[0]}/do", {"do": "delete"})
    assert [rule.name for rule in rules(workspace)] == ["c", "b"]


def test_what_rules_did_is_taken_back_one_by_one_and_all_together(
    person: Client, workspace: Workspace, channel: Channel
) -> None:
    with workspace_scope(workspace.id):
        rule = create_rule(actor(workspace), parse_rule(REFUND))
        switch_rule(actor(workspace), rule.id, True, tried=mark_of(rule.when))
        apply_rules([hear(channel, f"refund {n}", who=f"p{n}").id for n in range(3)])
        first = RuleHit.objects.order_by("id").first()
    assert first is not None
    log = RULES + "log/"
    html = person.get(f"{log}?rule={rule.id}").content.decode()
    assert html.count('name="hit"') == 3
    assert "1 thing is taken back" in person.post(log + "undo", {"hit": str(first.id)}, follow=True).content.decode()
    with workspace_scope(workspace.id):
        assert ConversationLabel.objects.count() == 2
    person.post(log + "undo", {"rule": str(rule.id)})
    with workspace_scope(workspace.id):
        assert not ConversationLabel.objects.exists()
        assert set(Conversation.objects.values_list("priority", flat=True)) == {0}
    assert 'name="hit"' not in person.get(log).content.decode()
    again = person.post(log + "undo", {"rule": str(rule.id)}, follow=True).content.decode()
    assert "nothing to take back" in again


def test_who_may_what(workspace: Workspace, channel: Channel) -> None:
    with workspace_scope(workspace.id):
        rule = create_rule(actor(workspace), parse_rule(REFUND))
    for role, answers in ((Role.ANALYST, False), (Role.COMMUNITY_MANAGER, True)):
        add_member(workspace, f"{role}@acme.test", role)
        client = browser(workspace, f"{role}@acme.test")
        assert "New rule" not in client.get(RULES).content.decode()
        assert "Switch it on" not in client.get(f"{RULES}{rule.id}/").content.decode()
        for address in (f"{RULES}new", f"{RULES}{rule.id}/", f"{RULES}{rule.id}/do"):
            assert client.post(address, {**FIELDS, "do": "delete"}).status_code == 403
        assert client.post(RULES + "log/undo", {}).status_code == (302 if answers else 403)
    assert len(rules(workspace)) == 1
