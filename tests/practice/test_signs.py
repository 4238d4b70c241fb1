"""Likes, shares and followers on the practice network: once each, taken back, told as a stream, kept over a restart."""

from pathlib import Path
from typing import Any

import pytest

from kaja.practice.conversations import Conversations
from kaja.practice.faults import NOTHING
from kaja.practice.http import Refusal
from kaja.practice.network import Network
from kaja.practice.player import Player
from kaja.practice.state import Account
from kaja.practice.store import Store
from kaja.practice.story import Telling, list_gestures
from tests.practice.running import PracticeServer
from tests.practice.test_pages import form, own_path


def bakery(talk: Conversations) -> Account:
    account, _, _ = talk.network.authorize("bakery", "plain")
    for number in range(3):
        talk.network.create_post(account, {"text": f"Loaf {number}"}, NOTHING, "")
    return account


def test_somebody_likes_once_takes_it_back_and_likes_anew(tmp_path: Path) -> None:
    talk = Conversations(Network(Store(tmp_path)))
    account = bakery(talk)
    post, told = account.posts[0], list[tuple[str, bool]]()
    talk.signs.listeners.append(lambda sign: told.append((sign.kind, sign.there)))
    for on in (True, True, False, False, True):
        talk.signs.put(account, "like", post, "Mari", on=on)
    talk.signs.put(account, "follow", None, "Mari")
    assert told == [("like", True), ("like", False), ("like", True), ("follow", True)], "what is so already is no news"
    [like, follow] = account.signs_feed.list_after(0)
    assert (like.there, like.gone > 0, follow.there) == (True, True, True)
    assert (post.likes, account.followers) == ({"Mari"}, {"Mari"})
    talk.signs.put(account, "follow", None, "Mari", on=False)
    talk.store.close()
    again = Store(tmp_path).accounts["bakery"]
    assert [(each.kind, each.there) for each in again.signs_feed.list_after(0)] == [("like", True), ("follow", False)]
    assert (again.posts[0].likes, again.followers) == ({"Mari"}, set())


def test_who_is_blocked_and_what_is_none_is_refused(tmp_path: Path) -> None:
    talk = Conversations(Network(Store(tmp_path)))
    account = bakery(talk)
    talk.put_relation(account, "p1", "blocked", True)
    for kind, post, person in (("like", account.posts[0], "p1"), ("applause", None, ""), ("like", None, "")):
        with pytest.raises(Refusal):
            talk.signs.put(account, kind, post, "Mari", person)
    assert account.signs == {}


def test_the_same_seed_gestures_alike_and_the_audience_takes_some_back(tmp_path: Path) -> None:
    telling = Telling("launch", seed=7)
    gestures = [each for number in range(300) for each in list_gestures(telling, number)]
    assert gestures == [each for number in range(300) for each in list_gestures(telling, number)]
    assert {each.kind for each in gestures} == {"like", "share", "follow"}
    assert {each.on for each in gestures} == {True, False}
    talk = Conversations(Network(Store(tmp_path)))
    account, player = bakery(talk), Player(talk)
    player.set_mood(telling)
    for _ in range(300):
        player.step(account)
    signs = list(account.signs.values())
    assert {sign.kind for sign in signs} == {"like", "share", "follow"}
    assert {sign.there for sign in signs} == {True, False}
    assert all(sign.person for sign in signs)


def test_programs_read_them_as_a_stream(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    post = practice.post(token, "Fresh rye").json()
    practice.sign("bakery", {"kind": "like", "person": "p1"}, {"kind": "follow", "name": "Guest"})
    like, follow = practice.read(token, "reactions")
    assert (like["kind"], like["post"], like["author_id"], like["gone_at"]) == ("like", post["id"], "p1", None)
    assert (follow["kind"], follow["post"], follow["author"]) == ("follow", None, "Guest")
    practice.sign("bakery", {"kind": "like", "person": "p1", "gone": True})
    [changed] = practice.read(token, "reactions", after=follow["revision"])
    assert (changed["id"], bool(changed["gone_at"])) == (like["id"], True)
    page: dict[str, Any] = practice.call("GET", "/api/v1/account/reactions?before=&limit=1", token=token).json()
    assert [each["kind"] for each in page["reactions"]] == ["follow"]
    assert page["next_before"]
    practice.call("DELETE", f"/api/v1/posts/{post['id']}", token=token)
    assert [each["kind"] for each in practice.read(token, "reactions")] == ["follow"], "gone with the post"


def test_a_visitor_shares_and_follows_on_the_pages(practice: PracticeServer) -> None:
    token = practice.account("Mari")
    post = practice.post(token, "hello").json()
    path = own_path(practice, post)
    shared = form(practice, f"{path}/share")
    cookie = shared.headers["set-cookie"].partition(";")[0]
    assert (shared.status, shared.headers["location"]) == (303, path)
    followed = form(practice, "/@Mari/follow", {"Cookie": cookie})
    assert (followed.status, followed.headers["location"]) == (303, "/@Mari")
    told = practice.read(token, "reactions")
    assert {(each["kind"], each["author"]) for each in told} == {
        ("share", told[0]["author"]),
        ("follow", told[0]["author"]),
    }
    form(practice, f"{path}/share", {"Cookie": cookie})
    assert bool(practice.read(token, "reactions")[-1]["gone_at"])
    assert 'Follow this account<span class="count">1<' in practice.call("GET", "/@Mari").text
