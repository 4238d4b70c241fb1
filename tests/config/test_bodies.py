"""Bodies that are too large, or that find no room, through the application that the server really runs."""

import errno
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from kaja.config.asgi import application
from kaja.config.bodies import LARGEST


class Receiver:
    """A client that sends its body in pieces and counts what is taken of it."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces

    async def __call__(self) -> MutableMapping[str, Any]:
        assert self.left, "read past the end"
        self.left -= 1
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": self.left > 0}


async def ask(path: str, length: int, receive: Receiver, language: str = "en") -> tuple[int, dict[str, str], str]:
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 8000),
        "headers": [(b"host", b"127.0.0.1"), (b"content-length", str(length).encode()),
                    (b"accept-language", language.encode()), (b"content-type", b"multipart/form-data; boundary=x")],
    }  # fmt: skip
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]).decode()


async def test_a_body_that_no_file_may_have_is_refused_in_words_and_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        raise AssertionError("the body was kept")

    monkeypatch.setattr(type(application), "read_body", never)
    receive = Receiver(5)
    status, headers, body = await ask("/api/v1/media", LARGEST + 1, receive)
    said = json.loads(body)
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert said["problems"][0]["code"] == "media_too_large"
    assert "1001.1 MB; a file may have at most 1000 MB" in said["detail"]
    assert said["problems"][0]["fix"] == "Make it smaller, or cut it."
    assert receive.left == 0, "a client that is still sending would not hear the answer"

    status, _, page = await ask("/w/acme/posts/upload", LARGEST + 1, Receiver(2))
    assert status == 413
    assert "at most 1000 MB" in page
    assert "your text is still in the form" in page
    _, _, page = await ask("/w/acme/posts/upload", LARGEST + 1, Receiver(2), "et")
    assert "This is too large" not in page


async def test_a_body_that_does_not_say_its_length_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kaja.config.bodies.LARGEST", 250_000)
    receive = Receiver(6)
    status, _, body = await ask("/api/v1/media", 0, receive)
    assert (status, json.loads(body)["problems"][0]["code"]) == (413, "media_too_large")
    assert receive.left == 0


@pytest.mark.parametrize("at", [0, 2, 3, "end"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
async def test_a_body_without_room_is_said_as_a_full_disk(
    number: int, at: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the room ends: at the last piece, or when what was buffered is written, nothing more comes."""

    class Full:
        def __init__(self, **_: object) -> None:
            self.written = 0

        def write(self, data: bytes) -> int:
            if self.written == at:
                raise OSError(number, "no room")
            self.written += 1
            return len(data)

        def seek(self, place: int) -> int:
            raise OSError(number, "no room")

    monkeypatch.setattr("django.core.handlers.asgi.tempfile.SpooledTemporaryFile", Full)
    receive = Receiver(4)
    status, headers, body = await ask("/api/v1/media", 400_000, receive)
    assert (status, json.loads(body)["title"]) == (503, "The disk is full")
    assert headers["retry-after"] == "5"
    assert receive.left == 0
