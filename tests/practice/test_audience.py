"""What programs that follow an account are told: its comments in order, and hooks."""

import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.practice.running import PracticeServer
from tests.waiting import wait_until


class _Hearing(BaseHTTPRequestHandler):
    """Keeps what comes; refuses the first."""

    heard: list[tuple[str, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.headers["X-Practice-Signature"], body))
        self.send_response(503 if len(self.heard) == 1 else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def hearing() -> Iterator[str]:
    _Hearing.heard.clear()
    server = HTTPServer(("127.0.0.1", 0), _Hearing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks/practice"
    server.shutdown()
    thread.join()
    server.server_close()


def test_comments_below_own_posts_are_listed_in_order_and_by_pages(practice: PracticeServer) -> None:
    token, other = practice.account("bakery"), practice.account("café")
    posts = [str(practice.post(token, text).json()["id"]) for text in ("Rye", "Wheat")]
    foreign = str(practice.post(other, "Coffee").json()["id"])
    made = [
        str(practice.call("POST", f"/api/v1/posts/{post}/comments", {"name": "Mari", "text": "Yum"}).json()["id"])
        for post in (posts[0], foreign, posts[1], posts[0])
    ]
    first = practice.call("GET", "/api/v1/account/comments?limit=2", token=token).json()
    assert [item["id"] for item in first["comments"]] == [made[0], made[2]]
    assert first["more"] is True
    rest = practice.call("GET", f"/api/v1/account/comments?limit=2&after={made[2]}", token=token).json()
    assert [item["id"] for item in rest["comments"]] == [made[3]]
    assert rest["more"] is False
    assert practice.call("GET", "/api/v1/account/comments?after=x", token=token).status == 400
    assert practice.call("GET", "/api/v1/account/comments").status == 401


def test_a_comment_is_told_with_a_signature_and_again_when_it_was_not_taken(
    practice: PracticeServer, hearing: str
) -> None:
    assert practice.call("PUT", "/admin/hook", {"url": hearing}).status == 200
    token = practice.account("bakery")
    post = str(practice.post(token, "Rye").json()["id"])
    practice.call("POST", f"/api/v1/posts/{post}/comments", {"name": "Mari", "text": "Yum"})
    wait_until(lambda: len(_Hearing.heard) == 2)
    practice.call("PUT", "/admin/hook", {"url": ""})
    assert _Hearing.heard[0] == _Hearing.heard[1]
    signature, body = _Hearing.heard[0]
    assert signature == "sha256=" + hmac.new(practice.key.encode(), body, "sha256").hexdigest()
    [event] = json.loads(body)["events"]
    account = practice.call("GET", "/api/v1/account", token=token).json()
    assert (event["account"], event["stream"]) == (account["id"], "comments")


def test_only_the_key_says_where_hooks_go(practice: PracticeServer) -> None:
    assert (
        practice.call("PUT", "/admin/hook", {"url": "http://evil.test"}, headers={"X-Practice-Key": "no"}).status == 401
    )
    assert practice.call("PUT", "/admin/hook", {"url": "file:///etc/passwd"}).status == 422
