"""A channel's credentials while many use them: one renewal at a time, and nothing older than a person's decision."""

import asyncio
import base64
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from django.db import close_old_connections, connection

from kaja.channels.actions import check_channel, disconnect_channel, store_connection
from kaja.channels.credentials import Keeper, read_credentials, write_credentials
from kaja.channels.models import Channel, Grant, Health
from kaja.channels.renewal import list_due, tell_ending
from kaja.channels.sessions import open_session, record_health
from kaja.delivery.actions import hold_everything
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.bluesky import xrpc
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import NotSent, Session, close_pools
from kaja.networks.kit.renewals import renew_once
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Held, Workspace
from tests.needed import needs
from tests.people import actor
from tests.thorough import times
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
CHANNELS, RACERS, ROUNDS = 4, 2, times(25, 250)


def make_token(name: str) -> str:
    body = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 7200, "jti": name}).encode()).decode()
    return f"eyJhbGciOiJub25lIn0.{body.rstrip('=')}.x"


class Server(ThreadingHTTPServer):
    """A PDS without a grace period: a refresh token opens once, and who shows an old one loses the whole account."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.lock = threading.Lock()
        self.good: dict[str, str] = {}
        """By channel; a token is the channel's name and a number."""
        self.renewals = self.reuses = self.sign_ins = 0


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shown = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with self.server.lock:
            status, body = self._answer(shown)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, shown: str) -> tuple[int, Mapping[str, Any]]:
        if self.path != "/xrpc/com.atproto.server.refreshSession":
            self.server.sign_ins += 1
            return 401, {"error": "AuthenticationRequired", "message": "the account is closed"}
        channel = shown.partition(".")[0]
        if shown != self.server.good.get(channel):
            self.server.reuses += 1
            return 400, {"error": "ExpiredToken", "message": "used already"}
        self.server.renewals += 1
        self.server.good[channel] = fresh = f"{channel}.{self.server.renewals}"
        return 200, {"accessJwt": make_token(fresh), "refreshJwt": fresh, "did": DID}


@contextmanager
def served() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(120)
        server.server_close()


def make_channel(
    workspace: Workspace, base_url: str = "http://127.0.0.1:9", account_id: str = DID, **credentials: str
) -> Channel:
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="bluesky", account_id=account_id, base_url=base_url, name="Kohvik")
        write_credentials(channel.id, {"did": DID, "password": "p", **credentials})
        channel.refresh_from_db()
    return channel


def stored(workspace: Workspace) -> dict[str, str]:
    with workspace_scope(workspace.id):
        row = Channel.objects.get()
        return read_credentials(row.id)


def test_of_many_who_need_fresh_tokens_one_asks_each_time(workspace: Workspace) -> None:
    """Each racer has its own event loop and connection, as processes have; nobody shows a token that was used."""
    failures: list[BaseException] = []
    ends: list[str] = []

    def load(channel: Channel) -> Session:
        with workspace_scope(workspace.id):
            return open_session(Channel.objects.get(id=channel.id))

    async def race(channel: Channel, barrier: threading.Barrier) -> None:
        for _ in range(ROUNDS):
            session = await asyncio.to_thread(_alone, load, channel)
            barrier.wait(120)
            await renew_once(session, xrpc.renew)
            ends.append(session.credentials["refresh"])
            barrier.wait(120)
        await close_pools()

    def racer(channel: Channel, barrier: threading.Barrier) -> None:
        try:
            asyncio.run(race(channel, barrier))
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)
            barrier.abort()

    with served() as server:
        threads = []
        for number in range(CHANNELS):
            name = f"channel-{number}"
            server.good[name] = f"{name}.first"
            channel = make_channel(workspace, server.url, account_id=name, refresh=f"{name}.first")
            barrier = threading.Barrier(RACERS)
            threads += [threading.Thread(target=racer, args=(channel, barrier)) for _ in range(RACERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(900)
    assert not failures, failures
    races = CHANNELS * ROUNDS
    assert races >= 100
    assert (server.renewals, server.reuses, server.sign_ins) == (races, 0, 0)
    assert len(ends) == races * RACERS
    assert len(set(ends)) == races, "both of each round go on with the same"
    with workspace_scope(workspace.id):
        rows = list(Channel.objects.select_related("grant"))
        assert {read_credentials(row.id)["refresh"] for row in rows} == set(server.good.values())
    assert {(row.health, row.health_failures, needs(row.grant).renewing_until) for row in rows} == {
        (Health.OK, 0, None)
    }


def renew(channel: Channel, used: Mapping[str, str], fetch: Any) -> Mapping[str, str]:
    return asyncio.run(Keeper(channel.workspace_id, channel.id).renew(used, fetch))


def consent(workspace: Workspace, channel: Channel, **credentials: str) -> None:
    facts = Facts(DID, "kohvik", "Kohvik")
    with workspace_scope(workspace.id):
        store_connection(actor(workspace), "bluesky", Connected(facts, credentials, channel.base_url))


def test_a_renewal_that_began_earlier_does_not_overwrite_a_new_consent(workspace: Workspace) -> None:
    channel = make_channel(workspace, refresh="old")
    used = stored(workspace)

    async def fetch() -> Mapping[str, str]:
        await asyncio.to_thread(_alone, consent, workspace, channel, did=DID, password="new")
        return {"refresh": "brought by the older call"}

    assert renew(channel, used, fetch) == {"did": DID, "password": "new"}
    assert stored(workspace) == {"did": DID, "password": "new"}


def test_a_renewal_does_not_bring_back_what_a_person_let_go(workspace: Workspace) -> None:
    channel = make_channel(workspace, refresh="old")
    used = stored(workspace)

    async def fetch() -> Mapping[str, str]:
        await asyncio.to_thread(_alone, _let_go, workspace, channel)
        return {"refresh": "brought by the older call"}

    with pytest.raises(NotSent):
        renew(channel, used, fetch)
    assert stored(workspace) == {}


def test_nothing_waits_for_the_network_with_a_connection_or_a_transaction(workspace: Workspace) -> None:
    channel = make_channel(workspace, refresh="old")
    used = stored(workspace)
    connection.close()

    def held() -> int:
        with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"]) as own:
            found = own.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = %s",  # the application's
                [connection.settings_dict["NAME"], connection.settings_dict["USER"]],
            ).fetchone()
        assert found is not None
        return int(found[0])

    async def fetch() -> Mapping[str, str]:
        # What was closed a moment ago may still be on its way out; what is held stays.
        wait_until(lambda: held() == 0)
        return {"refresh": "new"}

    assert renew(channel, used, fetch)["refresh"] == "new"


def test_a_turn_whose_holder_is_gone_ends_and_one_that_failed_ends_at_once(workspace: Workspace) -> None:
    channel = make_channel(workspace, refresh="old")
    used = stored(workspace)
    with workspace_scope(workspace.id):
        Grant.objects.update(renewing_by=new_id(), renewing_until=now() + timedelta(seconds=0.5))

    async def broken() -> Mapping[str, str]:
        raise ConnectionError("the network's mood")

    async def fetch() -> Mapping[str, str]:
        return {"refresh": "new"}

    with pytest.raises(ConnectionError):
        renew(channel, used, broken)
    assert renew(channel, used, fetch)["refresh"] == "new"
    assert renew(channel, used, broken)["refresh"] == "new", "who comes later takes what is there"


def test_a_refusal_of_older_credentials_says_nothing_of_the_new(workspace: Workspace) -> None:
    channel = make_channel(workspace, refresh="old")
    used = stored(workspace)
    consent(workspace, channel, did=DID, password="new")
    with workspace_scope(workspace.id):
        row = Channel.objects.get()
        for _ in range(3):
            assert record_health(row, Health.RECONNECT, used=used) == Health.OK
        assert record_health(row, Health.RECONNECT, used={"did": DID, "password": "new"}) == Health.OK
        assert record_health(row, Health.RECONNECT, used={"did": DID, "password": "new"}) == Health.RECONNECT


def test_a_check_that_meets_a_new_consent_leaves_it_well(workspace: Workspace) -> None:
    with served() as server:
        channel = make_channel(workspace, server.url, refresh="never known")
        for _ in range(2):
            check_channel(workspace.id, channel.id)
        with workspace_scope(workspace.id):
            assert Channel.objects.get().health == Health.RECONNECT
        assert server.sign_ins == 2


def _let_go(workspace: Workspace, channel: Channel) -> None:
    with workspace_scope(workspace.id):
        disconnect_channel(actor(workspace), channel.id)


def _alone(work: Any, *args: Any, **kwargs: Any) -> Any:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        connection.close()


@contextmanager
def stumbling(table: str, error: str) -> Iterator[None]:
    """The database ends the first change of a row there, as after a deadlock, or when it goes away."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=name, autocommit=True) as own:
        own.execute(
            "CREATE SEQUENCE stumbles; GRANT ALL ON stumbles TO PUBLIC;"
            "CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('stumbles') = 1 THEN"
            f" RAISE 'not now' USING ERRCODE = '{error}'; END IF; RETURN NEW; END $$;"
            f"CREATE TRIGGER stumble BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION stumble()"
        )
        try:
            yield
        finally:
            own.execute(f"DROP TRIGGER stumble ON {table}; DROP FUNCTION stumble; DROP SEQUENCE stumbles")


@pytest.mark.parametrize("error", ["40P01", "57P01"])
def test_what_a_renewal_brought_is_kept_also_when_the_database_stumbles(workspace: Workspace, error: str) -> None:
    """What it was asked with is used up: lost, only a person could connect the channel again."""
    channel = make_channel(workspace, refresh="used up")
    keeper = Keeper(workspace.id, channel.id)
    with workspace_scope(workspace.id):
        used = read_credentials(channel.id)

    async def work() -> Mapping[str, str]:
        stumbles = stumbling("channels_grant", error)

        async def fetch() -> Mapping[str, str]:
            await asyncio.to_thread(stumbles.__enter__)
            return {"refresh": "fresh"}

        try:
            return await keeper.renew(used, fetch)
        finally:
            await asyncio.to_thread(stumbles.__exit__, None, None, None)

    assert asyncio.run(work())["refresh"] == "fresh"
    with workspace_scope(workspace.id):
        assert read_credentials(channel.id)["refresh"] == "fresh"


def test_a_copy_renews_nothing_that_is_the_originals(workspace: Workspace) -> None:
    make_channel(workspace, refresh="rotates")
    with workspace_scope(workspace.id):
        grant = Grant.objects.get()
        Grant.objects.update(renew_at=now())
    assert list_due() == [(workspace.id, grant.id)]
    hold_everything(make_system_actor("tests"), Held.COPY, now())
    assert list_due() == []


def test_who_tells_of_an_end_takes_channels_before_their_consent(workspace: Workspace) -> None:
    """As whoever connects or lets go does; in another order the two could end each other."""
    channel = make_channel(workspace)
    with workspace_scope(workspace.id):
        Grant.objects.update(expires_at=now())
        grant = Grant.objects.get()
    telling = threading.Thread(target=_tell, args=(workspace, grant))
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=name) as own:
        own.execute("SELECT 1 FROM channels_channel WHERE id = %s FOR UPDATE", [channel.id])
        telling.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], autocommit=True) as watcher:
            wait_until(lambda: watcher.execute(waiting, [name]).fetchone() == (1,))
        own.execute("SELECT 1 FROM channels_grant FOR UPDATE NOWAIT")
    telling.join(60)
    with workspace_scope(workspace.id):
        assert Channel.objects.get().health == Health.RECONNECT


def _tell(workspace: Workspace, grant: Grant) -> None:
    try:
        tell_ending(workspace.id, grant.id)
    finally:
        connection.close()
