"""The manager of every table that belongs to a workspace."""

from typing import TypeVar

from django.db import models

from kaja.kernel.tenancy.scope import UnscopedQuery, current_system_purpose, current_workspace_id

M = TypeVar("M", bound=models.Model)


class TenantManager(models.Manager[M]):
    """Shows only the rows of the entered scope, and refuses to answer outside one."""

    def get_queryset(self) -> models.QuerySet[M]:
        rows = super().get_queryset()
        workspace_id = current_workspace_id()
        if workspace_id is not None:
            return rows.filter(workspace_id=workspace_id)
        if current_system_purpose() is not None:
            return rows
        raise UnscopedQuery(f"{self.model.__name__} was queried outside a workspace scope")
