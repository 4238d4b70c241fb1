"""What programs that follow an account are told: its comments in order, and hooks."""

import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

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


def heard_streams() -> list[str]:
    return [json.loads(body)["events"][0]["stream"] for _, body in _Hearing.heard]


def test_every_stream_and_every_change_is_told(practice: PracticeServer, hearing: str) -> None:
    practice.call("PUT", "/admin/hook", {"url": hearing})
    token = practice.account("bakery")
    practice.post(token, "Rye")
    ids = [
        practice.plant("bakery", {"stream": stream, "person": "p0", "text": "Hello", "told": True})[0]
        for stream in ("comments", "mentions", "direct", "reviews")
    ]
    practice.call("PUT", f"/admin/entries/{ids[0]}", {"text": "Hello!"})
    practice.call("DELETE", f"/admin/entries/{ids[1]}")
    # The first is refused, and comes again.
    wait_until(lambda: len(_Hearing.heard) == 7)
    practice.call("PUT", "/admin/hook", {"url": ""})
    assert sorted(heard_streams()[1:]) == sorted(["comments", "mentions", "direct", "reviews", "comments", "mentions"])


def test_nobody_is_told_of_those_who_are_muted(practice: PracticeServer, hearing: str) -> None:
    practice.call("PUT", "/admin/hook", {"url": hearing})
    token = practice.account("bakery")
    practice.call("POST", "/api/v1/people/p0/acts", {"act": "mute"}, token=token)
    for person, stream in (("p0", "mentions"), ("p4", "reviews")):
        practice.plant("bakery", {"stream": stream, "person": person, "text": "Hello", "told": True})
    wait_until(lambda: len(_Hearing.heard) == 2)
    practice.call("PUT", "/admin/hook", {"url": ""})
    assert heard_streams() == ["reviews", "reviews"]
    # It is still listed: a look brings it.
    assert [each["author_id"] for each in practice.read(token, "mentions")] == ["p0"]


def test_hooks_can_be_lost_doubled_and_late(practice: PracticeServer, hearing: str) -> None:
    practice.call("PUT", "/admin/hook", {"url": hearing})
    practice.account("bakery")

    def say(stream: str, **faults: Any) -> None:
        practice.set_faults(**faults)
        practice.plant("bakery", {"stream": stream, "person": "p0", "text": "Hello", "told": True})

    say("direct", hook_lost={})
    say("mentions", hook_late={"seconds": 1})
    say("reviews", hook_twice={})
    wait_until(lambda: len(_Hearing.heard) == 4)
    practice.call("PUT", "/admin/hook", {"url": ""})
    # The first call is refused and made again. How late something comes is the clock's (`test_faults.py`).
    heard = heard_streams()
    assert set(heard) == {"reviews", "mentions"}
    assert sorted(heard.count(stream) for stream in set(heard)) in ([1, 3], [2, 2])


def test_only_the_key_says_where_hooks_go(practice: PracticeServer) -> None:
    assert (
        practice.call("PUT", "/admin/hook", {"url": "http://evil.test"}, headers={"X-Practice-Key": "no"}).status == 401
    )
    assert practice.call("PUT", "/admin/hook", {"url": "file:///etc/passwd"}).status == 422
