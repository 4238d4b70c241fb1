"""What is said to an account, and what it answers and does, over the API."""

import http.client
from typing import Any

import pytest

from kaja.practice.store import Store
from tests.practice.running import PracticeServer


def entry(practice: PracticeServer, token: str, entry_id: str) -> dict[str, Any]:
    return dict(practice.call("GET", f"/api/v1/entries/{entry_id}", token=token).json())


def act(practice: PracticeServer, token: str, entry_id: str, name: str) -> Any:
    return practice.call("POST", f"/api/v1/entries/{entry_id}/acts", {"act": name}, token=token)


def reply(practice: PracticeServer, token: str, entry_id: str, text: str, **headers: str) -> Any:
    return practice.call("POST", f"/api/v1/entries/{entry_id}/replies", {"text": text}, token=token, headers=headers)


def test_a_branch_keeps_who_answers_whom(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    post = practice.post(token, "Rye").json()["id"]
    [asked] = practice.plant("bakery", {"person": "p4", "text": "Are you open?"})
    ours = reply(practice, token, asked, "Yes")
    assert ours.status == 201
    [again] = practice.plant("bakery", {"person": "p4", "text": "And on Sunday?", "parent": ours.json()["id"]})
    other = practice.call("POST", f"/api/v1/posts/{post}/comments", {"name": "Mari", "text": "Yum"}).json()
    thread = practice.call("GET", f"/api/v1/entries/{again}/thread", token=token).json()["entries"]
    assert [(each["text"], each["parent"], each["thread"]) for each in thread] == [
        ("Are you open?", None, asked),
        ("Yes", asked, asked),
        ("And on Sunday?", ours.json()["id"], asked),
    ]
    assert other["thread"] == other["id"]
    replies = practice.call("GET", f"/api/v1/entries/{asked}/replies", token=token).json()["replies"]
    assert [each["text"] for each in replies] == ["Yes"]


def test_what_changes_comes_once_more_in_its_new_form(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    practice.post(token, "Rye")
    one, two = practice.plant("bakery", {"person": "p0", "text": "Yum"}, {"person": "p1", "text": "Вкусно"})
    first = practice.read(token)
    assert [each["id"] for each in first] == [one, two]
    practice.call("PUT", f"/admin/entries/{one}", {"text": "Yum!"})
    second = practice.read(token, after=first[-1]["revision"])
    assert [(each["id"], each["text"], each["edited_at"] is not None) for each in second] == [(one, "Yum!", True)]
    act(practice, token, two, "hide")
    practice.call("DELETE", f"/admin/entries/{one}")
    third = practice.read(token, after=second[-1]["revision"])
    assert [(each["id"], each["state"], each["text"]) for each in third] == [
        (two, "hidden", "Вкусно"),
        (one, "deleted", ""),
    ]
    assert [each["id"] for each in practice.read(token)] == [two, one]


def test_acts_may_be_repeated(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    practice.post(token, "Rye")
    [said] = practice.plant("bakery", {"person": "p0", "text": "Buy pills", "state": "pending"})
    assert entry(practice, token, said)["state"] == "pending"
    for name, state in (("approve", "there"), ("hide", "hidden"), ("unhide", "there"), ("spam", "hidden")):
        for _ in range(2):
            answer = act(practice, token, said, name)
            assert (answer.status, answer.json()["state"]) == (200, state)
    revision = entry(practice, token, said)["revision"]
    assert act(practice, token, said, "spam").json()["revision"] == revision
    assert act(practice, token, said, "like").json()["liked"] is True
    for _ in range(2):
        assert act(practice, token, said, "delete").json()["state"] == "deleted"
    assert reply(practice, token, said, "Hello?").status == 404
    assert act(practice, token, said, "dance").status == 404
    assert act(practice, practice.account("other"), said, "hide").status == 404


@pytest.mark.parametrize("stream", ["mentions", "reviews", "direct"])
def test_what_stands_elsewhere_is_not_ours_to_delete(practice: PracticeServer, stream: str) -> None:
    token = practice.account("bakery")
    [said] = practice.plant("bakery", {"stream": stream, "person": "p0", "text": "Well"})
    assert act(practice, token, said, "delete").status == 403
    assert act(practice, token, said, "hide").error()["field"] == "act"
    assert act(practice, token, said, "like").status == 200


def test_who_is_blocked_says_nothing_more(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    post = practice.post(token, "Rye").json()["id"]
    for _ in range(2):
        answer = practice.call("POST", "/api/v1/people/Mari/acts", {"act": "block"}, token=token)
        assert answer.json() == {"id": "Mari", "blocked": True, "muted": False}
    path = f"/api/v1/posts/{post}/comments"
    assert practice.call("POST", path, {"name": "Mari", "text": "Yum"}).status == 403
    practice.call("POST", "/api/v1/people/Mari/acts", {"act": "unblock"}, token=token)
    assert practice.call("POST", path, {"name": "Mari", "text": "Yum"}).status == 201


def test_who_has_blocked_us_gets_no_answer(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    practice.post(token, "Rye")
    [said, other] = practice.plant("bakery", {"person": "p0", "text": "Bad"}, {"person": "p4", "text": "Good"})
    [wrote] = practice.plant("bakery", {"stream": "direct", "person": "p0", "text": "Bad"})
    for blocks, status in ((True, 403), (False, 201)):
        practice.call("PUT", "/admin/people/p0", {"account": "bakery", "blocks": blocks})
        answers = [reply(practice, token, each, "Sorry") for each in (said, wrote)]
        assert [answer.status for answer in answers] == [status, status]
        assert reply(practice, token, other, "Thanks").status == 201
    practice.call("PUT", "/admin/people/p0", {"account": "bakery", "blocks": True})
    assert reply(practice, token, said, "Sorry").error()["code"] == "blocked_by"


def test_a_direct_message_is_answered_for_a_day_and_then_refused(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    [fresh] = practice.plant("bakery", {"stream": "direct", "person": "p0", "text": "Do you have a table?"})
    [old] = practice.plant("bakery", {"stream": "direct", "person": "p4", "text": "Hello?", "age": 86400 + 60})
    told = {each["id"]: each for each in practice.read(token, "messages")}
    for message, status in ((fresh, 201), (old, 403)):
        path = f"/api/v1/dialogues/{told[message]['dialogue']}/messages"
        answer = practice.call("POST", path, {"text": "Yes"}, token=token)
        assert answer.status == status
    assert answer.error()["code"] == "window_closed"
    dialogues = practice.call("GET", "/api/v1/account/dialogues", token=token).json()["dialogues"]
    assert [(each["person"], each["messages"]) for each in dialogues] == [("p0", 2), ("p4", 1)]
    # When they write again, it is open again.
    practice.plant("bakery", {"stream": "direct", "person": "p4", "text": "Anybody?"})
    assert practice.call("POST", path, {"text": "Yes"}, token=token).status == 201


def test_only_a_keyed_account_remembers_answers(practice: PracticeServer) -> None:
    for kind, made in (("keyed", 1), ("plain", 2)):
        token = practice.account(kind, kind)
        practice.post(token, "Rye")
        [said] = practice.plant(kind, {"person": "p0", "text": "Open?"})
        [wrote] = practice.plant(kind, {"stream": "direct", "person": "p0", "text": "Open?"})
        dialogue = entry(practice, token, wrote)["dialogue"]
        key = {"Idempotency-Key": "one"}
        for _ in range(2):
            reply(practice, token, said, "Yes", **key)
            practice.call("POST", f"/api/v1/dialogues/{dialogue}/messages", {"text": "Yes"}, token=token, headers=key)
        objects = [each["object"] for each in practice.truth(kind, "Yes")]
        assert (objects.count("reply"), objects.count("message")) == (made, made)


def test_an_answer_that_is_lost_still_stands(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    practice.post(token, "Rye")
    [said] = practice.plant("bakery", {"person": "p0", "text": "Open?"})
    practice.set_faults(drop_after={"on": ["comment", "act"]}, late_listing={"seconds": 10, "on": ["comment"]})
    with pytest.raises(http.client.RemoteDisconnected):
        reply(practice, token, said, "Yes")
    with pytest.raises(http.client.RemoteDisconnected):
        act(practice, token, said, "like")
    assert [each["reply_to"] for each in practice.truth("bakery", "Yes")] == [said]
    assert practice.call("GET", f"/api/v1/entries/{said}/replies", token=token).json()["replies"] == []
    assert entry(practice, token, said)["liked"] is True


def test_all_of_it_is_there_after_a_restart(practice: PracticeServer) -> None:
    token = practice.account("bakery", "keyed")
    practice.post(token, "Rye")
    [said] = practice.plant("bakery", {"person": "p0", "text": "Open?"})
    practice.plant("bakery", {"stream": "direct", "person": "p0", "text": "Table?"})
    practice.plant("bakery", {"stream": "reviews", "person": "p2", "text": "Hea", "rating": 4})
    reply(practice, token, said, "Yes")
    act(practice, token, said, "like")
    practice.set_mood("calm", seed=5, per_minute=0)
    before = [practice.read(token, stream) for stream in ("comments", "messages", "reviews")]
    again = Store(practice.folder)
    account = again.accounts["bakery"]
    after = [[each.id for each in account.feeds[stream].list_after(0)] for stream in ("comments", "direct", "reviews")]
    again.close()
    assert after == [[each["id"] for each in stream] for stream in before]
    assert again.entries[said].liked
    assert again.mood["seed"] == 5


def test_many_people_say_many_things_at_once(practice: PracticeServer) -> None:
    token = practice.account("bakery")
    practice.post(token, "Rye")
    ids = practice.plant("bakery", people=40, count=500)
    assert len(set(ids)) == 500
    listed = practice.read(token)
    assert len({each["author_id"] for each in listed}) == 40
    assert {each["language"] for each in listed} == {"en", "ru", "et", "zh-Hant"}
    practice.plant("bakery", stream="reviews", count=3)
    assert [each["rating"] for each in practice.read(token, "reviews")] == [4, 4, 4]


def test_a_comment_is_answered_in_private_once_and_bound_to_it(practice: PracticeServer) -> None:
    token = practice.account("bakery", "keyed")
    practice.post(token, "Rye")
    asked, old = practice.plant(
        "bakery", {"person": "p4", "text": "Price?"}, {"name": "Mari", "text": "Price?", "age": 8 * 24 * 3600}
    )
    [mentioned] = practice.plant("bakery", {"stream": "mentions", "person": "p4", "text": "Price?"})

    def say(entry_id: str, text: str = "2 €", **headers: str) -> Any:
        path = f"/api/v1/entries/{entry_id}/private"
        return practice.call("POST", path, {"text": text}, token=token, headers=headers)

    made = say(asked, **{"Idempotency-Key": "k"})
    assert (made.status, made.json()["parent"], made.json()["stream"]) == (201, asked, "direct")
    assert say(asked, **{"Idempotency-Key": "k"}).json()["id"] == made.json()["id"]
    refused = [say(entry_id).error()["code"] for entry_id in (asked, old, mentioned, "0")]
    assert refused == ["private_taken", "window_closed", "not_a_comment", "not_found"]
    listed = practice.call("GET", f"/api/v1/entries/{asked}/private", token=token).json()["messages"]
    assert [each["text"] for each in listed] == ["2 €"]
    # It is the beginning of their dialogue; the account may not go on there until they write.
    dialogue = made.json()["dialogue"]
    path = f"/api/v1/dialogues/{dialogue}/messages"
    assert practice.call("POST", path, {"text": "More"}, token=token).error()["code"] == "window_closed"
    practice.plant("bakery", {"stream": "direct", "person": "p4", "text": "Thank you"})
    assert practice.call("POST", path, {"text": "More"}, token=token).status == 201
    shown = practice.call("GET", path, token=token).json()["messages"]
    assert [each["text"] for each in shown] == ["More", "Thank you", "2 €"]
