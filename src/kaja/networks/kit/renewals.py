"""One renewal for many: deliveries of one account that find its access used up at the same moment share it.

In one process they share it here; between processes the session's keeper lets one of them ask.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from weakref import WeakKeyDictionary

from kaja.networks.kit.grants import Tokens
from kaja.networks.kit.http import Session

KEPT_SECONDS = 600.0
"""How long what came of a renewal is given to those who still hold what it replaced."""

Renewal = asyncio.Task[Mapping[str, str]]
_renewals: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, tuple[float, Renewal]]] = WeakKeyDictionary()


async def renew_once(session: Session, fetch: Callable[[Session], Awaitable[Tokens]]) -> None:
    """Fresh credentials for a session, fetched by whoever is first. Raises what `fetch` raises, and NotSent."""
    renewals = _renewals.setdefault(asyncio.get_running_loop(), {})
    now = time.monotonic()
    for old in [key for key, (started, _) in renewals.items() if now - started > KEPT_SECONDS]:
        del renewals[old]
    used = [session.base_url, *(f"{name}={value}" for name, value in sorted(session.credentials.items()))]
    key = hashlib.sha256("\0".join(used).encode()).hexdigest()
    entry = renewals.get(key)
    if entry is None or (entry[1].done() and not _is_good(entry[1])):
        entry = renewals[key] = (now, asyncio.create_task(_renewed(session, fetch)))
    session.use_credentials(await asyncio.shield(entry[1]))


def _is_good(task: Renewal) -> bool:
    return not task.cancelled() and task.exception() is None


async def _renewed(session: Session, fetch: Callable[[Session], Awaitable[Tokens]]) -> Mapping[str, str]:
    await session.renew(lambda: fetch(session))
    return session.credentials
