"""The HTTP face that connectors use.

    session = Session(base_url="https://bsky.social", credentials={"password": "..."})
    session.use_bearer(token)
    answer = await session.request("POST", "/xrpc/com.atproto.repo.putRecord", json={...}, irreversible=True)

Credentials go to the origin of `base_url`, and to those that a connector names in `credentials_for`. A status of 400 or
more is an answer, not an exception; exceptions say that there is no answer: `HostRefused`, `NotSent` (nothing reached
the network) and `AnswerLost` (it may have); docs/networks/http.md has the tree of them. Files go up in pieces
(`FileBody`) and come down in pieces (`into`).
"""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, Any, Protocol, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit
from weakref import WeakKeyDictionary

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.bodies import Files, encode_body
from kaja.networks.kit.egress import (
    MANY,
    AnswerLost,
    Egress,
    HostRefused,
    NotSent,
    Resolve,
    TransportError,
    origin_of,
    resolve_host,
)
from kaja.networks.kit.encodings import decode_json
from kaja.networks.kit.evidence import Redactor
from kaja.networks.kit.grants import App, Tokens
from kaja.networks.kit.iri import SAFE, read_location, to_uri
from kaja.networks.kit.pool import Pool
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.wire import FileBody, Request, Streamed

__all__ = [
    "AnswerLost",
    "HostRefused",
    "Keeper",
    "NotSent",
    "Response",
    "Session",
    "TransportError",
    "close_pools",
    "run_blocking",
    "watch_waiting",
]

USER_AGENT = "Kaja/0.1"
SECONDS = 30.0
MAX_BYTES = 4 * 1024 * 1024
MAX_REDIRECTS = 3
MAX_EXCHANGES = 40

T = TypeVar("T")


def _nothing() -> None:
    """Without an application nothing is held."""


_leave: Callable[[], None] = _nothing
_check: Callable[[], None] = _nothing
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[frozenset[str], Resolve], Pool]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Response:
    """An answer of any status. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The decoded body. Raises AnswerLost when it is not JSON: what the server did is then not known."""
        try:
            return decode_json(self.content)
        except ValueError as error:
            raise AnswerLost(
                Problem(
                    "answer_unreadable",
                    gettext_noop("The answer of %(host)s (status %(status)s) is not in the expected form."),
                    params={"host": urlsplit(self.url).hostname or "", "status": self.status},
                )
            ) from error

    def json_object(self) -> dict[str, Any]:
        """The decoded body when it is an object, else an empty one: for reading error answers."""
        try:
            value = decode_json(self.content)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


Fetch = Callable[[], Awaitable[Mapping[str, str] | Tokens]]
"""Asks for fresh credentials; Tokens also say how long they last."""


class Keeper(Protocol):
    """Where a channel's credentials are kept: lets one renewal at a time happen, and stores it."""

    async def renew(self, used: Mapping[str, str], fetch: Fetch) -> Mapping[str, str]: ...
    async def find_app(self) -> App | None: ...


@dataclass
class Session:
    """One channel's access to its network during one piece of work. Not shared between tasks.

    The owner stores `quotas` by bucket and `exchanges` (redacted and trimmed) in its journal; what `renew` brings is
    stored by the `keeper`. `allow_private` names hosts, addresses or ranges that the operator allows.
    """

    base_url: str = ""
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    exchanges: list[Mapping[str, Any]] = field(default_factory=list, repr=False)
    allow_private: Collection[str] = ()
    resolve: Resolve = resolve_host
    timeout: float = SECONDS
    keeper: Keeper | None = None
    """None for a session without a stored channel (while it is being connected)."""
    app: App | None = None
    """The developer app, where it is known already; `find_app` also asks the keeper."""
    open_credentials: Collection[str] = ()
    """Names of credentials whose values are no secret; every other value is kept out of the evidence."""
    credentials_for: Collection[str] = ()
    """Set by the connector: addresses of the network's other servers (for uploads, say) that know the same sign-in."""
    quotas: dict[str, Quota] = field(default_factory=dict)
    read_quotas: "Callable[[Response], Iterable[Quota]] | None" = None
    """Set by the connector: what the network's rate headers say."""

    def __post_init__(self) -> None:
        self._redactor = Redactor(self._secrets_of(self.credentials))
        self._authorization = ""

    # Credentials

    def use_bearer(self, token: str, scheme: str = "Bearer") -> None:
        """Send a bearer token to the origin of `base_url` from now on; some networks name it otherwise."""
        self._redactor.add([token])
        self._authorization = f"{scheme} {token}"

    def use_basic(self, user: str, password: str) -> None:
        """Send a user name and password to the origin of `base_url` from now on."""
        self._redactor.add([password])
        self._redactor.add_basic(user, password)
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def use_no_credentials(self) -> None:
        self._authorization = ""

    async def find_app(self) -> App | None:
        """The operator's developer app in whose name the consent was given; its secret stays out of the evidence."""
        if self.app is None and self.keeper is not None:
            self.app = await self.keeper.find_app()
        if self.app is not None:
            self.hide(*filter(None, (self.app.secret, self.app.webhook_secret)))
        return self.app

    async def renew(self, fetch: Fetch) -> None:
        """Replace credentials that are used up by what `fetch` brings, or by what somebody else has stored meanwhile:
        of all processes that hold the same ones, one fetches. Raises what `fetch` raises, and NotSent."""
        if self.keeper is None:
            given = await fetch()
            fresh = given.credentials if isinstance(given, Tokens) else given
            self.use_credentials({**self.credentials, **fresh})
        else:
            self.use_credentials(await self.keeper.renew(self.credentials, fetch))

    def use_credentials(self, credentials: Mapping[str, str]) -> None:
        """Go on with these; earlier evidence is redacted again."""
        self.credentials = dict(credentials)
        self.hide(*self._secrets_of(credentials))

    def hide(self, *secrets: str) -> None:
        """Keep values out of the evidence that are secret without being stored credentials."""
        self._redactor.add(secrets)
        self.exchanges[:] = [self._redactor.again(exchange) for exchange in self.exchanges]

    def _secrets_of(self, credentials: Mapping[str, str]) -> list[str]:
        return [value for name, value in credentials.items() if name not in self.open_credentials]

    # Requests

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        files: Files | None = None,
        content: bytes | FileBody | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        max_bytes: int = MAX_BYTES,
        authorized: bool = True,
        irreversible: bool = False,
        redirects: int = MAX_REDIRECTS,
        into: IO[bytes] | None = None,
    ) -> Response:
        """One exchange. `url` is absolute, or a path under `base_url`; at most one of json, data/files, content.
        With `into`, the content of a 2xx is written there in pieces, up to `max_bytes`, and `content` stays empty; when
        an exception is raised a part of it may stand there.

        Redirects are followed for GET and HEAD only; every hop is checked, and credentials stay with their origin: a
        call with credentials that is sent to another origin ends there, with the redirect as its answer.
        `timeout` bounds the whole exchange in seconds. Raises HostRefused, NotSent, AnswerLost.
        """
        method = method.upper()
        url = self._absolute(url, params)
        body, content_type = encode_body(json, data, files, content)
        sent_headers = {"Accept": "application/json", **(headers or {})}
        if content_type:
            sent_headers.setdefault("Content-Type", content_type)
        origin = origin_of(url)
        for hop in range(redirects + 1):
            answer = await self._exchange(
                method, url, body, sent_headers, timeout or self.timeout, max_bytes, authorized, irreversible, into
            )
            location = answer.headers.get("location")
            if method not in ("GET", "HEAD") or answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            if hop == redirects:
                break
            onwards = self._absolute(urljoin(url, read_location(location)), None)
            if origin_of(onwards) != origin and self._is_signed(url, authorized):
                # Elsewhere nobody knows the account: the answer would be a refusal that says nothing about it.
                return answer
            url = onwards
            if origin_of(url) != origin:
                sent_headers = {k: v for k, v in sent_headers.items() if k.lower() not in ("authorization", "cookie")}
                authorized = False
        raise AnswerLost(
            Problem(
                "too_many_redirects",
                gettext_noop("%(host)s redirects the request endlessly."),
                fix=gettext_noop("Check the address."),
                params={"host": urlsplit(url).hostname or ""},
            )
        )

    def _absolute(self, url: str, params: Mapping[str, str | int] | None) -> str:
        if "://" not in url:
            url = f"{self.base_url.rstrip('/')}/{url.lstrip('/')}"
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params)
        try:
            return to_uri(url)
        except ValueError:
            return url  # refused in its own words where it would be called

    async def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | Streamed,
        headers: dict[str, str],
        seconds: float,
        max_bytes: int,
        authorized: bool,
        irreversible: bool,
        into: IO[bytes] | None,
    ) -> Response:
        _check()
        started, clock = datetime.now(UTC), time.monotonic()
        evidence: dict[str, Any] = {
            "at": started.isoformat(timespec="milliseconds"),
            "method": method,
            "url": self._redactor.url(url),
        }
        if irreversible:
            evidence["irreversible"] = True
        if body:
            readable = headers.get("Content-Type", "").startswith(("application/json", "application/x-www-form"))
            evidence["sent"] = f"{len(body)} bytes"
            if readable and isinstance(body, bytes):
                evidence["sent"] = self._redactor.trim(body)
        try:
            pool = _pool(frozenset(self.allow_private), self.resolve)
            request = _build(pool.egress, method, url, body, self._headers(url, headers, authorized))
            answer = await pool.exchange(
                request, seconds=seconds, max_bytes=max_bytes, irreversible=irreversible, into=into
            )
        except TransportError as error:
            evidence["failure"] = error.problem.code
            raise
        else:
            response = Response(answer.status, answer.headers, answer.body, url)
            evidence["status"] = answer.status
            evidence["headers"] = self._redactor.headers(answer.headers)
            evidence["body"] = self._redactor.trim(answer.body)
            if self.read_quotas is not None:
                self.quotas.update({quota.bucket: quota for quota in self.read_quotas(response)})
            return response
        finally:
            evidence["seconds"] = round(time.monotonic() - clock, 3)
            if len(self.exchanges) < MAX_EXCHANGES:
                self.exchanges.append(evidence)

    def _headers(self, url: str, headers: Mapping[str, str], authorized: bool) -> dict[str, str]:
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
        if self._is_signed(url, authorized):
            sent["Authorization"] = self._authorization
        return sent

    def _is_signed(self, url: str, authorized: bool) -> bool:
        if not authorized or not self._authorization:
            return False
        origin = origin_of(url)
        return origin == origin_of(self.base_url) or any(origin == origin_of(known) for known in self.credentials_for)


def _build(egress: Egress, method: str, url: str, body: bytes | Streamed, headers: dict[str, str]) -> Request:
    host, port = egress.check_url(url)
    scheme, target = _read_url(url)
    bracketed = f"[{host}]" if ":" in host else host
    default_port = port == (443 if scheme == "https" else 80)
    lines = [("Host", bracketed if default_port else f"{bracketed}:{port}"), *headers.items()]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(("Content-Length", str(len(body))))
    return Request(method, scheme, host, port, target, tuple(lines), body)


@lru_cache(maxsize=MANY)
def _read_url(url: str) -> tuple[str, str]:
    """Scheme and target."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, target if target.isascii() else quote(target, SAFE)


def _pool(allow_private: frozenset[str], resolve: Resolve) -> Pool:
    pools = _pools.setdefault(asyncio.get_running_loop(), {})
    key = (allow_private, resolve)
    pool = pools.get(key)
    if pool is None:
        pool = pools[key] = Pool(Egress(allow_private, resolve))
    return pool


def watch_waiting(leave: Callable[[], None], check: Callable[[], None]) -> None:
    """Have `leave` called before a thread waits for networks, and `check` before each exchange.

    The application's: whoever waits must hold nothing that others need.
    """
    global _leave, _check
    _leave, _check = leave, check


async def close_pools() -> None:
    """Close this event loop's idle connections; call it before the loop ends."""
    for pool in _pools.pop(asyncio.get_running_loop(), {}).values():
        await pool.aclose()


def run_blocking(work: Callable[[], Awaitable[T]]) -> T:
    """Run one coroutine function from synchronous code, in a loop of its own, and close its connections."""

    async def whole() -> T:
        try:
            return await work()
        finally:
            await close_pools()
            await asyncio.sleep(0)

    _leave()
    coroutine: Coroutine[Any, Any, T] = whole()
    return asyncio.run(coroutine)
