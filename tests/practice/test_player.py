"""The audience at work: live, answered, in a past, and within bounds."""

from pathlib import Path

import pytest

from kaja.practice import player as playing
from kaja.practice.conversations import Conversations, Voice
from kaja.practice.faults import NOTHING
from kaja.practice.network import Network
from kaja.practice.player import Player, slow_down
from kaja.practice.state import STREAMS, Account
from kaja.practice.store import Store
from kaja.practice.story import Telling
from tests.practice.running import PracticeServer
from tests.waiting import wait_until


@pytest.fixture
def talk(tmp_path: Path) -> Conversations:
    return Conversations(Network(Store(tmp_path)))


def bakery(talk: Conversations, posts: int = 3) -> Account:
    account, _, _ = talk.network.authorize("bakery", "plain")
    for number in range(posts):
        talk.network.create_post(account, {"text": f"Loaf {number}"}, NOTHING, "")
    return account


def said(account: Account) -> list[tuple[str, str, str]]:
    return [(stream, entry.author, entry.text) for stream in STREAMS for entry in account.feeds[stream].list_after(0)]


def test_the_same_seed_is_carried_out_alike(tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        talk = Conversations(Network(Store(tmp_path / name)))
        account, player = bakery(talk), Player(talk)
        player.set_mood(Telling("launch", seed=7))
        for _ in range(150):
            player.step(account)
        told.append(said(account))
    assert told[0] == told[1]
    assert len(told[0]) > 120


def test_a_story_goes_on_after_a_restart(tmp_path: Path) -> None:
    talk = Conversations(Network(Store(tmp_path)))
    account, player = bakery(talk), Player(talk)
    player.set_mood(Telling("launch", seed=7))
    for _ in range(20):
        player.step(account)
    talk.store.close()
    again = Conversations(Network(Store(tmp_path)))
    other = Player(again)
    assert (other.telling, again.store.told) == (player.telling, 20)
    assert said(again.store.accounts["bakery"]) == said(account)


def test_pace_and_mood_make_how_much_is_said(talk: Conversations) -> None:
    account, player = bakery(talk), Player(talk)
    player.set_mood(Telling("storm", per_minute=600))
    now = account.active
    for second in range(60):
        player.play(now + second)
    # 600 a minute, by chance somewhat more or less, and never a hundred in one go.
    assert 300 < talk.store.told < 900
    player.set_mood(Telling("off"))
    before = len(said(account))
    player.play(now + 3600)
    assert len(said(account)) == before


def test_a_storm_passes(talk: Conversations) -> None:
    bakery(talk)
    player = Player(talk)
    player.set_mood(Telling("storm", negative=1.0), minutes=10)
    assert player.until > 0
    talk.store.mood["until"] = 1.0
    assert (player.telling.mood, player.telling.negative, player.until) == ("calm", None, 0.0)


def test_a_calm_day_falls_asleep_when_nobody_does_anything() -> None:
    paces = [slow_down(seconds) for seconds in (0.0, 2 * 3600.0, 2 * 86400.0, 4 * 86400.0)]
    assert paces == sorted(paces, reverse=True)
    assert (paces[0], paces[-1]) == (1.0, 0.0)


def test_a_fresh_post_is_noticed_soon(talk: Conversations) -> None:
    account, player = bakery(talk, posts=0), Player(talk, "calm")
    talk.network.create_post(account, {"text": "Rye"}, NOTHING, "")
    player.play(account.active)
    player.play(account.active + playing.FIRST_AFTER + 0.1)
    assert talk.store.told == 1


def test_who_is_answered_goes_on_or_stays_silent(talk: Conversations) -> None:
    account, player = bakery(talk), Player(talk)
    player.set_mood(Telling("calm", per_minute=0.001))
    post = account.posts[-1]
    for number in range(60):
        asked = talk.comment(post, Voice(f"P{number}", f"p{number}"), "Open?", theme="question.hours", language="en")
        talk.reply(asked, Voice("bakery", account=account), "Yes, we are.")
    player.play(account.active + 3600)
    answers = [e for e in account.feeds["comments"].list_after(0) if e.person and e.parent]
    assert 20 < len(answers) < 60
    assert {"thanks", "question.hours"} <= {entry.theme for entry in answers}
    # They stand below our answer, in the same branch.
    assert all(talk.store.entries[entry.parent].by_account for entry in answers)


def test_what_people_said_is_forgotten_in_time(talk: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "MOST_KEPT", 200)
    account, player = bakery(talk), Player(talk)
    mine = talk.comment(account.posts[0], Voice("bakery", account=account), "First comment")
    player.set_mood(Telling("launch"))
    for _ in range(600):
        player.step(account)
        assert sum(map(len, account.feeds.values())) <= 202
    assert mine.id in talk.store.entries
    assert set(talk.store.entries) >= {e.id for post in account.posts for e in post.comments}
    kept = said(account)
    talk.store.close()
    assert said(Store(talk.store.folder).accounts["bakery"]) == kept


def test_a_past_has_posts_answers_and_days(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    made = practice.call("POST", "/admin/audience/history", {"account": "bakery", "days": 30, "count": 200}).json()
    assert made["posts"] == 12
    assert made["entries"] > 150
    assert made["answers"] > 20
    listed = practice.read(token)
    days = {each["created_at"][:10] for each in listed}
    assert len(days) > 5
    posts = practice.call("GET", "/api/v1/account/posts", token=token).json()["posts"]
    assert [post["created_at"] for post in posts] == sorted((post["created_at"] for post in posts), reverse=True)
    by_post = {post["id"]: post["created_at"] for post in posts}
    assert all(each["created_at"] > by_post[each["post"]] for each in listed)
    # An account that posts already gets no older posts: its list has the newest first.
    again = practice.call("POST", "/admin/audience/history", {"account": "bakery", "count": 10}).json()
    assert again["posts"] == 0


def test_it_comes_alive_in_the_running_server(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    practice.post(token, "Rye")
    practice.set_mood("storm", seed=3, shares={"et": 1}, per_minute=3000)
    wait_until(lambda: len(practice.read(token)) > 10)
    practice.set_mood("off")
    assert {each["language"] for each in practice.read(token)} == {"et"}
    stream = practice.read(token)
    assert all(each["avatar"].endswith(".png") and each["author_handle"] for each in stream if not each["by_account"])


def test_the_next_deeds_can_be_asked_for(practice: PracticeServer) -> None:
    practice.account("bakery")
    practice.set_mood("calm", seed=4, per_minute=0)
    asked = {"account": "bakery", "count": 5}
    first = practice.call("POST", "/admin/audience/step", asked).json()["deeds"]
    practice.set_mood("calm", seed=4, per_minute=0)
    assert practice.call("POST", "/admin/audience/step", asked).json()["deeds"] == first
    assert practice.call("PUT", "/admin/audience", {"mood": "odd"}).error()["field"] == "mood"
    assert practice.call("GET", "/admin/audience", headers={"X-Practice-Key": "no"}).status == 401
