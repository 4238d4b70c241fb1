"""The lanes of the suite: which tests run together, on what their result depends, and what they may cost.

A test file belongs to the first lane here that claims it, by its place or by a mark that stands in it; what nobody
claims is the core's. So a new test always runs somewhere.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.suite.sources import ROOT, NothingFound, list_files

GROUND = (
    "requirements/base.txt", "tests/conftest.py", "tests/plugin.py", "tests/chromium.py", "tests/waiting.py",
    "tests/suite/database.py", "tests/suite/tables.py", "tests/practice/running.py",
)  # fmt: skip
"""What tests stand on that are no tests of their own room."""
OF_THE_SCREEN = ("src/kaja/web/**", "src/kaja/static/**", "src/kaja/api/**")
AREAS = (
    "calendar", "channels", "composer", "crisis", "groups", "ideas", "inbox", "inboxdesk", "needs_you", "onboarding",
    "post", "settings", "settling",
)  # fmt: skip
"""Of the screen, named as their routes and folders are; all other pages belong to what they share."""
OF_OPERATING = ("src/kaja/cli/**", "src/kaja/config/**", "src/kaja/kernel/**", "src/kaja/*/migrations/**")


@dataclass(frozen=True)
class Lane:
    """`files` are its tests, `leaves` those of them that it leaves to a later lane, `mark` claims more.

    `covers`: it runs only when one of these files changed (and by command); without them, in every run.

    `parts` divide what it covers: each has a name and files on which it alone depends; what is nobody's is everybody's.
    `only`: the parts that are to be tried, which its tests read from KAJA_ONLY; none means all.

    `budget` and `most` are CPU seconds: of the whole lane, and of one step of one test. `load`: the cores that it keeps
    busy and does not give away. `polite`: how far it steps back (nice) for lanes in which somebody waits for a page or
    a server; so it fills what they leave, and needs little of the machine for itself.
    """

    name: str
    about: str
    budget: float
    files: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    mark: str = ""
    most: float = 0.0
    covers: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    only: tuple[str, ...] = ()
    processes: int = 1
    load: float = 1.0
    polite: int = 0
    alone: bool = False
    module: str = ""

    def command(self, account: Path, pace: float) -> list[str]:
        """What runs it; `account` is the file for what it tells the runner."""
        if self.module:
            return [sys.executable, "-m", self.module]
        words = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--durations=8",
            f"--account={account}",
        ]
        words += [f"--most={self.most * pace:.0f}"] if self.most else []
        words += ["-n", str(self.processes), "--dist", "worksteal"] if self.processes > 1 else []
        return [*words, *files_of(self)]


LANES: tuple[Lane, ...] = (
    # These take minutes, and only what they cover can change their result.
    Lane(
        "storm", "posts delivered while everything is killed, paused and cut", budget=600, most=600,
        files=("tests/chaos/**",), load=2.0, alone=True,
        covers=("src/kaja/**/*.py", "tests/chaos/**", *GROUND),
        but=(*OF_THE_SCREEN, "src/kaja/cli/**", "src/kaja/brandhealth/**"),
    ),
    Lane(
        "pages", "every page, dialog and menu in every state, at every width, in every theme", budget=900, most=400,
        files=(
            "tests/browser/test_every_page.py", "tests/browser/test_layers.py", "tests/browser/test_broken.py",
            "tests/browser/test_decisions.py",
        ),
        load=1.2,
        covers=(*OF_THE_SCREEN, "tests/browser/**", *GROUND),
        parts=tuple((area, (f"src/kaja/web/{area}/**", f"src/kaja/web/templates/{area}/**")) for area in AREAS),
    ),
    Lane(
        "installations", "packaged, installed, updated, backed up, proxied, on a full disk", budget=900, most=200,
        files=(
            "tests/cli/test_backup.py", "tests/cli/test_behind_proxy.py", "tests/cli/test_container.py",
            "tests/cli/test_doctor.py", "tests/cli/test_installed.py", "tests/cli/test_systemd.py",
            "tests/cli/test_updating.py", "tests/walls/test_full_disk.py",
        ),
        covers=(
            *OF_OPERATING, "tests/cli/**", "tests/walls/test_full_disk.py", "container/**", "docs/proxy/**",
            "docs/operations.md", "tools/bootstrap.sh", "Makefile", "pyproject.toml", *GROUND,
        ),
    ),
    Lane(
        "opinion", "brand opinion: the library, and simulations of whole worlds", budget=400, most=80,
        files=("tests/brandhealth/**",),
        leaves=("tests/brandhealth/**/test_cli.py", "tests/brandhealth/**/test_reference.py"),
        covers=("src/kaja/brandhealth/**", "tests/brandhealth/**", "requirements/base.txt"), polite=4,
    ),
    # These run every time.
    Lane(
        "browser", "people's ways through Kaja in a real browser", budget=900, most=150,
        files=("tests/browser/**",), mark="browser", load=1.2,
    ),
    Lane(
        "servers", "real servers of networks and of files, and Kaja as real processes", budget=600, most=150,
        files=("tests/realnet/**",), mark="(realnet|alone)", load=0.8,
    ),
    Lane("style", "style, types and layers", budget=120, module="tests.suite.style", load=0.5, polite=4),
    Lane("house", "house rules", budget=120, most=60, files=("tests/house/**",), load=0.5, polite=4),
    Lane("core", "everything else", budget=2500, most=120, files=("tests/**",), processes=2, load=0.5, polite=4),
)  # fmt: skip


@cache
def assign() -> dict[str, tuple[str, ...]]:
    """Every test file, by the lane that it belongs to."""
    claimed: dict[str, list[str]] = {lane.name: [] for lane in LANES}
    whole = list_files("tests/**/test_*.py")
    free = set(whole)
    for lane in LANES:
        if not lane.files:
            continue
        own = set(list_files(*lane.files, but=lane.leaves)) & free
        if lane.mark:
            marked = re.compile(rf"\bmark\.{lane.mark}\b")
            own |= {name for name in free - own if marked.search((ROOT / name).read_text())}
        if not own:
            raise NothingFound(f"the lane {lane.name} has no test: say in tests/suite/lanes.py where they are")
        claimed[lane.name] = sorted(own)
        free -= own
    assert not free, free
    return {name: tuple(files) for name, files in claimed.items()}


def files_of(lane: Lane) -> tuple[str, ...]:
    return assign()[lane.name]


def find_lanes(names: Sequence[str]) -> list[Lane]:
    """By their names. Raises KeyError with one that does not exist."""
    known = {lane.name: lane for lane in LANES}
    return [known[name] for name in names]
