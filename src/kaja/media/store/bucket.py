"""Files in a bucket of S3, or of anything that speaks its language.

Films are read in ranges and written in parts, so that a process has a few megabytes of one at a time; a file that is
not written to its end is not there. Whoever waits for the bucket holds no connection to the database.
"""

import io
import mimetypes
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.core.files.base import File
from django.utils.deconstruct import deconstructible

from kaja.kernel.outside import leave_database
from kaja.media.store.contract import Entry, Store, StoreAway
from kaja.networks.kit.egress import is_public

PART = 8 * 1024 * 1024
"""Bytes of one part of an upload; 10,000 of them are allowed."""
PARTS_AT_ONCE = 2
READ_AHEAD = 1024 * 1024
"""Bytes that one reader has in memory."""
CONNECT_SECONDS, SECONDS, PART_SECONDS, RETRY_SECONDS = 5, 20, 120, 30
"""For a connection; for a word, or one range; for one part; after which nothing is tried again."""
TRIES = 3
LONGEST_LINK = timedelta(days=7)
"""More no signature lasts (Signature Version 4)."""
RESOLVED_FOR = 600.0


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the client says into what a store says."""
    from obstore import exceptions

    _leave_database()
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise StoreAway("no_bucket", "NoSuchBucket") from None
        raise FileNotFoundError(str(error).partition("\n")[0]) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise StoreAway("refused", _code_in(str(error))) from None
    except exceptions.BaseError as error:
        text = str(error)
        if "NoSuchBucket" in text:  # a list says it so
            raise StoreAway("no_bucket", "NoSuchBucket") from None
        away = "error sending request" in text or "operation timed out" in text or "HTTP error" in text
        raise StoreAway("silent" if away else "other", _code_in(text)) from None


def _leave_database() -> None:
    """Commands that keep files without the application hold no connection, and have yet to choose their database."""
    if apps.ready:
        leave_database()


def _code_in(text: str) -> str:
    """S3's own code for an error ("SignatureDoesNotMatch"), or the first line of what the client says."""
    _, found, rest = text.partition("<Code>")
    return rest.partition("</Code>")[0][:80] if found else text.partition("\n")[0][-200:]


class _Reader(io.RawIOBase):
    """A stored file. Each read fetches what is not there yet."""

    def __init__(self, source: Any, name: str) -> None:
        self._source, self.name, self.size = source, name, int(source.size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        with _told():
            return bytes(self._source.readall() if size is None or size < 0 else self._source.read(size))

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any) -> int:
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._source.seek(offset, whence))

    def tell(self) -> int:
        return int(self._source.tell())


@deconstructible
class Bucket(Store):
    """See `Store`. `area` is the folder of this store in the bucket, below the operator's `prefix`."""

    def __init__(
        self,
        bucket: str,
        access_key: str,
        secret_key: str,
        endpoint: str = "",
        region: str = "us-east-1",
        path_style: bool = True,
        prefix: str = "",
        area: str = "media",
        public: str = "auto",
    ) -> None:
        self.bucket, self.endpoint, self.region = bucket, endpoint, region
        self._keys = (access_key, secret_key)
        self._path_style, self._public = path_style, public
        self.folder = "/".join(part for part in (prefix.strip("/"), area) if part)
        self._resolved: tuple[float, bool] | None = None

    @cached_property
    def _client(self) -> Any:
        """For everything but sending: somebody may be waiting for a page."""
        return self._make_client(SECONDS)

    @cached_property
    def _sender(self) -> Any:
        return self._make_client(PART_SECONDS)

    def _make_client(self, seconds: float) -> Any:
        from obstore.store import S3Store

        options: dict[str, Any] = {"region": self.region, "virtual_hosted_style_request": not self._path_style}
        if self.endpoint:
            options["endpoint"] = self._endpoint_of_bucket()
        return S3Store(
            self.bucket,
            prefix=self.folder,
            access_key_id=self._keys[0],
            secret_access_key=self._keys[1],
            client_options={
                "allow_http": self.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=seconds),
            },
            retry_config={"max_retries": TRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
            **options,
        )

    def _endpoint_of_bucket(self) -> str:
        """The client takes the endpoint as it is; with the bucket in the host's name, the host is the bucket's own."""
        if self._path_style:
            return self.endpoint
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{self.bucket}.{parts.netloc}"

    # Django's side

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        import obstore

        if mode != "rb":
            raise ValueError("stored files are only read")
        with _told():
            reader = _Reader(obstore.open_reader(self._client, name, buffer_size=READ_AHEAD), name)
        file: File[bytes] = File(reader, name)  # type: ignore[arg-type]  # all that a file to be read has
        return file

    def _save(self, name: str, content: "File[bytes]") -> str:
        import obstore

        content.seek(0)
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        with _told():
            obstore.put(
                self._sender,
                name,
                _parts_of(content),
                attributes={"Content-Type": mime},
                use_multipart=content.size > PART,
                chunk_size=PART,
                max_concurrency=PARTS_AT_ONCE,
            )
        return name

    def delete(self, name: str) -> None:
        import obstore

        try:
            with _told():
                obstore.delete(self._client, name)
        except FileNotFoundError:
            return

    def exists(self, name: str) -> bool:
        try:
            self._head(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return int(self._head(name)["size"])

    def get_modified_time(self, name: str) -> datetime:
        modified: datetime = self._head(name)["last_modified"]
        return modified

    def _head(self, name: str) -> Any:
        import obstore

        with _told():
            return obstore.head(self._client, name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        import obstore

        with _told():
            found = obstore.list_with_delimiter(self._client, path.strip("/") or None)
        folders = sorted(each.rstrip("/").rpartition("/")[2] for each in found["common_prefixes"])
        return folders, sorted(each["path"].rpartition("/")[2] for each in found["objects"])

    # What a store has besides

    def list_all(self, prefix: str = "") -> Iterator[Entry]:
        import obstore

        with _told():
            pages = iter(obstore.list(self._client, prefix.strip("/") or None))
        while True:
            with _told():
                page = next(pages, None)
            if page is None:
                return
            for each in page:
                yield Entry(each["path"], int(each["size"]), each["last_modified"])

    def public_url(self, name: str, expires: timedelta) -> str | None:
        import obstore

        if not self.is_public():
            return None
        with _told():
            return str(obstore.sign(self._client, "GET", name, min(expires, LONGEST_LINK)))

    def is_public(self) -> bool:
        """Whether everybody on the internet finds the bucket: the operator's word, or what its address says."""
        if self._public != "auto":
            return self._public == "yes"
        if not self.endpoint:
            return True  # Amazon's own
        parts = urlsplit(self.endpoint)
        if parts.scheme != "https" or not parts.hostname:
            return False
        if self._resolved is None or time.monotonic() - self._resolved[0] > RESOLVED_FOR:
            self._resolved = time.monotonic(), _leads_outside(parts.hostname, parts.port or 443)
        return self._resolved[1]


def _leads_outside(host: str, port: int) -> bool:
    _leave_database()
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(is_public(address) for address in found)


def _parts_of(content: "File[bytes]") -> Iterator[bytes]:
    while block := content.read(PART):
        yield bytes(block)
