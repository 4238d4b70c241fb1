"""The suite: `python -m tests.run [LANE ...|lint|all]`. Lanes run side by side (tests/suite/lanes.py says what they
are); without a name those run that every change needs, and those that take long when what they cover has changed.

All run to their end; the last line counts the tests of all of them.
"""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.contracts import say_missing
from tests.suite import database, passes
from tests.suite.lanes import LANES, Lane, assign, find_lanes
from tests.suite.schedule import Result, Schedule, list_room
from tests.suite.sources import NothingFound
from tests.thorough import THOROUGH

LINT = ("style", "house")
YARDSTICK = 0.1
"""CPU seconds that `measure_pace` takes on the machine that the budgets were written for."""


def choose(names: Sequence[str]) -> tuple[list[Lane], dict[str, str]]:
    """The lanes to run, and why each of the others is not."""
    if list(names) == ["lint"]:
        return find_lanes(LINT), {}
    if list(names) == ["all"]:
        return list(LANES), {}
    if names:
        return find_lanes(names), {}
    chosen, left = [], {}
    for lane in LANES:
        days = {part: passes.find_pass(lane, digest) for part, digest in digests_of(lane).items()}
        changed = [part for part, day in days.items() if not day]
        if days and not changed:
            left[lane.name] = f"nothing that it covers has changed since it passed ({min(days.values())})"
        elif days and "" not in changed:
            about = f"{lane.about}; only {', '.join(changed)}, the rest passed with what stands here"
            chosen.append(replace(lane, only=tuple(changed), about=about))
        else:
            chosen.append(lane)
    return chosen, left


def digests_of(lane: Lane) -> dict[str, str]:
    return passes.digests_now(lane) if lane.covers else {}


def measure_pace() -> float:
    """How many times slower than the budgets' machine this one computes; at least 1."""
    begun = time.process_time()
    total = 0
    for number in range(3_000_000):
        total += number & 7
    return max(1.0, (time.process_time() - begun) / YARDSTICK)


def record(results: Sequence[Result], before: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Keep what the long lanes passed with; gives what to say about it."""
    said = []
    for result in results:
        lane = result.lane
        if not lane.covers or not result.good:
            continue
        if result.quiet:
            said.append(f"{lane.name}: not recorded, because tests were skipped: {'; '.join(result.quiet)}")
        elif digests_of(lane) != before[lane.name]:
            said.append(f"{lane.name}: not recorded, because files changed while it ran")
        elif os.environ.get("CI") != "true":
            passed = [digest for part, digest in before[lane.name].items() if not lane.only or part in lane.only]
            if not all(passes.find_pass(lane, digest) for digest in passed):
                passes.record_pass(lane, passed, result.counts["passed"])
                said.append(f"{lane.name}: passed; commit tests/passed/{lane.name} with the change")
    return said


def main(names: Sequence[str]) -> int:
    begun = time.monotonic()
    if list(names) == ["all"]:
        os.environ[THOROUGH] = "1"
    # Asked to end, the lanes and their servers end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        chosen, left = choose(names)
        before = {lane.name: digests_of(lane) for lane in LANES}
        assign()
    except NothingFound as error:
        print(f"FAILED: {error}")
        return 1
    except KeyError as error:
        print(f"There is no lane {error}. There are: {', '.join(lane.name for lane in LANES)}; lint; all.")
        return 2
    stop = database.start_server() if database.SERVER not in os.environ else lambda: None
    try:
        database.prepare_roles()
        results = Schedule(chosen, list_room(), measure_pace()).run()
    finally:
        stop()
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.counts)
        numbers = f"{result.counts.get('passed', 0):5} tests" if result.lane.files else " " * 11
        word = "good" if result.good else f"FAILED ({result.why})"
        print(f"{result.lane.name:14} {numbers} {result.seconds:6.0f} s {result.cpu:6.0f} CPU s  {word}")
    for name, why in left.items():
        print(f"{name:14} not run: {why}; `make test LANES={name}` runs it")
    for line in record(results, before):
        print(line)
    failed = [result.lane.name for result in results if not result.good]
    print(f"\n{len(results) - len(failed)} of {len(results)} lanes good in {time.monotonic() - begun:.0f} s")
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    if line := say_missing():
        print(line)
    print(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed, {counts['skipped']} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
