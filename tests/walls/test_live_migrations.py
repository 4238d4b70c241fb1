"""Migrations run while the version before them still works: what it inserts must go on fitting."""

from collections.abc import Iterator

from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

# Before the first installation that had to be updated.
FIRST = {
    ("api", "0003_tenancy"),
    ("channels", "0004_drop_oauth_client"),
    ("content", "0007_search_by_index"),
    ("publishing", "0004_engine"),
    ("workspaces", "0004_own_notices_and_mails"),
}


def later_migrations() -> Iterator[tuple[str, AddField]]:
    loader = MigrationLoader(None)
    newest = dict(FIRST)
    for (app, name), migration in (loader.disk_migrations or {}).items():
        if not type(migration).__module__.startswith("kaja.") or name <= newest.get(app, ""):
            continue
        for operation in migration.operations:
            if isinstance(operation, AddField):
                yield f"{app}.{name}: {operation.model_name}.{operation.name}", operation


def test_an_added_column_has_a_default_in_the_database() -> None:
    """Django gives its own only while the column is added; an insert of the older version knows no such column."""
    added = list(later_migrations())
    assert len(added) > 8
    missing = [place for place, each in added if not each.field.null and each.field.db_default is NOT_PROVIDED]
    assert missing == []
