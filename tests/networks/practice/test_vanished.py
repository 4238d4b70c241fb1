"""Uploads and containers that the network forgot before the post was published."""

from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.results import Next, Rejected, Restart, StageResult
from tests.needed import needs
from tests.networks.practice.driving import PRACTICE, Channel, connect, picture, post
from tests.practice.running import PracticeServer


async def go_on(channel: Channel, outgoing: Outgoing, result: StageResult) -> StageResult:
    """The stages from where a `Restart` leads back to, as the engine takes them."""
    assert isinstance(result, Restart), result
    channel.checkpoint = dict(result.checkpoint)
    names = [stage.name for stage in needs(PRACTICE.publisher).stages(outgoing, channel.facts)]
    for name in names[names.index(result.stage) :]:
        result = await channel.run(name, outgoing)
        if not isinstance(result, Next):
            return result
        channel.checkpoint = dict(result.checkpoint)
    return result


async def test_an_upload_that_vanished_is_made_again(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    outgoing = post("with a picture", media=(picture(),))
    stage = "container" if kind == "staged" else "publish"
    await channel.deliver(outgoing, until=stage)
    channel.checkpoint["media"] = ["99999"]
    again = await channel.run(stage, outgoing)
    assert isinstance(again, Restart)
    assert again.stage == "upload"
    await go_on(channel, outgoing, again)
    [standing] = practice.truth()
    assert standing["media"] == 1


async def test_a_container_that_vanished_is_made_again(practice: PracticeServer) -> None:
    channel = await connect(practice, "staged")
    outgoing = post("from a container")
    await channel.deliver(outgoing, until="publish")
    channel.checkpoint["container"] = "99999"
    again = await channel.run("publish", outgoing)
    assert isinstance(again, Restart)
    assert again.stage == "container"
    await go_on(channel, outgoing, again)
    assert [item["text"] for item in practice.truth()] == ["from a container"]


async def test_what_vanishes_each_time_is_told_as_that(practice: PracticeServer) -> None:
    channel = await connect(practice, "plain")
    outgoing = post("with a picture", media=(picture(),))
    channel.checkpoint = {"media": ["99999"], "again": 2}
    told = await channel.run("publish", outgoing)
    assert isinstance(told, Rejected)
    assert told.problem.code == "file_gone"
    assert practice.truth() == []
