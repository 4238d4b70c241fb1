"""What a visitor sees of the audience, and says as one of it."""

import zlib
from urllib.parse import quote

import pytest

from tests.practice.running import Answer, PracticeServer
from tests.practice.test_pages import EVIL, form

PLACES = ("mentions", "reviews", "messages")


def own(practice: PracticeServer, text: str = "Rye") -> tuple[str, str]:
    """An account's token, and the path of a post of it."""
    token = practice.account("Mari")
    return token, practice.post(token, text).json()["url"].removeprefix(practice.url)


def submit(practice: PracticeServer, path: str, **fields: str) -> Answer:
    return form(practice, path, **fields)


def test_whatever_the_audience_writes_is_text(practice: PracticeServer) -> None:
    token, path = own(practice)
    for stream in ("comments", "mentions", "reviews", "direct"):
        practice.plant("Mari", {"stream": stream, "name": EVIL[:60], "text": EVIL, "language": '"><script>'})
    dialogue = practice.read(token, "messages")[0]["dialogue"]
    pages = (path, "/audience", *(f"/@Mari/{place}" for place in PLACES), f"/@Mari/messages/{quote(dialogue, safe='')}")
    for page in pages:
        answer = practice.call("GET", page)
        assert answer.status == 200, page
        assert "<script" not in answer.text
        assert "<img src=x" not in answer.text
        assert 'href="javascript:' not in answer.text
        assert "PRACTICE" in answer.text
        assert "img-src 'self' data:" in answer.headers["content-security-policy"]


def test_one_speaks_as_an_invented_person(practice: PracticeServer) -> None:
    token, path = own(practice)
    assert submit(practice, f"{path}/comments", person="p1", text="Вкусно").status == 303
    first = practice.read(token)[0]
    assert (first["author_id"], first["text"]) == ("p1", "Вкусно")
    assert submit(practice, f"{path}/comments", person="p4", text="What?", parent=first["id"]).status == 303
    assert practice.read(token)[1]["thread"] == first["id"]
    shown = practice.call("GET", path).text
    assert 'src="/people/p1.png"' in shown
    assert shown.index("Вкусно") < shown.index("What?")
    for place, fields in (("mentions", {}), ("reviews", {"rating": "4"}), ("messages", {})):
        answer = submit(practice, f"/@Mari/{place}", person="p2", text="Tere", **fields)
        assert answer.status == 303
        assert "Tere" in practice.call("GET", answer.headers["location"].partition("#")[0]).text
    assert [each["rating"] for each in practice.read(token, "reviews")] == [4]


@pytest.mark.parametrize("place", PLACES)
def test_what_cannot_be_said_comes_back(practice: PracticeServer, place: str) -> None:
    own(practice)
    answer = submit(practice, f"/@Mari/{place}", name="", text="I typed this", rating="3")
    assert answer.status == 422
    assert 'role="alert"' in answer.text
    assert "I typed this" in answer.text
    assert submit(practice, f"/@Mari/{place}", person="p999", text="x").status == 422
    assert submit(practice, f"/@Nobody/{place}", person="p1", text="x").status == 404


def test_an_author_edits_and_deletes_by_hand(practice: PracticeServer) -> None:
    token, path = own(practice)
    [said] = practice.plant("Mari", {"person": "p0", "text": "Yum"})
    assert submit(practice, f"/entries/{said}", do="edit", text="Yum!").status == 303
    assert practice.read(token)[0]["text"] == "Yum!"
    assert submit(practice, f"/entries/{said}", do="delete", text="").status == 303
    assert practice.read(token)[0]["state"] == "deleted"
    assert "Yum" not in practice.call("GET", path).text
    assert submit(practice, f"/entries/{said}", do="edit", text="Back").status == 404
    # What the account wrote is not the audience's to change.
    [ours] = practice.plant("Mari", {"by_account": True, "text": "Thanks"})
    assert submit(practice, f"/entries/{ours}", do="delete").status == 404


def test_what_is_hidden_says_so(practice: PracticeServer) -> None:
    _, path = own(practice)
    practice.plant("Mari", {"person": "p0", "text": "Buy pills", "state": "pending"})
    assert "waits for approval" in practice.call("GET", path).text


def test_the_mood_is_set_on_its_page(practice: PracticeServer) -> None:
    own(practice)
    shares = {"share.en": "0", "share.ru": "0", "share.et": "5", "share.zh-Hant": "0"}
    answer = submit(practice, "/audience", mood="launch", seed="9", negative="50", per_minute="0", **shares)
    assert answer.headers["location"] == "/audience?saved=1"
    told = practice.call("GET", "/admin/audience").json()
    assert (told["mood"], told["seed"], told["shares"], told["negative"]) == ("launch", 9, {"et": 5}, 0.5)
    assert "A launch" in practice.call("GET", "/audience?saved=1").text
    for wrong in ({"mood": "odd"}, {"mood": "calm", "seed": "x"}, {"mood": "calm", "negative": "200"}):
        answer = submit(practice, "/audience", **shares, **wrong)
        assert answer.status == 422
        assert 'role="alert"' in answer.text
    # Another site's page cannot.
    assert form(practice, "/audience", {"Origin": "http://evil.test"}, mood="storm").status == 403


def test_a_month_is_made_up_by_a_button(practice: PracticeServer) -> None:
    token = practice.account("Mari")
    answer = submit(practice, "/audience/history", account="Mari")
    assert answer.headers["location"] == "/@Mari"
    assert practice.read(token)
    for place in PLACES:
        assert practice.call("GET", f"/@Mari/{place}").text.count('class="entry"') > 3
    assert submit(practice, "/audience/history", account="Nobody").status == 404


def test_counts_are_of_what_stands(practice: PracticeServer) -> None:
    token, path = own(practice)
    [one, gone] = practice.plant("Mari", *({"stream": "reviews", "person": "p0", "text": "Well"} for _ in range(2)))
    practice.call("POST", f"/api/v1/entries/{one}/replies", {"text": "Thanks"}, token=token)
    practice.call("DELETE", f"/admin/entries/{gone}")
    assert 'Reviews<span class="count">1</span>' in practice.call("GET", "/@Mari/reviews").text
    [comment] = practice.plant("Mari", {"person": "p0", "text": "Yum"})
    post = path.rpartition("/")[2]
    assert practice.call("GET", f"/api/v1/posts/{post}", token=token).json()["comments"] == 1
    practice.call("DELETE", f"/admin/entries/{comment}")
    assert practice.call("GET", f"/api/v1/posts/{post}", token=token).json()["comments"] == 0


def test_pictures_are_drawn(practice: PracticeServer) -> None:
    answer = practice.call("GET", "/people/p7.png")
    assert answer.headers["content-type"] == "image/png"
    start = answer.content.index(b"IDAT") + 4
    size = int.from_bytes(answer.content[start - 8 : start - 4])
    assert len(zlib.decompress(answer.content[start : start + size])) == 80 * 11
    for wrong in ("/people/p400.png", "/people/p1.svg", "/people/p1.", "/people/../key"):
        assert practice.call("GET", wrong).status == 404


def test_an_empty_account_says_what_would_be_there(practice: PracticeServer) -> None:
    practice.account("Mari")
    for place in PLACES:
        assert 'class="empty"' in practice.call("GET", f"/@Mari/{place}").text
    assert "They have said nothing yet." in practice.call("GET", "/people/p3").text
    assert practice.call("GET", "/@Mari/messages/none").status == 404
