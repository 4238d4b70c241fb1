"""Publishing in steps: uploads, containers, drafts, and the one call that counts.

A connector gives its steps by name and gets the `run` of a publisher.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Stage
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, run_guarded
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import Checkpoint, Found, Next, Rejected, RemoteRef, Restart, Sent, StageResult
from kaja.networks.kit.uploads import list_keys

PATIENCE = 600.0
"""For a stage that waits while the network looks at what it was given: seconds that make no post late."""
AGAIN = 2
"""How often what the network has lost is made anew; then that is told."""


@dataclass(frozen=True)
class Sending:
    """One message on its way: what it is, what earlier steps noted, and the account."""

    stage: str
    outgoing: Outgoing
    checkpoint: Checkpoint
    facts: Facts
    session: Session

    def note(self, **values: Any) -> Next:
        """This step is done; what it made is kept for the next ones."""
        return Next({**self.checkpoint, **values})

    @property
    def uploaded(self) -> dict[str, Any]:
        """What the network made of the files, by `list_keys`."""
        return read_uploaded(self.checkpoint)

    def begin_again(
        self, stage: str, reason: Problem, told: Problem, *, without: Sequence[str] = (), **values: Any
    ) -> Restart | Rejected:
        """Back to a stage because something that it made is gone on the network; `told` when that happens each time."""
        again = int(self.checkpoint.get("again", 0)) + 1
        if again > AGAIN:
            return Rejected(told)
        kept = {name: value for name, value in self.checkpoint.items() if name not in without}
        return Restart(stage, {**kept, **values, "again": again}, reason)


Step = Callable[[Sending], Awaitable[StageResult]]
Run = Callable[[str, Outgoing, Checkpoint, Facts, Session], Coroutine[Any, Any, StageResult]]


def read_uploaded(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """What the network made of the files, by `list_keys`."""
    media = checkpoint.get("media", {})
    # A list of entries is what a delivery of the version before may have noted.
    return {entry["key"]: entry for entry in media} if isinstance(media, list) else dict(media)


def list_used(outgoing: Outgoing, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The same for the files of this message only."""
    uploaded = read_uploaded(checkpoint)
    return {key: uploaded[key] for key in list_keys(outgoing.media) if key in uploaded}


def make_run(
    steps: Mapping[str, Step],
    stages: Callable[[Outgoing, Facts], tuple[Stage, ...]],
    explain: Callable[[Rejected, Sending], Awaitable[StageResult]] | None = None,
) -> Run:
    """The `run` of a publisher. A stage "media-2" is run by the step "media".

    `explain` looks closer at a refusal, when nothing stands there for certain.
    """

    async def run(
        stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> StageResult:
        step = steps.get(stage.partition("-")[0])
        if step is None:
            raise ValueError(f"there is no stage {stage!r}")
        sending = Sending(stage, outgoing, checkpoint, facts, session)
        irreversible = any(known.irreversible for known in stages(outgoing, facts) if known.name == stage)
        result = await run_guarded(step(sending), irreversible=irreversible)
        if isinstance(result, Rejected) and explain is not None:
            return await run_guarded(explain(result, sending), irreversible=False)
        return result

    return run


async def send_once(
    find: Callable[[], Awaitable[object]], send: Callable[[], Awaitable[RemoteRef]], duplicate: str
) -> Sent:
    """For networks that refuse the same words twice (X, LinkedIn, Facebook, comments of a blog): looked for first,
    since an earlier call may have been stored, and again after a refusal with the code `duplicate`. Raises Failed."""
    if isinstance(earlier := await find(), Found):
        return Sent(earlier.ref)
    try:
        return Sent(await send())
    except Failed as failed:
        if failed.problem.code != duplicate or not isinstance(found := await find(), Found):
            raise
        return Sent(found.ref)


UPLOADS = "media"


def list_uploads(outgoing: Outgoing, *, ahead: bool) -> list[Stage]:
    """One stage for each file, so that a lost connection does not repeat the earlier ones."""
    return [Stage(f"{UPLOADS}-{index}", ahead=ahead) for index in range(len(outgoing.media))]


async def upload_one(sending: Sending, send: Callable[[Media, str], Awaitable[Any]]) -> Next:
    """The step of such a stage: `send` gets the file and its key, and gives what is to be remembered of it."""
    index = int(sending.stage.partition("-")[2])
    key = list_keys(sending.outgoing.media)[index]
    sent = await send(sending.outgoing.media[index], key)
    return sending.note(media={**sending.uploaded, key: sent})


async def upload_missing(
    media: Sequence[Media], there: Mapping[str, Any], send: Callable[[Media, str], Awaitable[Any]]
) -> dict[str, Any]:
    """What the network has of each file, by key: for an edit, which sends only what is new."""
    keyed = zip(list_keys(media), media, strict=True)
    return {key: there[key] if key in there else await send(item, key) for key, item in keyed}
