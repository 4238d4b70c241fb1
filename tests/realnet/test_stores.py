"""Every store of files keeps the same promises: a folder, and a bucket of a real S3 (OpenStack Swift)."""

import io
import os
import random
import socket
import threading
import tracemalloc
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction

from kaja.config import environment
from kaja.kernel import outside
from kaja.kernel.outside import WaitsWithDatabase
from kaja.media.store.bucket import PART, Bucket
from kaja.media.store.contract import Store, StoreAway
from kaja.media.store.folder import DRAFT, Folder
from tests.ports import free_port
from tests.realnet.proxy import proxy_to
from tests.realnet.servers.swift import Swift
from tests.serving import pooled
from tests.waiting import wait_until

pytestmark = pytest.mark.realnet


def bucket_of(swift: Swift, **more: Any) -> Bucket:
    wanted = {"bucket": "", "access_key": swift.access_key, "secret_key": swift.secret_key, "endpoint": swift.endpoint}
    return Bucket(**{**wanted, "prefix": "our/files", **more})


@pytest.fixture(scope="module")
def bucket(swift: Swift) -> Bucket:
    return bucket_of(swift, bucket=swift.make_bucket())


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Folder(location=tmp_path / "media")
    found: Bucket = request.getfixturevalue("bucket")
    return found


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return f"{os.urandom(8).hex()}/a file — é.bin"


class Slowly(io.RawIOBase):
    """A film that is not in memory: `size` bytes, different everywhere; breaks at `breaks`."""

    def __init__(self, size: int, breaks: int | None = None) -> None:
        self.size, self._at, self._breaks = size, 0, breaks

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset if whence == 0 else self.size + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        size = self.size - self._at if size is None or size < 0 else min(size, self.size - self._at)
        if self._breaks is not None and self._at + size > self._breaks:
            raise OSError("the disk broke")
        block = piece_at(self._at, size)
        self._at += size
        return block


PATTERN = random.Random(9).randbytes(1_000_003)


def piece_at(at: int, size: int) -> bytes:
    """What stands there: nowhere near it the same."""
    first = at % len(PATTERN)
    return (PATTERN * (2 + size // len(PATTERN)))[first : first + size]


def film(size: int, breaks: int | None = None) -> "File[bytes]":
    file: File[bytes] = File(Slowly(size, breaks), "film.mp4")  # type: ignore[arg-type]
    file.size = size
    return file


def test_what_is_saved_is_read_from_any_place(store: Store, name: str) -> None:
    content = os.urandom(300_000)
    assert store.save(name, ContentFile(content)) == name
    assert store.exists(name)
    assert store.size(name) == len(content)
    with store.open(name) as file:
        assert file.size == len(content)
        assert file.read() == content
        file.seek(1000)
        assert file.read(10) == content[1000:1010]
        assert file.read(10) == content[1010:1020]
        file.seek(len(content))
        assert file.read(5) == b""
    age = datetime.now(UTC) - store.get_modified_time(name)
    assert abs(age) < timedelta(minutes=5)


def test_the_newest_stands_under_exactly_its_name(store: Store, name: str) -> None:
    for content in (b"one", b"another, longer one", b"3"):
        assert store.save(name, ContentFile(content)) == name
    with store.open(name) as file:
        assert file.read() == b"3"


def test_an_empty_file_is_a_file(store: Store, name: str) -> None:
    store.save(name, ContentFile(b""))
    with store.open(name) as file:
        assert (file.size, file.read()) == (0, b"")


def test_what_is_not_there_is_missing_and_deleted(store: Store, name: str) -> None:
    assert not store.exists(name)
    for ask in (store.size, store.open, store.get_modified_time):
        with pytest.raises(FileNotFoundError):
            ask(name)
    store.delete(name)
    store.save(name, ContentFile(b"x"))
    store.delete(name)
    assert not store.exists(name)


def test_lists_tell_whole_files_below_a_folder(store: Store, name: str) -> None:
    folder = name.partition("/")[0]
    for each in (f"{folder}/b/two", f"{folder}/one", f"{folder}x/three"):
        store.save(each, ContentFile(each.encode()))
    found = {entry.name: entry.size for entry in store.list_all(f"{folder}/")}
    assert found == {f"{folder}/b/two": len(folder) + 6, f"{folder}/one": len(folder) + 4}
    assert store.listdir(folder) == (["b"], ["one"])
    assert set(found) < {entry.name for entry in store.list_all()}
    assert list(store.list_all(f"{folder}/nothing/")) == []


def test_a_film_is_written_and_read_in_pieces(store: Store, name: str) -> None:
    """Of 60 MB at most a few parts are in the memory that Python counts."""
    size = 60_000_000
    tracemalloc.start()
    try:
        store.save(name, film(size))
        with store.open(name) as file:
            for at in (0, 12_345_678, size - 50):
                file.seek(at)
                assert file.read(50) == piece_at(at, 50)
            file.seek(0)
            total = 0
            while block := file.read(256 * 1024):
                assert block == piece_at(total, len(block))
                total += len(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == size
    assert peak < 5 * PART


def test_half_a_file_is_none_and_may_be_sent_again(store: Store, name: str) -> None:
    size = 3 * PART
    for breaks in (1000, 2 * PART + 1000):
        with pytest.raises(OSError, match="the disk broke"):
            store.save(name, film(size, breaks))
        assert not store.exists(name)
        assert list(store.list_all(f"{name.partition('/')[0]}/")) == []
    store.save(name, film(size))
    assert store.size(name) == size


def test_a_file_that_breaks_leaves_the_one_before_it(store: Store, name: str) -> None:
    store.save(name, ContentFile(b"as it was"))
    with pytest.raises(OSError, match="the disk broke"):
        store.save(name, film(2 * PART, PART + 5))
    with store.open(name) as file:
        assert file.read() == b"as it was"


def test_two_who_save_the_same_leave_one_whole_file(store: Store, name: str) -> None:
    size, troubles = 2 * PART + 17, []

    def save() -> None:
        try:
            store.save(name, film(size))
        except Exception as error:  # noqa: BLE001 - said below
            troubles.append(error)

    threads = [threading.Thread(target=save) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    with store.open(name) as file:
        file.seek(size - 9)
        assert file.read() == piece_at(size - 9, 9)
    assert len(list(store.list_all(f"{name.partition('/')[0]}/"))) == 1


def test_an_upload_that_is_on_the_disk_is_taken_from_there(store: Store, name: str) -> None:
    with TemporaryUploadedFile("film.mp4", "video/mp4", 5, None) as upload:
        upload.write(b"hello")
        upload.seek(0)
        store.save(name, upload)
        with store.open(name) as file:
            assert file.read() == b"hello"


def test_a_link_of_the_store_is_for_the_one_file_and_has_an_end(swift: Swift, bucket: Bucket, name: str) -> None:
    public = bucket_of(swift, bucket=bucket.bucket, public="yes")
    public.save(name, ContentFile(b"0123456789"))
    address = public.public_url(name, timedelta(hours=1))
    assert address is not None
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"0123456789"
    ranged = urllib.request.Request(address, headers={"Range": "bytes=2-4"})
    with urllib.request.urlopen(ranged) as answer:
        assert (answer.status, answer.read()) == (206, b"234")
    over = public.public_url(name, timedelta(seconds=1))
    assert over is not None
    wait_until(lambda: status_of(over) == 403)
    for wrong in (address.replace(".bin", ".txt"), address[:-4] + "0000"):
        assert status_of(wrong) == 403
    public.delete(name)
    assert status_of(address) == 404


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_only_an_address_that_everybody_finds_gives_links(swift: Swift) -> None:
    assert Folder(location="/nowhere").public_url("x", timedelta(1)) is None
    assert bucket_of(swift, bucket="b").is_public() is False, "no https"
    assert bucket_of(swift, bucket="b", endpoint="https://127.0.0.1").is_public() is False
    assert bucket_of(swift, bucket="b", endpoint="https://127.0.0.1", public="yes").is_public() is True
    assert bucket_of(swift, bucket="b", endpoint="").is_public() is True, "Amazon's own"
    assert bucket_of(swift, bucket="b", endpoint="", public="no").is_public() is False


@pytest.mark.parametrize(
    ("wrong", "why", "detail"),
    [
        ({"secret_key": "guessed"}, "refused", "SignatureDoesNotMatch"),
        ({"access_key": "nobody"}, "refused", ""),
        ({"access_key": "kaja:reader"}, "refused", "AccessDenied"),
        ({"bucket": "no-such-bucket"}, "no_bucket", "NoSuchBucket"),
        ({"endpoint": f"http://127.0.0.1:{free_port()}"}, "silent", ""),
        ({"endpoint": "http://no-such-host.invalid"}, "silent", ""),
    ],
)
def test_whatever_is_wrong_with_the_bucket_is_said(
    swift: Swift, bucket: Bucket, wrong: dict[str, str], why: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kaja.media.store.bucket.RETRY_SECONDS", 1)
    broken = bucket_of(swift, **{"bucket": bucket.bucket, **wrong})
    with pytest.raises(StoreAway) as away:
        broken.save("x", ContentFile(b"x"))
    assert away.value.why == why
    assert detail in away.value.detail
    with pytest.raises(StoreAway if why != "no_bucket" else OSError):
        broken.open("x")


def test_a_bucket_that_takes_calls_and_stays_silent_is_given_up(
    swift: Swift, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECONDS", "PART_SECONDS", "RETRY_SECONDS"):
        monkeypatch.setattr(f"kaja.media.store.bucket.{name}", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = bucket_of(swift, bucket=bucket.bucket, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        for ask in (lambda: slow.size("x"), lambda: slow.save("x", ContentFile(b"x")), lambda: list(slow.list_all())):
            with pytest.raises(StoreAway) as away:
                ask()
            assert away.value.why == "silent"


def test_a_lost_answer_to_a_part_or_a_file_is_asked_for_again(swift: Swift, bucket: Bucket, name: str) -> None:
    with proxy_to(swift.endpoint) as proxy:
        through = bucket_of(swift, bucket=bucket.bucket, endpoint=proxy.url)
        proxy.lose(f"PUT /{bucket.bucket}/")
        through.save(name, ContentFile(b"hello"))
        assert len(proxy.lost) == 1
        with bucket.open(name) as file:
            assert file.read() == b"hello"
        proxy.lose(f"PUT /{bucket.bucket}/")
        through.save(name, film(2 * PART))
        assert len(proxy.lost) == 2
        assert bucket.size(name) == 2 * PART
        proxy.lose(f"GET /{bucket.bucket}/")
        with through.open(name) as file:
            assert file.read(16) == piece_at(0, 16)
        assert len(proxy.lost) == 3


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_the_bucket_holds_nothing_of_the_database(bucket: Bucket, name: str) -> None:
    with pooled(1):
        from django.db import connection

        connection.ensure_connection()
        bucket.save(name, ContentFile(b"x"))
        assert connection.connection is None
        with transaction.atomic(), pytest.raises(WaitsWithDatabase):
            bucket.open(name)
    outside.found.clear()


def test_what_is_not_whole_is_in_no_list_of_a_folder(tmp_path: Path) -> None:
    store = Folder(location=tmp_path)
    (tmp_path / f"{DRAFT}abc").write_bytes(b"half")
    assert list(store.list_all()) == []


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for variable in list(os.environ):
        if variable.startswith("KAJA_S3") or variable == "KAJA_MEDIA_STORE":
            monkeypatch.delenv(variable)
    return monkeypatch


def test_settings_say_where_files_are(clean: pytest.MonkeyPatch) -> None:
    assert environment.store_of("media")["BACKEND"] == "kaja.media.store.folder.Folder"
    clean.setenv("KAJA_MEDIA_STORE", "s3")
    with pytest.raises(environment.Misconfigured, match="KAJA_S3_BUCKET, KAJA_S3_ACCESS_KEY, KAJA_S3_SECRET_KEY"):
        environment.store_of("media")
    for variable in ("BUCKET", "ACCESS_KEY", "SECRET_KEY"):
        clean.setenv(f"KAJA_S3_{variable}", "x")
    clean.setenv("KAJA_S3_PREFIX", "/ours/")
    options: Any = environment.store_of("renditions")["OPTIONS"]
    assert Bucket(**options).folder == "ours/renditions"
    clean.setenv("KAJA_S3_ENDPOINT", "s3.example.org")
    with pytest.raises(environment.Misconfigured, match="https://"):
        environment.store_of("media")
