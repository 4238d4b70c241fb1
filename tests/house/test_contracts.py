"""A machine without the networks' contracts: what is missing is said, and what is fetched is what was read."""

import hashlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tools.contracts import fetch, is_there, read_list

from tests import contracts

ROOT = Path(__file__).parents[2]
VERSIONS = {"c3": b'{"version": 3}', "c2": b'{"version": 2}', "c1": b'{"version": 1}'}
WANTED = {
    "name": "some/api.json",
    "repository": "somebody/api",
    "path": "dist/api.json",
    "until": date(2026, 8, 19),
    "sha256": hashlib.sha256(VERSIONS["c2"]).hexdigest(),
}


@contextmanager
def serve_repository(asked: list[str]) -> Iterator[str]:
    """A code host with three versions of one file, the newest first."""

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            parts = urlsplit(self.path)
            if parts.path == "/repos/somebody/api/commits":
                assert parse_qs(parts.query)["path"] == ["dist/api.json"]
                assert parse_qs(parts.query)["until"] == ["2026-08-26T00:00:00Z"]
                body = json.dumps([{"sha": commit} for commit in VERSIONS]).encode()
            else:
                body = VERSIONS[parts.path.split("/")[3]]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_version_with_the_checksum_is_fetched(tmp_path: Path) -> None:
    asked: list[str] = []
    with serve_repository(asked) as url:
        assert fetch(WANTED, tmp_path, url, url) == "c2"
    assert (tmp_path / "some/api.json").read_bytes() == VERSIONS["c2"]
    assert is_there(WANTED, tmp_path)
    assert [path for path in asked if "/c1/" in path] == [], "it stops at the right one"
    (tmp_path / "some/api.json").write_bytes(b"changed by hand")
    assert not is_there(WANTED, tmp_path)


def test_what_has_another_checksum_is_not_kept(tmp_path: Path) -> None:
    with serve_repository([]) as url, pytest.raises(ValueError, match="none of the last"):
        fetch({**WANTED, "sha256": "0" * 64}, tmp_path, url, url)
    assert list(tmp_path.iterdir()) == []


def test_every_pin_is_whole_and_asked_for_by_a_test() -> None:
    for contract in read_list():
        assert contract["name"] in contracts.USED
        assert re.fullmatch(r"[0-9a-f]{64}", contract["sha256"])
        assert contract["licence"]
        assert contract["about"]


def test_the_list_of_contracts_is_what_tests_ask_for() -> None:
    asked = set()
    for path in (ROOT / "tests").rglob("*.py"):
        if path != Path(__file__):
            asked |= set(re.findall(r"(?:open_contract|find_folder)\(\s*\"([^\"]+)\"", path.read_text()))
    assert asked == set(contracts.USED)


def test_a_machine_without_contracts_skips_by_name_and_says_so_once(tmp_path: Path) -> None:
    """As in a clone that stands alone: judges are skipped with the allowed reason, the end of the run says which."""
    code = "from tests.contracts import say_missing; print(say_missing())"
    environment = {"KAJA_CONTRACTS": str(tmp_path / "nothing"), "PATH": "/usr/bin:/bin", "CI": "true"}
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "mastodon/dist/schema.json" in said.stdout
    assert "make contracts" in said.stdout
    command = [sys.executable, "-m", "pytest", "-q", "tests/networks/mastodon/test_contract.py", "-k", "conforms"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 skipped" in done.stdout
    assert "needs the networks' contracts: mastodon/dist/schema.json" in done.stdout
