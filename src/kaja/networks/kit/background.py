"""Files that a network takes first and looks at later, in the background: sent, waited for, sent again when it has
dropped them.

What is remembered of a file, by `list_keys`: its `id` there, whether it is `ready`, and when it went up (`at`).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.content import Media
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import Next, Rejected
from kaja.networks.kit.steps import Sending, list_used, upload_missing, upload_one
from kaja.networks.kit.uploads import list_keys
from kaja.networks.kit.waiting import wait_for

POLLS = 20
POLL_SECONDS = 1.0
Taken = dict[str, Any]


@dataclass(frozen=True)
class Background:
    """How one network does it."""

    network: str
    send: Callable[[Media, Facts, Session], Awaitable[tuple[str, bool]]]
    """Sends a file: its id there, and whether it is ready already. Raises Failed."""
    is_ready: Callable[[str, Session], Awaitable[bool]]
    """Whether a file can be attached now. Raises Failed, also for one that is gone or cannot be read."""
    kept: timedelta
    """How long it keeps files that no post uses: older ones go up again."""

    async def upload(self, sending: Sending) -> Next:
        """The step of a stage of `list_uploads`."""
        return await upload_one(sending, lambda media, _: self._take(media, sending.facts, sending.session))

    async def _take(self, media: Media, facts: Facts, session: Session) -> Taken:
        number, ready = await self.send(media, facts, session)
        return {"id": number, "ready": ready, "at": datetime.now(UTC).isoformat(timespec="seconds")}

    async def make_ready(self, sending: Sending) -> dict[str, Taken]:
        """The message's files when all can be attached. Raises Failed."""
        ready = {}
        for key, media in zip(list_keys(sending.outgoing.media), sending.outgoing.media, strict=True):
            taken = sending.uploaded[key]
            if taken.get("gone") or datetime.fromisoformat(taken["at"]) < datetime.now(UTC) - self.kept:
                taken = await self._take(media, sending.facts, sending.session)
            ready[key] = await self._wait(taken, sending.session)
        return ready

    async def fill(
        self, media: Sequence[Media], there: Mapping[str, str], facts: Facts, session: Session
    ) -> dict[str, Taken]:
        """The files of an edited post, ready; `there`: ids of those that it has already. Raises Failed."""
        known = {key: {"id": number, "ready": True} for key, number in there.items()}
        taken = await upload_missing(media, known, lambda item, _: self._take(item, facts, session))
        return {key: await self._wait(item, session) for key, item in taken.items()}

    async def _wait(self, taken: Mapping[str, Any], session: Session) -> Taken:
        if taken["ready"]:
            return dict(taken)

        async def ask() -> Taken | None:
            try:
                return {**taken, "ready": True} if await self.is_ready(taken["id"], session) else None
            except Failed as failed:
                if isinstance(failed.result, Rejected) and not failed.gone:
                    raise Failed(Rejected(_unreadable(self.network))) from failed
                raise

        return await wait_for(ask, self.network, polls=POLLS, seconds=POLL_SECONDS)

    async def find_lost(self, sending: Sending) -> dict[str, Taken]:
        """Those that cannot be attached now, after a refusal: marked as gone, or as not ready. Raises Failed."""
        lost: dict[str, Taken] = {}
        for key, taken in list_used(sending.outgoing, sending.checkpoint).items():
            try:
                if not await self.is_ready(taken["id"], sending.session):
                    lost[key] = {**taken, "ready": False}
            except Failed as failed:
                if failed.gone:
                    lost[key] = {**taken, "gone": True}
                elif not isinstance(failed.result, Rejected):
                    raise
        return lost


def _unreadable(network: str) -> Problem:
    return Problem(
        "media_unreadable",
        gettext_noop("%(network)s could not process a file of this post."),
        "parts.0.media",
        gettext_noop("Replace the file, for example with a JPEG picture or an MP4 (H.264) video."),
        {"network": network},
    )
