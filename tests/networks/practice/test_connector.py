"""The connector against the real practice network."""

import dataclasses
import io
import socket
from typing import Any

import pytest
from PIL import Image

from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.content import Media
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Found,
    Later,
    NeedsReconnect,
    Next,
    Processing,
    Rejected,
    RemoteRef,
    Sent,
    Unknown,
)
from kaja.networks.practice.accounts import parse_base_url
from tests.needed import by_form, needs
from tests.networks.practice.driving import LOCAL, ON_PUBLISH, PRACTICE, after, connect, picture, post
from tests.practice.running import PracticeServer


async def test_connecting_makes_the_account_and_finds_it_again(practice: PracticeServer, kind: str) -> None:
    first, second = await connect(practice, kind), await connect(practice, kind)
    assert first.facts.account_id == second.facts.account_id
    assert first.facts.handle == "mari"
    assert first.facts.limits["kind"] == kind
    assert first.facts.limits["idempotent"] is (kind == "keyed")
    assert first.base_url == practice.url
    assert await PRACTICE.accounts.inspect(first.session()) == first.facts


async def test_connect_says_what_is_wrong(practice: PracticeServer) -> None:
    await connect(practice, "keyed")
    with pytest.raises(ConnectRefused) as other_kind:
        await connect(practice, "plain")
    assert "is of the kind keyed" in other_kind.value.problem.text()
    with pytest.raises(ConnectRefused) as no_name:
        await connect(practice, name=" ")
    assert "needs a name" in no_name.value.problem.text()


async def test_connect_to_nothing_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        form = {"name": "x", "base_url": f"127.0.0.1:{unused.getsockname()[1]}"}
        with pytest.raises(ConnectRefused):
            await by_form(PRACTICE).connect(form, {}, Session(allow_private=LOCAL))


async def test_private_address_needs_the_operator(practice: PracticeServer) -> None:
    with pytest.raises(ConnectRefused):
        await by_form(PRACTICE).connect({"name": "x", "base_url": practice.url}, practice.access, Session())
    assert practice.counts() == {}


@pytest.mark.parametrize(
    "address", ["ftp://x", "http://", "http://h:99999", "http://h/path", "http://u:p@h", "http://["]
)
def test_bad_base_url_is_refused(address: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        parse_base_url(address)
    assert refused.value.problem.field == "base_url"


async def test_revoked_access_is_noticed(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    practice.revoke("mari")
    with pytest.raises(ConnectRefused):
        await PRACTICE.accounts.inspect(channel.session())
    assert isinstance(await channel.deliver(post()), NeedsReconnect)
    assert practice.truth() == []


async def test_no_token_in_the_evidence(practice: PracticeServer) -> None:
    session = Session(allow_private=LOCAL)
    connected = await by_form(PRACTICE).connect({"name": "mari", "base_url": practice.url}, practice.access, session)
    assert session.exchanges
    assert practice.key not in str(session.exchanges)
    assert connected.credentials["token"] not in str(session.exchanges)


# Publishing.


async def test_publish_with_everything(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    text = "Tere, maailm! 🎉\nteine rida "
    outgoing = post(
        text,
        media=(picture("red"), picture("blue", alt="")),
        language="et",
        options={"title": "Pealkiri", "content_warning": "värvid"},
    )
    result = await channel.deliver(outgoing)
    assert isinstance(result, Sent)
    told = practice.call("GET", f"/api/v1/posts/{result.ref.id}", token=channel.credentials["token"]).json()
    assert told["text"] == text
    assert (told["title"], told["content_warning"], told["language"]) == ("Pealkiri", "värvid", "et")
    assert [item["alt"] for item in told["media"]] == ["red", ""]
    assert result.ref.url == told["url"]
    assert practice.call("GET", result.ref.url.removeprefix(practice.url)).status == 200
    assert [(item["reference"], item["requests"]) for item in practice.truth("mari")] == [(outgoing.key, 1)]


async def test_large_picture_is_made_to_fit(practice: PracticeServer) -> None:
    channel = await connect(practice)
    limits = {**channel.facts.limits, "max_image_bytes": 50_000}
    channel.facts = dataclasses.replace(channel.facts, limits=limits)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    Image.effect_noise((900, 700), 90).convert("RGB").save(buffer, "JPEG", quality=95, exif=exif)
    content = buffer.getvalue()
    assert len(content) > 50_000
    medium = Media("n", "image", "image/jpeg", len(content), 900, 700, alt="noise", read=lambda: content)
    result = await channel.deliver(post("", media=(medium,)))
    assert isinstance(result, Sent)
    told = practice.call("GET", f"/api/v1/posts/{result.ref.id}", token=channel.credentials["token"]).json()
    kept = practice.call("GET", told["media"][0]["url"].removeprefix(practice.url)).content
    assert len(kept) <= 50_000
    assert b"where I live" not in kept


async def test_exactly_one_stage_is_irreversible(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    for outgoing in (post(), post(media=(picture(),)), post(kind="comment", reply_to=RemoteRef("1"))):
        stages = needs(PRACTICE.publisher).stages(outgoing, channel.facts)
        assert [stage.name for stage in stages if stage.irreversible] == ["publish"]
        assert ("upload" in [stage.name for stage in stages]) is bool(outgoing.media)


async def test_thread_and_first_comment(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    root = await channel.deliver(post("one", options={"title": "T"}))
    assert isinstance(root, Sent)
    second = await channel.deliver(
        post("two", kind="continuation", root=root.ref, reply_to=root.ref, options={"title": "T"})
    )
    comment = await channel.deliver(post("first!", kind="comment", root=root.ref, reply_to=root.ref))
    assert isinstance(second, Sent)
    assert isinstance(comment, Sent)
    kept = {(i["object"], i["text"], i["reply_to"]) for i in practice.truth("mari")}
    assert kept == {("post", "one", None), ("post", "two", root.ref.id), ("comment", "first!", root.ref.id)}
    told = practice.call("GET", f"/api/v1/posts/{second.ref.id}", token=channel.credentials["token"]).json()
    assert told["title"] == ""


# Failures of the irreversible call.


@pytest.mark.parametrize("what", ["post", "comment"])
@pytest.mark.parametrize(
    ("fault", "expected", "stored"),
    [
        ("drop_after", Unknown, 1),
        ("drop_before", Unknown, 0),
        ("error_before", Unknown, 0),
        ("error_after", Unknown, 1),
        ("too_many", Later, 0),
        ("refuse", Rejected, 0),
    ],
)
async def test_failed_publish_means_what_it_must(
    practice: PracticeServer, kind: str, what: str, fault: str, expected: type, stored: int
) -> None:
    channel = await connect(practice, kind)
    outgoing = post("marker")
    if what == "comment":
        parent = await channel.deliver(post("parent"))
        assert isinstance(parent, Sent)
        outgoing = post("marker", kind="comment", reply_to=parent.ref)
    faults: dict[str, Any] = {fault: ON_PUBLISH}
    practice.set_faults(**faults)
    result = await channel.deliver(outgoing)
    assert type(result) is expected
    assert len(practice.truth("mari", "marker")) == stored
    practice.set_faults()
    found = await channel.look(outgoing)
    assert type(found) is (Found if stored else AbsentAsOf)
    if isinstance(found, Found):
        assert found.ref.id == practice.truth("mari", "marker")[0]["id"]


async def test_retry_after_is_honoured(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    practice.set_faults(too_many={"retry_after": 17})
    result = await channel.deliver(post())
    assert isinstance(result, Later)
    assert (result.after, result.bucket) == (17, "posts")


async def test_refusal_names_the_field(practice: PracticeServer) -> None:
    channel = await connect(practice)
    practice.set_faults(refuse={"field": "title", "reason": "Too loud."})
    result = await channel.deliver(post())
    assert isinstance(result, Rejected)
    assert result.problem.field == "options.title"
    assert "Too loud." in result.problem.text()
    assert result.fixable


async def test_no_answer_in_time_is_unknown(practice: PracticeServer) -> None:
    channel = await connect(practice)
    practice.set_faults(delay={"seconds": 4, "on": ["publish"]})
    outgoing = post("slow")
    result = await channel.deliver(outgoing, seconds=0.3)
    assert isinstance(result, Unknown)
    found = await after(lambda: channel.look(outgoing), lambda answer: isinstance(answer, AbsentAsOf))
    assert isinstance(found, Found)
    assert [item["text"] for item in practice.truth()] == ["slow"]


async def test_server_that_is_away_got_nothing(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    await channel.deliver(post(), until="publish")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        channel.base_url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = await channel.run("publish", post())
        assert isinstance(result, Later)
        assert result.after > 0
        assert isinstance(await channel.look(post()), CannotTell)


async def test_failed_upload_can_be_repeated(practice: PracticeServer) -> None:
    channel = await connect(practice)
    outgoing = post(media=(picture(),))
    for fault in ("drop_after", "error_after", "error_before", "drop_before"):
        faults: dict[str, Any] = {fault: {"on": ["upload"]}}
        practice.set_faults(**faults)
        assert isinstance(await channel.deliver(outgoing), Later), fault
    practice.set_faults()
    assert isinstance(await channel.deliver(outgoing), Sent)
    assert len(practice.truth()) == 1


# Two stages.


async def test_container_that_is_not_ready_waits(practice: PracticeServer) -> None:
    channel = await connect(practice, "staged")
    practice.set_faults(processing={"seconds": 1})
    outgoing = post()
    waiting = await channel.deliver(outgoing)
    assert isinstance(waiting, Later)
    assert 0 < waiting.after <= 1
    assert isinstance(await channel.run("publish", outgoing), Later)
    ready = await after(lambda: channel.run("ready", outgoing), lambda answer: isinstance(answer, Later))
    assert isinstance(ready, Next)
    assert isinstance(await channel.run("publish", outgoing), Sent)
    assert len(practice.truth()) == 1


async def test_failed_processing_is_told(practice: PracticeServer) -> None:
    channel = await connect(practice, "staged")
    practice.set_faults(processing_fails={"reason": "Too shaky."})
    result = await channel.deliver(post())
    assert isinstance(result, Rejected)
    assert "Too shaky." in result.problem.text()


async def test_publishing_that_goes_on_is_confirmed(practice: PracticeServer) -> None:
    channel = await connect(practice, "staged")
    practice.set_faults(slow_finish={"seconds": 1})
    outgoing = post()
    result = await channel.deliver(outgoing)
    assert isinstance(result, Processing)
    assert isinstance(await channel.look(outgoing), AbsentAsOf)
    result = await after(lambda: channel.run("confirm", outgoing), lambda answer: isinstance(answer, Processing))
    assert isinstance(result, Sent)
    assert result.ref.id == practice.truth()[0]["id"]


# Looking.
