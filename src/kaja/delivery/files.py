"""The files of many deliveries, whosever they are."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from kaja.delivery import problems
from kaja.delivery.frozen import Frozen
from kaja.kernel.problems import Problem, Refused
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.media.item import MediaItem
from kaja.media.models import Asset
from kaja.media.open import open_asset, parse_key, render_key
from kaja.networks.kit.content import Media

__all__ = ["Opened", "Place", "items_of", "open_files", "render_key"]

Place = tuple[UUID, UUID]
"""Workspace and delivery."""
Opened = Mapping[MediaItem, Media]


def items_of(frozen: Frozen) -> list[MediaItem]:
    """Uses of files in what is frozen."""
    return [parse_key(media.key, media.alt) for media in frozen.list_media()]


def open_files(wanted: Mapping[Place, Iterable[MediaItem]]) -> dict[Place, Opened | Problem]:
    """By delivery, or what is wrong with its files. The one query sees every workspace, so each file is asked for by
    its own."""
    wanted = {place: list(items) for place, items in wanted.items()}
    ids = {item.asset for items in wanted.values() for item in items}
    assets = {}
    if ids:
        with system_scope(SystemPurpose.CLAIM):
            assets = {(asset.workspace_id, asset.id): asset for asset in Asset.objects.filter(id__in=ids)}
    opened: dict[Place, Opened | Problem] = {}
    for place, items in wanted.items():
        try:
            opened[place] = {item: open_asset(assets[place[0], item.asset], item) for item in items}
        except Refused as refused:
            opened[place] = refused.problems[0]
        except (KeyError, OSError, ValueError) as error:
            opened[place] = problems.fill_params(problems.CONTENT_BROKE, error=type(error).__name__)
    return opened
