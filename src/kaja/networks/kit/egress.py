"""Which hosts Kaja may talk to. An address is checked and used in one step, so a name cannot change its mind between.

A host that a person types (an instance, a blog, a server of their own) must not lead into the operator's own network:
every connection resolves the name here, refuses it when any address is not a public one, and connects to the address
that was checked. The Host header and TLS name stay those of the URL. Special-purpose ranges: IANA registries for IPv4
and IPv6, read 2026-11-22.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection
from functools import lru_cache
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.iri import to_uri

NOT_HTTPS, INVALID, PRIVATE = "host_not_https", "host_invalid", "host_private"
REFUSED = frozenset({NOT_HTTPS, INVALID, PRIVATE})
"""Codes of HostRefused."""

MANY = 2000
"""Most calls go to few servers: of so many addresses it is kept how their spelling was judged."""

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Turn a host name and port into addresses. Raises OSError when the name does not resolve."""

_IPV4_SPECIAL = tuple(
    ipaddress.IPv4Network(n)
    for n in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
_IPV6_SPECIAL = tuple(
    ipaddress.IPv6Network(n) for n in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)  # protocol assignments and Teredo, documentation, 6to4, documentation
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NUMBER = re.compile(r"^(0x[0-9a-f]*|[0-9]+)$")


class TransportError(Exception):
    """An exchange that gave no answer. `problem` says what happened; it holds no secret."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text())
        self.problem = problem


class HostRefused(TransportError):
    """The address may not be used; nothing was sent."""


class NotSent(TransportError):
    """Nothing reached the network: it did not resolve, refused the connection, failed TLS, or every line was busy."""


class AnswerLost(TransportError):
    """Bytes may have arrived, and there is no usable answer: timeout, reset, broken or oversized answer."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _IPV4_SPECIAL)
    if ip in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip in _IPV6_PUBLIC and not any(ip in network for network in _IPV6_SPECIAL)


async def resolve_host(host: str, port: int) -> list[str]:
    """The system's answer for a name, without duplicates, in its order."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


@lru_cache(maxsize=MANY)
def origin_of(url: str) -> str:
    """Scheme, host and port of a URL in one spelling; empty when it has no host."""
    try:
        parts = urlsplit(to_uri(url))
        if not parts.hostname:
            return ""
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


class Egress:
    """One policy: the public internet over HTTPS, plus the hosts and ranges that the operator allows (`*`: all)."""

    def __init__(self, allow_private: Collection[str] = (), resolve: Resolve = resolve_host) -> None:
        self._names = frozenset(entry.strip().lower().strip("[]") for entry in allow_private if entry.strip())
        self._ranges = tuple(network for entry in self._names if (network := _range_of(entry)) is not None)
        self._everything = "*" in self._names
        self._resolve = resolve
        self._judged: dict[str, tuple[str, int]] = {}

    def check_url(self, url: str) -> tuple[str, int]:
        """Refuse what may not be called, by its spelling alone; gives the host and port. Raises HostRefused."""
        if (judged := self._judged.get(url)) is None:
            judged = self._judge(url)
            if len(self._judged) >= MANY:
                self._judged.clear()
            self._judged[url] = judged
        return judged

    def _judge(self, url: str) -> tuple[str, int]:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise HostRefused(_bad_address(url)) from None
        if parts.scheme not in ("http", "https") or any(character <= " " or character == "\\" for character in url):
            raise HostRefused(_bad_address(url))
        if parts.username is not None or parts.password is not None:
            raise HostRefused(
                Problem(
                    "host_userinfo",
                    gettext_noop("The address contains a user name or a password."),
                    fix=gettext_noop("Write the address without the part before the @ sign."),
                )
            )
        if not host or host.endswith("..") or not _is_plain(host):
            raise HostRefused(_bad_address(url))
        if _is_odd_number(host):
            raise HostRefused(_private(host))
        if parts.scheme == "http" and not self._allows(host):
            raise HostRefused(
                Problem(
                    NOT_HTTPS,
                    gettext_noop("%(host)s is addressed without encryption; a password would travel in the open."),
                    fix=gettext_noop("Use the https:// address. An administrator can allow hosts of the own network."),
                    params={"host": host},
                )
            )
        return host, port or (443 if parts.scheme == "https" else 80)

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses that may be connected to. Raises HostRefused, or OSError when the name does not resolve."""
        host = host.lower().strip("[]").rstrip(".")
        literal = _is_address(host)
        found = [host] if literal else await self._resolve(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        if self._everything or host in self._names:
            return found
        if any(not is_public(address) and not self._in_ranges(address) for address in found):
            raise HostRefused(_private(host))
        return found

    def _allows(self, host: str) -> bool:
        return self._everything or host.rstrip(".") in self._names or (_is_address(host) and self._in_ranges(host))

    def _in_ranges(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.split("%", 1)[0])
        except ValueError:
            return False
        return any(ip.version == network.version and ip in network for network in self._ranges)


def _range_of(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=MANY)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return False
    return True


@lru_cache(maxsize=MANY)
def _is_plain(host: str) -> bool:
    """Only what a DNS name or an IP literal can hold; other scripts must come as punycode or encode to it."""
    if _is_address(host):
        return True
    try:
        ascii_host = host.encode("idna").decode()
    except UnicodeError:
        return False
    return ascii_host == host and re.fullmatch(r"[a-z0-9._-]+", host) is not None


def _is_odd_number(host: str) -> bool:
    """A name that systems read as an IPv4 address in another notation: 2130706433, 0x7f.1, 0177.0.0.1, 127.1."""
    if _is_address(host):
        return False
    last = host.rstrip(".").rsplit(".", 1)[-1]
    return _NUMBER.fullmatch(last) is not None


def _bad_address(url: str) -> Problem:
    return Problem(
        INVALID,
        gettext_noop("“%(address)s” is not an address that Kaja can call."),
        fix=gettext_noop("Write it like https://example.org."),
        # Where a server sends us may quote what we sent it: neither user name nor query is shown.
        params={"address": url.partition("?")[0].partition("#")[0].rsplit("@", 1)[-1][:100]},
    )


def _private(host: str) -> Problem:
    return Problem(
        PRIVATE,
        gettext_noop("%(host)s leads into a private network, which Kaja does not call."),
        fix=gettext_noop("Use the public address. An administrator can allow this host in KAJA_ALLOW_PRIVATE_HOSTS."),
        params={"host": host},
    )
