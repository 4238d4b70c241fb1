"""Reading what is known of files. Inside the workspace's scope."""

from collections.abc import Iterable
from uuid import UUID

from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.media.models import Asset


def get_asset(asset_id: UUID) -> Asset:
    """One file. Raises NotFound."""
    asset = Asset.objects.filter(id=asset_id).first()
    if asset is None:
        raise NotFound(
            Problem(
                code="asset_not_found",
                message=gettext_noop("There is no such file in this workspace."),
                fix=gettext_noop("Upload it first."),
            )
        )
    return asset


def list_assets(ids: Iterable[UUID]) -> list[Asset]:
    """Files by id; unknown ids are left out."""
    wanted = set(ids)
    return list(Asset.objects.filter(id__in=wanted)) if wanted else []
