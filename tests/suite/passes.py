"""What a lane that takes long passed with: `tests/passed/NAME` holds the digests of what it covers, written by the
runner after the whole lane passed. A lane whose digest stands there need not run again.

The files merge without a conflict (`.gitattributes`: union): each line is true by itself, and one that fits the merged
tree is only there when somebody ran the lane on it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from tests.suite.lanes import Lane
from tests.suite.sources import ROOT, digest_of, list_files

FOLDER = ROOT / "tests" / "passed"
KEPT = 3
"""Of each part: the newest, and what a merge may bring back."""


def digests_now(lane: Lane) -> dict[str, str]:
    """Of all that decides about the lane's result, by the name of the part; one without a name for a lane in one."""
    whole = list_files(*lane.covers, but=lane.but)
    if not lane.parts:
        return {"": digest_of(whole)}
    own = {name: list_files(*patterns) for name, patterns in lane.parts}
    shared = set(whole).difference(*own.values())
    return {"": digest_of(sorted(shared))} | {name: digest_of(sorted(shared | set(own[name]))) for name in own}


def read_passes(lane: Lane) -> list[tuple[str, str, str]]:
    """Digest, day, number of tests; the newest first."""
    file = FOLDER / lane.name
    lines = file.read_text().splitlines() if file.exists() else []
    found = [(words[0], words[1], words[2]) for line in lines if len(words := line.split()) == 3]
    return sorted(found, key=lambda each: each[1], reverse=True)


def find_pass(lane: Lane, digest: str) -> str:
    """The day on which the lane passed with what stands here now; empty when it did not."""
    return next((day for known, day, _ in read_passes(lane) if known == digest), "")


def record_pass(lane: Lane, digests: Iterable[str], tests: int) -> None:
    """Only the runner calls this, after every test of a lane ran and passed, with the digests from before it ran."""
    day = datetime.now(UTC).date().isoformat()
    made = [(digest, day, str(tests)) for digest in digests]
    others = [each for each in read_passes(lane) if each[0] not in {digest for digest, _, _ in made}]
    kept = [*made, *others][: KEPT * (1 + len(lane.parts))]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / lane.name).write_text("".join(" ".join(each) + "\n" for each in kept))
