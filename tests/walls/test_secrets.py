"""Secrets are planted through the real ways, servers shout them back in every kind of failure, and none is found.

Searched afterwards: log lines (with their tracebacks), the texts of pages and API answers, and every row of every
table of the database.
"""

import base64
import html
import io
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client

from kaja.api.tokens import create_token
from kaja.channels.credentials import read_credentials
from kaja.channels.jobs import check_one
from kaja.channels.models import Channel
from kaja.channels.vault import _vault as open_vault
from kaja.config.logs import RedactingFormatter
from kaja.delivery.models import Attempt
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.kernel.vault import KeyRing, VaultError
from kaja.workspaces.models import Workspace
from tests.networks.mastodon.server import INSTANCE
from tests.people import PASSWORD, actor, browser
from tests.practice.running import PracticeServer
from tests.publishing.conftest import practice, running
from tests.publishing.delivering import QUICK, connect_practice, deliveries_of, plan_post, running_engine
from tests.waiting import wait_until
from tests.walls.echo import EchoServer
from tests.web.test_accounts import totp_code

__all__ = ["practice", "running"]
pytestmark = pytest.mark.django_db

APP_PASSWORD = "q7vd-x3mz-k5pw-n2tc"
SITE_PASSWORD = "Zq8X vT3m Kp5W nY2c Rb7L dF4h"
MODES = ["500", "401", "429", "302", "garbage", "cut", "hang", "drip"]


@pytest.fixture(autouse=True)
def impatient(settings: Any) -> None:
    """Servers that never answer are given up sooner than an operator would want."""
    settings.NETWORK_TIMEOUT = 0.5


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """What the application writes to its log, down to debug, as an operator sees it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter("{levelname} {name}: {message}", style="{"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    # What libraries trace on their own is not switched on by any setting of Kaja's.
    quiet = [logging.getLogger(name) for name in ("django.db.backends", "asyncio", "faker", "PIL")]
    for logger in quiet:
        logger.setLevel(logging.INFO)
    yield stream
    root.setLevel(before)
    root.removeHandler(handler)


def whole_database() -> str:
    """Every row of every table as PostgreSQL prints it; bytes as hexadecimal."""
    with system_scope(SystemPurpose.MAINTENANCE), connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        tables = [name for (name,) in cursor.fetchall()]
        assert "procrastinate_jobs" in tables
        text = []
        for table in tables:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            text += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return "\n".join(text)


def installation_secrets() -> list[str]:
    """The vault's keys, as the ring writes them and as Python and PostgreSQL write bytes, and what signs sessions."""
    ring = KeyRing.parse(os.environ.get("KAJA_KEYS") or (Path(settings.HOME) / "keys.json").read_text())
    raw = list(ring.keys.values())
    assert raw
    spelled = [text for key in raw for text in (base64.b64encode(key).decode(), repr(key)[2:-1], key.hex())]
    return [*spelled, settings.SECRET_KEY]


def spellings(secret: str) -> list[str]:
    """As it is, and as hexadecimal bytes."""
    return [secret, secret.replace(" ", ""), secret.encode().hex()]


def assert_nowhere(secrets: list[str], logs: io.StringIO, *pages: Any) -> None:
    written, stored = logs.getvalue(), whole_database()
    shown = "\n".join(page.content.decode(errors="replace") for page in pages)
    for secret in [*secrets, *installation_secrets()]:
        assert len(secret) >= 6
        for spelling in spellings(secret):
            for place, text in (("logs", written), ("database", stored), ("pages", shown)):
                at = text.find(spelling)
                assert at < 0, f"{place}: …{text[max(0, at - 200) : at + 80]}…"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("network", ["bluesky", "wordpress", "mastodon"])
def test_a_server_that_shouts_during_connecting(
    network: str, mode: str, workspace: Workspace, logs: io.StringIO
) -> None:
    with EchoServer() as server:
        server.mode = mode
        password = SITE_PASSWORD if network == "wordpress" else APP_PASSWORD
        form = {
            "bluesky": {"handle": "bakery.test", "password": password, "server": server.url},
            "wordpress": {"site": server.url, "username": "bakery", "password": password},
            "mastodon": {"instance": server.url},
        }[network]
        page = browser(workspace).post(f"/w/acme/channels/connect/{network}/", form)
        assert page.status_code == 422
        with workspace_scope(workspace.id):
            token = create_token(actor(workspace), "script", ("view", "channels"))[1]
        answer = Client().post(
            "/api/v1/channels",
            json.dumps({"network": network, "form": form}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "once"},
        )
        assert answer.status_code == 422
        assert server.served > 0
    assert_nowhere([password, token], logs, page, answer)


@pytest.mark.parametrize("mode", ["500", "302", "garbage", "hang", "drip"])
@pytest.mark.parametrize("stage", ["token", "account"])
def test_a_server_that_shouts_during_consent(stage: str, mode: str, workspace: Workspace, logs: io.StringIO) -> None:
    """OAuth: the client's secret and the code are sent to the token address, then the token to the account's."""
    secrets = {
        "client_secret": "planted-client-secret",
        "code": "planted-consent-code",
        "token": "planted-access-token",
    }
    with EchoServer() as server:
        server.mode = mode
        server.answers = {
            "/api/v2/instance": INSTANCE,
            "/api/v1/apps": {"client_id": "kaja"} | secrets,
            "/.well-known/oauth-authorization-server": {"code_challenge_methods_supported": ["S256"]},
        }
        if stage == "account":
            server.answers["/oauth/token"] = {
                "access_token": secrets["token"],
                "scope": "read write",
                "token_type": "Bearer",
            }
        client = browser(workspace)
        sent = client.post("/w/acme/channels/connect/mastodon/", {"instance": server.url})
        assert sent.status_code == 200, sent.content  # without encryption one goes on by a link
        onwards = html.unescape(re.findall(r'href="([^"]*/oauth/authorize[^"]*)"', sent.content.decode())[0])
        state = parse_qs(urlsplit(onwards).query)["state"][0]
        back = {"state": state, "code": secrets["code"]}
        page = client.get("/connect/mastodon/back", back, follow=True)
        assert server.served > 2
    with workspace_scope(workspace.id):
        assert not Channel.objects.exists()
    assert_nowhere([*secrets.values(), state], logs, page)


def connect_through(server: EchoServer, workspace: Workspace, settings: Any) -> tuple[Channel, str]:
    """A practice channel whose server can begin to shout, and its token."""
    settings.PRACTICE_URL = server.url
    form = {"name": "bakery", "kind": "plain", "base_url": server.url}
    connected = browser(workspace).post("/w/acme/channels/connect/practice/", form)
    assert connected.status_code == 302, connected.content
    with workspace_scope(workspace.id):
        channel = Channel.objects.get()
        [token] = [v for v in read_credentials(channel.id).values() if len(v) > 15]
    return channel, token


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["500", "401", "garbage", "hang"])
def test_a_server_that_shouts_during_delivery_and_checking(
    mode: str, practice: PracticeServer, workspace: Workspace, logs: io.StringIO, settings: Any
) -> None:
    with EchoServer(practice.url) as server:
        channel, token = connect_through(server, workspace, settings)
        server.mode, before = mode, server.served
        with running_engine(QUICK):
            post = plan_post(workspace, [channel], "Fresh rye today")
            wait_until(lambda: attempts_of(workspace) and all(a.finished_at for a in attempts_of(workspace)))
        check_one(workspace_id=str(workspace.id), channel_id=str(channel.id))  # type: ignore[operator]
        [row] = deliveries_of(workspace, post)
        client = browser(workspace)
        pages = [
            client.get(f"/w/acme/{path}")
            for path in (
                f"channels/{channel.id}/", "channels/", "needs-you/", f"posts/{post.id}",
                f"posts/{post.id}/journal/{row.id}", "settings/audit/",
            )
        ]  # fmt: skip
        assert {page.status_code for page in pages} == {200}
        assert server.served > before + 1
    assert_nowhere([token], logs, *pages)


def attempts_of(workspace: Workspace) -> list[Attempt]:
    with workspace_scope(workspace.id):
        return list(Attempt.objects.all())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_key_ring_and_the_secret_key(
    where: str, practice: PracticeServer, workspace: Workspace, logs: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that opens sealed values goes wrong: the ring is another, it is damaged, it is quoted in errors."""
    channel = connect_practice(practice, workspace, "bakery")
    ring = KeyRing.generate("k9")
    keys = Path(settings.HOME) / "keys.json"
    if where == "file":
        monkeypatch.delenv("KAJA_KEYS")
        keys.write_text(ring.render())
    else:
        monkeypatch.setenv("KAJA_KEYS", ring.render())
    open_vault.cache_clear()
    # Formatters read the ring once, as a process does that was started with it.
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, RedactingFormatter):
            monkeypatch.setattr(handler.formatter, "_secrets", None)
    try:
        with running_engine(QUICK):
            post = plan_post(workspace, [channel], "Fresh rye today")
            wait_until(lambda: deliveries_of(workspace, post)[0].needs_person)
        for _ in range(2):
            check_one(workspace_id=str(workspace.id), channel_id=str(channel.id))  # type: ignore[operator]
        check_one.defer(workspace_id=str(workspace.id), channel_id=str(channel.id))
        client = browser(workspace)
        paths = (f"channels/{channel.id}/", "needs-you/", f"posts/{post.id}", "settings/audit/")
        pages = [client.get(f"/w/acme/{path}") for path in paths]
        assert {page.status_code for page in pages} == {200}
        with workspace_scope(workspace.id), pytest.raises(VaultError) as refused:
            read_credentials(channel.id)
        with pytest.raises(VaultError) as damaged:
            KeyRing.parse(ring.render()[:-1])
        said = f"{refused.value} {damaged.value} {ring!r} {open_vault(ring.render(), keys)!r}"
        assert not [secret for secret in installation_secrets() if secret in said]
        for quoted in (ring.render(), ring.keys, settings.SECRET_KEY, next(iter(ring.keys.values())).hex()):
            try:
                raise RuntimeError(f"cannot open with {quoted}")
            except RuntimeError:
                logging.getLogger("kaja.test").exception("quoted: %s", quoted)
        assert logs.getvalue().count("RuntimeError: cannot open with") == 4
        assert_nowhere([], logs, *pages)
    finally:
        keys.unlink(missing_ok=True)
        open_vault.cache_clear()


def test_passwords_sessions_and_second_factors(workspace: Workspace, logs: io.StringIO) -> None:
    cache.clear()
    client = Client(raise_request_exception=False)
    wrong = "a wrong password entirely"
    pages = [client.post("/account/login/", {"login": "owner@acme.test", "password": wrong})]
    pages.append(client.post("/account/login/", {"login": "owner@acme.test", "password": PASSWORD}))
    session = client.cookies["kaja_session"].value
    activate = "/account/2fa/totp/activate/"
    client.post("/account/reauthenticate/", {"password": PASSWORD, "next": activate})
    shown = client.get(activate).content.decode()
    secret = shown.split("<code>")[1].split("</code>")[0]
    pages.append(client.post(activate, {"code": totp_code(secret)}, follow=True))
    pages.append(client.get("/w/acme/settings/security/"))
    codes = [line for line in client.get("/account/2fa/recovery-codes/download/").content.decode().split() if line]
    assert len(codes) >= 8
    # An exception in the middle of a request that carries all of it.
    with workspace_scope(workspace.id):
        Workspace.objects.update(time_zone="No/Where")
    pages.append(client.get("/w/acme/calendar/", headers={"Authorization": "Bearer kaja_planted-token-value"}))
    assert pages[-1].status_code == 500
    assert "ZoneInfoNotFoundError" in logs.getvalue()
    assert_nowhere([wrong, PASSWORD, session, secret, "kaja_planted-token-value"], logs, *pages)
    assert_nowhere(codes, logs)


def test_a_mail_server_that_shouts(workspace: Workspace, logs: io.StringIO, settings: Any) -> None:
    import base64
    import socketserver
    import threading

    class Shouter(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 shout\r\n")
            for line in self.rfile:
                if line.upper().startswith(b"EHLO"):
                    self.wfile.write(b"250-shout\r\n250 AUTH PLAIN\r\n")
                elif line.upper().startswith(b"QUIT"):
                    return
                else:
                    self.wfile.write(b"535 5.7.8 refused: " + line.strip() + b"\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Shouter)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.server_address[1]
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "kaja", "planted-smtp-password"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    page = browser(workspace).post("/w/acme/settings/members/invite/", {"email": "jaan@x.test", "role": "guest"})
    link = page.content.decode().split("/account/invitation/")[1].split("/")[0]
    assert len(link) > 40
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args FROM procrastinate_jobs WHERE task_name LIKE '%mail_invitation'")
        [(_name, arguments)] = cursor.fetchall()
    from kaja.workspaces.jobs import mail_invitation

    try:
        mail_invitation(**(json.loads(arguments) if isinstance(arguments, str) else arguments))  # type: ignore[operator]
    except OSError:
        logging.getLogger("procrastinate.worker").exception("Job failed")
    else:
        raise AssertionError("the mail server refused")
    finally:
        server.shutdown()
        server.server_close()
    assert "535" in logs.getvalue()
    password = settings.EMAIL_HOST_PASSWORD
    encoded = base64.b64encode(f"\0kaja\0{password}".encode()).decode()
    assert_nowhere([password, encoded, base64.b64encode(password.encode()).decode(), link], logs)
