"""Finding, changing and checking on the real practice network."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaja.networks.kit.content import Draft, Media, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Changed,
    Found,
    Rejected,
    Sent,
    Unknown,
)
from tests.needed import needs
from tests.networks.practice.driving import ON_PUBLISH, PRACTICE, after, connect, picture, post
from tests.practice.running import PracticeServer


async def test_late_list_is_absent_until_it_is_not(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    practice.set_faults(late_listing={"seconds": 1}, drop_after=ON_PUBLISH)
    outgoing = post("late")
    assert isinstance(await channel.deliver(outgoing), Unknown)
    stored = practice.truth()[0]
    absent = await channel.look(outgoing)
    assert isinstance(absent, AbsentAsOf)
    settle = timedelta(seconds=PRACTICE.info.settle_seconds)
    listed_at = datetime.fromisoformat(stored["listed_at"])
    # Such an answer must never count: the settle time after the call reaches beyond the moment of listing.
    assert absent.time < listed_at < outgoing.created_at + settle
    found = await after(lambda: channel.look(outgoing), lambda answer: isinstance(answer, AbsentAsOf))
    assert isinstance(found, Found)
    assert found.ref.id == stored["id"]


async def test_settle_time_covers_what_the_server_promises(practice: PracticeServer) -> None:
    channel = await connect(practice)
    told = practice.call("GET", "/api/v1/account", token=channel.credentials["token"]).json()
    assert PRACTICE.info.settle_seconds > told["lists_complete_after"]


@pytest.mark.parametrize(
    "other",
    [
        {"text": "hello "},
        {"text": "Hello"},
        {"media": (picture(),)},
        {"kind": "continuation"},
    ],
)
async def test_only_the_very_same_message_is_found(practice: PracticeServer, other: dict[str, Any]) -> None:
    channel = await connect(practice)
    if other.get("kind"):
        root = await channel.deliver(post("root"))
        assert isinstance(root, Sent)
        other = {**other, "reply_to": root.ref}
    assert isinstance(await channel.deliver(post(**other)), Sent)
    channel.checkpoint = {}
    assert isinstance(await channel.look(post()), AbsentAsOf)


async def test_older_post_with_the_same_text_is_not_found(practice: PracticeServer) -> None:
    channel = await connect(practice)
    assert isinstance(await channel.deliver(post("again")), Sent)
    later = post("again", created_at=datetime.now(UTC) + timedelta(seconds=6))
    assert isinstance(await channel.look(later), AbsentAsOf)


async def test_other_accounts_and_visitors_are_not_found(practice: PracticeServer) -> None:
    mari, jaan = await connect(practice), await connect(practice, name="jaan")
    sent = await jaan.deliver(post())
    assert isinstance(sent, Sent)
    assert isinstance(await mari.look(post()), AbsentAsOf)
    practice.call("POST", f"/api/v1/posts/{sent.ref.id}/comments", {"name": "jaan", "text": "me"})
    assert isinstance(await jaan.look(post("me", kind="comment", reply_to=sent.ref)), AbsentAsOf)


async def test_of_two_that_nobody_owns_the_oldest_is_found(practice: PracticeServer) -> None:
    channel = await connect(practice)
    outgoing = post("twin")
    refs = []
    for _ in range(2):
        sent = await channel.deliver(outgoing)
        assert isinstance(sent, Sent)
        refs.append(sent.ref)
    assert await channel.look(outgoing) == Found(refs[0])
    assert await channel.look(replace(outgoing, owned=frozenset({refs[0].owner_key}))) == Found(refs[1])
    both = frozenset(ref.owner_key for ref in refs)
    assert isinstance(await channel.look(replace(outgoing, owned=both)), AbsentAsOf)


async def test_keyed_account_makes_no_twin(practice: PracticeServer) -> None:
    channel = await connect(practice, "keyed")
    outgoing = post("twin")
    first, second = await channel.deliver(outgoing), await channel.deliver(outgoing)
    assert first == second
    assert len(practice.truth()) == 1


async def test_post_is_found_behind_many_others(practice: PracticeServer) -> None:
    channel = await connect(practice)
    outgoing = post("needle")
    sent = await channel.deliver(outgoing)
    for number in range(120):
        practice.post(channel.credentials["token"], f"hay {number}")
    found = await channel.look(outgoing)
    assert isinstance(sent, Sent)
    assert found == Found(sent.ref)


async def test_failed_look_tells_nothing(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    outgoing = post()
    await channel.deliver(outgoing, until="publish")
    for fault in ("error_before", "drop_before", "too_many", "drop_after"):
        faults: dict[str, Any] = {fault: {"on": ["read"]}}
        practice.set_faults(**faults)
        assert isinstance(await channel.look(outgoing), CannotTell), fault
    practice.revoke("mari")
    assert isinstance(await channel.look(outgoing), CannotTell)


async def test_comment_below_a_deleted_post_cannot_be_told(practice: PracticeServer) -> None:
    channel = await connect(practice)
    parent = await channel.deliver(post())
    assert isinstance(parent, Sent)
    await needs(PRACTICE.remover).delete(parent.ref, channel.facts, channel.session())
    assert isinstance(await channel.look(post("c", kind="comment", reply_to=parent.ref)), CannotTell)


# Afterwards.


async def test_edit_and_delete(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    sent = await channel.deliver(post("frist", media=(picture(),)))
    assert isinstance(sent, Sent)
    edited = await needs(PRACTICE.editor).edit(
        sent.ref, post("first", media=(picture("blue"),)), channel.facts, channel.session()
    )
    assert edited == Changed(sent.ref)
    told = practice.call("GET", f"/api/v1/posts/{sent.ref.id}", token=channel.credentials["token"]).json()
    assert (told["text"], [item["alt"] for item in told["media"]]) == ("first", ["blue"])
    too_long = await needs(PRACTICE.editor).edit(sent.ref, post("x" * 501), channel.facts, channel.session())
    assert isinstance(too_long, Rejected)
    for _ in range(2):
        assert await needs(PRACTICE.remover).delete(sent.ref, channel.facts, channel.session()) == Changed(None)
    assert practice.truth()[0]["deleted"]
    gone = await needs(PRACTICE.editor).edit(sent.ref, post("x"), channel.facts, channel.session())
    assert isinstance(gone, Rejected)
    assert not gone.fixable


async def test_rate_headers_reach_the_session(practice: PracticeServer) -> None:
    channel = await connect(practice)
    session = channel.session()
    await needs(PRACTICE.publisher).run("publish", post(), {}, channel.facts, session)
    quota = session.quotas["posts"]
    assert (quota.limit, quota.remaining) == (10_000, 9_999)
    assert quota.resets_at is not None
    assert quota.resets_at > datetime.now(UTC)


# Rules.

FACTS = Facts("1", "mari", "mari")


def problems(*parts: Part, **more: Any) -> list[tuple[str, str, str]]:
    return [(p.code, p.field, p.severity) for p in PRACTICE.rules.check(Draft(parts, **more), FACTS)]


def test_check_names_field_and_fix() -> None:
    video = Media("v", "video", "video/quicktime", 41 * 2**20, 10, 10, alt="x")
    assert problems(Part("x" * 500)) == []
    assert problems(Part("x"), Part("y" * 501)) == [("text_too_long", "parts.1.text", "error")]
    assert problems(Part(" ")) == [("empty", "parts.0.text", "error")]
    assert problems(Part("", (picture(alt=""),))) == [("alt_missing", "parts.0.media.0.alt", "warning")]
    assert problems(Part("", (picture(alt="a" * 1501),))) == [("alt_too_long", "parts.0.media.0.alt", "error")]
    assert problems(Part("", (picture(),) * 5)) == [("too_many_media", "parts.0.media", "error")]
    assert problems(Part("", (picture(), video))) == [
        ("video_not_alone", "parts.0.media", "error"),
        ("media_type", "parts.0.media.1", "error"),
        ("media_too_large", "parts.0.media.1", "error"),
    ]
    assert problems(Part("x"), first_comment="y" * 501, options={"title": "t" * 201}) == [
        ("text_too_long", "first_comment", "error"),
        ("option_too_long", "options.title", "error"),
    ]
    for problem in PRACTICE.rules.check(Draft((Part("x" * 501, (picture(), video)),)), FACTS):
        assert problem.text()
        assert problem.fix % problem.params


async def test_check_and_server_agree_on_length(practice: PracticeServer) -> None:
    channel = await connect(practice)
    for text in ("🎉" * 500, "👩‍👩‍👧" * 100, "é" * 500, "🎉" * 501, "e\u0301" * 251):
        refused = any(p.severity == "error" for p in PRACTICE.rules.check(Draft((Part(text),)), channel.facts))
        assert isinstance(await channel.deliver(post(text)), Rejected if refused else Sent)
        assert PRACTICE.rules.count(text, channel.facts, {}).used == len(text)


def test_split_and_segments() -> None:
    parts = PRACTICE.rules.split("word " * 300, FACTS)
    assert len(parts) == 3
    assert all(len(part) <= 500 for part in parts)
    assert " ".join(parts).split() == ["word"] * 300
    segments = PRACTICE.rules.segments("See https://a.test/x. Or (http://b.test)", FACTS)
    assert "".join(segment.text for segment in segments) == "See https://a.test/x. Or (http://b.test)"
    assert [segment.href for segment in segments if segment.kind == "link"] == ["https://a.test/x", "http://b.test"]
