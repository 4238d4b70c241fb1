"""What survives an end of the process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kaja.practice.store import StorageFull, Store
from tests.practice.running import PNG, PracticeServer


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_everything_answered_survives(tmp_path: Path, way: str) -> None:
    server = PracticeServer(tmp_path)
    token, staged = server.account("mari", "keyed"), server.account("jaan", "staged")
    medium = server.upload(token, alt="red").json()["id"]
    headers = {"Idempotency-Key": "k", "X-Client-Reference": "r"}
    post = server.post(token, "kept", media=[medium], headers=headers).json()
    reply = server.post(token, "reply", reply_to=post["id"]).json()
    gone = server.post(token, "gone").json()
    server.call("DELETE", f"/api/v1/posts/{gone['id']}", token=token)
    server.call("PUT", f"/api/v1/posts/{reply['id']}", {"text": "answer"}, token=token)
    server.call("POST", f"/api/v1/posts/{post['id']}/comments", {"name": "V", "text": "hi"})
    server.call("POST", f"/api/v1/posts/{post['id']}/likes", {"name": "V"})
    container = server.call("POST", "/api/v1/containers", {"text": "two"}, token=staged).json()["id"]
    server.call("POST", f"/api/v1/containers/{container}/publish", token=staged)
    server.set_faults("jaan", seed=3, error_after={"probability": 1})
    shown = server.call("GET", f"/api/v1/posts/{post['id']}", token=token).json()
    truth, faults = server.truth(), server.call("GET", "/admin/faults").json()["active"]
    port = server.port
    assert getattr(server, way)() == (0 if way == "stop" else -signal.SIGKILL)

    again = PracticeServer(tmp_path, port)
    try:
        assert again.truth() == truth
        assert again.call("GET", "/admin/faults").json()["active"] == faults
        assert again.call("GET", f"/api/v1/posts/{post['id']}", token=token).json() == shown
        assert again.call("GET", f"/media/{medium}").content == PNG
        repeated = again.post(token, "kept", media=[medium], headers=headers)
        assert repeated.json()["id"] == post["id"]
        fresh = again.post(token, "fresh").json()["id"]
        assert int(fresh) > max(int(item["id"]) for item in truth)
        told = again.call("GET", f"/api/v1/containers/{container}", token=staged).json()
        assert told["status"] == "published"
    finally:
        again.stop()


def test_half_a_line_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.record("account", id="100001", name="mari", kind="plain", created=1.0)
    store.close()
    journal = tmp_path / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'["account",{"id":"1000')
    store = Store(tmp_path)
    assert list(store.accounts) == ["mari"]
    store.record("account", id=store.next_id(), name="jaan", kind="plain", created=2.0)
    store.close()
    store = Store(tmp_path)
    assert list(store.accounts) == ["mari", "jaan"]
    store.close()


def test_full_disk_stores_nothing_and_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.record("account", id=store.next_id(), name="mari", kind="plain", created=1.0)
    own = store._journal
    store._journal = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(StorageFull) as caught:
        store.record("account", id=store.next_id(), name="jaan", kind="plain", created=1.0)
    assert caught.value.status == 507
    os.close(store._journal)
    store._journal = own
    assert list(store.accounts) == ["mari"]
    store.close()


def test_no_token_is_written_down(tmp_path: Path) -> None:
    server = PracticeServer(tmp_path)
    token = server.account("mari")
    server.stop()
    assert token.encode() not in (tmp_path / "journal.jsonl").read_bytes()


def test_open_requests_are_answered_before_it_ends(tmp_path: Path) -> None:
    server = PracticeServer(tmp_path)
    token = server.account("mari")
    server.set_faults(delay={"seconds": 1})
    with socket.create_connection(("127.0.0.1", server.port)) as caller:
        caller.sendall(
            b"POST /api/v1/posts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n"
            b"Authorization: Bearer " + token.encode() + b'\r\n\r\n{"text":"end"}'
        )
        while not server.truth():
            pass
        server.process.terminate()
        assert caller.recv(12) == b"HTTP/1.1 201"
    assert server._ended() == 0


def test_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "kaja.practice", "--port", str(port), "--data", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in ended.stderr
