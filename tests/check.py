"""What the changed files can break, nearest first, for about three minutes: `python -m tests.check [BASE]`.

Changed is what differs from the branch that this one left (BASE; `main` where it is not said), committed or not. Which
tests are near is read from imports and from folders: tests mirror `src/kaja`, and a template imports nothing.
What the time did not reach is said; `make test` runs everything.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import grimp

from tests.suite import database
from tests.suite.lanes import LANES, Lane, assign, find_lanes
from tests.suite.schedule import Schedule, list_room
from tests.suite.sources import ROOT, list_files

SECONDS = 130
"""For the tests; style and house rules run beside them."""
ITSELF, SAME_NAME, BESIDE = 0, 1, 2
# What no import and no folder tells.
ALSO = {
    "src/kaja/networks/": "tests/conformance/",
    "src/kaja/locale/": "tests/i18n/",
    "src/kaja/static/": "tests/web/test_static.py",
    "container/": "tests/cli/test_container.py",
    "docs/proxy/": "tests/cli/test_behind_proxy.py",
    "src/kaja/web/templates/": "tests/web/",
}
OF_AREAS = ("src/kaja/web/templates/", "src/kaja/static/js/")
"""What stands below them is nearest to the tests of the area that its folder is called after."""


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout


def find_base(said: Sequence[str]) -> str:
    """Where this branch left the other one."""
    for name in (*said, "origin/main", "main", "HEAD"):
        if base := _git("merge-base", "HEAD", name).strip():
            return base
    return "HEAD"


def list_changed(base: str) -> list[str]:
    changed = _git("diff", "--name-only", "-z", base).split("\0")
    return sorted({*changed, *_git("ls-files", "-z", "--others", "--exclude-standard").split("\0")} - {""})


def module_of(file: str) -> str:
    """The module's name, as imports know it."""
    name = file.removeprefix("src/").removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__")


def tests_beside(file: str, tests: Iterable[str]) -> set[str]:
    """The tests of the same room: of the deepest folder that both sides have."""
    folder = Path(file.removeprefix("src/kaja/").removeprefix("tests/")).parent
    while folder.parts:
        if found := {name for name in tests if name.startswith(f"tests/{folder}/")}:
            return found
        folder = folder.parent
    return set()


def rank_tests(changed: Sequence[str]) -> dict[str, int]:
    """How far each test file that a change can reach is from it, in imports."""
    graph = grimp.build_graph("kaja", "tests", cache_dir=None)
    tests = {module_of(name): name for name in list_files("tests/**/test_*.py")}
    ranks: dict[str, int] = {}

    def reach(names: Iterable[str], rank: int) -> None:
        for name in names:
            ranks[name] = min(rank, ranks.get(name, rank))

    for file in changed:
        reach({file} & set(tests.values()), ITSELF)
        if file.startswith(("src/kaja/", "tests/")):
            beside = tests_beside(file, tests.values())
            reach(beside, BESIDE)
            reach((name for name in beside if Path(name).stem == f"test_{Path(file).stem}"), SAME_NAME)
        for place, near in ALSO.items():
            if file.startswith(place):
                reach((name for name in tests.values() if name.startswith(near)), BESIDE)
        for place in OF_AREAS:
            if file.startswith(place):
                area = f"tests/web/{file.removeprefix(place).split('/')[0]}/"
                reach((name for name in tests.values() if name.startswith(area)), SAME_NAME)
        module = module_of(file)
        if module in graph.modules:
            reached, rank = {module}, ITSELF
            known = set(reached)
            while reached:
                reached = {each for one in reached for each in graph.find_modules_that_directly_import(one)} - known
                known |= reached
                rank += 1
                reach((tests[each] for each in reached if each in tests), rank)
    return ranks


def list_near(ranks: Mapping[str, int]) -> list[str]:
    """The nearest first, and of those that are equally near the ones that wait for no browser and no server."""
    lane_of = {name: lane for lane in LANES for name in assign()[lane.name]}
    waiting = {"browser", "servers"}
    near = [name for name in ranks if not lane_of[name].covers]
    return sorted(near, key=lambda name: (ranks[name], lane_of[name].name in waiting, name))


@dataclass(frozen=True)
class Near(Lane):
    """The tests that are near, in their order, until the time is over."""

    chosen: tuple[str, ...] = ()

    def command(self, account: Path, pace: float) -> list[str]:
        words = super().command(account, pace)
        whole = words[: len(words) - len(assign()[self.name])]
        # File by file: dealt out by halves, a test in the middle of the list would be among the first.
        return [*whole, "--dist=loadfile", "--no-loadscope-reorder", f"--until={SECONDS}", *self.chosen]


def main(said: Sequence[str]) -> int:
    begun = time.monotonic()
    changed = list_changed(find_base(said))
    ranks = rank_tests(changed)
    slow = {name: lane.name for lane in LANES if lane.covers for name in assign()[lane.name]}
    near = list_near(ranks)
    lanes = find_lanes(["style", "house"])
    if near:
        core = next(lane for lane in LANES if lane.name == "core")
        values = {name: getattr(core, name) for name in core.__dataclass_fields__}
        lanes.insert(0, replace(Near(**values), chosen=tuple(near), about=f"{len(near)} test files, nearest first"))
    print(f"{len(changed)} files changed; {len(near)} test files are in their reach")
    stop = database.start_server() if database.SERVER not in os.environ else lambda: None
    try:
        database.prepare_roles()
        results = Schedule(lanes, list_room() + 1, 4.0).run()
    finally:
        stop()
    for lane in sorted({slow[name] for name in ranks if name in slow}):
        print(f"{lane}: in reach, and too long for here; `make test` runs it, or `make test LANES={lane}`")
    failed = [result.lane.name for result in results if not result.good]
    passed = sum(result.counts.get("passed", 0) for result in results)
    print(f"{passed} tests passed in {time.monotonic() - begun:.0f} s")
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
