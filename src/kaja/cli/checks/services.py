"""The services: web server, practice network, static files, mail."""

import errno
import os
import smtplib
import socket
import urllib.error
from collections.abc import Iterator

from kaja.cli import prepared
from kaja.cli.checks.findings import Finding, Level
from kaja.cli.home import is_locked
from kaja.cli.nearby import open_nearby
from kaja.config import environment
from kaja.networks.kit.egress import NotSent
from kaja.networks.kit.proxies import Proxies


def check_web() -> Iterator[Finding]:
    host = environment.listen() if environment.listen() not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{environment.get_port()}/readyz"
    up = is_locked(environment.get_home())
    try:
        with open_nearby(url) as answer:
            text = answer.read(200).decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        text = error.read(200).decode(errors="replace").strip()
        if text == "the database does not answer":
            yield Finding("web", Level.BROKEN, f"answers, but {text}", "See the finding about the database.")
        else:
            yield _foreign_program(error.code)
        return
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, OSError) and reason.errno == errno.ECONNREFUSED and not up:
            yield Finding("web", Level.WARNING, f"not running (port {environment.get_port()} is free)", "kaja up")
        else:
            yield Finding(
                "web",
                Level.BROKEN,
                f"does not answer at {url} ({reason})",
                "Read what `kaja up` prints; start it again.",
            )
        return
    yield Finding("web", Level.OK, f"answers at {environment.get_address()}") if text == "ok" else _foreign_program(200)


def _foreign_program(status: int) -> Finding:
    return Finding(
        "web",
        Level.BROKEN,
        f"another program answers on port {environment.get_port()} (HTTP {status})",
        "Stop it, or set KAJA_PORT to a free port.",
    )


def check_practice() -> Iterator[Finding]:
    url = os.environ.get("KAJA_PRACTICE_URL") or f"http://127.0.0.1:{environment.get_practice_port()}"
    try:
        open_nearby(url).close()
    except urllib.error.HTTPError:
        pass  # it answers, and that is what was asked
    except (urllib.error.URLError, OSError) as error:
        running = is_locked(environment.get_home())
        yield Finding(
            "practice network",
            Level.BROKEN if running else Level.WARNING,
            f"does not answer at {url} ({getattr(error, 'reason', error)})",
            "Read what `kaja up` prints; start it again." if running else "kaja up starts it.",
        )
        return
    yield Finding("practice network", Level.OK, f"answers at {url}")


def check_outgoing() -> Iterator[Finding]:
    """Where networks are called through a proxy: it is an address, and somebody listens there."""
    proxies = Proxies()
    if not proxies.configured:
        return
    try:
        proxy = proxies.read()
    except NotSent as error:
        yield Finding("outgoing proxy", Level.BROKEN, error.problem.text(), error.problem.fix)
        return
    try:
        socket.create_connection((proxy.host, proxy.port), 5).close()
    except OSError as error:
        fix = "See whether it is up, and correct HTTPS_PROXY (docs/operations.md, “Through a proxy”)."
        yield Finding("outgoing proxy", Level.BROKEN, f"{proxy.name} accepts no connections ({error})", fix)
        return
    yield Finding("outgoing proxy", Level.OK, f"networks are called through {proxy.name}")


def check_static() -> Iterator[Finding]:
    if prepared.static_is_collected():
        yield Finding("static files", Level.OK, "collected")
    else:
        yield Finding("static files", Level.WARNING, "not of this version", "kaja migrate (kaja up does it, too)")


def check_mail() -> Iterator[Finding]:
    host = os.environ.get("KAJA_SMTP_HOST", "")
    if not host:
        yield Finding(
            "mail",
            Level.WARNING,
            "no mail server is set: failures are shown in Kaja only, and nobody can be invited by mail",
            "Set KAJA_SMTP_HOST and its companions (docs/operations.md).",
        )
        return
    port, mode = int(os.environ.get("KAJA_SMTP_PORT") or 587), os.environ.get("KAJA_SMTP_TLS") or "starttls"
    user, password = os.environ.get("KAJA_SMTP_USER", ""), os.environ.get("KAJA_SMTP_PASSWORD", "")
    try:
        with (smtplib.SMTP_SSL if mode == "ssl" else smtplib.SMTP)(host, port, timeout=10) as client:
            if mode == "starttls":
                client.starttls()
            if user:
                client.login(user, password)
            client.noop()
    except smtplib.SMTPAuthenticationError:
        yield Finding("mail", Level.BROKEN, f"{host} refuses KAJA_SMTP_USER's password", "Set KAJA_SMTP_PASSWORD anew.")
    except smtplib.SMTPNotSupportedError as error:
        yield Finding("mail", Level.BROKEN, f"{host}: {error}", "Set KAJA_SMTP_TLS to ssl, starttls or none.")
    except (smtplib.SMTPException, socket.gaierror, OSError) as error:
        yield Finding(
            "mail", Level.BROKEN, f"{host}:{port} does not answer as a mail server ({error})",
            "Check KAJA_SMTP_HOST, KAJA_SMTP_PORT and KAJA_SMTP_TLS, and the firewall.",
        )  # fmt: skip
    else:
        yield Finding("mail", Level.OK, f"{host}:{port} answers ({mode})")
