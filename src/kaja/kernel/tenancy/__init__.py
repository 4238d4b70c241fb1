"""Tenancy: one workspace at a time, enforced by the manager and by PostgreSQL."""

from kaja.kernel.tenancy.again import is_to_repeat, run_in_workspace
from kaja.kernel.tenancy.models import TenantManager
from kaja.kernel.tenancy.rls import ProtectTenantTable
from kaja.kernel.tenancy.scope import (
    SystemPurpose,
    UnscopedQuery,
    current_system_purpose,
    current_workspace_id,
    enter_key,
    entered_workspace_id,
    system_scope,
    workspace_scope,
)

__all__ = [
    "ProtectTenantTable",
    "SystemPurpose",
    "TenantManager",
    "UnscopedQuery",
    "current_system_purpose",
    "current_workspace_id",
    "enter_key",
    "entered_workspace_id",
    "is_to_repeat",
    "run_in_workspace",
    "system_scope",
    "workspace_scope",
]
