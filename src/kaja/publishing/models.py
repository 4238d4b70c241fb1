"""What joins posts to their deliveries, and wishes to change what stands on a network."""

from typing import Any, ClassVar

from django.db import models

from kaja.content.models import Variant
from kaja.delivery.models import CHANGES, Delivery, Publication
from kaja.kernel.tenancy import TenantManager
from kaja.workspaces.tenant import TenantModel

__all__ = ["CHANGES", "POST", "PostDelivery", "RemoteChange"]

POST = "post"
"""The kind of source that a post's variant is."""


class VariantLink(models.ForeignObject):  # type: ignore[type-arg]  # generic for the checker only
    """From a delivery to its variant, without a column and without a constraint: the row below knows only an id."""

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False, **options: Any) -> None:
        super().contribute_to_class(cls, name, private_only=True, **options)


class _OfPosts(TenantManager["PostDelivery"]):
    def get_queryset(self) -> "models.QuerySet[PostDelivery]":
        return super().get_queryset().filter(source_kind=POST)


class PostDelivery(Delivery):
    """A delivery of a post, joined to the post's variant. The same rows."""

    variant = VariantLink(
        Variant, on_delete=models.DO_NOTHING, from_fields=["source_id"], to_fields=["id"], related_name="+"
    )

    objects: ClassVar[TenantManager["PostDelivery"]] = _OfPosts()

    class Meta:
        proxy = True


class RemoteChange(TenantModel):
    """A wish to edit or delete what stands on the network; repeating it does no harm, so a job carries it out."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10)  # one of CHANGES
    content = models.JSONField(null=True)
    state = models.CharField(max_length=10, default="wanted")  # wanted, done, failed
    problem = models.JSONField(null=True)
    requested_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
