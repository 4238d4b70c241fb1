"""The other half: what a connector makes of everything that can happen to its calls."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from kaja.networks.kit import outcome
from kaja.networks.kit.connector import Connector, ConnectRefused, is_idempotent
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session, TransportError, close_pools
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Changed,
    ChannelTrouble,
    Checkpoint,
    Found,
    Later,
    NeedsReconnect,
    Next,
    NoSuchPost,
    Rejected,
    Sent,
    StageResult,
    Unknown,
)
from kaja.networks.registry import CONNECTORS
from tests.conformance.description import Description
from tests.conformance.server import Fault, FaultyServer, Reply, Request, serving
from tests.conformance.test_rules import DESCRIPTIONS, every_network
from tests.needed import needs

MOVES = (301, 302, 307, 308)
OPEN_NAMES = {"identifier", "did", "username", "scope"}


@dataclass
class Desk:
    """A connector at work on one account behind the faulty server."""

    described: Description
    server: FaultyServer
    url: str
    facts: Facts
    credentials: dict[str, str]
    session: Session
    foreign: str

    @property
    def connector(self) -> Connector:
        return self.described.connector

    def open(self, url: str = "") -> Session:
        return Session(url or self.url, dict(self.credentials), allow_private=("127.0.0.1",), timeout=60)

    async def publish(self, outgoing: Outgoing, fault: Fault | None = None) -> tuple[StageResult, Checkpoint]:
        """Every stage in order; the fault is on for the whole way."""
        self.server.fault = fault
        checkpoint: Checkpoint = {}
        result: StageResult = Next(checkpoint)
        try:
            for stage in needs(self.connector.publisher).stages(outgoing, self.facts):
                result = await needs(self.connector.publisher).run(
                    stage.name, outgoing, checkpoint, self.facts, self.session
                )
                if not isinstance(result, Next):
                    break
                checkpoint = json.loads(json.dumps(result.checkpoint))  # as it is stored between stages
        finally:
            self.server.fault = None
        return result, checkpoint


@asynccontextmanager
async def at_work(network: str) -> AsyncIterator[Desk]:
    described = DESCRIPTIONS[network]
    async with described.open_world() as world, serving(world.handler) as (server, url):
        desk = Desk(described, server, url, world.facts, dict(world.credentials), Session(), world.foreign)
        desk.session = desk.open()
        try:
            yield desk
        finally:
            await close_pools()


@every_network
async def test_publishes_finds_and_deletes(network: str) -> None:
    async with at_work(network) as desk:
        outgoing = desk.described.make_outgoing()
        result, checkpoint = await desk.publish(outgoing)
        assert isinstance(result, Sent), result
        assert result.ref.id
        assert result.ref.url.startswith("http")
        calls = [request for request in desk.server.requests if desk.described.publishes(request)]
        assert len(calls) == 1
        found = await needs(desk.connector.publisher).find_delivery(outgoing, checkpoint, desk.facts, desk.session)
        assert isinstance(found, Found)
        assert found.ref.id == result.ref.id
        if desk.connector.remover:
            assert await desk.connector.remover.delete(result.ref, desk.facts, desk.session) == Changed(None)
            assert await desk.connector.remover.delete(result.ref, desk.facts, desk.session) == Changed(None), (
                "it is gone"
            )


@every_network
async def test_what_is_staged_ahead_comes_first_and_leaves_no_post_behind(network: str) -> None:
    """Thrown away after an edit, it must not be seen by anybody; and what is not staged ahead must not wait for it."""
    async with at_work(network) as desk:
        picture = Media("k", "image", "image/png", 100, 10, 10)
        for outgoing in (desk.described.make_outgoing(), desk.described.make_outgoing(media=(picture,))):
            stages = needs(desk.connector.publisher).stages(outgoing, desk.facts)
            assert [stage.ahead for stage in stages] == sorted((stage.ahead for stage in stages), reverse=True)
        outgoing, checkpoint = desk.described.make_outgoing(), Checkpoint({})
        for stage in needs(desk.connector.publisher).stages(outgoing, desk.facts):
            if stage.ahead:
                done = await needs(desk.connector.publisher).run(
                    stage.name, outgoing, checkpoint, desk.facts, desk.session
                )
                assert isinstance(done, Next), done
                checkpoint = json.loads(json.dumps(done.checkpoint))
        assert not [request for request in desk.server.requests if desk.described.publishes(request)]
        found = await needs(desk.connector.publisher).find_delivery(outgoing, checkpoint, desk.facts, desk.session)
        assert isinstance(found, AbsentAsOf)


@every_network
async def test_an_answer_that_is_dropped_after_acceptance_is_unknown_then_found(network: str) -> None:
    async with at_work(network) as desk:
        outgoing = desk.described.make_outgoing()
        lost, checkpoint = await desk.publish(outgoing, Fault(desk.described.publishes, accept=True))
        assert isinstance(lost, Unknown)
        found = await needs(desk.connector.publisher).find_delivery(outgoing, checkpoint, desk.facts, desk.session)
        assert isinstance(found, Found)
        if is_idempotent(desk.connector.info.idempotent, desk.facts.limits):
            (stage,) = [s.name for s in needs(desk.connector.publisher).stages(outgoing, desk.facts) if s.irreversible]
            again = await needs(desk.connector.publisher).run(stage, outgoing, checkpoint, desk.facts, desk.session)
            assert isinstance(again, Sent)
            assert again.ref.id == found.ref.id


@every_network
async def test_an_answer_that_is_dropped_before_acceptance_is_unknown_then_absent(network: str) -> None:
    async with at_work(network) as desk:
        outgoing = desk.described.make_outgoing()
        lost, checkpoint = await desk.publish(outgoing, Fault(desk.described.publishes))
        assert isinstance(lost, Unknown)
        assert isinstance(
            await needs(desk.connector.publisher).find_delivery(outgoing, checkpoint, desk.facts, desk.session),
            AbsentAsOf,
        )


@every_network
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(500, {"error": "x"}), Unknown),
        (Reply(502, b"<html>Bad gateway"), Unknown),
        (Reply(503, {}, {"Retry-After": "30"}), Unknown),
        (Reply(504, b""), Unknown),
        (Reply(200, b"<html>Welcome to the hotel's network"), Unknown),
        (Reply(200, b'{"id": "1'), Unknown),
        (Reply(200, []), Unknown),
        (Reply(200, {}), Unknown),
        (Reply(429, {}, {"Retry-After": "7"}), Later),
        *((Reply(status, b"", {"Location": "https://login.example/"}), ChannelTrouble) for status in MOVES),
        (Reply(303, b"", {"Location": "https://login.example/"}), Unknown),
        (Reply(405, b"<html>Not here"), ChannelTrouble),
        (Reply(404, b"<html>This domain is for sale"), ChannelTrouble),
    ],
    ids=lambda value: f"{value.status}-{str(value.body)[:12]}" if isinstance(value, Reply) else value.__name__,
)
async def test_what_an_answer_to_the_irreversible_call_means(
    network: str, reply: Reply, expected: type[StageResult]
) -> None:
    async with at_work(network) as desk:
        result, _ = await desk.publish(desk.described.make_outgoing(), Fault(desk.described.publishes, reply))
        final = desk.described.server_error_is_final and reply.status >= 500
        assert isinstance(result, Later if final else expected), result
        if isinstance(result, Later) and reply.status == 429:
            assert 6 <= result.after <= 8, "as the network asked"


@every_network
async def test_a_refusal_of_the_content_can_be_mended(network: str) -> None:
    async with at_work(network) as desk:
        fault = Fault(desk.described.publishes, desk.described.refusal)
        result, _ = await desk.publish(desk.described.make_outgoing(), fault)
        assert isinstance(result, Rejected), result
        assert result.fixable
        assert "%(" not in result.problem.text()


@every_network
async def test_refused_credentials_need_reconnecting(network: str) -> None:
    async with at_work(network) as desk:
        fault = Fault(lambda _: True, Reply(401, {"error": "AuthenticationRequired", "code": "rest_not_logged_in"}))
        result, _ = await desk.publish(desk.described.make_outgoing(), fault)
        assert isinstance(result, NeedsReconnect), result
        assert result.problem.fix


@every_network
async def test_a_server_that_refuses_connections_has_nothing(network: str, unused_tcp_port: int) -> None:
    async with at_work(network) as desk:
        desk.session = desk.open(f"http://127.0.0.1:{unused_tcp_port}")
        result, _ = await desk.publish(desk.described.make_outgoing())
        assert isinstance(result, Later), result


@every_network
@pytest.mark.parametrize(
    "reply",
    [Reply(500, {}), Reply(429, {}, {"Retry-After": "5"}), Reply(401, {"error": "x"}), Reply(200, b"<html>"), None],
    ids=["500", "429", "401", "nonsense", "dropped"],
)
async def test_a_look_up_that_fails_tells_nothing(network: str, reply: Reply | None) -> None:
    async with at_work(network) as desk:
        outgoing = desk.described.make_outgoing()
        _, checkpoint = await desk.publish(outgoing, Fault(desk.described.publishes))
        desk.server.fault = Fault(lambda _: True, reply)
        told = await needs(desk.connector.publisher).find_delivery(outgoing, checkpoint, desk.facts, desk.session)
        assert isinstance(told, CannotTell), told
    assert told.after == (5 if reply is not None and reply.status == 429 else 0), "it is left alone as long as it asked"


TWINS = [
    (name, kind, accepted)
    for name in sorted(CONNECTORS)
    for kind in ("post", "continuation", "comment")
    for accepted in (True, False)
    if (kind != "continuation" or CONNECTORS[name].can_send("continuation"))
    # Below one article there is no second comment with the same words.
    and (name, kind, accepted) != ("wordpress", "comment", True)
]


@pytest.mark.parametrize(("network", "kind", "accepted"), TWINS)
async def test_what_another_delivery_owns_is_never_found_again(network: str, kind: str, accepted: bool) -> None:
    """Two messages with the same words: the first's answer is lost, the second goes out."""
    async with at_work(network) as desk:
        place = {}
        if kind != "post":
            root, _ = await desk.publish(desk.described.make_outgoing("The root", key="9" * 32))
            assert isinstance(root, Sent)
            place = {"kind": kind, "root": root.ref, "reply_to": root.ref}
        one = desk.described.make_outgoing("Same words", key="1" * 32, **place)
        other = desk.described.make_outgoing("Same words", key="2" * 32, **place)

        def publishes(request: Request) -> bool:
            own = request.method == "POST" and request.path.endswith("/comments")
            return own or desk.described.publishes(request)

        lost, checkpoint = await desk.publish(one, Fault(publishes, accept=accepted))
        assert isinstance(lost, Unknown), lost
        sent, _ = await desk.publish(other)
        assert isinstance(sent, Sent), sent
        looking = replace(one, owned=frozenset({sent.ref.owner_key}))
        told = await needs(desk.connector.publisher).find_delivery(looking, checkpoint, desk.facts, desk.session)
        if accepted:
            assert isinstance(told, Found), told
            assert told.ref.id != sent.ref.id
            owned = frozenset({sent.ref.owner_key, told.ref.owner_key})
            told = await needs(desk.connector.publisher).find_delivery(
                replace(one, key="3" * 32, owned=owned), {**checkpoint, **fresh(network)}, desk.facts, desk.session
            )
        assert isinstance(told, AbsentAsOf), "and for a third there is nothing left"


def fresh(network: str) -> Checkpoint:
    """An article is looked up by the id of its own draft, which a third one does not have."""
    return {"post_id": 999} if network == "wordpress" else {}


@every_network
async def test_the_post_at_an_address_is_ours_to_go_on_with(network: str) -> None:
    """What a copied address leads to serves as well as what publishing told: the thread goes on, deleting works."""
    async with at_work(network) as desk:
        sent, _ = await desk.publish(desk.described.make_outgoing())
        assert isinstance(sent, Sent)
        found = await needs(desk.connector.publisher).find_post(f" {sent.ref.url} ", desk.facts, desk.session)
        assert isinstance(found, Found), found
        assert found.ref.id == sent.ref.id
        if desk.connector.can_send("continuation"):
            place = {"kind": "continuation", "root": found.ref, "reply_to": found.ref}
            going_on, _ = await desk.publish(desk.described.make_outgoing("And on", key="7" * 32, **place))
            assert isinstance(going_on, Sent), going_on
            assert going_on.ref.id != sent.ref.id
        if desk.connector.remover:
            assert await desk.connector.remover.delete(found.ref, desk.facts, desk.session) == Changed(None)
            assert isinstance(
                await needs(desk.connector.publisher).find_post(sent.ref.url, desk.facts, desk.session), NoSuchPost
            )


@every_network
async def test_an_address_that_is_none_of_the_accounts_posts_is_refused_with_a_reason(network: str) -> None:
    async with at_work(network) as desk:
        strange = ["over there", "javascript:alert(1)", "https://[", "https://elsewhere.example/", desk.facts.url]
        for url in [desk.foreign, f"{desk.foreign}0", *strange]:
            told = await needs(desk.connector.publisher).find_post(url, desk.facts, desk.session)
            assert isinstance(told, NoSuchPost), (url, told)
            assert told.problem.fix
            assert "%(" not in told.problem.text() + (told.problem.fix % told.problem.params)
        told = await needs(desk.connector.publisher).find_post(desk.foreign, desk.facts, desk.session)
        assert isinstance(told, NoSuchPost)
        assert told.problem.code == "post_of_another"


TROUBLE = pytest.mark.parametrize(
    "reply",
    [Reply(500, {}), Reply(429, {}, {"Retry-After": "5"}), Reply(200, b"<html>"), None],
    ids=["500", "429", "nonsense", "dropped"],
)


@every_network
@TROUBLE
async def test_an_address_that_cannot_be_looked_at_tells_nothing(network: str, reply: Reply | None) -> None:
    async with at_work(network) as desk:
        sent, _ = await desk.publish(desk.described.make_outgoing())
        assert isinstance(sent, Sent)
        desk.server.fault = Fault(lambda _: True, reply)
        told = await needs(desk.connector.publisher).find_post(sent.ref.url, desk.facts, desk.session)
        assert isinstance(told, CannotTell), told


@every_network
@TROUBLE
async def test_trouble_of_the_moment_is_no_reason_to_connect_anew(network: str, reply: Reply | None) -> None:
    async with at_work(network) as desk:
        desk.server.fault = Fault(lambda _: True, reply)
        with pytest.raises(TransportError):
            await desk.connector.accounts.inspect(desk.session)


@every_network
async def test_a_refused_sign_in_is_one(network: str) -> None:
    async with at_work(network) as desk:
        refusal = Reply(401, {"error": "AuthenticationRequired", "code": "rest_not_logged_in"})
        desk.server.fault = Fault(lambda _: True, refusal)
        with pytest.raises(ConnectRefused):
            await desk.connector.accounts.inspect(desk.session)


@every_network
async def test_no_secret_stands_in_the_evidence(network: str) -> None:
    """Even when a server repeats what it was sent."""
    async with at_work(network) as desk:
        outgoing = desk.described.make_outgoing()
        await desk.publish(outgoing)
        seen = desk.server.requests[-1].headers["authorization"]
        secrets = {value for name, value in desk.credentials.items() if name not in OPEN_NAMES}
        assert any(secret in seen for secret in secrets) or seen.startswith("Basic ")
        echo = {"error": "x", "you_sent": seen, "note": f"token was {' '.join(secrets)}"}
        await desk.publish(outgoing, Fault(lambda _: True, Reply(400, echo)))
        evidence = json.dumps(desk.session.exchanges, ensure_ascii=False)
        assert len(desk.session.exchanges) >= 2
        assert "you_sent" in evidence
        for secret in (*secrets, seen.split(" ", 1)[1]):
            assert secret not in evidence


def test_every_network_is_described() -> None:
    assert set(DESCRIPTIONS) == set(CONNECTORS)


@every_network
@pytest.mark.parametrize("status", MOVES)
async def test_a_server_that_has_moved_is_the_channels_trouble(network: str, status: int) -> None:
    """Also where the first call is one that may be repeated, and when the account is looked at."""
    async with at_work(network) as desk:
        moved = Fault(lambda _: True, Reply(status, b"", {"Location": "https://moved.example/there"}))
        result, _ = await desk.publish(desk.described.make_outgoing(), moved)
        assert isinstance(result, ChannelTrouble), result
        assert result.problem.params["to"] == "https://moved.example/there"
        desk.server.fault = moved
        with pytest.raises(TransportError) as seen:
            await desk.connector.accounts.inspect(desk.session)
        assert seen.value.problem.code in outcome.TROUBLE
