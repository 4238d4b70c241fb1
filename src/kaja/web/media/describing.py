"""A file as the pages' scripts know it: just uploaded, standing in a post, or chosen from the library."""

from typing import Any

from django.urls import reverse

from kaja.media.models import Asset


def describe_asset(slug: str, asset: Asset) -> dict[str, Any]:
    """One file."""
    return {
        "id": str(asset.id),
        "kind": asset.kind,
        "filename": asset.filename,
        "alt": asset.alt,
        "width": asset.width,
        "height": asset.height,
        "duration": asset.duration,
        "url": reverse("media:file", args=[slug, asset.id]),
        "thumbnail": reverse("media:thumbnail", args=[slug, asset.id]),
    }
