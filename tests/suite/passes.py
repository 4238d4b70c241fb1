"""What a lane that takes long passed with: `tests/passed/NAME` holds the digests of what it covers, written by the
runner after the whole lane passed. A lane whose digest stands there need not run again.

The files merge without a conflict (`.gitattributes`: union): each line is true by itself, and one that fits the merged
tree is only there when somebody ran the lane on it.
"""

from datetime import UTC, datetime

from tests.suite.lanes import Lane
from tests.suite.sources import ROOT, digest_of, list_files

FOLDER = ROOT / "tests" / "passed"
KEPT = 3


def digest_now(lane: Lane) -> str:
    """Of all that decides about the lane's result: what it covers, its own tests and what those stand on."""
    return digest_of(list_files(*lane.covers, but=lane.but))


def read_passes(lane: Lane) -> list[tuple[str, str, str]]:
    """Digest, day, number of tests; the newest first."""
    file = FOLDER / lane.name
    lines = file.read_text().splitlines() if file.exists() else []
    found = [
        (parts[0], parts[1], parts[2]) for line in lines if len(parts := line.split()) == 3 and len(parts[0]) == 32
    ]
    return sorted(found, key=lambda each: each[1], reverse=True)


def find_pass(lane: Lane, digest: str) -> str:
    """The day on which the lane passed with what stands here now; empty when it did not."""
    return next((day for known, day, _ in read_passes(lane) if known == digest), "")


def record_pass(lane: Lane, digest: str, tests: int) -> None:
    """Only the runner calls this, for a lane of which every test ran and passed, with the digest from before it ran."""
    made = (digest, datetime.now(UTC).date().isoformat(), str(tests))
    others = [each for each in read_passes(lane) if each[0] != digest]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / lane.name).write_text("".join(" ".join(each) + "\n" for each in [made, *others][:KEPT]))
