"""Files have moved from `content` into a room of their own, on databases that are in use."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

MOVE = [("media", "0001_initial"), ("content", "0010_media_of_its_own")]


@pytest.mark.parametrize("backwards", [False, True])
def test_the_move_changes_nothing_in_the_database(db: None, backwards: bool) -> None:
    """So the rows, the policy, the rights and whoever still asks the old way are left alone."""
    loader = MigrationExecutor(connection).loader
    plan = [(loader.graph.nodes[key], backwards) for key in (reversed(MOVE) if backwards else MOVE)]
    said = [line for line in loader.collect_sql(plan) if line.strip()]
    assert [line for line in said if not line.startswith(("--", "BEGIN", "COMMIT"))] == []


def test_one_model_has_the_table(db: None) -> None:
    state = MigrationExecutor(connection).loader.project_state().apps
    tables = {f"{model._meta.label}": model._meta.db_table for model in state.get_models()}
    assert [label for label, table in tables.items() if table == "content_asset"] == ["media.Asset"]
