"""Links for networks that fetch files by themselves: what they lead to, and what stops them."""

import base64
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client, RequestFactory
from PIL import Image

from kaja.channels.vault import get_vault
from kaja.kernel.clock import now
from kaja.kernel.connections import release_connections
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.vault import KeyRing, Vault, VaultError
from kaja.media.crop import Crop
from kaja.media.item import MediaItem
from kaja.media.links import LONGEST, open_link, seal_link
from kaja.media.models import Asset
from kaja.media.open import open_assets
from kaja.media.renditions import parse_rules, render_rules
from kaja.media.serving import serve_file
from kaja.media.store import StoreAway, open_media_store
from kaja.media.store.folder import Folder
from kaja.media.upload import upload_asset
from kaja.media.views import AT_ONCE, FETCHES, fetch, readers
from kaja.networks.kit.image_rules import ImageRefused, ImageRules
from kaja.reach.models import Arrival
from kaja.workspaces.models import Workspace
from tests import people
from tests.media.pictures import gradient, save
from tests.media.test_upload import film
from tests.serving import Served, read_until, serve
from tests.waiting import wait_until

HOUR = timedelta(hours=1)
HALF = Crop(x=0, y=0, width=0.5, height=1)
JPEG = ImageRules(200_000, ("image/jpeg",))


@pytest.fixture(autouse=True)
def reachable(settings: Any) -> None:
    settings.BASE_URL, settings.REACHABLE = "https://kaja.bakery.ee", "yes"


def bring(workspace: Workspace, content: bytes, name: str) -> Asset:
    return upload_asset(people.actor(workspace), workspace.id, io.BytesIO(content), name, len(content))


@pytest.fixture
def picture(workspace: Workspace) -> Asset:
    return bring(workspace, save(gradient(), "PNG"), "door of the bakery.png")


def link(asset: Asset, crop: Crop | None = None, expires: timedelta = HOUR, rules: ImageRules | None = None) -> str:
    with workspace_scope(asset.workspace_id):
        item = MediaItem(asset=asset.id, crop=crop)
        media = open_assets([item])[item]
    url = media.public_url(expires, rules)
    assert url is not None
    base, _, path = url.partition("/files/")
    assert base == "https://kaja.bakery.ee"
    return f"/files/{path}"


def get(path: str, **headers: str) -> Any:
    return Client().get(path, headers=headers)


def body(answer: Any) -> bytes:
    return bytes(answer.getvalue())


def test_a_link_gives_the_file_and_says_nothing_of_whose_it_is(picture: Asset, workspace: Workspace) -> None:
    path = link(picture)
    for secret in ("acme", str(workspace.id), workspace.id.hex, str(picture.id), picture.id.hex, picture.sha256[:8]):
        assert secret not in path
    answer = get(path)
    with open_media_store().open(picture.file) as file:
        assert body(answer) == file.read()
    assert (answer.status_code, answer["Content-Type"], answer["Accept-Ranges"]) == (200, "image/png", "bytes")
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    assert "bakery" not in str(answer.headers), "not even the file's name"


def test_head_and_ranges(picture: Asset) -> None:
    path = link(picture)
    whole = body(get(path))
    head = Client().head(path)
    assert (head.status_code, head.content, int(head["Content-Length"])) == (200, b"", len(whole))
    etag = head["ETag"]
    for asked, first, last in (
        ("bytes=0-9", 0, 9),
        ("bytes=5-", 5, len(whole) - 1),
        ("bytes=-4", len(whole) - 4, len(whole) - 1),
        ("bytes=0-999999999", 0, len(whole) - 1),
    ):
        part = get(path, range=asked)
        assert (part.status_code, body(part)) == (206, whole[first : last + 1])
        assert part["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
        assert body(get(path, range=asked, **{"if-range": etag})) == whole[first : last + 1]
    assert body(get(path, range="bytes=0-9", **{"if-range": '"another"'})) == whole
    beyond = get(path, range=f"bytes={len(whole)}-")
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(whole)}")
    assert Client().post(path).status_code == 405
    assert readers.count == 0


def test_a_cut_out_and_a_picture_within_a_networks_rules(picture: Asset) -> None:
    cut = get(link(picture, HALF))
    with Image.open(io.BytesIO(body(cut))) as image:
        assert (image.format, image.size) == ("PNG", (80, 120))
    path = link(picture, HALF, rules=JPEG)
    assert path.endswith(".jpg")
    fitted = get(path)
    assert fitted["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(body(fitted))) as image:
        assert (image.format, image.size) == ("JPEG", (80, 120))
    assert get(path.replace(".jpg", ".png")).status_code == 404, "one link, one form"
    with pytest.raises(ImageRefused):
        link(picture, rules=ImageRules(10, ("image/jpeg",)))
    assert parse_rules(render_rules(JPEG)) == JPEG
    ratios = ImageRules(1, ("image/png", "image/webp"), 7, True, (0.8, 1.91))
    assert parse_rules(render_rules(ratios)) == ratios


def test_a_cut_out_that_was_swept_is_made_again(picture: Asset, settings: Any) -> None:
    path = link(picture, HALF, rules=JPEG)
    before = body(get(path))
    for made in Path(settings.HOME, "renditions", str(picture.workspace_id), str(picture.id)).iterdir():
        made.unlink()
    assert body(get(path)) == before


def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(picture: Asset, django_assert_num_queries: Any) -> None:
    path = link(picture)
    token = path.removeprefix("/files/").partition(".")[0]
    sealed = open_link(token)
    assert sealed is not None
    assert seal_link(sealed) != token, "each is sealed anew"
    flipped = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    other = Vault(KeyRing.generate("k1")).derive("media.link").seal(b"x" * 60, bound_to="media.link")
    wrong = {
        "changed": f"/files/{flipped}.png",
        "cut off": f"/files/{token[:-4]}.png",
        "longer": f"/files/{token}AAAA.png",
        "of another installation": f"/files/{base64.urlsafe_b64encode(other).decode().rstrip('=')}.png",
        "nonsense": f"/files/{'A' * 90}.png",
        "another spelling": f"/files/{token}=.png",
        "expired": f"/files/{seal_link(replace(sealed, expires=int(now().timestamp())))}.png",
    }
    seen = set()
    for name, address in wrong.items():
        with django_assert_num_queries(0):
            answer = get(address)
        if name != "another spelling":  # which is no address of ours at all
            seen.add((answer.status_code, answer.content, tuple(sorted(answer.headers.items()))))
        assert answer.status_code == 404, name
    with workspace_scope(picture.workspace_id):
        Asset.objects.filter(id=picture.id).update(sha256="0" * 64)
    replaced = get(path)
    with workspace_scope(picture.workspace_id):
        Asset.objects.filter(id=picture.id).delete()
    for answer in (replaced, get(path)):
        seen.add((answer.status_code, answer.content, tuple(sorted(answer.headers.items()))))
    assert len(seen) == 1


def test_a_file_that_is_gone_from_the_store_is_not_there(picture: Asset) -> None:
    path = link(picture)
    open_media_store().delete(picture.file)
    assert get(path).status_code == 404


def test_no_link_lasts_longer_than_a_week(picture: Asset) -> None:
    token = link(picture, expires=timedelta(days=365)).removeprefix("/files/").partition(".")[0]
    opened = open_link(token)
    assert opened is not None
    assert opened.expires <= (now() + LONGEST).timestamp() + 1


def test_a_new_key_seals_and_an_old_one_opens_until_it_leaves_the_ring(
    picture: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = KeyRing.generate("old"), KeyRing.generate("new")
    monkeypatch.setenv("KAJA_KEYS", old.render())
    before = link(picture)
    monkeypatch.setenv("KAJA_KEYS", KeyRing({**old.keys, **new.keys}).render())
    assert get(before).status_code == 200
    after = link(picture)
    monkeypatch.setenv("KAJA_KEYS", new.render())
    assert [get(path).status_code for path in (before, after)] == [404, 200]


def test_links_are_sealed_with_keys_of_their_own() -> None:
    """What strangers see by the thousand is not made with the key that seals credentials."""
    vault = get_vault()
    sealed = vault.derive("media.link").seal(b"x", bound_to="media.link")
    for other in (vault, vault.derive("something else")):
        with pytest.raises(VaultError):
            other.open(sealed, bound_to="media.link")
    assert vault.derive("media.link").open(sealed, bound_to="media.link") == b"x"


def test_without_a_way_in_there_is_no_link(picture: Asset, settings: Any) -> None:
    with workspace_scope(picture.workspace_id):
        item = MediaItem(asset=picture.id)
        media = open_assets([item])[item]
    for stated, address, given in (
        ("no", "https://kaja.bakery.ee", False),
        ("auto", "http://localhost:8000", False),
        ("auto", "https://kaja.bakery.ee", True),  # nobody knows; a network that comes will prove it
        ("yes", "http://localhost:8000", True),
    ):
        settings.REACHABLE, settings.BASE_URL = stated, address
        assert (media.public_url(HOUR) is not None) is given, (stated, address)


def test_each_caller_has_so_many_fetches(picture: Asset) -> None:
    path = link(picture)
    assert get(path).status_code == 200
    with connection.cursor() as cursor:  # all of them are used
        cursor.execute(
            "UPDATE kernel_bucket SET used_until = statement_timestamp() + room * 2 WHERE purpose = %s",
            [FETCHES.purpose],
        )
    answer = get(path)
    assert (answer.status_code, int(answer["Retry-After"]) >= 1) == (429, True)
    assert Client(REMOTE_ADDR="203.0.113.9").get(path).status_code == 200


def test_a_fetch_from_outside_proves_that_we_can_be_reached(picture: Asset, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    path = link(picture)
    caller = Client(REMOTE_ADDR="93.184.215.14", headers={"host": "kaja.bakery.ee"})
    caller.get(path.replace("/files/A", "/files/B"), secure=True)
    caller.get(path[:-10] + "AAAAAA.png", secure=True)
    assert not Arrival.objects.exists(), "a link that is not ours proves nothing"
    assert caller.get(path, secure=True).status_code == 200
    assert Arrival.objects.get().by == "file"


@pytest.fixture
def served(transactional_db: None) -> Iterator[Served]:
    with serve(1) as server:
        yield server


@pytest.fixture
def large(workspace: Workspace) -> Asset:
    """A film, made of noise to its end, so that each place of it is told from the others."""
    asset = bring(workspace, film(), "film.mp4")
    with workspace_scope(workspace.id):
        Asset.objects.filter(id=asset.id).update(size=30_000_000)
    open_media_store().delete(asset.file)
    open_media_store().save(asset.file, ContentFile(os.urandom(30_000_000)))
    release_connections()
    return asset


@pytest.mark.django_db(transaction=True)
def test_slow_readers_of_a_film_hold_no_connection_to_the_database(large: Asset, served: Served) -> None:
    path = link(large)
    release_connections()
    lines = [served.open(None, path) for _ in range(5)]  # the pool has one connection
    for line in lines:
        assert b"HTTP/1.1 200" in read_until(line, b"\r\n\r\n")
    assert readers.count == 5
    assert served.ask(None, "/readyz")[0] == 200
    for line in lines:
        line.close()
    wait_until(lambda: readers.count == 0)


@pytest.mark.django_db(transaction=True)
def test_a_range_of_a_film_is_given_whole(large: Asset, served: Served) -> None:
    path = link(large)
    release_connections()
    status, answer = served.ask(None, path, headers="Range: bytes=1000000-20999999\r\n")
    with open_media_store().open(large.file) as file:
        file.seek(1_000_000)
        assert status == 206
        assert answer.partition(b"\r\n\r\n")[2] == file.read(20_000_000)


@pytest.mark.django_db(transaction=True)
def test_more_than_so_many_readers_are_asked_to_come_again(large: Asset, served: Served) -> None:
    path = link(large)
    release_connections()
    for _ in range(AT_ONCE):
        assert readers.come()
    try:
        status, answer = served.ask(None, path)
        assert status == 503
        assert b"retry-after" in answer.lower()
    finally:
        for _ in range(AT_ONCE):
            readers.go()
    assert readers.count == 0


@pytest.mark.django_db(transaction=True)
def test_who_goes_before_the_first_byte_takes_no_place_along(large: Asset, served: Served) -> None:
    """Else so many who only knock would keep everybody out, until Kaja is started again."""
    path = link(large)
    release_connections()
    for _ in range(30):
        served.open(None, path).close()
    assert served.ask(None, "/readyz")[0] == 200
    wait_until(lambda: readers.count == 0)


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_nobody_reads_gives_its_place_and_its_file_back(large: Asset) -> None:
    answer = fetch(RequestFactory().get("/"), *link(large).removeprefix("/files/").rsplit(".", 1))
    assert (answer.status_code, answer.streaming, readers.count) == (200, True, 1)
    answer.close()
    assert readers.count == 0
    answer = fetch(RequestFactory().get("/"), *link(large).removeprefix("/files/").rsplit(".", 1))
    assert readers.count == 1
    del answer  # the server drops it when the one who asked is gone by then
    assert readers.count == 0


class _Silent(io.BytesIO):
    """A file of a store that is lost while it is read."""

    size = 100

    def read(self, size: int | None = -1) -> bytes:
        raise StoreAway("silent")


class _Losing(Folder):
    def open(self, name: str, mode: str = "rb") -> Any:
        return _Silent()


def test_a_store_that_is_lost_while_a_small_file_is_read_gives_the_place_back_once() -> None:
    """Who raises has not given it back: the view does, and a second time would let one reader more in for each."""
    done: list[int] = []
    with pytest.raises(StoreAway):
        serve_file(RequestFactory().get("/"), _Losing(), "x.png", "image/png", done=lambda: done.append(1))
    assert done == []
