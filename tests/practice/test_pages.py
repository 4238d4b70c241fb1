"""The public pages, as a visitor without scripts sees them."""

from urllib.parse import urlencode

import pytest

from kaja.practice.html import get_translation, linked, render, tag
from tests.practice.running import Answer, PracticeServer

EVIL = (
    """<script>alert(1)</script>"'><img src=x onerror=alert(1)> & https://example.org/?a=1&b="x" javascript:alert(1)"""
)


def form(practice: PracticeServer, path: str, headers: dict[str, str] | None = None, /, **fields: str) -> Answer:
    sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
    return practice.call("POST", path, urlencode(fields).encode(), headers=sent)


def own_path(practice: PracticeServer, post: dict[str, str]) -> str:
    return post["url"].removeprefix(practice.url)


def test_every_page_says_that_it_is_practice(practice: PracticeServer) -> None:
    token = practice.account("Mari")
    post = practice.post(token, "hello").json()
    for path in ("/", "/accounts", "/faults", "/@Mari", own_path(practice, post), "/nothing"):
        page = practice.call("GET", path)
        assert "PRACTICE" in page.text
        assert "Nothing here is public." in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert 'name="robots" content="noindex"' in page.text


def test_whatever_people_write_is_text(practice: PracticeServer) -> None:
    token = practice.account("<b>Mari</b>"[:8].replace("/", ""))
    medium = practice.upload(token, alt=EVIL).json()["id"]
    post = practice.post(token, EVIL, title=EVIL, content_warning=EVIL, media=[medium], language='"><script>').json()
    path = own_path(practice, post)
    form(practice, f"{path}/comments", name=EVIL[:60], text=EVIL)
    for page in ("/", "/accounts", path, path.rpartition("/")[0], "/faults"):
        text = practice.call("GET", page).text
        assert "<script" not in text
        assert "<img src=x" not in text
        assert "<b>" not in text
        assert 'href="javascript:' not in text
    shown = practice.call("GET", path).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert '<a href="https://example.org/?a=1&amp;b=" rel="nofollow noopener noreferrer">' in shown


def test_timeline_pages_and_hides_what_is_deleted(practice: PracticeServer) -> None:
    token = practice.account("Mari")
    ids = [practice.post(token, f"number {n}.").json()["id"] for n in range(35)]
    practice.call("DELETE", f"/api/v1/posts/{ids[34]}", token=token)
    first = practice.call("GET", "/").text
    assert "number 33." in first
    assert "number 34." not in first
    assert "number 3." not in first
    older = first.rpartition('href="/?before=')[2].partition('"')[0]
    second = practice.call("GET", f"/?before={older}").text
    assert "number 3." in second
    assert "number 4." not in second
    assert practice.call("GET", "/?before=x").status == 200


def test_post_page_shows_its_thread(practice: PracticeServer) -> None:
    token = practice.account("Mari")
    one = practice.post(token, "part one").json()
    two = practice.post(token, "part two", reply_to=one["id"]).json()
    practice.post(token, "part three", reply_to=two["id"])
    text = practice.call("GET", own_path(practice, two)).text.partition("<main")[2]
    assert text.index("part one") < text.index("part two") < text.index("part three")
    assert practice.call("GET", f"/@Jaan/{one['id']}").status == 404


def test_visitor_likes_and_takes_it_back(practice: PracticeServer) -> None:
    token = practice.account("Mari")
    post = practice.post(token, "hello").json()
    path = own_path(practice, post)

    def likes() -> int:
        return int(practice.call("GET", f"/api/v1/posts/{post['id']}", token=token).json()["likes"])

    liked = form(practice, f"{path}/like")
    assert (liked.status, liked.headers["location"]) == (303, path)
    cookie = liked.headers["set-cookie"].partition(";")[0]
    assert likes() == 1
    form(practice, f"{path}/like")
    assert likes() == 2
    form(practice, f"{path}/like", {"Cookie": cookie})
    assert likes() == 1


def test_visitor_comments(practice: PracticeServer) -> None:
    post = practice.post(practice.account("Mari"), "hello").json()
    path = own_path(practice, post)
    made = form(practice, f"{path}/comments", name="Guest", text="Well said\r\nindeed")
    assert made.status == 303
    assert "Well said\nindeed" in practice.call("GET", path).text
    refused = form(practice, f"{path}/comments", name=" ", text="typed with care")
    assert refused.status == 422
    assert "A visitor needs a name." in refused.text
    assert "typed with care</textarea>" in refused.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_cannot_post_here(practice: PracticeServer, site: str) -> None:
    post = practice.post(practice.account("Mari"), "hello").json()
    path, api = own_path(practice, post), f"/api/v1/posts/{post['id']}"
    for target in (f"{path}/like", f"{path}/comments", "/faults", "/faults/revoke", "/admin/reset", f"{api}/likes"):
        assert form(practice, target, {"Sec-Fetch-Site": site}, account="*", name="x", text="x").status == 403
    assert [item["text"] for item in practice.truth()] == ["hello"]
    assert 'Like<span class="count">0<' in practice.call("GET", path, headers={"Sec-Fetch-Site": site}).text
    assert form(practice, f"{path}/like", {"Sec-Fetch-Site": "same-origin"}).status == 303


def test_faults_are_set_in_plain_words(practice: PracticeServer) -> None:
    token = practice.account("Mari")
    fields = {
        "account": "Mari",
        "seed": "5",
        "too_many.active": "on",
        "too_many.how_often": "100",
        "too_many.retry_after": "3,5",
        "delay.how_often": "100",
        "error_before.active": "on",
        "error_before.how_often": "25",
        "error_before.status": "502",
        "error_before.on": "every",
    }
    saved = form(practice, "/faults", **fields)
    assert (saved.status, saved.headers["location"]) == (303, "/faults?account=Mari&saved=1")
    active = practice.call("GET", "/admin/faults").json()["active"]
    assert set(active) == {"Mari"}
    assert active["Mari"]["seed"] == 5
    assert set(active["Mari"]["faults"]) == {"too_many", "error_before"}
    assert active["Mari"]["faults"]["too_many"]["retry_after"] == 3.5
    assert active["Mari"]["faults"]["error_before"]["probability"] == 0.25
    assert "read" in active["Mari"]["faults"]["error_before"]["on"]
    assert practice.post(token, "x").status == 429
    page = practice.call("GET", saved.headers["location"]).text
    assert 'name="too_many.active" checked' in page
    assert 'name="delay.active" checked' not in page
    assert "refused with 429" in page
    form(practice, "/faults", account="Mari", seed="0")
    assert practice.post(token, "x").status == 201


@pytest.mark.parametrize("value", ["eleven", "101", "nan", "inf", "-1"])
def test_bad_switch_keeps_what_was_typed(practice: PracticeServer, value: str) -> None:
    fields = {"account": "*", "delay.active": "on", "delay.how_often": value, "delay.seconds": "2.75"}
    refused = form(practice, "/faults", **fields)
    assert refused.status == 422
    assert "Nothing was changed." in refused.text
    assert 'value="2.75"' in refused.text
    assert practice.call("GET", "/admin/faults").json()["active"] == {}


def test_access_is_revoked_by_a_button(practice: PracticeServer) -> None:
    token = practice.account("Mari")
    assert form(practice, "/faults/revoke", account="Mari").status == 303
    assert practice.post(token, "x").status == 401


def test_tag_escapes_children_and_attributes() -> None:
    assert tag("a", "<", ["&", 3], href='"x"', hidden=True, title=None) == (
        '<a href="&quot;x&quot;" hidden>&lt;&amp;3</a>'
    )
    assert render(linked("see https://a.test/<b>")).endswith("/</a>&lt;b&gt;")


@pytest.mark.parametrize("accept", ["", "en-GB,en;q=0.9", "../../etc;q=1", "xx", "ru;q=bad", "*"])
def test_language_falls_back_to_english(accept: str) -> None:
    assert get_translation(accept)[0] == "en"
