"""Kaja with its files in a bucket: brought, shown, cut, sent; and what is said while the bucket is away."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from kaja.content.actions import create_post
from kaja.content.document import Document, PartDocument
from kaja.kernel.clock import now
from kaja.kernel.connections import release_connections
from kaja.kernel.tenancy import workspace_scope
from kaja.media.crop import Crop
from kaja.media.item import MediaItem
from kaja.media.models import Asset
from kaja.media.open import open_assets
from kaja.media.renditions import sweep_renditions
from kaja.media.store import StoreAway, open_media_store, open_rendition_store
from kaja.media.stored import FilesAway
from kaja.media.upload import upload_asset
from kaja.networks.kit.egress import NotSent
from kaja.publishing.actions import schedule_post
from kaja.web.media.addresses import media_url
from kaja.workspaces.models import Workspace
from tests import people
from tests.media.pictures import gradient, save
from tests.media.test_upload import film
from tests.ports import free_port
from tests.practice.running import PracticeServer
from tests.publishing.conftest import practice, running
from tests.publishing.delivering import ACTOR, connect_practice, deliveries_of, running_engine, wait_for_states
from tests.realnet.servers.swift import Swift
from tests.waiting import wait_until

__all__ = ["practice", "running"]
pytestmark = [pytest.mark.realnet, pytest.mark.django_db(transaction=True)]
HALF = Crop(x=0, y=0, width=0.5, height=1)


class Where:
    """The bucket in the settings, which can go away and come back."""

    def __init__(self, swift: Swift, settings: Any) -> None:
        self._settings, self._endpoint = settings, swift.endpoint
        self._options = {
            "bucket": swift.make_bucket(), "access_key": swift.access_key, "secret_key": swift.secret_key,
        }  # fmt: skip
        self.back()

    def _use(self, endpoint: str) -> None:
        of = {**self._options, "endpoint": endpoint}
        self._settings.STORAGES = {
            **self._settings.STORAGES,
            "default": {"BACKEND": "kaja.media.store.bucket.Bucket", "OPTIONS": {**of, "area": "media"}},
            "renditions": {"BACKEND": "kaja.media.store.bucket.Bucket", "OPTIONS": {**of, "area": "renditions"}},
        }

    def back(self) -> None:
        self._use(self._endpoint)

    def away(self) -> None:
        self._use(f"http://127.0.0.1:{free_port()}")


@pytest.fixture
def where(swift: Swift, settings: Any) -> Iterator[Where]:
    yield Where(swift, settings)
    release_connections()


def bring(workspace: Workspace, content: bytes, name: str) -> Asset:
    return upload_asset(people.actor(workspace), workspace.id, io.BytesIO(content), name, len(content), "A door")


def shown(workspace: Workspace, address: str, **headers: str) -> Any:
    return people.browser(workspace).get(address, headers=headers)


def test_files_are_brought_shown_cut_and_swept(workspace: Workspace, where: Where) -> None:
    picture = bring(workspace, save(gradient(), "PNG"), "door.png")
    video = bring(workspace, film(), "film.mp4")
    with open_media_store().open(video.file) as file:
        whole = file.read()
    page = shown(workspace, media_url("acme", MediaItem(asset=video.id)), range="bytes=100-199")
    assert (page.status_code, page.getvalue()) == (206, whole[100:200])
    assert shown(workspace, media_url("acme", MediaItem(asset=picture.id), thumbnail=True)).status_code == 200
    cut = shown(workspace, media_url("acme", MediaItem(asset=picture.id, crop=HALF)))
    with Image.open(io.BytesIO(cut.getvalue())) as image:
        assert image.size == (80, 120)
    assert len(list(open_rendition_store().list_all())) == 1
    assert sweep_renditions() == 0, "it is young"
    again = bring(workspace, save(gradient(), "PNG"), "the same.png")
    assert again.id == picture.id
    assert len(list(open_media_store().list_all())) == 4, "of a second one nothing stays in the bucket"


def test_while_the_bucket_is_away_it_is_said_and_nothing_is_lost(workspace: Workspace, where: Where) -> None:
    picture = bring(workspace, save(gradient(), "PNG"), "door.png")
    address = media_url("acme", MediaItem(asset=picture.id))
    with workspace_scope(workspace.id):
        item = MediaItem(asset=picture.id)
        media = open_assets([item])[item]
    where.away()
    answer = shown(workspace, address)
    assert answer.status_code == 503
    assert b"does not answer at the moment" in answer.content
    with pytest.raises(FilesAway) as refused:
        bring(workspace, save(gradient((50, 50)), "PNG"), "other.png")
    assert refused.value.status == 503
    with pytest.raises(NotSent):
        media.read()
    with pytest.raises(StoreAway):
        media.open()
    with workspace_scope(workspace.id):
        assert Asset.objects.count() == 1, "no row of what did not arrive"
    where.back()
    assert shown(workspace, address).status_code == 200
    assert bring(workspace, save(gradient((50, 50)), "PNG"), "other.png").filename == "other.png"


def test_a_delivery_waits_for_a_bucket_that_is_away(
    workspace: Workspace, where: Where, practice: PracticeServer
) -> None:
    picture = bring(workspace, save(gradient(), "PNG"), "door.png")
    channel = connect_practice(practice, workspace, "bakery")
    where.away()
    with workspace_scope(workspace.id):
        document = Document(parts=(PartDocument(text="Look", media=(MediaItem(asset=picture.id),)),))
        post = create_post(ACTOR, document, [channel.id])
        schedule_post(ACTOR, post, now())
    release_connections()
    with running_engine():
        wait_until(
            lambda: any(
                (row.problem or {}).get("code") == "media_storage_away" for row in deliveries_of(workspace, post)
            )
        )
        where.back()
        wait_for_states(workspace, post, "sent")
    assert len(practice.truth("bakery")) == 1


def test_links_of_a_bucket_that_everybody_finds_are_its_own(workspace: Workspace, where: Where, settings: Any) -> None:
    picture = bring(workspace, save(gradient(), "PNG"), "door.png")
    for each in settings.STORAGES["default"], settings.STORAGES["renditions"]:
        each["OPTIONS"]["public"] = "yes"
    settings.STORAGES = {**settings.STORAGES}
    with workspace_scope(workspace.id):
        media = open_assets([item := MediaItem(asset=picture.id, crop=HALF)])[item]
    url = media.public_url(timedelta(hours=1))
    assert url is not None
    assert "X-Amz-Signature=" in url
    assert "/renditions/" in url
