"""A network that fetches pictures and films by itself, over real HTTP: Kaja's own server, the practice network, the
engine, and a link between them."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from PIL import Image

from kaja.channels.models import Channel
from kaja.content.actions import create_post
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post
from kaja.kernel.clock import now
from kaja.kernel.connections import release_connections
from kaja.kernel.models import Bucket
from kaja.kernel.tenancy import workspace_scope
from kaja.media.item import MediaItem
from kaja.media.models import Asset
from kaja.media.store import open_media_store
from kaja.media.upload import upload_asset
from kaja.media.views import FETCHES
from kaja.publishing.actions import schedule_post
from kaja.reach.models import Arrival
from kaja.workspaces.models import Workspace
from tests import people
from tests.media.pictures import gradient, noise, save
from tests.media.test_upload import film
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, running_engine, wait_for_states
from tests.serving import Served, serve

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served(transactional_db: None, settings: Any) -> Iterator[Served]:
    """This Kaja, at an address where the practice network reaches it."""
    with serve(16) as server:  # the engine of the test has threads with connections of its own
        settings.BASE_URL, settings.REACHABLE = f"http://127.0.0.1:{server.port}", "yes"
        yield server


def bring(workspace: Workspace, content: bytes, name: str) -> Asset:
    return upload_asset(people.actor(workspace), workspace.id, io.BytesIO(content), name, len(content), "A door")


def plan(workspace: Workspace, channel: Channel, asset: Asset) -> Post:
    with workspace_scope(workspace.id):
        document = Document(parts=(PartDocument(text="Look", media=(MediaItem(asset=asset.id),)),))
        post = create_post(ACTOR, document, [channel.id])
        schedule_post(ACTOR, post, now())
    release_connections()
    return post


def send(practice: PracticeServer, workspace: Workspace, asset: Asset, kind: str = "plain") -> bytes:
    """The file as it stands on the network after the post is out."""
    channel = connect_practice(practice, workspace, "bakery", kind)
    post = plan(workspace, channel, asset)
    with running_engine():
        wait_for_states(workspace, post, "sent")
    token = practice.account("bakery", kind)
    [told] = practice.call("GET", "/api/v1/account/posts", token=token).json()["posts"]
    [medium] = told["media"]
    assert medium["alt"] == "A door"
    return practice.call("GET", medium["url"].removeprefix(practice.url)).content


def was_fetched() -> bool:
    """Whether somebody came with a link."""
    return Bucket.objects.filter(purpose=FETCHES.purpose).exists()


@pytest.mark.parametrize("kind", ["plain", "staged"])
def test_the_network_fetches_a_picture_in_ranges(
    served: Served, practice: PracticeServer, workspace: Workspace, kind: str
) -> None:
    picture = bring(workspace, save(noise((800, 600)), "PNG"), "door.png")
    assert picture.size > 300_000, "more than one piece"
    kept = send(practice, workspace, picture, kind)
    assert was_fetched()
    with Image.open(io.BytesIO(kept)) as there:
        assert there.size == (800, 600)
    assert not Arrival.objects.exists(), "a network on this machine proves nothing"


def test_the_network_fetches_a_film(served: Served, practice: PracticeServer, workspace: Workspace) -> None:
    asset = bring(workspace, film(), "film.mp4")
    with open_media_store().open(asset.file) as file:
        assert send(practice, workspace, asset) == file.read()
    assert was_fetched()


def test_what_the_network_cannot_fetch_is_sent(
    served: Served, practice: PracticeServer, workspace: Workspace, settings: Any
) -> None:
    """The operator said that we can be reached, and from there we cannot."""
    settings.BASE_URL = "http://127.0.0.1:1"
    kept = send(practice, workspace, bring(workspace, save(gradient(), "PNG"), "door.png"))
    with Image.open(io.BytesIO(kept)) as there:
        assert there.size == (160, 120)
    assert not was_fetched()


def test_where_nobody_reaches_us_nothing_is_to_be_fetched(
    served: Served, practice: PracticeServer, workspace: Workspace, settings: Any
) -> None:
    settings.REACHABLE = "auto"
    assert django_settings.BASE_URL.startswith("http://")
    assert send(practice, workspace, bring(workspace, save(gradient(), "PNG"), "door.png"))
    assert not was_fetched()
