"""One renewal for many: deliveries of one account that find its access used up at the same moment share it.

In one process they share it here; between processes, and for those who come later with what was replaced, the session's
keeper knows what is stored now.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from weakref import WeakKeyDictionary

from kaja.networks.kit.grants import Tokens
from kaja.networks.kit.http import Session

Renewal = asyncio.Task[Mapping[str, str]]
_running: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Renewal]] = WeakKeyDictionary()


async def renew_once(session: Session, fetch: Callable[[Session], Awaitable[Tokens]]) -> None:
    """Fresh credentials for a session, fetched by whoever is first; who waits for them and is cancelled stops nothing.

    Raises what `fetch` raises, and NotSent.
    """
    running = _running.setdefault(asyncio.get_running_loop(), {})
    used = [session.base_url, *(f"{name}={value}" for name, value in sorted(session.credentials.items()))]
    key = hashlib.sha256("\0".join(used).encode()).hexdigest()
    if (renewal := running.get(key)) is None:
        renewal = running[key] = asyncio.create_task(_renewed(session, fetch))
        renewal.add_done_callback(lambda _: running.pop(key, None))
    session.use_credentials(await asyncio.shield(renewal))


async def _renewed(session: Session, fetch: Callable[[Session], Awaitable[Tokens]]) -> Mapping[str, str]:
    await session.renew(lambda: fetch(session))
    return session.credentials
