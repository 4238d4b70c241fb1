"""What the pages of one thing ask the database: exact numbers, the same for few and for many."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.inbox.models import AnswerWait
from kaja.inbox.rules.actions import create_rule, parse_rule
from kaja.inbox.targets.actions import create_target, parse_target
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.inbox.rules.test_rules import REFUND
from tests.people import actor, browser, member_of
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle
from tests.web.test_query_counts import CONTROL

pytestmark = pytest.mark.django_db
W = "/w/acme/"
PAGES: dict[str, tuple[str, int]] = {
    "rule": ("inbox/rules/{rule}/", 12),
    "new rule": ("inbox/rules/new", 10),
    "target": ("settings/answers/{target}/", 12),
    "report": ("inbox/report/", 14),
    "report by channel": ("inbox/report/?by=channel", 14),
}


def furnish(workspace: Workspace, many: int) -> dict[str, str]:
    by = member_of(workspace).user
    with workspace_scope(workspace.id):
        rule = create_rule(actor(workspace), parse_rule({**REFUND, "when": {"words": ["hello"]}}))
        target = create_target(actor(workspace), parse_target({"name": "t", "first_minutes": 60, "country": "EE"}))
        for n in range(many):
            channel = make_channel(f"c{n}")
            talk = make_conversation(channel, make_handle(f"h{n}"), ["Hello"])
            for measure in ("first", "next", "resolution"):
                begun = clock.now() - timedelta(hours=n + 1)
                AnswerWait.objects.create(
                    conversation=talk, channel=channel, measure=measure, begun_at=begun, ended_at=clock.now(),
                    by=by, open_seconds=60,
                )  # fmt: skip
    return {"rule": str(rule.id), "target": str(target.id)}


def count(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as found:
        ask()
    return len([each for each in found.captured_queries if not each["sql"].startswith(CONTROL)])


@pytest.mark.parametrize("many", [1, 12])
def test_pages_ask_as_much_for_many_as_for_one(workspace: Workspace, many: int) -> None:
    made, client = furnish(workspace, many), browser(workspace)
    client.get(W + "needs-you/")  # what a session writes once
    asked = {}
    for name, (path, _expected) in PAGES.items():
        address = W + path.format(**made)
        assert client.get(address).status_code == 200  # what is remembered between pages
        asked[name] = count(partial(client.get, address))
    assert asked == {name: expected for name, (_path, expected) in PAGES.items()}
    assert max(asked.values()) <= 15
