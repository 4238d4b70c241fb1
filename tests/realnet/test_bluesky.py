"""The Bluesky connector against Bluesky's own PDS over HTTP, read back with the `atproto` client, which is not ours."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import av
import pytest
from atproto import Client

from kaja.networks.bluesky import make_connector
from kaja.networks.bluesky.records import COLLECTION
from kaja.networks.kit.connector import Connected, Connector, ConnectRefused
from kaja.networks.kit.content import LinkCard, Media
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Changed,
    Found,
    Later,
    NeedsReconnect,
    Next,
    Rejected,
    RemoteRef,
    Sent,
    Unknown,
)
from tests.needed import by_form, needs
from tests.realnet.driving import make_outgoing, make_picture, publish, run_all
from tests.realnet.proxy import proxy_to
from tests.realnet.servers.bluesky import Account, Bluesky, serve
from tests.realnet.setup import cache_folder

pytestmark = pytest.mark.realnet

LOOPBACK = ("127.0.0.1", "localhost")


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


@pytest.fixture(scope="module")
def alice(bluesky: Bluesky) -> Account:
    return bluesky.create_account("alice")


@pytest.fixture(scope="module")
def bob(bluesky: Bluesky) -> Account:
    return bluesky.create_account("bob")


@pytest.fixture(scope="module")
def connector(bluesky: Bluesky) -> Connector:
    return make_connector(resolver=bluesky.pds, directory=bluesky.plc)


@pytest.fixture(scope="module")
def reader(bluesky: Bluesky, bob: Account) -> Client:
    """Somebody else's client, signed in as another account."""
    client = Client(base_url=f"{bluesky.pds}/xrpc")
    client.com.atproto.server.create_session({"identifier": bob.handle, "password": bob.password})
    return client


@pytest.fixture(scope="module")
def connections() -> dict[str, Connected]:
    return {}


@pytest.fixture
async def connected(connector: Connector, alice: Account, connections: dict[str, Connected]) -> Connected:
    """Alice's account, connected once, with nothing but handle and app password."""
    if "alice" not in connections:
        form = {"handle": f"@{alice.handle}", "password": alice.app_password, "server": ""}
        connections["alice"] = await by_form(connector).connect(form, {}, Session(allow_private=LOOPBACK))
    return connections["alice"]


def open_session(connected: Connected, base_url: str = "", **changed: str) -> Session:
    credentials = {**connected.credentials, **changed}
    return Session(base_url or connected.base_url, credentials, allow_private=LOOPBACK)


def read_record(reader: Client, ref: RemoteRef) -> dict[str, Any]:
    did, _, rkey = ref.id.removeprefix("at://").split("/")
    answer = reader.com.atproto.repo.get_record({"repo": did, "collection": COLLECTION, "rkey": rkey})
    assert answer.cid == ref.data["cid"]
    return answer.value.model_dump(by_alias=True, exclude_none=True)  # type: ignore[no-any-return]


def count_posts(reader: Client, did: str, text: str) -> int:
    answer = reader.com.atproto.repo.list_records({"repo": did, "collection": COLLECTION, "limit": 100})
    return sum(1 for record in answer.records if record.value["text"] == text)


async def test_connects_with_only_a_handle(bluesky: Bluesky, alice: Account, connected: Connected) -> None:
    assert connected.base_url == bluesky.pds, "found through the DID document"
    assert (connected.facts.account_id, connected.facts.handle) == (alice.did, alice.handle)
    assert connected.facts.limits["blob_bytes"] == 5_242_880
    assert set(connected.credentials) == {"identifier", "password", "did", "access", "refresh"}


async def test_publishes_rich_text(connector: Connector, connected: Connected, reader: Client, bob: Account) -> None:
    text = f"Привет 👋🏽 @{bob.handle}, see https://example.org/a?b=1. Also example.com #Эхо2026 @nobody.test"
    sent = await publish(connector, make_outgoing(text, language="ru"), connected.facts, open_session(connected))
    record = read_record(reader, sent.ref)
    assert record["text"] == text
    assert record["langs"] == ["ru"]
    shown = {}
    for facet in record["facets"]:
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        (feature,) = facet["features"]
        shown[text.encode()[start:end].decode()] = feature.get("uri") or feature.get("did") or feature.get("tag")
    assert shown == {
        f"@{bob.handle}": bob.did,
        "https://example.org/a?b=1": "https://example.org/a?b=1",
        "example.com": "https://example.com",
        "#Эхо2026": "Эхо2026",
    }


async def test_publishes_pictures_with_alt_text_and_label(
    connector: Connector, connected: Connected, reader: Client, alice: Account
) -> None:
    pictures = (make_picture("A red field"), make_picture("", "blue", (3000, 1000)))
    outgoing = make_outgoing("Two", media=pictures, options={"content_label": "graphic-media"})
    sent = await publish(connector, outgoing, connected.facts, open_session(connected))
    record = read_record(reader, sent.ref)
    images = record["embed"]["images"]
    assert [image["alt"] for image in images] == ["A red field", ""]
    assert [image["aspectRatio"] for image in images] == [
        {**image["aspectRatio"], "width": width, "height": height}
        for image, (width, height) in zip(images, [(64, 48), (2000, 667)], strict=True)
    ]
    assert record["labels"]["values"][0]["val"] == "graphic-media"
    link = images[0]["image"]["ref"]
    cid = link["$link"] if isinstance(link, dict) else link
    blob = reader.com.atproto.sync.get_blob({"did": alice.did, "cid": cid})
    assert blob == pictures[0].read()


async def test_publishes_a_link_card_with_thumb(connector: Connector, connected: Connected, reader: Client) -> None:
    card = LinkCard("https://example.org/", "A title", "What it says", make_picture(color="green"))
    sent = await publish(connector, make_outgoing("", link_card=card), connected.facts, open_session(connected))
    external = read_record(reader, sent.ref)["embed"]["external"]
    assert (external["uri"], external["title"], external["description"]) == (card.url, "A title", "What it says")
    assert external["thumb"]["mimeType"] == "image/png"


def make_video() -> Media:
    """Ten frames of MP4."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    content = buffer.getvalue()
    return Media("v", "video", "video/mp4", len(content), 64, 48, "A grey field", 1.0, read=lambda: content)


async def test_publishes_a_video(connector: Connector, connected: Connected, reader: Client) -> None:
    outgoing = make_outgoing("Moving", media=(make_video(),))
    sent = await publish(connector, outgoing, connected.facts, open_session(connected))
    embed = read_record(reader, sent.ref)["embed"]
    assert embed["$type"] == "app.bsky.embed.video"
    assert embed["video"]["mimeType"] == "video/mp4"
    assert (embed["alt"], embed["aspectRatio"]["width"]) == ("A grey field", 64)


async def test_a_file_that_the_server_forgot_is_uploaded_anew(
    connector: Connector, connected: Connected, reader: Client
) -> None:
    """Uploads that no post used are removed after hours; the checkpoint then names a blob that is gone."""
    session = open_session(connected)
    outgoing = make_outgoing("Late", media=(make_picture("A field", "purple"),))
    prepared = await needs(connector.publisher).run("prepare", outgoing, {}, connected.facts, session)
    assert isinstance(prepared, Next)
    checkpoint = json.loads(json.dumps(prepared.checkpoint))
    wanted = checkpoint["blobs"][0]["blob"]["ref"]["$link"]
    checkpoint["blobs"][0]["blob"]["ref"]["$link"] = "bafkreibme22gw2h7y2h7tg2fhqotaqjucnbc24deqo72b6mkl2egezxhvy"
    sent = await needs(connector.publisher).run("publish", outgoing, checkpoint, connected.facts, session)
    assert isinstance(sent, Sent), sent
    assert wanted in json.dumps(read_record(reader, sent.ref), default=str)


async def test_publishes_a_thread_and_a_first_comment(
    connector: Connector, connected: Connected, reader: Client
) -> None:
    session = open_session(connected)
    first = await publish(connector, make_outgoing("1"), connected.facts, session)
    second = await publish(
        connector,
        make_outgoing("2", kind="continuation", root=first.ref, reply_to=first.ref),
        connected.facts,
        session,
    )
    third = await publish(
        connector,
        make_outgoing("3", kind="continuation", root=first.ref, reply_to=second.ref),
        connected.facts,
        session,
    )
    comment = await publish(connector, make_outgoing("c", kind="comment", reply_to=first.ref), connected.facts, session)

    def reply_of(sent: Sent) -> tuple[str, str]:
        reply = read_record(reader, sent.ref)["reply"]
        return reply["root"]["uri"], reply["parent"]["uri"]

    assert "reply" not in read_record(reader, first.ref)
    assert reply_of(second) == (first.ref.id, first.ref.id)
    assert reply_of(third) == (first.ref.id, second.ref.id)
    assert reply_of(comment) == (first.ref.id, first.ref.id)
    assert read_record(reader, third.ref)["reply"]["parent"]["cid"] == second.ref.data["cid"]


async def test_a_dropped_answer_is_unknown_then_found_and_never_doubled(
    bluesky: Bluesky, connector: Connector, connected: Connected, reader: Client, alice: Account
) -> None:
    outgoing = make_outgoing("Only once")
    with proxy_to(bluesky.pds) as proxy:
        session = open_session(connected, proxy.url)
        before = await needs(connector.publisher).find_delivery(outgoing, {}, connected.facts, session)
        assert isinstance(before, AbsentAsOf)
        proxy.lose("POST /xrpc/com.atproto.repo.createRecord")
        lost, _ = await run_all(connector, outgoing, connected.facts, session)
        assert proxy.lost == ["HTTP/1.1 200 OK"], "the server had accepted"
        assert isinstance(lost, Unknown), lost
        found = await needs(connector.publisher).find_delivery(outgoing, {}, connected.facts, session)
        assert isinstance(found, Found)
        again = await publish(connector, outgoing, connected.facts, session)
    assert again.ref == found.ref
    assert count_posts(reader, alice.did, "Only once") == 1


async def test_an_answer_that_was_never_given_is_absent(
    connector: Connector, connected: Connected, unused_tcp_port: int
) -> None:
    session = open_session(connected, f"http://127.0.0.1:{unused_tcp_port}")
    answer = await needs(connector.publisher).find_delivery(make_outgoing("x"), {}, connected.facts, session)
    assert isinstance(answer, CannotTell), "a server that does not answer is no proof of absence"


async def test_another_post_under_the_same_key_is_not_overwritten(
    connector: Connector, connected: Connected, reader: Client
) -> None:
    session = open_session(connected)
    outgoing = make_outgoing("mine")
    sent = await publish(connector, outgoing, connected.facts, session)
    clash = make_outgoing("other", key=outgoing.key, created_at=outgoing.created_at)
    result, _ = await run_all(connector, clash, connected.facts, session)
    assert isinstance(result, Rejected)
    assert result.problem.code == "bluesky_key_taken"
    assert isinstance(await needs(connector.publisher).find_delivery(clash, {}, connected.facts, session), CannotTell)
    assert read_record(reader, sent.ref)["text"] == "mine"


async def test_deletes_once_and_again(
    connector: Connector, connected: Connected, reader: Client, alice: Account
) -> None:
    session = open_session(connected)
    outgoing = make_outgoing("to delete")
    sent = await publish(connector, outgoing, connected.facts, session)
    assert count_posts(reader, alice.did, "to delete") == 1
    assert await needs(connector.remover).delete(sent.ref, connected.facts, session) == Changed(None)
    assert count_posts(reader, alice.did, "to delete") == 0
    assert await needs(connector.remover).delete(sent.ref, connected.facts, session) == Changed(None)
    assert isinstance(
        await needs(connector.publisher).find_delivery(outgoing, {}, connected.facts, session), AbsentAsOf
    )


async def test_an_expired_access_token_is_renewed(bluesky: Bluesky, connector: Connector, connected: Connected) -> None:
    session = open_session(connected, access=bluesky.expire(connected.credentials["access"]))
    await publish(connector, make_outgoing("after two hours"), connected.facts, session)
    assert session.credentials["refresh"] != connected.credentials["refresh"]


async def test_many_deliveries_share_one_renewal(bluesky: Bluesky, connector: Connector, connected: Connected) -> None:
    expired = bluesky.expire(connected.credentials["access"])
    sessions = [open_session(connected, access=expired, refresh="") for _ in range(8)]
    await asyncio.gather(
        *(publish(connector, make_outgoing(f"{i}"), connected.facts, s) for i, s in enumerate(sessions))
    )
    urls = [exchange["url"] for session in sessions for exchange in session.exchanges]
    assert sum(url.endswith("com.atproto.server.createSession") for url in urls) == 1
    assert len({session.credentials["access"] for session in sessions}) == 1


async def test_a_refused_refresh_falls_back_to_the_app_password(
    connector: Connector, connected: Connected, bluesky: Bluesky
) -> None:
    expired = bluesky.expire(connected.credentials["access"])
    bad = bluesky.expire(connected.credentials["refresh"])
    session = open_session(connected, access=expired, refresh=bad)
    await publish(connector, make_outgoing("still there"), connected.facts, session)
    urls = [exchange["url"].rsplit(".", 1)[-1] for exchange in session.exchanges]
    assert urls == ["refreshSession", "createSession", "createRecord"]


async def test_a_revoked_app_password_needs_reconnecting(
    bluesky: Bluesky, connector: Connector, connected: Connected
) -> None:
    expired = bluesky.expire(connected.credentials["access"])
    session = open_session(connected, access=expired, refresh="", password="revoked-revoked")
    result, _ = await run_all(connector, make_outgoing("x"), connected.facts, session)
    assert isinstance(result, NeedsReconnect)
    with pytest.raises(ConnectRefused) as refused:
        await connector.accounts.inspect(
            open_session(connected, access=expired, refresh="", password="revoked-revoked")
        )
    assert refused.value.problem.code == "needs_reconnect"


@pytest.mark.parametrize(
    ("changed", "field", "code", "words"),
    [
        ({"password": "wrong-wrong"}, "password", "bluesky_sign_in", ""),
        ({"handle": "nobody-at-all.test"}, "handle", "bluesky_handle_unknown", ""),
        ({"handle": " "}, "handle", "required", ""),
        ({"server": "http://10.0.0.1"}, "", "host_not_https", "without encryption"),
        ({"server": "https://10.0.0.1"}, "", "host_private", "private network"),
        ({"server": "gopher://x.test"}, "", "host_invalid", "not an address"),
    ],
)
async def test_a_bad_sign_in_says_what_to_do(
    connector: Connector, alice: Account, changed: Mapping[str, str], field: str, code: str, words: str
) -> None:
    form = {"handle": alice.handle, "password": alice.app_password, "server": "", **changed}
    session = Session(allow_private=LOOPBACK)
    with pytest.raises(ConnectRefused) as refused:
        await by_form(connector).connect(form, {}, session)
    problem = refused.value.problem
    assert (problem.field, problem.code) == (field, code)
    assert words in problem.text(), "what is wrong with this very address"
    assert problem.fix
    assert form["password"] not in repr(session.exchanges)


async def test_the_main_password_is_refused(connector: Connector, alice: Account) -> None:
    form = {"handle": alice.handle, "password": alice.password, "server": ""}
    with pytest.raises(ConnectRefused) as refused:
        await by_form(connector).connect(form, {}, Session(allow_private=LOOPBACK))
    assert refused.value.problem.code == "bluesky_main_password"


async def test_the_server_refuses_what_our_check_refuses(connector: Connector, connected: Connected) -> None:
    for text in ("x" * 301, "👨‍👩‍👧‍👦" * 121):
        result, _ = await run_all(connector, make_outgoing(text), connected.facts, open_session(connected))
        assert isinstance(result, Rejected), text
        assert result.problem.field == "parts.0.text"
    await publish(connector, make_outgoing("👨‍👩‍👧‍👦" * 120), connected.facts, open_session(connected))
    await publish(connector, make_outgoing("é" * 300), connected.facts, open_session(connected))


async def test_secrets_stay_out_of_the_evidence(connector: Connector, connected: Connected, bluesky: Bluesky) -> None:
    expired = bluesky.expire(connected.credentials["access"])
    session = open_session(connected, access=expired)
    await publish(connector, make_outgoing("x"), connected.facts, session)
    evidence = repr(session.exchanges)
    assert len(session.exchanges) >= 2
    for secret in (*connected.credentials.values(), *session.credentials.values()):
        if secret not in (connected.credentials["did"], connected.credentials["identifier"]):
            assert secret not in evidence


async def test_a_real_rate_limit_is_waited_for(tmp_path: Path) -> None:
    """A PDS allows 30 sign-ins in five minutes for an account, and says how long to wait."""
    with serve(cache_folder(), tmp_path, rate_limits=True) as server:
        account = server.create_account("carol")
        connector = make_connector(server.pds, server.plc)
        form = {"handle": account.handle, "password": account.app_password, "server": server.pds}
        connected = await by_form(connector).connect(form, {}, Session(allow_private=LOOPBACK))
        for attempt in range(40):
            old = f"{server.expire(connected.credentials['access'])}{attempt}"
            session = open_session(connected, access=old, refresh="")
            result, _ = await run_all(connector, make_outgoing("x"), connected.facts, session)
            if not isinstance(result, Sent):
                break
    assert isinstance(result, Later), result
    assert 1 < result.after <= 300
    assert result.bucket == "30 per 300 s"
    assert session.quotas["30 per 300 s"].remaining == 0
    assert session.quotas["30 per 300 s"].blocked_until is not None
