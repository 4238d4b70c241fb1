"""What a device asks before it installs Kaja, and what the browser's worker is given."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from PIL import Image, ImageChops
from tools.app_icons import FOLDER, ICONS, SAFE, draw

from kaja.web.app.shell import FILES, SCRIPTS, render_worker
from kaja.workspaces.models import Workspace
from tests.people import browser

OF_NOBODY = ("/manifest.webmanifest", "/worker.js", "/offline")


def read_manifest(**headers: str) -> dict[str, Any]:
    answer = Client().get("/manifest.webmanifest", headers=headers)
    assert answer["Content-Type"] == "application/manifest+json"
    return dict(answer.json())


def find(address: str) -> Path:
    found = finders.find(address.removeprefix("/static/"))
    assert found, address
    return Path(found)


def test_the_manifest_has_what_browsers_ask_for_before_they_install() -> None:
    told = read_manifest()
    assert told["name"] == told["short_name"] == "Kaja"
    assert (told["start_url"], told["scope"], told["id"], told["display"]) == ("/", "/", "/", "standalone")
    sizes = {(icon["purpose"], icon["sizes"]) for icon in told["icons"]}
    assert {("any", "192x192"), ("any", "512x512"), ("maskable", "192x192"), ("maskable", "512x512")} <= sizes
    pictures = [*told["icons"], *(icon for shortcut in told["shortcuts"] for icon in shortcut["icons"])]
    for icon in pictures:
        file = find(icon["src"])
        if icon["type"] == "image/png":
            assert f"{Image.open(file).width}x{Image.open(file).height}" == icon["sizes"]
    tokens = find("/static/css/tokens.css").read_text()
    assert f"--paper: {told['background_color']};" in tokens
    assert told["theme_color"] == told["background_color"]


def test_the_manifest_speaks_the_browsers_language() -> None:
    assert read_manifest(accept_language="ru")["lang"] == "ru"
    assert "Accept-Language" in Client().get("/manifest.webmanifest")["Vary"]


@pytest.mark.parametrize("name", ICONS)
def test_the_icons_are_what_the_tool_draws(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(draw(*ICONS[name]))
    drawn, kept = Image.open(tmp_path / name).convert("RGBA"), Image.open(FOLDER / name).convert("RGBA")
    assert ImageChops.difference(drawn, kept).getextrema() == ((0, 0),) * 4


@pytest.mark.parametrize("name", ["maskable-192.png", "maskable-512.png", "apple-180.png"])
def test_no_shape_that_a_device_cuts_takes_anything_of_the_mark(name: str) -> None:
    """Paper to the edges, and the mark within the circle of four fifths that every device leaves."""
    picture = Image.open(FOLDER / name).convert("RGBA")
    side = picture.width
    paper = picture.getpixel((0, 0))
    assert paper == (0xF8, 0xF6, 0xF1, 255)
    far = [
        ((x - side / 2) ** 2 + (y - side / 2) ** 2) ** 0.5
        for x in range(side)
        for y in range(side)
        if picture.getpixel((x, y)) != paper
    ]
    assert 0.2 * side < max(far) < 0.4 * side
    assert SAFE < 0.8


@pytest.mark.django_db
def test_shortcuts_lead_into_the_workspace_of_the_last_visit(workspace: Workspace) -> None:
    client = browser(workspace)
    for shortcut in read_manifest()["shortcuts"]:
        answer = client.get(shortcut["url"])
        assert answer.status_code == 302
        assert answer["Location"].startswith("/w/acme/")
        assert client.get(answer["Location"]).status_code == 200
        assert Client().get(shortcut["url"])["Location"] == f"/account/login/?next={shortcut['url']}"
    assert client.get("/go/nowhere").status_code == 404


@pytest.mark.django_db
def test_who_belongs_nowhere_is_led_to_a_workspace_of_their_own(workspace: Workspace) -> None:
    from kaja.workspaces.models import User

    client = Client()
    client.force_login(User.objects.create_user("new@lummus.test"))
    assert client.get("/go/inbox")["Location"] == "/"


@pytest.mark.django_db
@pytest.mark.parametrize("address", OF_NOBODY)
def test_what_the_worker_keeps_is_nobodys(workspace: Workspace, address: str) -> None:
    """The same for everybody, and nothing is asked of the database: a stranger could read it all."""
    client = browser(workspace)
    with CaptureQueriesContext(connection) as asked:
        stranger = Client().get(address)
    assert len(asked) == 0
    member = client.get(address, headers={"cookie": f"kaja_session={client.cookies['kaja_session'].value}"})
    assert stranger.content == member.content
    assert stranger["Cache-Control"] == "no-cache"
    assert not stranger.cookies
    policy = stranger["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_the_worker_keeps_whole_what_the_page_without_network_is_made_of() -> None:
    """Each file that the page names, that a stylesheet of it names, and that a script of it imports; and no more."""
    page = Client().get("/offline").content.decode()
    needed = set(re.findall(r'"/static/([^"#]+)', page))
    for name in [name for name in needed if name.endswith((".css", ".js"))]:
        text = find(name).read_text()
        for other in re.findall(r'url\("\.\./([^"]+)"\)|from "\./([^"]+)"', text):
            needed.add(other[0] or f"js/worker/{other[1]}")
    assert needed == set(FILES)
    assert 'href="/w/' not in page


def test_the_worker_names_only_files_and_one_page() -> None:
    text = render_worker()
    found = re.fullmatch(r"self\.SHELL = (\{.*\});\nimportScripts\((.+)\);\n", text)
    assert found
    shell = json.loads(found[1])
    assert resolve(shell["offline"]).url_name == "offline"
    assert all(address.startswith("/static/") for address in shell["files"])
    scripts = json.loads(f"[{found[2]}]")
    assert len(scripts) == len(SCRIPTS)
    for address in scripts:
        find(address)


def test_another_file_makes_another_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    before = render_worker()
    monkeypatch.setattr("kaja.web.app.shell.FILES", (*FILES, "js/app.js"))
    assert json.loads(before.split(" = ")[1].split(";\n")[0])["version"] not in render_worker()
