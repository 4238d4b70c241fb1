"""The suite's own rules: every test file runs in one lane, and no lane is left out that should run."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests import run
from tests.suite import passes, sources
from tests.suite.lanes import LANES, Lane, assign, files_of, find_lanes
from tests.suite.schedule import Result, Schedule

LONG = [lane for lane in LANES if lane.covers]


def test_every_test_file_runs_in_exactly_one_lane() -> None:
    whole = [str(path.relative_to(sources.ROOT)) for path in sources.ROOT.glob("tests/**/test_*.py")]
    claimed = [name for lane in LANES for name in files_of(lane)]
    assert sorted(claimed) == sorted(whole)
    assert all(files_of(lane) for lane in LANES if lane.files)


def test_what_needs_a_browser_or_a_server_is_in_their_lanes() -> None:
    assert "tests/web/test_toasts.py" in assign()["browser"], "by its mark"
    assert "tests/config/test_outage.py" in assign()["servers"]
    assert "tests/house/test_lanes.py" in assign()["house"]


@pytest.mark.parametrize("lane", LONG, ids=lambda lane: lane.name)
def test_a_long_lane_covers_its_own_tests_and_every_pattern_matches(lane: Lane) -> None:
    covered = sources.list_files(*lane.covers, but=lane.but)
    assert set(files_of(lane)) <= set(covered)
    assert "requirements/base.txt" in covered


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(sources.NothingFound, match="no/such/folder"):
        sources.list_files("src/**", "no/such/folder/**")
    with pytest.raises(sources.NothingFound, match="neither"):
        sources.list_files("src/**", but=["neither/**"])


def test_a_digest_changes_with_a_name_and_with_a_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    (tmp_path / "one").write_text("a")
    (tmp_path / "two").write_text("a")
    seen = {sources.digest_of(["one"]), sources.digest_of(["two"]), sources.digest_of(["one", "two"])}
    (tmp_path / "one").write_text("b")
    assert len(seen | {sources.digest_of(["one"])}) == 4


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(passes, "FOLDER", tmp_path / "passed")
    monkeypatch.delenv("CI", raising=False)
    return tmp_path / "passed"


def test_a_lane_that_passed_runs_again_only_when_what_it_covers_changed(kept: Path) -> None:
    lane = LONG[0]
    assert lane in run.choose([])[0]
    passes.record_pass(lane, passes.digests_now(lane).values(), 3)
    chosen, left = run.choose([])
    assert lane not in chosen
    assert list(left) == [lane.name]
    assert lane in run.choose([lane.name])[0]
    assert lane in run.choose(["all"])[0]
    # As after a merge of two branches that each ran it.
    (kept / lane.name).write_text(f"{'0' * 32} 2026-01-02 3\n" + (kept / lane.name).read_text())
    assert lane not in run.choose([])[0]
    (kept / lane.name).write_text(f"{'0' * 32} 2026-01-02 3\n")
    assert lane in run.choose([])[0]


def test_only_the_changed_parts_of_a_lane_run_and_are_recorded(kept: Path) -> None:
    lane = next(lane for lane in LANES if lane.parts)
    digests = passes.digests_now(lane)
    assert len(set(digests.values())) == 1 + len(lane.parts)
    passes.record_pass(lane, [digest for part, digest in digests.items() if part not in ("calendar", "post")], 3)
    [chosen] = [each for each in run.choose([])[0] if each.name == lane.name]
    assert chosen.only == ("calendar", "post")
    run.record([Result(chosen, True, 1, 1, counts={"passed": 2})], {lane.name: digests})
    assert lane.name in run.choose([])[1]
    # Without the part that belongs to all others, everything runs.
    (kept / lane.name).write_text((kept / lane.name).read_text().replace(digests[""], "0" * 32))
    assert lane in run.choose([])[0]


def test_only_a_whole_run_that_passed_is_recorded(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lane = LONG[0]
    good = Result(lane, True, 1, 1, counts={"passed": 2})
    now = {lane.name: passes.digests_now(lane)}
    run.record([replace(good, good=False)], now)
    run.record([replace(good, quiet=["a test: no time"])], now)
    run.record([good], {lane.name: {"": "0" * 32}})
    monkeypatch.setenv("CI", "true")
    run.record([good], now)
    assert not kept.exists()
    monkeypatch.delenv("CI")
    run.record([good], now)
    assert passes.find_pass(lane, now[lane.name][""])


def test_records_are_merged_without_a_conflict() -> None:
    asked = subprocess.run(
        ["git", "check-attr", "merge", "tests/passed/storm"],
        cwd=sources.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip().endswith("merge: union")


@pytest.fixture
def _leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a failed lane would leave for people to look at goes with the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@dataclass(frozen=True)
class Shown(Lane):
    """A lane of one line of Python."""

    code: str = ""

    def command(self, account: Path, pace: float) -> list[str]:
        return [sys.executable, "-c", self.code.replace("ACCOUNT", repr(str(account)))]


TELL = "import json; json.dump({'counts': {'passed': 1}, 'skipped in silence': []}, open(ACCOUNT, 'w'))"


@pytest.mark.usefixtures("_leaves_nothing")
@pytest.mark.parametrize(
    ("code", "why"),
    [
        (TELL, ""),
        (f"{TELL}; raise SystemExit(1)", "exit code 1"),
        ("pass", "it ended before it was done"),
        (TELL.replace("1}", "0}"), "no test passed"),
        (f"{TELL}\nimport time\nwhile time.process_time() < 1.5: pass", "over its budget"),
    ],
)
def test_a_lane_is_good_only_when_its_tests_passed_within_its_budget(
    code: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    [result] = Schedule([Shown("shown", "a try", budget=1, files=("x",), code=code)], room=2, pace=1).run()
    assert result.good is (why == "")
    assert result.why.startswith(why)
    assert "===== shown =====" in capfd.readouterr().out


@pytest.mark.parametrize("deaf", [False, True], ids=["hears", "deaf"])
def test_a_lane_that_is_stuck_is_ended_and_the_others_are_judged(deaf: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.suite.schedule.LONGEST", 2.0)
    monkeypatch.setattr("tests.suite.schedule.GRACE", 1.0)
    code = (
        "import signal, time\n" + ("signal.signal(signal.SIGINT, signal.SIG_IGN)\n" if deaf else "") + "time.sleep(600)"
    )
    shown = {"budget": 60, "files": ("x",)}
    lanes = [Shown("stuck", "a try", code=code, **shown), Shown("other", "a try", code=TELL, **shown)]  # type: ignore[arg-type]
    results = {result.lane.name: result for result in Schedule(lanes, room=3, pace=1).run()}
    assert results["other"].good
    assert results["stuck"].why == "stuck: it was ended after 2 s"


def test_lanes_share_the_machine_and_one_that_needs_it_waits(tmp_path: Path) -> None:
    note = "open({!r}, 'a').write(f'{} {{time.monotonic()}}\\n')"
    log = tmp_path / "log"
    lanes = []
    for name, load, alone in (("single", 1.0, True), ("one", 1.0, False), ("two", 1.0, False)):
        told = [note.format(str(log), f"{name}-{what}") for what in ("begins", "ends")]
        # Each of the two waits until the other has begun: they only end side by side.
        both = f"open({str(log)!r}).read().count('begins') == 2"
        meet = f"end = time.monotonic() + 60\nwhile time.monotonic() < end and not {both}: time.sleep(.01)"
        code = f"import time\n{told[0]}\n{'' if alone else meet}\n{told[1]}\n{TELL}"
        lanes.append(Shown(name, "a try", budget=60, files=("x",), code=code, load=load, alone=alone))
    results = Schedule(lanes, room=2, pace=1).run()
    assert all(result.good for result in results)
    order = [line.split()[0] for line in log.read_text().splitlines()]
    assert sorted(order[:2]) == ["one-begins", "two-begins"]
    assert order[4:] == ["single-begins", "single-ends"]


def test_lanes_are_found_by_name() -> None:
    assert [lane.name for lane in find_lanes(["storm", "house"])] == ["storm", "house"]
    with pytest.raises(KeyError):
        find_lanes(["strom"])
