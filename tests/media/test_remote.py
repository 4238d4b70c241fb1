"""Pictures from outside: fetched by us, decoded behind the border, small, kept, and never from a private address."""

import io
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from kaja.kernel import clock
from kaja.media.remote import AVATAR, NoPicture, fetch_picture, name_of
from kaja.media.renditions import sweep_renditions
from kaja.media.store import open_rendition_store
from kaja.workspaces.actor import make_system_actor
from tests.conformance.server import Reply
from tests.media.outside import Outside
from tests.media.pictures import gradient, save

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = make_system_actor("tests")


@pytest.fixture
def outside(settings: Any) -> Iterator[Outside]:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    server = Outside()
    yield server
    server.stop()


def test_a_picture_comes_small_without_what_was_in_it_and_is_asked_for_once(outside: Outside) -> None:
    here = uuid4()
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    address = outside.put("/a.jpg", save(gradient((800, 600)), "JPEG", exif=exif), "image/jpeg")
    first = fetch_picture(ACTOR, here, address, AVATAR)
    assert fetch_picture(ACTOR, here, address, AVATAR) == first
    assert outside.asked == ["/a.jpg"]
    with Image.open(io.BytesIO(first)) as shown:
        assert (shown.format, shown.size) == ("WEBP", (96, 72))
    assert b"where I live" not in first
    # Of another workspace nothing is known, and nothing is told.
    fetch_picture(ACTOR, uuid4(), address, AVATAR)
    assert outside.asked == ["/a.jpg", "/a.jpg"]


def test_an_animation_becomes_its_first_frame(outside: Outside) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    address = outside.put("/a.gif", save(frames[0], "GIF", save_all=True, append_images=frames[1:]), "image/gif")
    with Image.open(io.BytesIO(fetch_picture(ACTOR, uuid4(), address, AVATAR))) as shown:
        assert getattr(shown, "n_frames", 1) == 1
        red, _green, blue = shown.convert("RGB").getpixel((20, 20))  # type: ignore[misc]
        assert red > 200 > blue


@pytest.mark.parametrize(
    ("content", "mime", "status"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml", 200),
        (b"<html><script>alert(1)</script></html>", "image/png", 200),
        (b"", "image/png", 200),
        (b"gone", "text/plain", 410),
        (save(Image.new("1", (12_000, 9_000)), "PNG"), "image/png", 200),
    ],
    ids=["svg", "html", "empty", "gone", "more pixels than are decoded"],
)
def test_what_is_no_picture_is_none_and_is_not_asked_for_again_soon(
    outside: Outside, content: bytes, mime: str, status: int
) -> None:
    here, address = uuid4(), outside.put("/x", content, mime, status)
    for _ in range(2):
        with pytest.raises(NoPicture):
            fetch_picture(ACTOR, here, address, AVATAR)
    assert outside.asked == ["/x"]


def test_too_large_a_file_is_left(outside: Outside) -> None:
    address = outside.put("/x", save(gradient(), "PNG") + b"\0" * (11 * 1024 * 1024))
    with pytest.raises(NoPicture):
        fetch_picture(ACTOR, uuid4(), address, AVATAR)


def test_a_host_of_ours_is_asked_where_it_is_meant_only(outside: Outside, settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = []
    address = outside.put("/people/1.png", save(gradient(), "PNG"))
    with pytest.raises(NoPicture):
        fetch_picture(ACTOR, uuid4(), address, AVATAR)
    assert outside.asked == []
    assert fetch_picture(ACTOR, uuid4(), address, AVATAR, ["127.0.0.1"])
    assert outside.asked == ["/people/1.png"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "0x7f.1"])
def test_private_addresses_are_never_asked(outside: Outside, settings: Any, host: str) -> None:
    outside.put("/x", save(gradient(), "PNG"))
    settings.PRIVATE_HOSTS_ALLOWED = []
    port = outside.url.rpartition(":")[2]
    with pytest.raises(NoPicture):
        fetch_picture(ACTOR, uuid4(), f"http://{host}:{port}/x", AVATAR)
    assert outside.asked == []


def test_a_picture_leads_to_no_private_address(outside: Outside, settings: Any) -> None:
    outside.bodies["/x"] = Reply(302, b"", {"Location": "http://127.0.0.2:9/secret"})
    with pytest.raises(NoPicture):
        fetch_picture(ACTOR, uuid4(), outside.url + "/x", AVATAR)


def test_what_nobody_looked_at_for_a_month_is_swept(outside: Outside) -> None:
    here, address = uuid4(), outside.put("/a.png", save(gradient(), "PNG"))
    fetch_picture(ACTOR, here, address, AVATAR)
    store, name = open_rendition_store(), name_of(here, address, AVATAR)
    assert store.exists(name)
    old = clock.now().timestamp() - timedelta(days=31).total_seconds()
    os.utime(store.path(name), (old, old))
    sweep_renditions()
    assert not store.exists(name)
