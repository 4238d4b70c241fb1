"""The connector against the real practice network."""

import asyncio
import dataclasses
import io
import socket
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from PIL import Image

from kaja.networks.kit.connector import Connected, ConnectRefused, Facts
from kaja.networks.kit.content import Draft, Media, Outgoing, Part
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Changed,
    Found,
    Later,
    NeedsReconnect,
    Next,
    Processing,
    Rejected,
    RemoteRef,
    Sent,
    StageResult,
    Unknown,
)
from kaja.networks.practice.connector import Practice, parse_base_url
from kaja.networks.registry import get_connector
from tests.practice.running import PracticeServer

PRACTICE = get_connector("practice")
T = TypeVar("T")
LOCAL = ("127.0.0.1",)


def picture(color: str = "red", **more: Any) -> Media:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(buffer, "PNG")
    content = buffer.getvalue()
    return Media(color, "image", "image/png", len(content), 40, 30, **{"alt": color, **more}, read=lambda: content)


class Channel:
    """A connected account, and the delivery of one message stage by stage as the engine does it."""

    def __init__(self, practice: PracticeServer, connected: Connected) -> None:
        self.practice, self.facts = practice, connected.facts
        self.base_url, self.credentials = connected.base_url, dict(connected.credentials)
        self.checkpoint: dict[str, Any] = {}

    def session(self, **more: Any) -> Session:
        return Session(self.base_url, dict(self.credentials), allow_private=LOCAL, **more)

    async def deliver(self, outgoing: Outgoing, seconds: float = 5, until: str = "") -> StageResult:
        """Run the stages; the first result that is not Next, or what came before the stage `until`."""
        result: StageResult = Next({})
        self.checkpoint = {}
        for stage in PRACTICE.stages(outgoing, self.facts):
            if stage.name == until:
                break
            session = self.session(timeout=seconds)
            result = await PRACTICE.run(stage.name, outgoing, self.checkpoint, self.facts, session)
            if not isinstance(result, Next):
                break
            self.checkpoint = result.checkpoint
        return result

    async def run(self, stage: str, outgoing: Outgoing) -> StageResult:
        return await PRACTICE.run(stage, outgoing, self.checkpoint, self.facts, self.session())

    async def look(self, outgoing: Outgoing) -> Any:
        return await PRACTICE.find_delivery(outgoing, self.checkpoint, self.facts, self.session())


def post(text: str = "hello", **more: Any) -> Outgoing:
    return Outgoing(**{"kind": "post", "key": uuid.uuid4().hex, "created_at": datetime.now(UTC), "text": text, **more})


async def after(call: Callable[[], Awaitable[T]], while_: Callable[[T], bool]) -> T:
    """The first answer that is another one; the last after 20 seconds."""
    for _ in range(200):
        answer = await call()
        if not while_(answer):
            break
        await asyncio.sleep(0.1)
    return answer


async def connect(practice: PracticeServer, kind: str = "plain", name: str = "mari") -> Channel:
    form = {"name": name, "kind": kind, "base_url": practice.url}
    return Channel(practice, await PRACTICE.connect(form, {}, Session(allow_private=LOCAL)))


@pytest.fixture(params=["keyed", "plain", "staged"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# Connecting.


async def test_connecting_makes_the_account_and_finds_it_again(practice: PracticeServer, kind: str) -> None:
    first, second = await connect(practice, kind), await connect(practice, kind)
    assert first.facts.account_id == second.facts.account_id
    assert first.facts.handle == "mari"
    assert first.facts.limits["kind"] == kind
    assert first.facts.limits["idempotent"] is (kind == "keyed")
    assert first.base_url == practice.url
    assert await PRACTICE.inspect(first.session()) == first.facts


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
            await PRACTICE.connect(form, {}, Session(allow_private=LOCAL))


async def test_private_address_needs_the_operator(practice: PracticeServer) -> None:
    with pytest.raises(ConnectRefused):
        await PRACTICE.connect({"name": "x", "base_url": practice.url}, {}, Session())
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
        await PRACTICE.inspect(channel.session())
    assert isinstance(await channel.deliver(post()), NeedsReconnect)
    assert practice.truth() == []


async def test_no_token_in_the_evidence(practice: PracticeServer) -> None:
    session = Session(allow_private=LOCAL)
    connected = await PRACTICE.connect({"name": "mari", "base_url": practice.url}, {}, session)
    assert session.exchanges
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
        stages = PRACTICE.stages(outgoing, channel.facts)
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

ON_PUBLISH = {"on": ["publish", "comment"]}


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
    practice.set_faults(**{fault: ON_PUBLISH})
    result = await channel.deliver(outgoing)
    assert type(result) is expected
    assert len(practice.truth("mari", "marker")) == stored
    practice.set_faults()
    found = await channel.look(outgoing)
    assert type(found) is (Found if stored else AbsentAsOf)
    if stored:
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
        practice.set_faults(**{fault: {"on": ["upload"]}})
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


async def test_two_matches_are_shown_to_a_person(practice: PracticeServer) -> None:
    channel = await connect(practice)
    outgoing = post("twin")
    ids = set()
    for _ in range(2):
        sent = await channel.deliver(outgoing)
        assert isinstance(sent, Sent)
        ids.add(sent.ref.id)
    found = await channel.look(outgoing)
    assert isinstance(found, CannotTell)
    assert {candidate.ref.id for candidate in found.candidates} == ids
    assert {candidate.text for candidate in found.candidates} == {"twin"}


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
        practice.set_faults(**{fault: {"on": ["read"]}})
        assert isinstance(await channel.look(outgoing), CannotTell), fault
    practice.revoke("mari")
    assert isinstance(await channel.look(outgoing), CannotTell)


async def test_comment_below_a_deleted_post_cannot_be_told(practice: PracticeServer) -> None:
    channel = await connect(practice)
    parent = await channel.deliver(post())
    assert isinstance(parent, Sent)
    await PRACTICE.delete(parent.ref, channel.facts, channel.session())
    assert isinstance(await channel.look(post("c", kind="comment", reply_to=parent.ref)), CannotTell)


# Afterwards.


async def test_edit_and_delete(practice: PracticeServer, kind: str) -> None:
    channel = await connect(practice, kind)
    sent = await channel.deliver(post("frist", media=(picture(),)))
    assert isinstance(sent, Sent)
    edited = await PRACTICE.edit(sent.ref, post("first", media=(picture("blue"),)), channel.facts, channel.session())
    assert edited == Changed(sent.ref)
    told = practice.call("GET", f"/api/v1/posts/{sent.ref.id}", token=channel.credentials["token"]).json()
    assert (told["text"], [item["alt"] for item in told["media"]]) == ("first", ["blue"])
    too_long = await PRACTICE.edit(sent.ref, post("x" * 501), channel.facts, channel.session())
    assert isinstance(too_long, Rejected)
    for _ in range(2):
        assert await PRACTICE.delete(sent.ref, channel.facts, channel.session()) == Changed(None)
    assert practice.truth()[0]["deleted"]
    gone = await PRACTICE.edit(sent.ref, post("x"), channel.facts, channel.session())
    assert isinstance(gone, Rejected)
    assert not gone.fixable


async def test_rate_headers_reach_the_session(practice: PracticeServer) -> None:
    channel = await connect(practice)
    session = channel.session()
    await PRACTICE.run("publish", post(), {}, channel.facts, session)
    quota = session.quotas["posts"]
    assert (quota.limit, quota.remaining) == (10_000, 9_999)
    assert quota.resets_at is not None
    assert quota.resets_at > datetime.now(UTC)


# Rules.

FACTS = Facts("1", "mari", "mari")


def problems(*parts: Part, **more: Any) -> list[tuple[str, str, str]]:
    return [(p.code, p.field, p.severity) for p in Practice().check(Draft(parts, **more), FACTS)]


def test_check_names_field_and_fix() -> None:
    video = Media("v", "video", "video/quicktime", 41 * 2**20, 10, 10, alt="x")
    assert problems(Part("x" * 500)) == []
    assert problems(Part("x"), Part("y" * 501)) == [("too_long", "parts.1.text", "error")]
    assert problems(Part(" ")) == [("empty", "parts.0.text", "error")]
    assert problems(Part("", (picture(alt=""),))) == [("alt_missing", "parts.0.media.0.alt", "warning")]
    assert problems(Part("", (picture(alt="a" * 1501),))) == [("too_long", "parts.0.media.0.alt", "error")]
    assert problems(Part("", (picture(),) * 5)) == [("too_many_media", "parts.0.media", "error")]
    assert problems(Part("", (picture(), video))) == [
        ("too_many_media", "parts.0.media", "error"),
        ("media_type", "parts.0.media.1", "error"),
        ("media_size", "parts.0.media.1", "error"),
    ]
    assert problems(Part("x"), first_comment="y" * 501, options={"title": "t" * 201}) == [
        ("too_long", "first_comment", "error"),
        ("too_long", "options.title", "error"),
    ]
    for problem in Practice().check(Draft((Part("x" * 501, (picture(), video)),)), FACTS):
        assert problem.text()
        assert problem.fix % problem.params


async def test_check_and_server_agree_on_length(practice: PracticeServer) -> None:
    channel = await connect(practice)
    for text in ("🎉" * 500, "👩‍👩‍👧" * 100, "é" * 500, "🎉" * 501, "e\u0301" * 251):
        refused = any(p.severity == "error" for p in PRACTICE.check(Draft((Part(text),)), channel.facts))
        assert isinstance(await channel.deliver(post(text)), Rejected if refused else Sent)
        assert PRACTICE.count(text, channel.facts, {}).used == len(text)


def test_split_and_segments() -> None:
    parts = PRACTICE.split("word " * 300, FACTS)
    assert len(parts) == 3
    assert all(len(part) <= 500 for part in parts)
    assert " ".join(parts).split() == ["word"] * 300
    segments = PRACTICE.segments("See https://a.test/x. Or (http://b.test)", FACTS)
    assert "".join(segment.text for segment in segments) == "See https://a.test/x. Or (http://b.test)"
    assert [segment.href for segment in segments if segment.kind == "link"] == ["https://a.test/x", "http://b.test"]
