"""The operator's proxy: where the internet is reached only through one, networks are called through it.

`HTTPS_PROXY` names it, `NO_PROXY` what is called without it, as curl and most programs read them. What a proxy means
for the check of addresses stands in docs/networks/http.md.
"""

import asyncio
import base64
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.egress import NotSent, resolve_host
from kaja.networks.kit.wire import Wire

_HEAD_BYTES = 65_536
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")


@dataclass(frozen=True)
class Proxy:
    """One proxy; `authorization` is the header that signs in to it."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """For people: without user name and password."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Proxies:
    """What the operator's environment says."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = _setting(environment, "https_proxy") or _setting(environment, "all_proxy")
        self._direct = [entry.strip().lower() for entry in _setting(environment, "no_proxy").split(",")]

    @property
    def configured(self) -> bool:
        return bool(self._address)

    def choose(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy for a call, or None for a direct one. Raises NotSent when the setting is not an address.

        Unencrypted calls go to the operator's own hosts only (`egress.py`), so they are direct.
        """
        if not self._address or scheme != "https" or self._is_direct(host.rstrip(".").lower(), port):
            return None
        return self.read()

    def read(self) -> Proxy:
        """The proxy that is set. Raises NotSent when the setting is not an address."""
        address = self._address if "://" in self._address else f"http://{self._address}"
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port or 80
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
        except ValueError:
            host = ""
        if not host or parts.scheme != "http":
            raise NotSent(
                Problem(
                    "proxy_unusable",
                    gettext_noop("The setting HTTPS_PROXY is not the address of a proxy that Kaja can use."),
                    fix=gettext_noop("An administrator can correct it; it goes like http://proxy.example:3128."),
                )
            )
        signed = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        return Proxy(host, port, signed)

    def _is_direct(self, host: str, port: int) -> bool:
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            ip = ipaddress.ip_address(host)
        except ValueError:
            ip = None
        if ip is not None and ip.is_loopback:
            return True
        return any(_matches(entry, host, ip, port) for entry in self._direct if entry)


def _setting(environment: Mapping[str, str], name: str) -> str:
    """In lower case first, as curl does."""
    return (environment.get(name) or environment.get(name.upper()) or "").strip()


def _matches(entry: str, host: str, ip: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int) -> bool:
    if entry == "*":
        return True
    if ip is not None:
        try:
            return ip in ipaddress.ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            pass  # a name, or an address with a port
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit():
        if int(number) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*").strip(".")
    return bool(entry) and (host == entry or (ip is None and host.endswith("." + entry)))


class _Greeting(asyncio.Protocol):
    """Collects the head of what a proxy answers to CONNECT."""

    def __init__(self) -> None:
        self.head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self.head.done():
            return
        if b"\r\n\r\n" in self._data or len(self._data) > _HEAD_BYTES:
            self.head.set_result(self._data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.head.done():
            self.head.set_result(self._data)


async def connect_through(proxy: Proxy, host: str, port: int, seconds: float) -> Wire:
    """A connection to `host` through the proxy, on which TLS has not begun. Raises NotSent.

    The host's own name goes to the proxy: it resolves it, and its rules are written in names.
    """
    try:
        async with asyncio.timeout(seconds):
            addresses = await resolve_host(proxy.host, proxy.port)
            transport, greeting = await _dial(addresses, proxy.port)
    except (OSError, TimeoutError) as error:
        raise NotSent(
            Problem(
                "proxy_unreachable",
                gettext_noop("The proxy %(proxy)s, through which Kaja calls networks, accepts no connections."),
                fix=gettext_noop("An administrator can check that it is up, and that HTTPS_PROXY names it."),
                params={"proxy": proxy.name},
            )
        ) from error
    try:
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if proxy.authorization:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        transport.write("\r\n".join((*lines, "\r\n")).encode())
        try:
            async with asyncio.timeout(seconds):
                head = await greeting.head
        except TimeoutError:
            head = b""
        status = _STATUS.match(head)
        # Anything behind the head would be taken for the host's: nobody has spoken to that yet.
        if status is None or not 200 <= int(status[1]) < 300 or not head.endswith(b"\r\n\r\n"):
            raise NotSent(_refused(proxy, host, int(status[1]) if status else 0))
    except BaseException:
        transport.abort()
        raise
    wire = Wire()
    transport.set_protocol(wire)
    wire.connection_made(transport)
    return wire


async def _dial(addresses: list[str], port: int) -> tuple[asyncio.Transport, _Greeting]:
    last: OSError = OSError("no address")
    for address in addresses:
        try:
            return await asyncio.get_running_loop().create_connection(_Greeting, address, port)
        except OSError as error:
            last = error
    raise last


def _refused(proxy: Proxy, host: str, status: int) -> Problem:
    params = {"proxy": proxy.name, "host": host, "status": status or "?"}
    if status == 407:
        return Problem(
            "proxy_sign_in",
            gettext_noop("The proxy %(proxy)s, through which Kaja calls networks, does not accept how Kaja signs in."),
            fix=gettext_noop("An administrator can write the user name and password into HTTPS_PROXY."),
            params=params,
        )
    return Problem(
        "proxy_refused",
        gettext_noop("The proxy %(proxy)s does not lead to %(host)s (status %(status)s)."),
        fix=gettext_noop("An administrator can allow the host there, or name it in NO_PROXY."),
        params=params,
    )
