"""Crisis mode for scripts: what the page does, by the same rules."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from django.conf import settings as django_settings

from kaja.api.crises import Language
from kaja.channels.models import Channel
from kaja.content.models import Post, PostState
from kaja.crisis.models import Crisis, LogLine
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import AuditEntry, Role, Workspace
from tests.api.conftest import ApiClient, token_for
from tests.api.test_webhooks import codes, read
from tests.api.world import build_talk
from tests.crisis.begun import plan
from tests.people import add_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def channels(workspace: Workspace) -> list[Channel]:
    with workspace_scope(workspace.id):
        return [Channel.objects.create(network="practice", account_id=name, name=name) for name in ("Bakery", "Shop")]


def begin(client: ApiClient, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = read(client.call("POST", "/crises", {"name": "The fire", "why": "It burns", **more}), 201)
    return made


def test_every_language_of_the_page_can_be_written() -> None:
    assert get_args(Language) == tuple(code for code, _name in django_settings.LANGUAGES)


def test_a_crisis_begins_with_a_filter_and_ends_with_a_review(
    client: ApiClient, workspace: Workspace, channels: list[Channel]
) -> None:
    bakery, shop = channels
    with workspace_scope(workspace.id):
        _stays, waits, moved = (
            plan(workspace, [shop], "stays"), plan(workspace, [bakery], "waits"), plan(workspace, [bakery], "moved"),
        )  # fmt: skip
    seen = read(client.call("GET", f"/crises/planned?channel={bakery.id}"))
    assert (seen["count"], seen["begun"], {each["id"] for each in seen["posts"]}) == (
        2, 0, {str(waits.id), str(moved.id)},
    )  # fmt: skip
    made = begin(client, pause={"channels": [str(bakery.id)], "seen": seen["seen"]})
    assert made["figures"]["posts"] == {"paused": 2}
    assert read(client.call("GET", "/workspace"))["crisis_at"] is not None
    at = f"/crises/{made['id']}"
    assert [each["untouched"] for each in read(client.call("GET", f"{at}/posts"))["items"]] == [True, True]
    read(client.call("POST", f"{at}/decisions", {"text": "We close the shop."}), 201)
    later = (clock.now() + timedelta(days=9)).replace(microsecond=0)
    own = {str(moved.id): {"verdict": "resume", "at": later.isoformat()}}
    review = read(client.call("POST", f"{at}/end", {"usual": "keep", "own": own, "lesson": "Close earlier."}))
    assert (review["lesson"], review["figures"]["posts"]) == ("Close earlier.", {"kept": 1, "resumed": 1})
    with workspace_scope(workspace.id):
        stands = {post.summary: (post.state, post.due_at) for post in Post.objects.all()}
        assert stands["moved"] == (PostState.SCHEDULED, later)
        assert (stands["waits"][0], stands["stays"][0]) == (PostState.DRAFT, PostState.SCHEDULED)
        said = list(LogLine.objects.order_by("at", "id").values_list("what", flat=True))
        written = set(AuditEntry.objects.values_list("action", flat=True))
    assert said == ["start", "pause", "decision", "posts", "end"]
    assert {"crisis.start", "crisis.pause", "crisis.end"} <= written
    assert codes(client.call("POST", f"{at}/decisions", {"text": "Too late"}), 409) == ["crisis_over"]


def test_only_what_somebody_saw_counted_is_paused(
    client: ApiClient, workspace: Workspace, channels: list[Channel]
) -> None:
    with workspace_scope(workspace.id):
        plan(workspace, channels[:1], "one")
    seen = read(client.call("GET", f"/crises/planned?channel={channels[0].id}"))["seen"]
    refused = client.call("POST", "/crises", {"name": "Fire", "pause": {"seen": seen}})
    assert codes(refused, 409) == ["planned_unseen"]
    with workspace_scope(workspace.id):
        assert not Crisis.objects.exists(), "what is refused leaves nothing"
        assert Post.objects.get().state == PostState.SCHEDULED
    made = begin(client)
    for body in ({"seen": seen, "channels": [str(new_id())]}, {"seen": seen, "labels": ["none"]}):
        assert codes(client.call("POST", f"/crises/{made['id']}/pause", body), 404) == ["choice_unknown"]
    body = {"seen": seen, "channels": [str(channels[0].id)]}
    assert read(client.call("POST", f"/crises/{made['id']}/pause", body)) == {"paused": 1, "begun": 0}
    assert codes(client.call("POST", "/crises", {"name": "Another"}), 409) == ["crisis_already"]


def test_a_statement_is_approved_as_it_was_read_by_who_was_named(client: ApiClient, workspace: Workspace) -> None:
    made = begin(client)
    at = f"/crises/{made['id']}"
    body = {"id": str(new_id()), "title": "Sorry", "texts": {"en": "We are sorry."}}
    for _ in range(2):
        written = read(client.call("POST", f"{at}/statements", body), 201)
    own = f"{at}/statements/{written['id']}"
    assert (written["version"], written["approved_at"]) == (1, None)
    assert read(client.call("PUT", own, {"title": "Sorry", "texts": {"en": "So sorry."}}))["version"] == 2
    assert codes(client.call("POST", f"{own}/approve", {"version": 1}), 409) == ["statement_changed"]
    assert "owner@acme.test" in read(client.call("POST", f"{own}/approve", {"version": 2}))["approved_by"]
    assert read(client.call("POST", f"{own}/withdraw"))["approved_at"] is None
    lawyer = add_member(workspace, "law@acme.test", Role.COMMUNITY_MANAGER)
    named = read(client.call("PUT", f"{at}/approvers", {"approvers": [str(lawyer.id)]}))
    assert [each["id"] for each in named["approvers"]] == [str(lawyer.id)]
    assert codes(client.call("POST", f"{own}/approve", {"version": 2}), 403) == ["statement_not_yours"]
    assert codes(client.call("PUT", f"{at}/approvers", {"approvers": []}), 422) == ["approvers_none"]
    assert codes(client.call("PUT", f"{at}/approvers", {"approvers": [str(new_id())]}), 404) == ["choice_unknown"]
    assert codes(client.call("POST", f"{at}/statements", {"title": "x", "texts": {"en": " "}}), 422) == [
        "statement_empty"
    ]
    assert codes(client.call("POST", f"{at}/statements", {"title": "x", "texts": {"xx": "y"}}), 422) == ["invalid"]
    assert client.call("DELETE", own).status_code == 204
    assert read(client.call("GET", at))["statements"] == []


def test_a_token_that_only_reads_approves_nothing(client: ApiClient, workspace: Workspace) -> None:
    made = begin(client)
    written = read(
        client.call("POST", f"/crises/{made['id']}/statements", {"title": "Sorry", "texts": {"en": "Sorry."}}), 201
    )
    reader = ApiClient(token_for(workspace, ("view",)))
    for what, body in (("approve", {"version": 1}), ("withdraw", {})):
        answer = reader.call("POST", f"/crises/{made['id']}/statements/{written['id']}/{what}", body)
        assert answer.status_code == 403


def test_conversations_are_collected_by_words_and_by_hand(
    client: ApiClient, workspace: Workspace, channels: list[Channel]
) -> None:
    with workspace_scope(workspace.id):
        talks = [build_talk(channels[0], mark)[0] for mark in ("fire alarm", "opening hours")]
    at = f"/crises/{begin(client)['id']}"

    def collected() -> list[str]:
        return sorted(each["excerpt"] for each in read(client.call("GET", f"{at}/conversations"))["items"])

    assert collected() == []
    since = (clock.now() - timedelta(days=1)).isoformat()
    wanted = {"since": since, "words": ["fire"], "channels": [str(channels[0].id)]}
    assert read(client.call("PUT", f"{at}/affected", wanted))["affected"]["words"] == ["fire"]
    assert collected() == ["fire alarm"]
    read(client.call("PUT", f"{at}/conversations/{talks[1]}"), 204)
    read(client.call("DELETE", f"{at}/conversations/{talks[0]}"), 204)
    assert collected() == ["opening hours"]
    assert read(client.call("DELETE", f"{at}/affected"))["affected"] is None
    assert codes(client.call("PUT", f"{at}/conversations/{new_id()}"), 404) == ["conversation_not_found"]
    assert codes(client.call("PUT", f"{at}/affected", {"since": since, "words": ["x" * 101]}), 422) == ["invalid"]


def test_a_choice_about_another_post_is_refused(client: ApiClient, workspace: Workspace) -> None:
    at = f"/crises/{begin(client)['id']}"
    body = {"own": {str(new_id()): {"verdict": "delete"}}}
    assert codes(client.call("POST", f"{at}/end", body), 404) == ["choice_unknown"]
    assert read(client.call("GET", at))["ended_at"] is None


def test_the_lists_cost_the_same_however_long_they_are(
    client: ApiClient, workspace: Workspace, channels: list[Channel], django_assert_num_queries: Any
) -> None:
    made = begin(client)
    with workspace_scope(workspace.id):
        for n in range(3):
            plan(workspace, channels[:1], f"post {n}")
            build_talk(channels[0], f"talk {n}")
    seen = read(client.call("GET", "/crises/planned"))["seen"]
    read(client.call("POST", f"/crises/{made['id']}/pause", {"seen": seen}))
    since = (clock.now() - timedelta(days=1)).isoformat()
    read(client.call("PUT", f"/crises/{made['id']}/affected", {"since": since}))
    for path, count in ((f"/crises/{made['id']}", 19), ("posts", 15), ("conversations", 15), ("log", 15)):
        address = path if path.startswith("/") else f"/crises/{made['id']}/{path}"
        client.call("GET", address)
        with django_assert_num_queries(count):
            read(client.call("GET", address))
