"""Answers to the audience through the connector: sent once, found again, refused with words; and acts."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaja.networks.kit.content import Kind, Outgoing
from kaja.networks.kit.moderation import TO_AUTHOR, Act
from kaja.networks.kit.reading import Incoming, Page, Past
from kaja.networks.kit.reading import Kind as ReadKind
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Changed,
    Found,
    Rejected,
    RemoteRef,
    Sent,
    Unknown,
)
from tests.needed import needs
from tests.networks.practice.driving import PRACTICE, Channel, after, connect, post
from tests.practice.running import PracticeServer

READER, HISTORY, REMOVER = needs(PRACTICE.reader), needs(PRACTICE.history), needs(PRACTICE.remover)
ANSWERING, MODERATOR = needs(PRACTICE.answering), needs(PRACTICE.moderator)


def target_of(item: Incoming) -> RemoteRef:
    """What an answer is given of what was read."""
    return RemoteRef(item.id, item.url, item.data)


def answer(kind: Kind, to: Incoming, text: str = "Yes", **more: Any) -> Outgoing:
    made = {"kind": kind, "key": uuid.uuid4().hex, "created_at": datetime.now(UTC), "text": text}
    return Outgoing(**{**made, "reply_to": target_of(to), **more})


async def read_page(channel: Channel, stream: str, cursor: dict[str, Any]) -> Page:
    page = await READER.read(stream, cursor, channel.facts, channel.session())
    assert isinstance(page, Page), page
    return page


async def read(channel: Channel, stream: str = "comments") -> Sequence[Incoming]:
    return (await read_page(channel, stream, {})).items


async def asked(channel: Channel, stream: str = "comments") -> Incoming:
    """Something that somebody said to the account just now."""
    if stream == "comments":
        await channel.deliver(post("Rye"))
    channel.practice.plant(channel.facts.handle, {"stream": stream, "person": "p0", "text": "Are you open?"})
    return (await read(channel, stream))[0]


KINDS: list[tuple[str, ReadKind]] = [
    ("comments", "comment"),
    ("mentions", "mention"),
    ("direct", "direct"),
    ("reviews", "review"),
]
WAYS: list[tuple[Kind, str]] = [
    ("reply", "comments"),
    ("reply", "mentions"),
    ("reply", "reviews"),
    ("message", "direct"),
]


@pytest.mark.parametrize(("kind", "stream"), WAYS)
async def test_an_answer_is_sent_and_read_back(practice: PracticeServer, kind: Kind, stream: str) -> None:
    channel = await connect(practice, "staged")
    said = await asked(channel, stream)
    assert ANSWERING.kinds[said.kind] == kind
    sent = await channel.deliver(answer(kind, said))
    assert isinstance(sent, Sent)
    back = (await read(channel, stream))[0]
    assert (back.id, back.text, back.author.is_us, back.thread) == (sent.ref.id, "Yes", True, said.thread)
    assert back.url == sent.ref.url
    if kind == "reply":
        assert (back.kind, back.parent) == ("reply", said.id)


@pytest.mark.parametrize(("kind", "stream"), WAYS)
async def test_an_answer_that_was_lost_is_found(practice: PracticeServer, kind: Kind, stream: str) -> None:
    channel = await connect(practice)
    said = await asked(channel, stream)
    outgoing = answer(kind, said)
    assert isinstance(await channel.look(outgoing), AbsentAsOf)
    practice.set_faults(drop_after={"on": ["comment", "message"]})
    assert isinstance(await channel.deliver(outgoing), Unknown)
    practice.set_faults()
    found = await channel.look(outgoing)
    [truth] = practice.truth("mari", "Yes")
    assert isinstance(found, Found)
    assert found.ref.id == truth["id"]


@pytest.mark.parametrize("kind", ["reply", "message"])
async def test_the_same_words_to_the_same_person_are_two_answers(practice: PracticeServer, kind: Kind) -> None:
    channel = await connect(practice)
    said = await asked(channel, "comments" if kind == "reply" else "direct")
    first, second = answer(kind, said), answer(kind, said)
    sent = await channel.deliver(first)
    assert isinstance(sent, Sent)
    twin = answer(kind, said, key=second.key, owned=frozenset({sent.ref.owner_key}))
    assert isinstance(await channel.look(twin), AbsentAsOf)
    assert await channel.look(first) == Found(sent.ref)


async def test_what_is_told_of_the_past_hides_no_answer(practice: PracticeServer) -> None:
    """It stands among the newest and bears an old time; a look that goes by that time would end there."""
    channel = await connect(practice)
    said = await asked(channel)
    outgoing = answer("reply", said)
    sent = await channel.deliver(outgoing)
    assert isinstance(sent, Sent)
    practice.plant("mari", {"person": "p4", "text": "Old", "age": 3600, "parent": said.id})
    assert await channel.look(outgoing) == Found(sent.ref)


async def test_a_first_comment_is_no_answer_to_anybody(practice: PracticeServer) -> None:
    channel = await connect(practice)
    said = await asked(channel)
    await channel.deliver(answer("reply", said, "Hello"))
    first = Outgoing("comment", uuid.uuid4().hex, datetime.now(UTC), "Hello", reply_to=RemoteRef(said.publication))
    assert isinstance(await channel.look(first), AbsentAsOf)


async def test_what_was_deleted_meanwhile_is_not_answered(practice: PracticeServer) -> None:
    channel = await connect(practice)
    said = await asked(channel)
    practice.call("DELETE", f"/admin/entries/{said.id}")
    sent = await channel.deliver(answer("reply", said))
    assert isinstance(sent, Rejected)
    assert sent.problem.code == "target_gone"
    assert isinstance(await channel.look(answer("reply", said)), AbsentAsOf)


async def test_with_its_post_nobody_can_tell(practice: PracticeServer) -> None:
    channel = await connect(practice)
    said = await asked(channel)
    await REMOVER.delete(RemoteRef(said.publication), channel.facts, channel.session())
    assert isinstance(await channel.look(answer("reply", said)), CannotTell)


async def test_a_message_after_a_day_is_refused_in_words(practice: PracticeServer) -> None:
    channel = await connect(practice)
    practice.plant("mari", {"stream": "direct", "person": "p0", "text": "Hello?", "age": 90_000})
    [said] = await read(channel, "direct")
    sent = await channel.deliver(answer("message", said))
    assert isinstance(sent, Rejected)
    assert "24 hours" in str(sent.problem.params["answer"])
    assert not sent.fixable
    # The same is known before anything is sent.
    assert said.at + ANSWERING.windows["direct"] < datetime.now(UTC)
    assert ANSWERING.windows["direct"] == timedelta(hours=24)


async def test_every_act_that_is_offered_is_carried_out_twice(practice: PracticeServer) -> None:
    channel = await connect(practice)
    for stream, kind in KINDS:
        acts: list[Act] = sorted(MODERATOR.acts[kind], key=lambda act: (act == "delete", act))
        for act in acts:
            said = await asked(channel, stream)
            for _ in range(2):
                done = await MODERATOR.act(act, target_of(said), said.author.id, channel.facts, channel.session())
                assert done == Changed(None if act == "delete" else target_of(said)), (kind, act)
            if act in ("block", "mute"):
                back: Act = "unblock" if act == "block" else "unmute"
                await MODERATOR.act(back, target_of(said), said.author.id, channel.facts, channel.session())
    assert "report" in TO_AUTHOR


async def test_acts_are_seen_when_it_is_read_again(practice: PracticeServer) -> None:
    channel = await connect(practice)
    said = await asked(channel)
    steps: list[tuple[Act, str]] = [("hide", "hidden"), ("unhide", "there"), ("delete", "deleted")]
    for act, state in steps:
        await MODERATOR.act(act, target_of(said), said.author.id, channel.facts, channel.session())
        [again] = [item for item in await read(channel) if item.id == said.id]
        assert again.state == state


async def test_our_own_answer_can_be_deleted(practice: PracticeServer) -> None:
    channel = await connect(practice)
    said = await asked(channel)
    sent = await channel.deliver(answer("reply", said))
    assert isinstance(sent, Sent)
    assert "delete" in MODERATOR.acts["own"]
    done = await MODERATOR.act("delete", sent.ref, "", channel.facts, channel.session())
    assert done == Changed(None)
    assert [each["deleted"] for each in practice.truth("mari", "Yes")] == [True]


async def test_late_lists_lose_nothing(practice: PracticeServer) -> None:
    """Something that is listed late, behind what is younger, is read all the same."""
    channel = await connect(practice)
    await channel.deliver(post("Rye"))
    practice.set_faults(late_listing={"seconds": 1.5, "on": ["audience"]})
    [late] = practice.plant("mari", {"person": "p0", "text": "Late"})
    practice.set_faults()
    [young] = practice.plant("mari", {"person": "p4", "text": "Young"})
    page = await read_page(channel, "comments", {})
    assert [item.id for item in page.items] == [young]

    async def again() -> list[str]:
        following = await read_page(channel, "comments", page.cursor)
        return [item.id for item in following.items]

    assert await after(again, lambda ids: late not in ids) == [late, young]


async def test_the_newest_comes_first_and_the_past_beside_it(practice: PracticeServer) -> None:
    channel = await connect(practice)
    await channel.deliver(post("Rye"))
    ids = practice.plant("mari", people=20, count=250, spread=86_400)
    first = await read_page(channel, "comments", {})
    assert {item.id for item in first.items} == set(ids[-100:])
    assert first.reaches_back == min(item.at for item in first.items)
    cursor, got = first.before, list(first.items)
    while cursor is not None:
        past = await HISTORY.read_before("comments", cursor, channel.facts, channel.session())
        assert isinstance(past, Past)
        assert past.reaches_back is not None
        assert past.reaches_back <= min(item.at for item in got)
        got += past.items
        cursor = past.cursor
    assert sorted(item.id for item in got) == sorted(ids)
    # What changes meanwhile comes forwards, also when it is old.
    practice.call("DELETE", f"/admin/entries/{ids[0]}")
    assert ids[0] in [item.id for item in (await read_all(channel, "comments", first.cursor))]


async def read_all(channel: Channel, stream: str, cursor: dict[str, Any]) -> list[Incoming]:
    """Forwards until there is no more."""
    got: list[Incoming] = []
    while True:
        page = await read_page(channel, stream, cursor)
        got += page.items
        cursor = page.cursor
        if page.again_after:
            assert page.complete_until is not None
            return got


async def test_a_walk_over_many_pages_brings_each_thing(practice: PracticeServer) -> None:
    channel = await connect(practice)
    await channel.deliver(post("Rye"))
    begun = await read_page(channel, "comments", {})
    ids = practice.plant("mari", people=20, count=250)
    assert {item.id for item in await read_all(channel, "comments", begun.cursor)} == set(ids)


async def test_forms_of_one_thing_are_in_order(practice: PracticeServer) -> None:
    channel = await connect(practice)
    said = await asked(channel)
    assert (said.state, said.edited_at) == ("there", None)
    forms = [said]
    for change in ({"text": "Open?"}, {"state": "hidden"}, {"state": "there"}):
        practice.call("PUT", f"/admin/entries/{said.id}", change)
        forms.append((await read(channel))[0])
    assert [form.state for form in forms] == ["there", "edited", "hidden", "edited"]
    moments = [form.edited_at or form.at for form in forms]
    assert moments == sorted(moments)
