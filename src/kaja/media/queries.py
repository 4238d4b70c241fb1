"""Reading what is known of files. Inside the workspace's scope."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Q

from kaja.kernel.pages import PAGE, Page, cut_page
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


def page_assets(text: str = "", kinds: Collection[str] = (), cursor: str = "", limit: int = PAGE) -> Page[Asset]:
    """The newest first, as far as their name or description has the text. Raises Refused for a cursor that is none."""
    rows = Asset.objects.filter(kind__in=kinds) if kinds else Asset.objects.all()
    if text:
        rows = rows.filter(Q(filename__icontains=text) | Q(alt__icontains=text))
    return cut_page(rows, ("-created_at", "-id"), cursor, limit)
