"""The walls between workspaces, tried on every tenant table: nothing here names a table that it could forget."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, models, transaction

from kaja.kernel.tenancy import SystemPurpose, UnscopedQuery, system_scope, workspace_scope
from kaja.workspaces.models import Workspace
from kaja.workspaces.tenant import TenantModel
from tests.walls.world import TENANT_MODELS, Inhabited

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "kaja"
OURS = [model for model in apps.get_models(include_auto_created=True) if model.__module__.startswith("kaja.")]

every_tenant_table = pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model.__name__)

SHARED = {
    "User": "a person may belong to many workspaces",
    "User_groups": "Django's own table; nothing uses it",
    "User_user_permissions": "Django's own table; nothing uses it",
    "Workspace": "the tenant itself; its own table is protected by its id",
    "WorkerSign": "which workers are there; of rows it knows nothing",
    "LoopRecord": "how the processes of the installation fare",
    "Bucket": "used tries of limits, under keyed hashes",
    "Instance": "the one switch of the whole installation",
    "NetworkApp": "the operator's developer apps, for the whole installation",
    "HookReceived": "what networks sent: nobody knows yet whose account it speaks of",
    "QuietHours": "a person's own, in all their workspaces",
    "ServerKey": "the installation's key for push services, sealed",
    "Device": "a person's own browser, in all workspaces of theirs",
    "Look": "what was seen of the installation's own address",
    "Arrival": "who came to it from outside, by kind",
    "HookRefusal": "how often somebody called in a network's name",
}
"""Our tables that belong to no workspace."""

LOOKS_ACROSS = {
    ("inbox/trouble/watching.py", "watch", "JOB_DISPATCH"): "workspaces in which something came lately",
    ("inbox/migrations/0010_due.py", "fill", "MAINTENANCE"): "what of each conversation is due first, once",
    ("inbox/retention/actions.py", "delete_due", "JOB_DISPATCH"): "workspaces that keep something for a term",
    ("inbox/targets/actions.py", "warn_of_due", "JOB_DISPATCH"): "promises that are about to be broken",
    ("inbox/targets/actions.py", "tell_of_late", "JOB_DISPATCH"): "promises that are broken; ids of workspaces only",
    ("outgoing/sending.py", "find_lanes", "JOB_DISPATCH"): "where something is due; gives ids only",
    ("outgoing/sending.py", "find_next", "JOB_DISPATCH"): "one instant, and nothing of the row",
    ("outgoing/forgetting.py", "forget_told", "MAINTENANCE"): "one statement that removes by age alone",
    ("workspaces/queries.py", "list_workspaces_of", "SIGN_IN"): "where a person belongs, before a scope is known",
    ("workspaces/queries.py", "list_memberships", "SIGN_IN"): "the same, for the switcher and each page's membership",
    ("workspaces/queries.py", "get_membership", "SIGN_IN"): "the same, for one address",
    ("workspaces/queries.py", "get_open_invitation", "SIGN_IN"): "whoever holds the link is not a member yet",
    ("workspaces/actions/workspaces.py", "create_workspace", "CREATE_WORKSPACE"): "its scope begins with it",
    ("workspaces/queries.py", "can_make_workspaces", "CREATE_WORKSPACE"): "whether there is any workspace at all",
    ("workspaces/visits.py", "list_ended", "SIGN_IN"): "who still belongs, for pages that are open for long",
    ("delivery/actions/holding.py", "hold_everything", "MAINTENANCE"): "the whole installation waits at once",
    ("cli/checks/database.py", "_held", "MAINTENANCE"): "doctor counts what is held back",
    ("cli/settle.py", "_held", "MAINTENANCE"): "the operator settles what is held back, workspace by workspace",
    ("channels/consenting.py", "find_workspace_of", "CONSENT"): "networks send people back with nothing but a state",
    ("channels/renewal.py", "list_due", "RENEW"): "one clock for all workspaces; it gives ids only",
    ("channels/renewal.py", "list_ending", "RENEW"): "the same",
    ("channels/migrations/0007_fill_grants.py", "fill", "MAINTENANCE"): "rows get their new shape",
    ("inbox/source.py", "prepare", "CLAIM"): "answers and acts of a batch that was claimed, as of posts",
    ("reading/claim.py", "_enter", "READ"): "the claim of what is to be read: one statement for all workspaces",
    (
        "reading/actions.py",
        "request_looks",
        "HOOK",
    ): "a hook names an account, not a workspace; it only sets when to look",
    (
        "delivery/actions/watching.py",
        "list_watched",
        "JOB_DISPATCH",
    ): "one clock for all workspaces; it gives ids only",
    (
        "content/actions/laws.py",
        "follow_laws",
        "MAINTENANCE",
    ): "a law about clocks concerns every workspace; ids and zones only",
    ("api/tokens.py", "find_bearer", "SIGN_IN"): "the token says which workspace",
    (
        "api/tokens.py",
        "list_tokens_of",
        "SIGN_IN",
    ): "a person's own, wherever, after a new password",
    ("cli/context.py", "acting", "SIGN_IN"): "the operator names workspace and person",
    ("cli/checks/database.py", "_sealed", "MAINTENANCE"): "doctor opens every credential once",
    ("config/jobs.py", "sweep", "MAINTENANCE"): "two statements that remove by age alone",
    ("delivery/engine/housekeeping.py", "tell_events", "CLAIM"): "finds ids; the events are told inside each scope",
    ("delivery/engine/housekeeping.py", "take_up_set_aside", "CLAIM"): "one statement that only sets when to tell",
    ("cli/checks/database.py", "_events", "MAINTENANCE"): "doctor counts what could not be told",
    ("publishing/migrations/0006_owned_and_workers.py", "give_to_one", "MAINTENANCE"): "rows get their new shape",
    ("delivery/engine/housekeeping.py", "wake_reconnected", "CLAIM"): "one statement that only sets when to look",
    ("delivery/files.py", "open_files", "CLAIM"): "one query for a batch; each file by its own workspace",
    ("publishing/source.py", "prepare", "CLAIM"): "one query for a batch; each variant by its own workspace",
    ("publishing/migrations/0010_fill_sources.py", "fill", "MAINTENANCE"): "rows get their new shape",
    ("delivery/engine/claim.py", "claim_ahead", "CLAIM"): "what can be staged before its time, of all workspaces",
    ("delivery/engine/claim.py", "claim_due", "CLAIM"): "the claim: one statement for all workspaces",
    ("delivery/engine/claim.py", "read_ready", "CLAIM"): "what is due soon, of all workspaces, read and not touched",
    ("delivery/engine/claim.py", "next_wake", "CLAIM"): "one instant, and nothing of the row",
    ("delivery/engine/claim.py", "take_over", "RECOVER"): "rows whose worker died, in whichever workspace",
    ("delivery/engine/journal.py", "_write", "CLAIM"): "writes what calls gave, by delivery id and fence",
    ("workspaces/migrations/0004_own_notices_and_mails.py", "bring_over", "MAINTENANCE"): "rows get their new shape",
}
"""Every place that may look across workspaces: file, function, purpose, and why."""


def test_every_table_of_ours_is_a_tenants_or_says_why_not() -> None:
    shared = {model.__name__ for model in OURS if not issubclass(model, TenantModel)}
    assert shared == set(SHARED)
    assert len(TENANT_MODELS) >= 20


@every_tenant_table
def test_every_question_outside_a_scope_is_refused(model: type[TenantModel], rival: Inhabited) -> None:
    for ask in (
        lambda: model.objects.count(),
        lambda: model.objects.first(),
        lambda: model._default_manager.filter(pk=rival.workspace.pk).exists(),
        lambda: model._default_manager.update(workspace=rival.workspace),
    ):
        with pytest.raises(UnscopedQuery):
            ask()
    # The manager that Django uses for related rows has no such guard; the database shows it nothing.
    assert model._base_manager.count() == 0


@every_tenant_table
def test_the_database_itself_hides_and_keeps_the_rows_of_others(
    model: type[TenantModel], acme: Inhabited, rival: Inhabited
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    with system_scope(SystemPurpose.MAINTENANCE), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE workspace_id = %s", [rival.workspace.id])
        assert cursor.fetchone()[0] > 0
    with workspace_scope(acme.workspace.id), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), count(*) FILTER (WHERE workspace_id <> %s) FROM {table}", [acme.workspace.id])
        seen, foreign = cursor.fetchone()
        assert seen > 0
        assert foreign == 0
        cursor.execute(f"UPDATE {table} SET workspace_id = %s WHERE workspace_id = %s",
                       [acme.workspace.id, rival.workspace.id])  # fmt: skip
        assert cursor.rowcount == 0
        cursor.execute(f"DELETE FROM {table} WHERE workspace_id = %s", [rival.workspace.id])
        assert cursor.rowcount == 0


@every_tenant_table
def test_a_row_cannot_be_pushed_into_another_workspace(
    model: type[TenantModel], acme: Inhabited, rival: Inhabited
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    with workspace_scope(acme.workspace.id):
        row = model.objects.first()
        assert row is not None
        refused = pytest.raises(ProgrammingError, match="row-level security")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET workspace_id = %s WHERE id = %s", [rival.workspace.id, row.pk])
        row.pk, row.workspace_id, row._state.adding = None, rival.workspace.id, True
        row.id = type(row)._meta.pk.get_default()
        with refused, transaction.atomic():
            row.save(force_insert=True)


@pytest.mark.parametrize("model", [*TENANT_MODELS, Workspace], ids=lambda model: model.__name__)
def test_row_level_security_is_forced_and_covers_every_command(model: type[models.Model], db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relrowsecurity, c.relforcerowsecurity, array_agg(p.polcmd::text), bool_and(p.polpermissive), "
            "bool_and(p.polroles = '{0}') FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid "
            "WHERE c.oid = %s::regclass GROUP BY c.oid",
            [model._meta.db_table],
        )
        # One policy, for every command ('*') and every role; without a check of its own, new rows meet it too.
        assert cursor.fetchone() == (True, True, ["*"], True, True)


def test_every_table_with_a_workspace_is_a_tenant_table(db: None) -> None:
    """A table that only SQL knows is protected like the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relforcerowsecurity FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "WHERE a.attname = 'workspace_id' AND c.relkind IN ('r', 'p') AND NOT a.attisdropped"
        )
        found = dict(cursor.fetchall())
    assert {model._meta.db_table for model in TENANT_MODELS} <= set(found)
    assert [table for table, forced in found.items() if not forced] == []


def test_the_application_cannot_lower_the_wall(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("kaja_app", False, False)
        with pytest.raises(ProgrammingError, match="owner"), transaction.atomic():
            cursor.execute("ALTER TABLE content_post DISABLE ROW LEVEL SECURITY")
        cursor.execute("SET row_security = off")
        with pytest.raises(ProgrammingError) as caught, transaction.atomic():
            cursor.execute("SELECT count(*) FROM content_post")
        assert isinstance(caught.value.__cause__, psycopg.errors.InsufficientPrivilege)
        cursor.execute("SET row_security = on")


def test_a_scope_ends_with_its_transaction(acme: Inhabited) -> None:
    """The next user of a pooled connection starts with nothing."""
    with workspace_scope(acme.workspace.id):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('kaja.workspace_id', true), current_setting('kaja.system_scope', true)")
        assert set(cursor.fetchone()) <= {"", None}


def _looks_across() -> set[tuple[str, str, str]]:
    """File, innermost function and purpose of every `SystemPurpose.X` in the source."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        if path.name == "scope.py" and path.parent.name == "tenancy":
            continue
        tree = ast.parse(path.read_text())
        spans = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "system_scope":
                assert isinstance(node.args[0], ast.Attribute), f"{path}:{node.lineno}: the purpose is written out"
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "SystemPurpose":
                inside = [s.name for s in spans if s.lineno <= node.lineno <= (s.end_lineno or 0)]
                found.add((str(path.relative_to(SOURCE)), inside[-1] if inside else "", node.attr))
    return found


def test_every_look_across_workspaces_is_known_and_every_purpose_is_used() -> None:
    found = _looks_across()
    assert found == set(LOOKS_ACROSS)
    assert {purpose for _, _, purpose in found} == {purpose.name for purpose in SystemPurpose}


def test_raw_settings_are_written_in_one_place() -> None:
    """What the policies read is set by the scope, through the one function that asks for the key."""
    writers = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if re.search(r"set_config\('kaja\.|SET (LOCAL )?kaja\.", path.read_text())
    }
    assert writers == {"kernel/tenancy/scope.py", "kernel/walls.py"}


def _layers() -> dict[str, int]:
    """Each room and how deep it lies; siblings lie equally deep."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lines = next(each for each in contracts if each["type"] == "layers")["layers"]
    return {room.strip(): depth for depth, line in enumerate(lines) for room in line.split("|")}


def test_foreign_keys_point_down_the_layers() -> None:
    order = _layers()

    def room(model: type[models.Model]) -> str:
        return next(layer for layer in order if model.__module__.startswith(layer + "."))

    checked = 0
    for model in OURS:
        for field in model._meta.get_fields():
            target: Any = getattr(field, "related_model", None)
            if not isinstance(field, models.ForeignKey) or not target.__module__.startswith("kaja."):
                continue
            checked += 1
            here, there = room(model), room(target)
            down = here == there or order[here] < order[there]
            assert down, f"{model.__name__}.{field.name} points up, or aside, to {target.__name__}"
    assert checked > 30


def test_no_table_links_tenants_behind_the_scope() -> None:
    """An automatic many-to-many table would have no workspace column, so no policy."""
    assert [m.__name__ for m in TENANT_MODELS if m._meta.many_to_many] == []
