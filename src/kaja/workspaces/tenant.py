"""The base of every table that belongs to one workspace."""

from typing import Any, ClassVar, Self

from django.db import models

from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import TenantManager, current_workspace_id


class TenantModel(models.Model):
    """A row of one workspace. A new row takes the workspace of the entered scope."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="+", editable=False)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.workspace_id is None:
            workspace_id = current_workspace_id()
            if workspace_id is None:
                raise RuntimeError(f"{type(self).__name__} was saved without a workspace and outside a scope")
            self.workspace_id = workspace_id
        super().save(*args, **kwargs)
