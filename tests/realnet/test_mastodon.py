"""The Mastodon connector against snac2 over HTTP, read back with Mastodon.py, which is not ours.

snac2 is a compatible server, not Mastodon: it ignores Idempotency-Key, lacks deletion and /api/v2/instance, has no
length limit worth the name, and closes kept connections without notice. What only Mastodon itself has is tested against
its documented contract in tests/networks/mastodon.
"""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import requests
from mastodon import Mastodon as Client
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from kaja.networks.kit.connector import Connected, ConnectRefused
from kaja.networks.kit.content import Draft, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Changed,
    Found,
    NeedsReconnect,
    NoSuchPost,
    Rejected,
    Unknown,
)
from kaja.networks.mastodon import CONNECTOR
from tests.needed import needs
from tests.realnet.driving import make_outgoing, make_picture, publish, run_all
from tests.realnet.proxy import proxy_to
from tests.realnet.servers.snac import Snac

pytestmark = pytest.mark.realnet

REDIRECT = "http://127.0.0.1:9/channels/callback"


def make_session(base_url: str = "", **credentials: str) -> Session:
    return Session(base_url, credentials, allow_private=("127.0.0.1",))


def consent(authorize_url: str, user: str, password: str) -> dict[str, str]:
    """Do what a person does on snac2's own pages; gives the query of the address that they are sent back to."""
    page = httpx2.get(authorize_url, timeout=60).text
    action = html.unescape(re.search(r'<form[^>]*action="([^"]+)"', page)[1])  # type: ignore[index]
    hidden = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', page)}
    answer = httpx2.post(action, data={**hidden, "login": user, "passwd": password}, timeout=60)
    assert answer.headers["location"].startswith(REDIRECT), "the password was accepted"
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


@pytest.fixture(scope="module")
def connections() -> dict[str, Connected]:
    return {}


@pytest.fixture
async def alice(snac: Snac, connections: dict[str, Connected]) -> Connected:
    """Alice's account, connected once through the real consent pages."""
    if "alice" not in connections:
        pending = await needs(CONNECTOR.consent).authorize(
            {"instance": snac.url}, REDIRECT, "state-1", None, make_session()
        )
        came_back = consent(pending.url, "alice", snac.passwords["alice"])
        assert came_back["state"] == "state-1"
        granted = await needs(CONNECTOR.consent).exchange(came_back, pending.pending, None, make_session())
        [offer] = granted.offers
        connections["alice"] = Connected(offer.facts, granted.tokens.credentials, offer.base_url)
    return connections["alice"]


def session_of(connected: Connected, base_url: str = "") -> Session:
    return make_session(base_url or connected.base_url, **connected.credentials)


def client_of(connected: Connected) -> Client:
    quiet = requests.Session()
    # snac2 closes kept connections without notice, and on a busy machine resets one before its answer was read.
    quiet.headers["Connection"] = "close"
    quiet.mount("http://", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.2, allowed_methods=["GET"])))
    return Client(
        access_token=connected.credentials["access_token"],
        api_base_url=connected.base_url,
        version_check_mode="none",
        session=quiet,
    )


async def test_connects_through_the_servers_own_forms(alice: Connected, snac: Snac) -> None:
    assert alice.facts.handle == f"@alice@{urlsplit(snac.url).netloc}"
    assert alice.base_url == snac.url
    assert alice.facts.limits["software"] == "snac"
    assert alice.facts.limits["idempotent"] is False
    assert alice.facts.limits["max_characters"] == 100_000
    assert alice.facts.version.startswith("4.0.0 (not true; really snac/")


async def test_a_refused_token_exchange_is_said(snac: Snac) -> None:
    pending = await needs(CONNECTOR.consent).authorize({"instance": snac.url}, REDIRECT, "s", None, make_session())
    came_back = consent(pending.url, "alice", snac.passwords["alice"])
    wrong = {**pending.pending, "client_secret": "0" * 32}
    with pytest.raises(ConnectRefused) as refused:
        await needs(CONNECTOR.consent).exchange(came_back, wrong, None, make_session())
    assert refused.value.problem.code == "connect_refused"


async def test_an_account_that_was_not_allowed_is_not_connected(snac: Snac) -> None:
    pending = await needs(CONNECTOR.consent).authorize({"instance": snac.url}, REDIRECT, "s", None, make_session())
    came_back = {"error": "access_denied", "state": "s"}
    with pytest.raises(ConnectRefused) as refused:
        await needs(CONNECTOR.consent).exchange(came_back, pending.pending, None, make_session())
    assert refused.value.problem.code == "consent_refused"


async def test_a_server_that_is_not_mastodon_is_named(wordpress: object) -> None:
    with pytest.raises(ConnectRefused) as refused:
        await needs(CONNECTOR.consent).authorize({"instance": wordpress.url}, REDIRECT, "s", None, make_session())  # type: ignore[attr-defined]
    assert refused.value.problem.code == "not_mastodon"


async def test_a_revoked_token_asks_to_reconnect(alice: Connected) -> None:
    session = make_session(alice.base_url, access_token="0123456789abcdef")
    with pytest.raises(ConnectRefused) as refused:
        await CONNECTOR.accounts.inspect(session)
    assert refused.value.problem.code == "needs_reconnect"
    result, _ = await run_all(CONNECTOR, make_outgoing("Never seen"), alice.facts, session)
    assert isinstance(result, NeedsReconnect)


async def test_post_is_read_back_by_another_client(alice: Connected) -> None:
    text = "Tere! Привет, мир: https://example.org/page?a=1&b=2 #kaja"
    outgoing = make_outgoing(text, language="ru", options={"spoiler_text": "Notice", "sensitive": True})
    sent = await publish(CONNECTOR, outgoing, alice.facts, session_of(alice))
    client = client_of(alice)
    status = client.status(sent.ref.id)
    assert client.status_source(sent.ref.id).text == text
    assert (status.spoiler_text, status.sensitive, status.url) == ("Notice", True, sent.ref.url)
    assert [tag.name for tag in status.tags] == ["kaja"]


async def test_thread_and_first_comment(alice: Connected) -> None:
    session = session_of(alice)
    root = await publish(CONNECTOR, make_outgoing("One of a thread"), alice.facts, session)
    second = make_outgoing("Two of a thread", kind="continuation", root=root.ref, reply_to=root.ref)
    two = await publish(CONNECTOR, second, alice.facts, session)
    comment = make_outgoing("The first comment", kind="comment", root=root.ref, reply_to=root.ref)
    three = await publish(CONNECTOR, comment, alice.facts, session)
    answers = {status.id: status.in_reply_to_id for status in client_of(alice).status_context(root.ref.id).descendants}
    assert answers == {two.ref.id: root.ref.id, three.ref.id: root.ref.id}


async def test_what_stands_at_an_address_is_found(alice: Connected) -> None:
    """snac2's addresses hold no id of the API: the status is found among the newest by the address that it gives."""
    session = session_of(alice)
    sent = await publish(CONNECTOR, make_outgoing("Where am I?"), alice.facts, session)
    found = await needs(CONNECTOR.publisher).find_post(sent.ref.url, alice.facts, session)
    assert isinstance(found, Found), (sent.ref.url, found)
    assert found.ref.id == sent.ref.id
    place = {"kind": "continuation", "root": found.ref, "reply_to": found.ref}
    more = await publish(CONNECTOR, make_outgoing("And on it goes", **place), alice.facts, session)
    context = client_of(alice).status(more.ref.id)
    assert str(context["in_reply_to_id"])
    for url in (f"{sent.ref.url}9", f"{alice.base_url}/bob/p/1", "https://elsewhere.example/alice/p/1"):
        assert isinstance(await needs(CONNECTOR.publisher).find_post(url, alice.facts, session), NoSuchPost), url


async def test_pictures_carry_their_descriptions(alice: Connected) -> None:
    outgoing = make_outgoing("Two pictures", media=(make_picture("A red field"), make_picture("Синее поле", "blue")))
    assert CONNECTOR.rules.check(Draft((Part(outgoing.text, outgoing.media),)), alice.facts) == []
    sent = await publish(CONNECTOR, outgoing, alice.facts, session_of(alice))
    status = client_of(alice).status(sent.ref.id)
    assert [media.description for media in status.media_attachments] == ["A red field", "Синее поле"]
    picture = httpx2.get(status.media_attachments[0].url, timeout=60)
    assert picture.content == outgoing.media[0].read()


async def test_two_files_of_one_name_stay_two_pictures(alice: Connected) -> None:
    """snac2 keeps a file under its own name: the second image.png took the place of the first."""
    session = session_of(alice)
    shown = []
    for color in ("red", "blue"):
        picture = replace(make_picture(color, color), filename="image.png")
        sent = await publish(CONNECTOR, make_outgoing(f"A {color} one", media=(picture,)), alice.facts, session)
        shown.append((client_of(alice).status(sent.ref.id).media_attachments[0].url, picture.read()))
    assert [httpx2.get(url, timeout=60).content for url, _ in shown] == [content for _, content in shown]


async def test_edit_changes_text_and_keeps_the_picture(alice: Connected) -> None:
    session = session_of(alice)
    outgoing = make_outgoing("Befroe the edit", media=(make_picture("A field"),))
    sent = await publish(CONNECTOR, outgoing, alice.facts, session)
    fixed = make_outgoing("Before the edit", media=outgoing.media, key=outgoing.key)
    changed = await needs(CONNECTOR.editor).edit(sent.ref, fixed, alice.facts, session)
    assert isinstance(changed, Changed)
    assert changed.ref is not None
    client = client_of(alice)
    assert client.status_source(changed.ref.id).text == "Before the edit"
    assert [media.description for media in client.status(changed.ref.id).media_attachments] == ["A field"]


async def test_deletion_that_the_server_lacks_is_said(alice: Connected) -> None:
    """snac2 2.75 answers 404 to DELETE although the status stands; that must not pass for deleted."""
    session = session_of(alice)
    sent = await publish(CONNECTOR, make_outgoing("Stays"), alice.facts, session)
    result = await needs(CONNECTOR.remover).delete(sent.ref, alice.facts, session)
    assert client_of(alice).status(sent.ref.id).id == sent.ref.id
    assert isinstance(result, Rejected)
    assert result.problem.code == "not_supported"


async def test_deleting_what_is_gone_succeeds(alice: Connected) -> None:
    sent = await publish(CONNECTOR, make_outgoing("Something"), alice.facts, session_of(alice))
    gone = type(sent.ref)("1700000000" + "0" * 32)
    assert await needs(CONNECTOR.remover).delete(gone, alice.facts, session_of(alice)) == Changed(None)


@pytest.mark.parametrize("with_picture", [False, True])
async def test_a_lost_answer_is_found_and_not_sent_again(alice: Connected, with_picture: bool) -> None:
    """Accepted, and the answer dropped: once on the server, and found there although snac2 ignores the key."""
    text = f"Lost *answer* {with_picture} :) https://example.org/"
    outgoing = make_outgoing(text, media=(make_picture("Lost"),) if with_picture else ())
    with proxy_to(alice.base_url) as proxy:
        session = session_of(alice, proxy.url)
        proxy.lose("POST /api/v1/statuses ")
        result, checkpoint = await run_all(CONNECTOR, outgoing, alice.facts, session)
        assert isinstance(result, Unknown)
        assert proxy.lost == ["HTTP/1.1 200 OK"]
        found = await needs(CONNECTOR.publisher).find_delivery(outgoing, checkpoint, alice.facts, session)
    assert isinstance(found, Found)
    sources = [status for status in client_of(alice).account_statuses(alice.facts.account_id) if status.text == text]
    assert [status.id for status in sources] == [found.ref.id]


async def test_the_same_text_posted_before_is_not_taken_for_ours(alice: Connected) -> None:
    session = session_of(alice)
    await publish(CONNECTOR, make_outgoing("Good morning"), alice.facts, session)
    again = make_outgoing("Good morning")
    checkpoint: dict[str, Any] = {}
    prepared = await needs(CONNECTOR.publisher).run("prepare", again, checkpoint, alice.facts, session)
    found = await CONNECTOR.publisher.find_delivery(again, prepared.checkpoint, alice.facts, session)  # type: ignore[union-attr]
    assert isinstance(found, AbsentAsOf)


async def test_what_this_server_hides_is_never_called_absent(alice: Connected) -> None:
    """snac2 does not list an account's own followers-only statuses: looking proves nothing, so a person is asked."""
    session = session_of(alice)
    outgoing = make_outgoing("For followers", options={"visibility": "private"})
    result, checkpoint = await run_all(CONNECTOR, outgoing, alice.facts, session)
    found = await needs(CONNECTOR.publisher).find_delivery(outgoing, checkpoint, alice.facts, session)
    assert isinstance(found, CannotTell), result


async def test_inspect_gives_the_same_facts_later(alice: Connected) -> None:
    facts: Facts = await CONNECTOR.accounts.inspect(session_of(alice))
    assert facts == alice.facts
