"""The picture that a foreign page offers for its card: whole, damaged or none, the card itself is made."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client
from PIL import Image

from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.models import Workspace
from tests.media.pictures import gradient, heic, moving, save

PICTURES = {
    "whole": save(gradient(), "JPEG"),
    "cut-off": save(gradient(), "PNG")[:200],
    "damaged-gif": moving("GIF")[:60],
    "damaged-heic": heic()[:200],
    "numbers": save(Image.new("F", (9, 9), 0.5), "TIFF"),
    "raw": b"8BPS" + bytes(200),
    "empty": b"",
}


@pytest.fixture
def site() -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            shown = self.path.startswith("/picture/")
            page = f"<title>{name}</title><meta property=og:image content='/picture/{name}'>".encode()
            body = PICTURES[name] if shown else page
            self.send_response(200)
            self.send_header("Content-Type", "image/png" if shown else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", PICTURES)
def test_a_damaged_picture_costs_the_card_only_its_picture(
    browser: Client, workspace: Workspace, site: str, name: str
) -> None:
    asked = json.dumps({"url": f"{site}/{name}"})
    answer = browser.post("/w/acme/posts/card", asked, content_type="application/json")
    assert answer.status_code == 200
    card = answer.json()["card"]
    assert card["title"] == name
    assert (card["image"] is not None) == (name == "whole")
    with workspace_scope(workspace.id):
        assert Asset.objects.count() == (name == "whole")
