"""Cut-outs of pictures: bounded, swept, made again, never in a backup."""

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image

from kaja.cli.archive import list_files
from kaja.kernel import outside
from kaja.kernel.clock import now
from kaja.kernel.outside import WaitsWithDatabase
from kaja.kernel.tenancy import workspace_scope
from kaja.media.crop import Crop
from kaja.media.item import MediaItem
from kaja.media.jobs import sweep
from kaja.media.models import Asset
from kaja.media.open import open_assets
from kaja.media.renditions import MOST, ensure_rendition, read_rendition, sweep_renditions
from kaja.media.store import open_rendition_store
from kaja.media.upload import upload_asset
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from tests import people
from tests.media.pictures import gradient, save
from tests.media.test_upload import upload
from tests.serving import pooled


@pytest.fixture
def asset(actor: Actor) -> Asset:
    return upload(actor, save(gradient(), "PNG"), "p.png")


def part(share: float) -> Crop:
    return Crop(x=0, y=0, width=share, height=1)


def folder_of(asset: Asset) -> Path:
    return Path(open_rendition_store().path(f"{asset.workspace_id}/{asset.id}"))


def test_nothing_is_cut_before_it_is_read(asset: Asset) -> None:
    item = MediaItem(asset=asset.id, crop=part(0.5))
    media = open_assets([item])[item]
    assert not folder_of(asset).exists()
    with Image.open(io.BytesIO(media.read())) as cut:
        assert cut.size == (media.width, media.height) == (80, 120)
    assert len(list(folder_of(asset).iterdir())) == 1


def test_one_picture_has_a_bounded_number_of_cut_outs(asset: Asset) -> None:
    names = []
    for number in range(MOST + 5):
        names.append(ensure_rendition(asset, part((number + 1) / 100)))
        os.utime(open_rendition_store().path(names[-1]), (1_000_000 + number,) * 2)
    kept = {path.name for path in folder_of(asset).iterdir()}
    assert kept == {name.rpartition("/")[2] for name in names[-MOST:]}, "the oldest went"


def test_what_nobody_asked_for_lately_is_swept_and_made_again(asset: Asset) -> None:
    old, young = ensure_rendition(asset, part(0.25)), ensure_rendition(asset, part(0.5))
    before = read_rendition(asset, part(0.25))
    long_ago = (now() - timedelta(days=31)).timestamp()
    os.utime(open_rendition_store().path(old), (long_ago, long_ago))
    former = asset.file.replace(".png", "-0123456789abcdef.png")  # where they stood once
    default_storage.save(former, ContentFile(b"x"))
    sweep.task.func(timestamp=0) if hasattr(sweep, "task") else sweep(timestamp=0)  # type: ignore[operator]
    assert not open_rendition_store().exists(old)
    assert open_rendition_store().exists(young)
    assert not default_storage.exists(former)
    assert default_storage.exists(asset.file)
    assert default_storage.exists(asset.thumbnail)
    assert read_rendition(asset, part(0.25)) == before


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_cut_out_holds_nothing_of_the_database(workspace: Workspace) -> None:
    """Cutting waits for its turn and for another process; a page of cut-outs would take all connections for that."""
    picture = io.BytesIO(save(gradient(), "PNG"))
    asset = upload_asset(people.actor(workspace), workspace.id, picture, "p.png", len(picture.getvalue()))
    with pooled(1):
        with workspace_scope(workspace.id):
            assert Asset.objects.get() == asset
        ensure_rendition(asset, part(0.5))
        assert connection.connection is None
        with workspace_scope(workspace.id), pytest.raises(WaitsWithDatabase):
            ensure_rendition(asset, part(0.25))
    outside.found.clear()


def test_a_cut_out_that_goes_while_others_are_counted_stops_nobody(asset: Asset) -> None:
    ensure_rendition(asset, part(0.5))
    for number in range(MOST):
        (folder_of(asset) / f"gone-{number}.png").symlink_to("nowhere")  # listed, and not there when it is looked at
    assert open_rendition_store().exists(ensure_rendition(asset, part(0.25)))
    assert sweep_renditions() == 0
    assert len(list(open_rendition_store().list_all(f"{asset.workspace_id}/{asset.id}/"))) == 2


def test_two_who_cut_the_same_make_one_whole_file(asset: Asset) -> None:
    name = ensure_rendition(asset, part(0.5))
    data = read_rendition(asset, part(0.5))
    assert open_rendition_store().save(name, ContentFile(data)) == name
    assert [path.name for path in folder_of(asset).iterdir()] == [name.rpartition("/")[2]]


def test_a_backup_holds_no_cut_outs(asset: Asset) -> None:
    ensure_rendition(asset, part(0.5))
    names = [name for name, _ in list_files(settings.HOME)]
    assert f"media/{asset.file}" in names
    assert not [name for name in names if "renditions" in name]
