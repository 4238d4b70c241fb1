"""What only Mastodon itself does: idempotency keys, files in the background, its refusals and rate headers."""

import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import unquote_to_bytes

import pytest
from PIL import Image

from kaja.networks.kit import background
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.content import Draft, Media, Part
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Changed,
    ChannelTrouble,
    Found,
    Later,
    NeedsReconnect,
    Next,
    Rejected,
    RemoteRef,
    Restart,
    Sent,
    Unknown,
)
from kaja.networks.mastodon import CONNECTOR
from kaja.networks.mastodon.oauth import parse_instance
from tests.conformance.server import Fault, FaultyServer, Reply, Request, serving
from tests.needed import needs
from tests.networks.mastodon.server import FACTS, TOKEN, MastodonServer
from tests.realnet.driving import make_outgoing, make_picture, publish, run_all


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


@asynccontextmanager
async def at_work(server: MastodonServer) -> AsyncIterator[tuple[FaultyServer, Session]]:
    async with serving(server.handle) as (front, url):
        yield front, Session(url, {"access_token": TOKEN}, allow_private=("127.0.0.1",))


async def test_the_same_key_makes_one_status() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        outgoing = make_outgoing("Once")
        first = await publish(CONNECTOR, outgoing, FACTS, session)
        again = await publish(CONNECTOR, outgoing, FACTS, session)
    assert again == first
    assert len(server.statuses) == 1


async def test_files_in_the_background_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "POLL_SECONDS", 0.01)
    server = MastodonServer(media_polls=3)
    async with at_work(server) as (_, session):
        sent = await publish(CONNECTOR, make_outgoing("x", media=(make_picture("A door"),)), FACTS, session)
    [status] = server.statuses
    assert status["id"] == sent.ref.id
    assert status["media_attachments"][0]["url"], "published only when the file was ready"
    assert status["media_attachments"][0]["description"] == "A door"


async def test_a_file_that_takes_too_long_waits_without_a_new_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(background, "POLLS", 2)
    server = MastodonServer(media_polls=3)
    async with at_work(server) as (_, session):
        outgoing = make_outgoing("x", media=(make_picture("A door"),))
        result, checkpoint = await run_all(CONNECTOR, outgoing, FACTS, session)
        assert isinstance(result, Later)
        assert server.statuses == []
        prepared = await needs(CONNECTOR.publisher).run("prepare", outgoing, checkpoint, FACTS, session)
        sent = await CONNECTOR.publisher.run("publish", outgoing, prepared.checkpoint, FACTS, session)  # type: ignore[union-attr]
    assert isinstance(sent, Sent)
    assert len(server.media) == 1


async def test_a_file_that_the_server_cannot_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    server = MastodonServer(media_polls=1)
    async with at_work(server) as (front, session):
        unreadable = Reply(422, {"error": "Error processing thumbnail for uploaded media"})
        front.fault = Fault(lambda request: request.path.startswith("/api/v1/media/"), unreadable)
        result, _ = await run_all(CONNECTOR, make_outgoing("x", media=(make_picture("A"),)), FACTS, session)
    assert isinstance(result, Rejected)
    assert (result.problem.code, result.problem.field) == ("media_unreadable", "parts.0.media")


async def test_edit_keeps_files_and_changes_descriptions() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        media = (make_picture("Old"), make_picture("Second", "blue"))
        outgoing = make_outgoing("Befroe", media=media)
        sent = await publish(CONNECTOR, outgoing, FACTS, session)
        uploads = len(server.media)
        fixed = replace(outgoing, text="Before", media=(replace(media[0], alt="New"), make_picture("Third", "green")))
        changed = await needs(CONNECTOR.editor).edit(sent.ref, fixed, FACTS, session)
    assert isinstance(changed, Changed)
    assert len(server.media) == uploads + 1
    [status] = server.statuses
    assert status["content"] == "<p>Before</p>"
    assert [item["description"] for item in status["media_attachments"]] == ["New", "Third"]


async def test_one_picture_twice_keeps_both_descriptions() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        left = make_picture("On the left")
        outgoing = make_outgoing("x", media=(left, replace(left, alt="On the right")))
        sent = await publish(CONNECTOR, outgoing, FACTS, session)
        [status] = server.statuses
        assert [m["description"] for m in status["media_attachments"]] == ["On the left", "On the right"]
        fixed = replace(outgoing, media=(left, replace(left, alt="Over there")))
        assert isinstance(await needs(CONNECTOR.editor).edit(sent.ref, fixed, FACTS, session), Changed)
    assert [m["description"] for m in server.statuses[0]["media_attachments"]] == ["On the left", "Over there"]
    assert len(server.media) == 2, "an edit uploads nothing anew"


async def test_files_of_one_name_go_up_under_two() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        for alt in ("first", "second"):
            picture = replace(make_picture(alt), filename="日" * 120 + ".png")
            await publish(CONNECTOR, make_outgoing(alt, media=(picture,)), FACTS, session)
    bodies = [request.body for request in server.requests if request.path.endswith("/media")]
    names = [re.findall(rb'filename="([^"]+)"', body)[0] for body in bodies]
    assert len(set(names)) == 2
    assert all(name.endswith(b".png") and len(unquote_to_bytes(name)) <= 255 for name in names)


@pytest.mark.parametrize(("kind", "transparent"), [("WEBP", False), ("PNG", False), ("PNG", True)])
async def test_what_moves_in_another_format_goes_up_as_a_gif_that_moves(kind: str, transparent: bool) -> None:
    frames = [Image.new("RGBA" if transparent else "RGB", (90, 60), (n * 40, 0, 90, 255)) for n in range(5)]
    if transparent:
        for number, frame in enumerate(frames):
            frame.paste((0, 0, 0, 0), (number * 10, 0, number * 10 + 10, 60))
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=120, loop=0)
    content = out.getvalue()
    mime = f"image/{kind.lower()}"
    media = Media("k", "gif", mime, len(content), 90, 60, "A square", filename="a", read=lambda: content)
    said = CONNECTOR.rules.check(Draft((Part("x", (media,)),)), FACTS)
    assert [problem.code for problem in said] == ["animation_as_gif"]
    server = MastodonServer()
    async with at_work(server) as (_, session):
        await publish(CONNECTOR, make_outgoing("x", media=(media,)), FACTS, session)
    [body] = [request.body for request in server.requests if request.path.endswith("/media")]
    with Image.open(io.BytesIO(body[body.index(b"GIF89a") :])) as sent:
        assert (sent.n_frames, sent.size, sent.info["duration"]) == (5, (90, 60), 120)  # type: ignore[attr-defined]
        sent.seek(3)
        red, _, _, alpha = sent.convert("RGBA").getpixel((80, 10))  # type: ignore[misc]
        assert abs(red - 120) < 8
        assert alpha == 255
        assert sent.convert("RGBA").getpixel((35, 10))[3] == (0 if transparent else 255)  # type: ignore[index]


async def test_rate_headers_become_quotas() -> None:
    async with at_work(MastodonServer()) as (_, session):
        await publish(CONNECTOR, make_outgoing("x", media=(make_picture("A"),)), FACTS, session)
    assert set(session.quotas) == {"api", "media"}
    assert (session.quotas["api"].limit, session.quotas["media"].limit) == (300, 30)
    assert session.quotas["api"].resets_at is not None
    assert session.quotas["api"].blocked_until is None


async def test_a_spent_budget_waits_until_it_is_reset() -> None:
    """The 429 of Mastodon's rack-attack responder: no Retry-After, the reset as ISO 8601."""
    headers = {
        "X-RateLimit-Limit": "30",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "2999-01-01T00:00:00.000000Z",
    }
    async with at_work(MastodonServer()) as (front, session):
        front.fault = Fault(lambda r: r.path.endswith("/media"), Reply(429, {"error": "Too many requests"}, headers))
        result, _ = await run_all(CONNECTOR, make_outgoing("x", media=(make_picture("A"),)), FACTS, session)
    assert isinstance(result, Later)
    assert (result.bucket, result.after) == ("media", 24 * 3600), "bounded to a day"
    assert session.quotas["media"].blocked_until is not None


@pytest.mark.parametrize(
    ("status", "said", "expected", "code"),
    [
        (422, "Validation failed: Text can't be blank", Rejected, "network_refused"),
        (404, "Record not found", Rejected, "network_refused"),
        (403, "This action is outside the authorized scopes", NeedsReconnect, "needs_reconnect"),
        (401, "The access token was revoked", NeedsReconnect, "needs_reconnect"),
    ],
)
async def test_refusals(status: int, said: str, expected: type, code: str) -> None:
    async with at_work(MastodonServer()) as (front, session):
        front.fault = Fault(lambda r: r.method == "POST", Reply(status, {"error": said}))
        result, _ = await run_all(CONNECTOR, make_outgoing("x"), FACTS, session)
    assert isinstance(result, expected)
    assert result.problem.code == code  # type: ignore[union-attr]
    if code == "network_refused":
        assert said in result.problem.text()  # type: ignore[union-attr]


async def test_only_what_answers_something_can_miss_what_it_answers() -> None:
    gone = Fault(lambda r: r.method == "POST", Reply(404, {"error": "Record not found"}))
    async with at_work(MastodonServer()) as (front, session):
        front.fault = gone
        reply, _ = await run_all(CONNECTOR, make_outgoing("x", reply_to=RemoteRef("1")), FACTS, session)
        front.fault = Fault(lambda r: r.method == "POST", Reply(404, b"<html>This domain is for sale"))
        moved, _ = await run_all(CONNECTOR, make_outgoing("x"), FACTS, session)
    assert isinstance(reply, Rejected)
    assert reply.problem.code == "target_gone"
    assert isinstance(moved, ChannelTrouble)


@pytest.mark.parametrize("status", [404, 422])
async def test_a_file_that_vanished_is_uploaded_again_and_the_post_goes_out(status: int) -> None:
    server = MastodonServer()
    async with at_work(server) as (front, session):
        outgoing = make_outgoing("x", media=(make_picture("A door"),))
        front.fault = Fault(lambda r: r.path == "/api/v1/statuses", Reply(status, {"error": "Media not found"}))
        first, checkpoint = await run_all(CONNECTOR, outgoing, FACTS, session)
        assert isinstance(first, Rejected), "the file is there: the refusal is about something else"
        server.media.clear()
        result = await needs(CONNECTOR.publisher).run("publish", outgoing, checkpoint, FACTS, session)
        assert isinstance(result, Restart)
        front.fault = None
        prepared = await needs(CONNECTOR.publisher).run(result.stage, outgoing, result.checkpoint, FACTS, session)
        assert isinstance(prepared, Next)
        assert prepared.checkpoint["known"] == checkpoint["known"], "what came since may be ours"
        sent = await needs(CONNECTOR.publisher).run("publish", outgoing, prepared.checkpoint, FACTS, session)
        assert isinstance(sent, Sent)
    assert [status["media_attachments"][0]["description"] for status in server.statuses] == ["A door"]


async def test_a_file_that_vanishes_each_time_is_told_as_that() -> None:
    server = MastodonServer()
    async with at_work(server) as (front, session):
        outgoing = make_outgoing("x", media=(make_picture("A door"),))
        front.fault = Fault(lambda r: r.path == "/api/v1/statuses", Reply(422, {"error": "Media not found"}))
        _, checkpoint = await run_all(CONNECTOR, outgoing, FACTS, session)
        for _ in range(2):
            server.media.clear()
            result = await needs(CONNECTOR.publisher).run("publish", outgoing, checkpoint, FACTS, session)
            assert isinstance(result, Restart)
            prepared = await needs(CONNECTOR.publisher).run(result.stage, outgoing, result.checkpoint, FACTS, session)
            assert isinstance(prepared, Next)
            checkpoint = prepared.checkpoint
        server.media.clear()
        told = await needs(CONNECTOR.publisher).run("publish", outgoing, checkpoint, FACTS, session)
    assert isinstance(told, Rejected)
    assert told.problem.code == "file_gone"


async def test_a_file_that_is_used_by_our_own_lost_status_makes_no_second_one() -> None:
    """The server stored the status and lost its answer; files that a status uses cannot be asked for any more."""
    server = MastodonServer(honours_keys=False)
    async with at_work(server) as (front, session):
        outgoing = make_outgoing("Once", media=(make_picture("A door"),))
        front.fault = Fault(lambda r: r.path == "/api/v1/statuses", accept=True)
        _, checkpoint = await run_all(CONNECTOR, outgoing, FACTS, session)
        server.media.clear()
        front.fault = Fault(lambda r: r.path == "/api/v1/statuses", Reply(422, {"error": "Media not found"}))
        result = await needs(CONNECTOR.publisher).run("publish", outgoing, checkpoint, FACTS, session)
        assert isinstance(result, Unknown)
        found = await needs(CONNECTOR.publisher).find_delivery(outgoing, checkpoint, FACTS, session)
    assert isinstance(found, Found)
    assert [status["id"] for status in server.statuses] == [found.ref.id]


async def test_reconciling_sees_past_the_servers_rendering() -> None:
    """A mention loses its host and a link is cut into pieces on Mastodon; the words are the same."""
    server = MastodonServer(honours_keys=False)
    text = "Ask @bob@social.example <now>: https://example.org/a/very/long/path?with=query&and=more …"
    async with at_work(server) as (front, session):
        outgoing = make_outgoing(text)
        front.fault = Fault(lambda r: r.method == "POST", accept=True)
        _, checkpoint = await run_all(CONNECTOR, outgoing, FACTS, session)
        front.fault = None
        found = await needs(CONNECTOR.publisher).find_delivery(outgoing, checkpoint, FACTS, session)
    assert isinstance(found, Found)
    assert [status["id"] for status in server.statuses] == [found.ref.id]


async def test_reconciling_looks_through_many_newer_statuses() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        outgoing = make_outgoing("Ours")
        _, checkpoint = await run_all(CONNECTOR, outgoing, FACTS, session)
        for number in range(90):
            server._status(_post({"status": f"Another thing, number {number}"}))
        found = await needs(CONNECTOR.publisher).find_delivery(outgoing, checkpoint, FACTS, session)
        assert isinstance(found, Found)
        server.statuses = [status for status in server.statuses if status["id"] != found.ref.id]
        assert isinstance(
            await needs(CONNECTOR.publisher).find_delivery(outgoing, checkpoint, FACTS, session), AbsentAsOf
        )


async def test_a_nearly_equal_text_is_left_to_a_person() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        outgoing = make_outgoing("The shop opens at nine tomorrow")
        prepared = await needs(CONNECTOR.publisher).run("prepare", outgoing, {}, FACTS, session)
        server._status(_post({"status": "The shop opens at ten tomorrow"}))
        told = await CONNECTOR.publisher.find_delivery(outgoing, prepared.checkpoint, FACTS, session)  # type: ignore[union-attr]
    assert isinstance(told, CannotTell)
    assert [candidate.text for candidate in told.candidates] == ["The shop opens at ten tomorrow"]
    assert told.candidates[0].posted_at is not None


@pytest.mark.parametrize("difference", ["reply", "files"])
async def test_the_same_words_elsewhere_are_not_ours(difference: str) -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        root = await publish(CONNECTOR, make_outgoing("Root"), FACTS, session)
        outgoing = make_outgoing("Same words", kind="continuation", root=root.ref, reply_to=root.ref)
        prepared = await needs(CONNECTOR.publisher).run("prepare", outgoing, {}, FACTS, session)
        if difference == "reply":
            server._status(_post({"status": "Same words", "in_reply_to_id": "109876543210999999"}))
        else:
            server.media["7"] = {"id": "7", "description": None, "url": "https://files.mastodon.example/7.png"}
            server._status(_post({"status": "Same words", "in_reply_to_id": root.ref.id, "media_ids": ["7"]}))
        told = await CONNECTOR.publisher.find_delivery(outgoing, prepared.checkpoint, FACTS, session)  # type: ignore[union-attr]
    assert isinstance(told, CannotTell)
    assert len(told.candidates) == 1


def _post(body: dict[str, object]) -> Request:
    import json
    import uuid

    return Request("POST", "/api/v1/statuses", {}, {"idempotency-key": uuid.uuid4().hex}, json.dumps(body).encode())


async def test_a_wrong_code_verifier_does_not_connect() -> None:
    server = MastodonServer()
    async with at_work(server) as (_, session):
        anonymous = Session(allow_private=("127.0.0.1",))
        authorization = await needs(CONNECTOR.consent).authorize(
            {"instance": session.base_url}, "https://k.example/", "s", None, anonymous
        )
        server.challenge = "that of another"
        with pytest.raises(ConnectRefused) as refused:
            await needs(CONNECTOR.consent).exchange({"code": "good-code"}, authorization.pending, None, anonymous)
    assert "verifier" in refused.value.problem.text()
    secrets = (authorization.pending["client_secret"], authorization.pending["code_verifier"])
    assert not any(secret in str(anonymous.exchanges) for secret in secrets)


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("mastodon.social", "https://mastodon.social"),
        (" https://Mastodon.Social/explore ", "https://mastodon.social"),
        ("@alice@mastodon.social", "https://mastodon.social"),
        ("alice@mastodon.social", "https://mastodon.social"),
        ("mastodon.social/@alice", "https://mastodon.social"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("пример.рф", "https://xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_instances_are_read_as_people_write_them(typed: str, base: str) -> None:
    assert parse_instance(typed) == base


@pytest.mark.parametrize(
    "typed", ["", "   ", "ftp://mastodon.social", "https://", "a b", "https://[::1", "file:///etc"]
)
def test_what_is_no_instance_is_refused(typed: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        parse_instance(typed)
    assert refused.value.problem.field == "instance"
