"""Rows that share one remote object since before it was forbidden."""

import json
import os
from importlib import import_module
from typing import Any

import psycopg
import pytest
from django.db import connection

from kaja.delivery.problems import SHARED, render_problem
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice, deliveries_of, plan_post, running_engine, wait_for_states

migration = import_module("kaja.publishing.migrations.0006_owned_and_workers")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("age", "state"), [("1 day", "uncertain"), ("90 days", "sent")])
def test_who_shares_a_post_with_another_is_found_and_told_to_a_person(
    practice: PracticeServer, workspace: Workspace, age: str, state: str
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    posts = [plan_post(workspace, [channel], f"Post {number}") for number in range(3)]
    with running_engine():
        for post in posts:
            wait_for_states(workspace, post, "sent")
    owner, sharer, alone = (deliveries_of(workspace, post)[0] for post in posts)
    at = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=at) as own:
        own.execute("DROP INDEX publication_owns_remote")
        own.execute("UPDATE publishing_publication SET channel_id = NULL, published_at = now() - %s::interval", [age])
        shared = "UPDATE publishing_publication SET remote_id = %s WHERE delivery_id = %s"
        own.execute(shared, [owner.remote_id, sharer.id])
        # Found by its words, while the owner was told by the network.
        own.execute("UPDATE publishing_attempt SET outcome = 'found' WHERE delivery_id = %s", [sharer.id])
        for statement in (migration.FILL, migration.SHARING, *migration.SETTLE):
            own.execute(statement)
        own.execute(migration.DOUBT, [json.dumps(render_problem(SHARED))])
        found: dict[Any, Any] = dict(
            own.execute("SELECT id, (state, needs_person)::text FROM publishing_delivery").fetchall()
        )
        kept = "SELECT delivery_id FROM publishing_publication WHERE channel_id = %s"
        owned = {row[0] for row in own.execute(kept, [channel.id])}
        own.rollback()
    assert owned == {owner.id, alone.id}
    assert found[owner.id] == found[alone.id] == "(sent,f)"
    assert found[sharer.id] == f"({state},{'t' if state == 'uncertain' else 'f'})"
