"""What the pages of a crisis ask the database: exact numbers, the same for few and for many."""

from functools import partial

import pytest

from kaja.crisis.actions import (
    Ending,
    approve_statement,
    end_crisis,
    pause_planned,
    record_decision,
    write_statement,
)
from kaja.crisis.models import Crisis
from kaja.crisis.queries import PlannedFilter
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.crisis.begun import begin, plan
from tests.people import actor, browser
from tests.web.inbox.conversations import make_channel
from tests.web.inboxdesk.test_query_counts import count

pytestmark = pytest.mark.django_db
LASTING = {"statements/": 12, "end": 10, "posts/": 13, "conversations/": 14, "": 10}
OVER = {"": 14, "posts/": 10, "statements/": 12, "conversations/": 14}


def furnish(workspace: Workspace, many: int) -> Crisis:
    me = actor(workspace)
    with workspace_scope(workspace.id):
        channel = make_channel()
        for n in range(many):
            plan(workspace, [channel], f"Post {n}")
        crisis = begin(workspace)
        pause_planned(me, crisis.id, PlannedFilter())
        for n in range(many):
            row = write_statement(me, crisis.id, f"Words {n}", {"en": "x"})
            approve_statement(me, crisis.id, row.id, row.version)
            record_decision(me, crisis.id, f"Decision {n}")
    return crisis


@pytest.mark.parametrize("many", [1, 12])
def test_pages_ask_as_much_for_many_as_for_one(workspace: Workspace, many: int) -> None:
    crisis, client = furnish(workspace, many), browser(workspace)
    client.get("/w/acme/needs-you/")  # what a session writes once
    base = f"/w/acme/crisis/{crisis.id}/"

    def ask(paths: dict[str, int]) -> dict[str, int]:
        found = {}
        for path in paths:
            assert client.get(base + path).status_code == 200  # what is remembered between pages
            found[path] = count(partial(client.get, base + path))
        return found

    assert ask(LASTING) == LASTING
    with workspace_scope(workspace.id):
        end_crisis(actor(workspace), crisis.id, Ending())
    assert ask(OVER) == OVER
