"""Which workspace the running code may see.

Two walls stand behind this: the manager (`TenantManager`) refuses a query outside a scope, and PostgreSQL's row-level
security hides other workspaces' rows even from raw SQL. Both read the scope that is entered here. The setting is local
to the transaction, so a pooled connection can never carry it into somebody else's request; only this code can enter
one, a statement that somebody injected cannot (`kernel/walls.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection, transaction

from kaja.kernel.walls import ENTER, IS_BUILT, make_scope_key


class SystemPurpose(StrEnum):
    """Every reason for which code may look across workspaces. A test holds this list against its uses."""

    SIGN_IN = "sign-in"
    CLAIM = "claim due deliveries"
    RECOVER = "take over deliveries whose lease ran out"
    MAINTENANCE = "operator's maintenance"
    CREATE_WORKSPACE = "create a workspace"
    JOB_DISPATCH = "find the workspace of a background job"
    READ = "claim what is due to be read"
    CONSENT = "find the workspace of a consent by its state"
    RENEW = "find consents that are to be renewed, or that end"
    HOOK = "find the channels that a network's hook speaks of"


class UnscopedQuery(RuntimeError):
    """A tenant table was queried outside any workspace scope: a bug, never a user's fault."""


_workspace: ContextVar[UUID | None] = ContextVar("kaja_workspace", default=None)
_system: ContextVar[SystemPurpose | None] = ContextVar("kaja_system", default=None)


def current_workspace_id() -> UUID | None:
    """The workspace of the entered scope, or None outside one (and inside a system scope)."""
    return _workspace.get()


def entered_workspace_id() -> UUID:
    """The same where code cannot run without one."""
    workspace_id = _workspace.get()
    if workspace_id is None:
        raise UnscopedQuery("this runs inside a workspace's scope")
    return workspace_id


def current_system_purpose() -> SystemPurpose | None:
    """The purpose of the entered system scope, or None."""
    return _system.get()


_PLAIN = "SELECT set_config('kaja.workspace_id', %s, true), set_config('kaja.system_scope', %s, true)"
_walls_built = False


def _set_local(workspace: UUID | None, system: SystemPurpose | None) -> None:
    global _walls_built
    scope = [str(workspace) if workspace else "", system.value if system else ""]
    connection.ensure_connection()
    # The driver's own cursor binds on the server; Django's would write the key into the statement, for all to see.
    bound = psycopg.Cursor(connection.connection)
    if not _walls_built:
        # Only migrations meet a database without the walls, as the owner, for whom the plain settings hold.
        _walls_built = bool(bound.execute(IS_BUILT).fetchone()[0])  # type: ignore[index]  # one row always
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(bound) as cursor:  # type: ignore[arg-type]  # any cursor of the driver will do
        if _walls_built:
            cursor.execute(ENTER, [*scope, enter_key()])
        else:
            cursor.execute(_PLAIN, scope)


def enter_key() -> str:
    """What the database asks for before it opens a scope; bound as a parameter, never part of a statement."""
    return make_scope_key(settings.SECRET_KEY)


@contextmanager
def _scope(workspace: UUID | None, system: SystemPurpose | None) -> Iterator[None]:
    before = (_workspace.get(), _system.get())
    nested = connection.in_atomic_block
    with transaction.atomic():
        _set_local(workspace, system)
        tokens = (_workspace.set(workspace), _system.set(system))
        try:
            yield
        finally:
            _workspace.reset(tokens[0])
            _system.reset(tokens[1])
        # Reached only without an exception: a rolled-back savepoint restores the setting by itself, and so does the
        # end of the transaction, which saves two messages to the database on every page.
        if nested:
            _set_local(*before)


@contextmanager
def workspace_scope(workspace_id: UUID) -> Iterator[None]:
    """Open a transaction that sees exactly one workspace. Scopes nest; leaving restores the outer one."""
    with _scope(workspace_id, None):
        yield


@contextmanager
def system_scope(purpose: SystemPurpose) -> Iterator[None]:
    """Open a transaction that sees every workspace, for one of the named purposes."""
    with _scope(None, purpose):
        yield
