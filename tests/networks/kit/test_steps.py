"""Publishing in steps: what is noted, what is sent again, and when it ends."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Stage
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import AnswerLost, Session
from kaja.networks.kit.results import (
    AbsentAsOf,
    Found,
    Later,
    Next,
    Rejected,
    RemoteRef,
    Restart,
    Sent,
    StageResult,
    Unknown,
)
from kaja.networks.kit.steps import (
    AGAIN,
    UPLOADS,
    Sending,
    list_uploads,
    list_used,
    make_run,
    send_once,
    upload_missing,
    upload_one,
)
from kaja.networks.kit.waiting import wait_for

FACTS = Facts("1", "mari", "Mari")
PICTURE = Media("k", "image", "image/png", 1, 10, 10)
OUTGOING = Outgoing("post", "0" * 32, datetime.now(UTC), "Bread", (PICTURE, PICTURE))
LOST = AnswerLost(Problem("lost", "No answer."))
GONE, TOLD = Problem("again", "Again."), Problem("told", "Each time.")


def stages(outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
    return (*list_uploads(outgoing, ahead=True), Stage("publish", irreversible=True))


async def _upload(sending: Sending) -> StageResult:
    async def send(media: Media, key: str) -> dict[str, str]:
        return {"id": f"remote {key}"}

    return await upload_one(sending, send)


async def _publish(sending: Sending) -> StageResult:
    return Sent(RemoteRef(",".join(each["id"] for each in sending.uploaded.values())))


async def run(steps: dict[str, Any], stage: str, checkpoint: dict[str, Any], explain: Any = None) -> StageResult:
    return await make_run(steps, stages, explain)(stage, OUTGOING, checkpoint, FACTS, Session())


async def test_each_file_has_a_stage_and_is_remembered_by_its_use() -> None:
    steps = {UPLOADS: _upload, "publish": _publish}
    assert [(stage.name, stage.ahead) for stage in stages(OUTGOING, FACTS)] == [
        ("media-0", True),
        ("media-1", True),
        ("publish", False),
    ]
    first = await run(steps, "media-0", {"kept": 1})
    assert isinstance(first, Next)
    second = await run(steps, "media-1", first.checkpoint)
    assert isinstance(second, Next)
    assert second.checkpoint == {"kept": 1, "media": {"k": {"id": "remote k"}, "k#2": {"id": "remote k#2"}}}
    sent = await run(steps, "publish", second.checkpoint)
    assert sent == Sent(RemoteRef("remote k,remote k#2"))


async def test_what_the_version_before_noted_is_read() -> None:
    noted = {"media": [{"key": "k", "id": "1"}, {"key": "other", "id": "2"}]}
    assert list_used(OUTGOING, noted) == {"k": {"key": "k", "id": "1"}}


async def test_a_lost_answer_is_unknown_only_where_it_counts() -> None:
    async def lose(sending: Sending) -> StageResult:
        raise LOST

    steps = {UPLOADS: lose, "publish": lose}
    assert isinstance(await run(steps, "media-0", {}), Later)
    assert isinstance(await run(steps, "publish", {}), Unknown)
    with pytest.raises(ValueError, match="no stage"):
        await run(steps, "container", {})


async def test_a_refusal_is_looked_at_closer_and_gone_back_from_so_often() -> None:
    async def refuse(sending: Sending) -> StageResult:
        raise Failed(Rejected(Problem("refused", "No.")))

    async def explain(refused: Rejected, sending: Sending) -> StageResult:
        return sending.begin_again("media-0", GONE, TOLD, without=("media",))

    checkpoint: dict[str, Any] = {"media": {"k": {}}, "mark": 1}
    for number in range(AGAIN):
        result = await run({"publish": refuse}, "publish", checkpoint, explain)
        assert result == Restart("media-0", {"mark": 1, "again": number + 1}, GONE)
        checkpoint = result.checkpoint
    assert await run({"publish": refuse}, "publish", checkpoint, explain) == Rejected(TOLD)


async def test_an_explanation_that_finds_no_answer_refuses_nothing() -> None:
    async def refuse(sending: Sending) -> StageResult:
        return Rejected(Problem("refused", "No."))

    async def explain(refused: Rejected, sending: Sending) -> StageResult:
        raise LOST

    assert isinstance(await run({"publish": refuse}, "publish", {}, explain), Later)


async def test_an_edit_sends_only_what_is_new() -> None:
    sent: list[str] = []

    async def send(media: Media, key: str) -> str:
        sent.append(key)
        return f"new {key}"

    assert await upload_missing((PICTURE, PICTURE), {"k": "old"}, send) == {"k": "old", "k#2": "new k#2"}
    assert sent == ["k#2"]


async def test_waiting_ends_when_it_is_done_or_tells_to_come_again() -> None:
    answers = [None, None, "done"]

    async def ask() -> str | None:
        return answers.pop(0)

    assert await wait_for(ask, "Net", polls=3, seconds=0) == "done"
    answers[:] = [None, None]
    with pytest.raises(Failed) as failed:
        await wait_for(ask, "Net", polls=2, seconds=0, later=7)
    assert isinstance(failed.value.result, Later)
    assert failed.value.result.after == 7


REFUSED_TWICE = Failed(Rejected(Problem("duplicate", "It stands there.")))


@pytest.mark.parametrize(
    ("looks", "answer", "ref", "calls"),
    [
        (["1"], "2", "1", 0),
        ([None], "2", "2", 1),
        ([None, "1"], REFUSED_TWICE, "1", 1),
        ([None, None], REFUSED_TWICE, None, 1),
        ([None, "1"], Failed(Rejected(TOLD)), None, 1),
    ],
)
async def test_the_same_words_are_sent_once(
    looks: list[str | None], answer: str | Failed, ref: str | None, calls: int
) -> None:
    sent = 0

    async def find() -> object:
        found = looks.pop(0)
        return Found(RemoteRef(found)) if found else AbsentAsOf(datetime.now(UTC))

    async def send() -> RemoteRef:
        nonlocal sent
        sent += 1
        if isinstance(answer, Failed):
            raise answer
        return RemoteRef(answer)

    if ref is None:
        with pytest.raises(Failed):
            await send_once(find, send, "duplicate")
    else:
        assert await send_once(find, send, "duplicate") == Sent(RemoteRef(ref))
    assert sent == calls
