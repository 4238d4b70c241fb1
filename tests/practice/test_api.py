"""The API over real HTTP."""

import concurrent.futures
from typing import Any

import pytest

from tests.practice.running import PNG, PracticeServer


def listed(practice: PracticeServer, token: str, query: str = "") -> list[str]:
    answer = practice.call("GET", f"/api/v1/account/posts{query}", token=token)
    return [post["text"] for post in answer.json()["posts"]]


def test_post_is_kept_exactly(practice: PracticeServer) -> None:
    token = practice.account("Mari Mets")
    text = "  Tere! \r\n\t<b>õ</b> 🎉 'quoted' \\ \x00 end "
    answer = practice.post(token, text, title="Title", content_warning="cats", language="et")
    assert answer.status == 201
    post = answer.json()
    assert post["text"] == text
    assert (post["title"], post["content_warning"], post["language"]) == ("Title", "cats", "et")
    assert post["url"].startswith(f"{practice.url}/@Mari%20Mets/")
    assert practice.call("GET", f"/api/v1/posts/{post['id']}", token=token).json() == post
    assert [item["text"] for item in practice.truth("Mari Mets")] == [text]


def test_account_is_opened_again_by_its_name(practice: PracticeServer) -> None:
    first = practice.call("POST", "/api/v1/accounts", {"name": "mari", "kind": "keyed"})
    again = practice.call("POST", "/api/v1/accounts", {"name": " @mari ", "kind": "keyed"})
    assert (first.status, again.status) == (201, 200)
    assert first.json()["account"]["id"] == again.json()["account"]["id"]
    assert first.json()["token"] != again.json()["token"]
    other = practice.call("POST", "/api/v1/accounts", {"name": "mari", "kind": "plain"})
    assert other.status == 409
    assert other.error()["field"] == "kind"


@pytest.mark.parametrize("name", ["", "   ", "a/b", "x" * 61, "a\nb", "..", 7, None, "\ud800"])
def test_bad_name_is_refused(practice: PracticeServer, name: Any) -> None:
    answer = practice.call("POST", "/api/v1/accounts", {"name": name, "kind": "plain"})
    assert answer.status == 422
    assert answer.error()["field"] == "name"


def test_account_says_its_limits_and_budget(practice: PracticeServer) -> None:
    token = practice.account("mari")
    before = practice.call("GET", "/api/v1/account", token=token)
    assert before.json()["limits"]["max_characters"] == 500
    assert before.json()["limits"]["max_images"] == 4
    left = int(before.headers["x-ratelimit-remaining"])
    assert left == int(before.headers["x-ratelimit-limit"])
    posted = practice.post(token, "one")
    assert int(posted.headers["x-ratelimit-remaining"]) == left - 1
    assert posted.headers["x-ratelimit-reset"].endswith("Z")


@pytest.mark.parametrize("token", ["", "practice-wrong"])
def test_unknown_token_is_refused(practice: PracticeServer, token: str) -> None:
    answer = practice.post(token, "hello")
    assert answer.status == 401
    assert answer.error()["code"] == "bad_token"
    assert practice.truth() == []


def test_revoked_token_is_refused(practice: PracticeServer) -> None:
    one, two, other = practice.account("mari"), practice.account("mari"), practice.account("jaan")
    assert practice.call("DELETE", "/api/v1/token", token=one).status == 204
    assert [practice.post(token, "x").status for token in (one, two)] == [401, 201]
    practice.revoke("mari")
    assert [practice.post(token, "x").status for token in (two, other)] == [401, 201]
    assert practice.post(practice.account("mari"), "back").status == 201


def test_limit_is_exact(practice: PracticeServer) -> None:
    token = practice.account("mari")
    assert practice.post(token, "🎉" * 500).status == 201
    answer = practice.post(token, "x" * 501)
    assert answer.status == 422
    assert answer.error()["field"] == "text"
    assert "501" in answer.error()["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": " \n"}, "text"),
        ({"text": 5}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": "x", "media": ["1"]}, "media"),
        ({"text": "x", "media": "1"}, "media"),
        ({"text": "x", "reply_to": "1"}, "reply_to"),
        ({"text": "x", "reply_to": {"a": 1}}, "reply_to"),
        ({"text": "x", "title": "t" * 201}, "title"),
    ],
)
def test_bad_post_names_its_field(practice: PracticeServer, body: dict[str, Any], field: str) -> None:
    answer = practice.call("POST", "/api/v1/posts", body, token=practice.account("mari"))
    assert answer.status == 422
    assert answer.error()["field"] == field
    assert practice.truth() == []


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b'"text"'])
def test_body_that_is_not_an_object_is_refused(practice: PracticeServer, body: bytes) -> None:
    assert practice.call("POST", "/api/v1/posts", body, token=practice.account("mari")).status == 400


def test_media_are_kept_and_shown(practice: PracticeServer) -> None:
    token = practice.account("mari")
    media = [practice.upload(token, alt=f"Õun {n}").json() for n in range(5)]
    assert media[0]["type"] == "image/png"
    ids = [item["id"] for item in media]
    post = practice.post(token, "apples", media=ids[:4]).json()
    assert [item["alt"] for item in post["media"]] == ["Õun 0", "Õun 1", "Õun 2", "Õun 3"]
    shown = practice.call("GET", post["media"][0]["url"].removeprefix(practice.url))
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert practice.post(token, "five", media=ids).error()["field"] == "media"
    assert practice.post(practice.account("jaan"), "not mine", media=ids[:1]).error()["field"] == "media"


def test_media_can_be_read_in_ranges(practice: PracticeServer) -> None:
    medium = practice.upload(practice.account("mari")).json()
    part = practice.call("GET", f"/media/{medium['id']}", headers={"Range": "bytes=4-9"})
    assert (part.status, part.content) == (206, PNG[4:10])
    assert part.headers["content-range"] == f"bytes 4-9/{len(PNG)}"
    assert practice.call("GET", f"/media/{medium['id']}", headers={"Range": "bytes=99999-"}).status == 416


@pytest.mark.parametrize("content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<!doctype html><script>"])
def test_what_is_no_image_is_refused(practice: PracticeServer, content: bytes) -> None:
    answer = practice.upload(practice.account("mari"), content)
    assert (answer.status, answer.error()["field"]) == (422, "media")


def test_video_stands_alone(practice: PracticeServer) -> None:
    token = practice.account("mari")
    video = practice.upload(token, b"\0\0\0\x18ftypisom" + b"\0" * 64).json()
    image = practice.upload(token).json()
    assert video["type"] == "video/mp4"
    assert practice.post(token, "both", media=[video["id"], image["id"]]).status == 422
    assert practice.post(token, "", media=[video["id"]]).status == 201


def test_keyed_account_answers_a_repeat_with_the_first_post(practice: PracticeServer) -> None:
    token = practice.account("mari", "keyed")
    first = practice.post(token, "once", headers={"Idempotency-Key": "k1", "X-Client-Reference": "ref-1"})
    again = practice.post(token, "once", headers={"Idempotency-Key": "k1", "X-Client-Reference": "ref-1"})
    other = practice.post(token, "once", headers={"Idempotency-Key": "k2"})
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    truth = practice.truth("mari")
    assert [(item["reference"], item["requests"]) for item in truth] == [("ref-1", 2), ("", 1)]


def test_keyed_account_makes_one_post_of_many_at_once(practice: PracticeServer) -> None:
    token = practice.account("mari", "keyed")
    practice.set_faults(delay={"seconds": 0.2})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(practice.post, token, "race", headers={"Idempotency-Key": "k"}) for _ in range(8)]
        ids = {call.result().json()["id"] for call in calls}
    assert len(ids) == 1
    assert [item["requests"] for item in practice.truth("mari")] == [8]


def test_plain_account_ignores_keys(practice: PracticeServer) -> None:
    token = practice.account("mari")
    ids = {practice.post(token, "twice", headers={"Idempotency-Key": "k"}).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_staged_account_publishes_in_two_stages_without_a_memory(practice: PracticeServer) -> None:
    token = practice.account("mari", "staged")
    assert practice.post(token, "direct").error()["code"] == "two_stages"
    made = practice.call("POST", "/api/v1/containers", {"text": "prepared"}, token=token)
    path = f"/api/v1/containers/{made.json()['id']}"
    assert (made.status, made.json()["status"]) == (201, "ready")
    assert practice.truth() == []
    first = practice.call("POST", f"{path}/publish", token=token, headers={"Idempotency-Key": "k"})
    shown = practice.call("GET", path, token=token).json()
    assert (shown["status"], shown["post"]["id"]) == ("published", first.json()["id"])
    second = practice.call("POST", f"{path}/publish", token=token, headers={"Idempotency-Key": "k"})
    assert second.status == 201
    assert second.json()["id"] != first.json()["id"]
    assert practice.call("GET", path, token=practice.account("jaan", "staged")).status == 404


def test_list_is_newest_first_in_pages(practice: PracticeServer) -> None:
    token = practice.account("mari")
    practice.post(practice.account("jaan"), "not mine")
    for number in range(5):
        practice.post(token, f"post {number}")
    page = practice.call("GET", "/api/v1/account/posts?limit=2", token=token).json()
    assert [post["text"] for post in page["posts"]] == ["post 4", "post 3"]
    assert listed(practice, token, f"?limit=2&before={page['next_before']}") == ["post 2", "post 1"]
    assert listed(practice, token, "?limit=5") == [f"post {n}" for n in (4, 3, 2, 1, 0)]
    whole = practice.call("GET", "/api/v1/account/posts?limit=5", token=token).json()
    assert whole["next_before"] is None
    assert practice.call("GET", "/api/v1/account/posts?before=x", token=token).status == 400


def test_edit_and_delete(practice: PracticeServer) -> None:
    token, other = practice.account("mari"), practice.account("jaan")
    post = practice.post(token, "frist", title="T").json()
    path = f"/api/v1/posts/{post['id']}"
    assert practice.call("PUT", path, {"text": "second"}, token=other).status == 403
    edited = practice.call("PUT", path, {"text": "first"}, token=token).json()
    assert (edited["text"], edited["title"]) == ("first", "T")
    assert edited["edited_at"] is not None
    assert practice.call("PUT", path, {"text": "x" * 501}, token=token).error()["field"] == "text"
    assert practice.call("DELETE", path, token=other).status == 403
    assert practice.call("DELETE", path, token=token).status == 204
    assert practice.call("GET", path, token=token).status == 404
    assert practice.call("DELETE", path, token=token).status == 404
    assert listed(practice, token) == []
    assert [(item["text"], item["deleted"]) for item in practice.truth()] == [("first", True)]


def test_thread_comments_and_likes(practice: PracticeServer) -> None:
    token = practice.account("mari", "keyed")
    root = practice.post(token, "one").json()
    reply = practice.post(token, "two", reply_to=root["id"]).json()
    assert reply["reply_to"] == root["id"]
    path = f"/api/v1/posts/{root['id']}"
    assert practice.call("POST", f"{path}/comments", {"name": "Guest", "text": "Nice"}).status == 201
    key = {"Idempotency-Key": "c"}
    own = [practice.call("POST", f"{path}/comments", {"text": "More"}, token=token, headers=key) for _ in range(2)]
    assert own[0].json()["id"] == own[1].json()["id"]
    told = practice.call("GET", f"{path}/comments", token=token).json()["comments"]
    assert [(c["author"], c["by_account"], c["text"]) for c in told] == [
        ("mari", True, "More"),
        ("Guest", False, "Nice"),
    ]
    for name in ("a", "b", "a"):
        practice.call("POST", f"{path}/likes", {"name": name})
    shown = practice.call("GET", path, token=token).json()
    assert (shown["likes"], shown["comments"]) == (2, 2)
    practice.call("POST", f"{path}/likes", {"name": "a", "liked": False})
    assert practice.call("GET", path, token=token).json()["likes"] == 1
    assert practice.call("POST", f"{path}/comments", {"name": "", "text": "x"}).error()["field"] == "name"
    assert practice.call("POST", f"{path}/comments", {"name": "x", "text": " "}).error()["field"] == "text"
    assert practice.call("POST", f"{path}/comments", {"name": "x", "text": "x"}, token="wrong").status == 401


def test_unknown_address_is_said(practice: PracticeServer) -> None:
    assert practice.call("GET", "/api/v1/nothing").error()["code"] == "not_found"
    assert practice.call("POST", "/api/v1/account").status == 404
