"""The examples for nginx and Caddy, run with the real programs before a real Kaja."""

import http.client
import re
import select
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cli.conftest import Installation
from tests.ports import free_port
from tests.realnet.servers.processes import running
from tests.system import find_program

pytestmark = pytest.mark.alone

EXAMPLES = Path(__file__).parents[2] / "docs/proxy"
PASSWORD = "correct horse battery staple"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "cert.pem", folder / "key.pem"


def replace_once(text: str, old: str, new: str) -> str:
    """A change that the example must still offer."""
    assert old in text, f"the example no longer says {old!r}"
    return text.replace(old, new)


@contextmanager
def nginx(folder: Path, port: int, behind: int) -> Iterator[None]:
    """The example as it stands, but for its ports, names and certificate."""
    site = (EXAMPLES / "nginx.conf").read_text()
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("kaja.example.org/fullchain.pem", "cert.pem"),
        ("kaja.example.org/privkey.pem", "key.pem"),
        ("/etc/letsencrypt/live", str(folder)),
        ("kaja.example.org", "localhost"),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{behind}"),
    ):
        site = replace_once(site, old, new)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {places}\n{site}\n}}\n"
    )
    with running([find_program("nginx"), "-p", folder, "-c", folder / "nginx.conf"], folder / "nginx.log"):
        yield


@contextmanager
def caddy(folder: Path, port: int, behind: int) -> Iterator[None]:
    site = (EXAMPLES / "Caddyfile").read_text()
    certificate = f"\ttls {folder / 'cert.pem'} {folder / 'key.pem'}\n\tbind 127.0.0.1\n"
    site = replace_once(site, "kaja.example.org {\n", f"https://localhost:{port} {{\n{certificate}")
    site = replace_once(site, "127.0.0.1:8000", f"127.0.0.1:{behind}")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + site)
    own = {"XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config"), "HOME": str(folder)}
    command = [find_program("caddy"), "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"]
    with running(command, folder / "caddy.log", own):
        yield


@dataclass
class Browser:
    """Speaks https to one port of this machine, and keeps cookies as a browser does."""

    port: int
    context: ssl.SSLContext
    cookies: SimpleCookie

    def connect(self) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=120, context=self.context)
        connection.connect()
        return connection

    def headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        origin = f"https://localhost:{self.port}"
        return {"Cookie": cookies, "Origin": origin, "Referer": f"{origin}/"}

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, Message, str]:
        connection = self.connect()
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body or None, {**self.headers(), **kind, **headers})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        for value in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.load(value)
        connection.close()
        return answer.status, answer.headers, text

    def post(self, path: str, form: dict[str, str]) -> tuple[int, Message, str]:
        _, _, page = self.ask("GET", path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:500]
        return self.ask("POST", path, urlencode({**form, "csrfmiddlewaretoken": token[1]}))


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def behind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prepared: Path
) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)  # nginx gives up root's rights
    port = free_port()
    installation = Installation(folder / "home")
    subprocess.run(["cp", "-a", str(prepared), str(installation.home)], check=True)
    installation.settings |= {"KAJA_BASE_URL": f"https://localhost:{port}", "KAJA_TRUSTED_PROXIES": "127.0.0.1"}
    for words, given in (
        (("user", "create", "--email", "a@kaja.test", "--password-stdin"), f"{PASSWORD}\n"),
        (("workspace", "create", "--name", "Kohvik", "--owner", "a@kaja.test"), ""),
    ):
        done = installation.kaja(*words, given=given)
        assert done.returncode == 0, done.stderr
    process = installation.up()
    certificate, _ = make_certificate(folder)
    context = ssl.create_default_context(cafile=str(certificate))
    # Newer versions send tickets after the handshake, so that a connection seems to be answered before it is.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    browser = Browser(port, context, SimpleCookie())
    with {"nginx": nginx, "caddy": caddy}[request.param](folder, port, installation.port):
        installation.wait_for(lambda: _answers(browser))
        yield browser
    process.terminate()
    assert process.wait(60) == 0


def _answers(browser: Browser) -> bool:
    try:
        return browser.ask("GET", "/healthz")[0] == 200
    except OSError:
        return False


def sign_in(browser: Browser) -> None:
    browser.cookies.clear()
    status, _, page = browser.post("/account/login/", {"login": "a@kaja.test", "password": PASSWORD})
    assert status == 302, page[:2000]


def test_cookies_are_for_https_alone(behind: Browser) -> None:
    _, headers, _ = behind.ask("GET", "/account/login/")
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    sign_in(behind)
    assert behind.cookies
    for name, morsel in behind.cookies.items():
        assert morsel["secure"], name
        assert name.startswith("__Host-"), name


def test_a_live_stream_is_not_held_back(behind: Browser) -> None:
    sign_in(behind)
    connection = behind.connect()
    connection.request("GET", "/w/kohvik/live", headers=behind.headers())
    answer = connection.getresponse()
    assert answer.status == 200
    # The stream goes on for minutes: its first line is here only if nobody on the way collects.
    assert answer.fp.readline()
    assert not answer.closed
    connection.close()


def test_what_is_too_large_is_refused_while_it_arrives(behind: Browser) -> None:
    """A proxy that collected the whole body first would answer only after 300 MB."""
    connection = behind.connect()
    connection.putrequest("POST", "/account/login/")
    for name, value in behind.headers().items():
        connection.putheader(name, value)
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.putheader("Content-Length", str(300_000_000))
    connection.endheaders(b"login=")
    sent = 0
    # Sending goes on, as in a browser: Caddy looks at an early answer only between two pieces of the body.
    while sent < 50_000_000 and not select.select([connection.sock], [], [], 0.05)[0]:
        with suppress(OSError):  # closed by the other side: the answer lies there already
            connection.send(b"x" * 65_536)
        sent += 65_536
    assert sent < 50_000_000
    answer = connection.getresponse()
    assert answer.status == 413
    connection.close()


def test_what_a_visitor_claims_to_be_does_not_count(behind: Browser) -> None:
    """Tries are counted by the address that the proxy saw, whatever stands in the header."""
    statuses = []
    # Links with a secret, counted like passwords, without the half second that a password costs.
    for number in range(70):
        visitor = Browser(behind.port, behind.context, SimpleCookie())
        claimed = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
        statuses.append(visitor.ask("GET", f"/account/invitation/guess{number}/", **claimed)[0])
        if statuses[-1] == 429:
            break
    assert statuses[-1] == 429, statuses
    assert statuses[0] == 404
