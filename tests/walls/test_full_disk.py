"""A disk that is really full, under real processes: it is said, nothing accepted is lost, and room ends it.

Root mounts a small disk for the web server, its files and its PostgreSQL. For everybody, the kernel's limit on the size
of a file stands in for a disk: to the web server a write over it fails like one without room.
"""

import io
import random
import resource
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from kaja.kernel.postgres import Cluster
from tests.cli.conftest import Installation

pytestmark = pytest.mark.alone
PASSWORD = "correct horse battery"
BLOCK = 1 << 20


@dataclass
class Ground:
    """A running web server, a browser that is signed in there, and a program with a token."""

    installation: Installation
    browser: httpx2.Client
    program: httpx2.Client

    def upload(self, size: int) -> tuple[httpx2.Response, httpx2.Response]:
        """The same picture from the screen and from the API."""
        content = make_picture(size)
        files, accept = {"file": ("cake.png", content, "image/png")}, {"Accept": "application/json"}
        shown = self.browser.post("/w/kohvik/posts/upload", files=files, headers=accept)
        said = self.program.post("/media", files={"file": ("cake.png", content, "image/png")})
        return shown, said

    def save(self, text: str) -> tuple[httpx2.Response, httpx2.Response]:
        """A draft with this text, autosaved by the composer and made by the API."""
        shown = self.browser.post("/w/kohvik/posts/save", json={"document": {"parts": [{"text": text}]}})
        return shown, self.program.post("/posts", json={"text": text})

    def media(self) -> list[Path]:
        return [path for path in (self.installation.home / "media").rglob("*") if path.is_file()]


def make_picture(size: int) -> bytes:
    """A PNG of at least so many bytes that no format makes smaller."""
    side = int((size / 3) ** 0.5) + 2
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), secrets.token_bytes(side * side * 3)).save(out, "PNG")
    return out.getvalue()


def make_text(size: int) -> str:
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ", k=size))


def sign_in(port: int) -> httpx2.Client:
    client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, follow_redirects=False)
    client.get("/account/login/")
    token = client.cookies["csrftoken"]
    form = {"login": "owner@kohvik.test", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/account/login/", data=form).status_code == 302
    page = client.get("/w/kohvik/posts/new").text
    client.headers["X-CSRFToken"] = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    return client


@contextmanager
def standing(folder: Path, temporary: Path, **more: Any) -> Iterator[Ground]:
    """All of it in `folder`; the web server alone gets `more` when it is started."""
    folder.chmod(0o711)
    cluster = Cluster(folder / "pg", {"fsync": "off", "max_wal_size": "64MB", "min_wal_size": "32MB"})
    cluster.start()
    try:
        cluster.ensure_roles()
        made = Installation(folder / "home")
        made.settings = {
            "DATABASE_URL": cluster.url(), "KAJA_OWNER_DATABASE_URL": cluster.url("kaja_owner"),
            "TMPDIR": str(temporary),
        }  # fmt: skip
        made.home.mkdir(mode=0o700)
        for words, given in (
            (("user", "create", "--email", "owner@kohvik.test", "--password-stdin"), f"{PASSWORD}\n"),
            (("workspace", "create", "--name", "Kohvik", "--owner", "owner@kohvik.test"), ""),
            (("token", "create", "-w", "kohvik", "--name", "script"), ""),
        ):
            done = made.kaja(*words, given=given)
            assert done.returncode == 0, done.stderr
        token = done.stdout.strip()
        with (folder.parent / "up-0.log").open("w") as log:
            web = subprocess.Popen(
                [sys.executable, "-m", "kaja", "web"], env=made.environment(), stdout=log, stderr=log, **more
            )
        try:
            made.wait_for(made.answers)
            headers = {"Authorization": f"Bearer {token}"}
            base = f"http://127.0.0.1:{made.port}/api/v1"
            with (
                closing(sign_in(made.port)) as browser,
                httpx2.Client(base_url=base, headers=headers, timeout=60) as program,
            ):
                yield Ground(made, browser, program)
        finally:
            web.send_signal(signal.SIGTERM)
            web.wait(120)
    finally:
        cluster.stop()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 640 MB of its own: uploads leave the database 256 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=640m,mode=0711", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if done.returncode:
        # Only root may mount; the limit on a file's size below is tried for everybody.
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(ballast: Path) -> None:
    """Until the kernel says that there is no space left."""
    with ballast.open("ab", buffering=0) as file:
        for size in (BLOCK, 4096):
            block = bytes(size)
            try:
                while True:
                    file.write(block)
            except OSError:
                continue


def test_a_full_disk_is_said_and_costs_nothing(disk: Path) -> None:
    temporary = disk / "tmp"
    temporary.mkdir()
    with standing(disk, temporary) as ground:
        [kept] = [answer.json() for answer in ground.save("Kept from before")[1:]]
        assert [answer.status_code for answer in ground.upload(4_000_000)] == [201, 201], "there is room"
        before = ground.media()
        fill(disk / "ballast")

        # A picture, small or large, finds no room even on its way in.
        for size in (300_000, 4_000_000):
            shown, said = ground.upload(size)
            assert (shown.status_code, said.status_code) == (503, 503), (shown.text[:500], said.text[:500])
            assert "The draft is safe" in shown.json()["problems"][0]["text"]
            assert said.json()["problems"][0]["code"] == "media_disk_full"
        assert ground.media() == before, "nothing half is left"

        # A draft: PostgreSQL has no page for it. What was accepted before is there.
        text = make_text(200_000)
        shown, said = ground.save(text)
        assert (shown.status_code, said.status_code) == (503, 503), (shown.text[:500], said.text[:500])
        assert "The disk is full" in shown.text
        assert "your text is still in the form" in shown.text
        assert 'http-equiv="refresh"' not in shown.text
        assert said.json()["title"] == "The disk is full"
        again = ground.program.get(f"/posts/{kept['id']}")
        assert again.json()["document"]["parts"][0]["text"] == "Kept from before"

        (disk / "ballast").unlink()
        # What the browser still holds goes through unchanged.
        shown, said = ground.save(text)
        assert (shown.status_code, said.status_code) == (200, 201)
        posts = ground.program.get("/posts").json()["items"]
        assert [post["document"]["parts"][0]["text"] for post in posts].count(text) == 2
        assert [answer.status_code for answer in ground.upload(300_000)] == [201, 201]


def test_a_limit_on_files_is_said_like_a_full_disk(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    (tmp_path / "here").mkdir()
    with standing(tmp_path / "here", tmp_path, preexec_fn=limit) as ground:
        for size in (1_500_000, 4_000_000):
            shown, said = ground.upload(size)
            assert (shown.status_code, said.status_code) == (503, 503), (shown.text[:500], said.text[:500])
            assert "The draft is safe" in shown.json()["problems"][0]["text"]
            assert said.json()["problems"][0]["code"] == "media_disk_full"
        assert ground.media() == []
        assert [answer.status_code for answer in ground.upload(200_000)] == [201, 201]
