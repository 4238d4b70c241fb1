"""`make check` finds the tests that a change can break, the nearest first."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check import Near, list_changed, list_near, rank_tests
from tests.suite.lanes import LANES

ROOT = Path(__file__).parents[2]


def test_imports_and_folders_tell_what_is_near() -> None:
    ranks = rank_tests(["src/kaja/kernel/limits.py"])
    assert ranks["tests/kernel/test_limits.py"] == 1
    assert ranks["tests/kernel/test_loops.py"] == 2, "in the same room"
    assert any(name.startswith("tests/web/") for name in ranks), "what stands on it, by imports alone"
    assert not any(name.startswith("tests/brandhealth/") for name in ranks)


def test_what_imports_nothing_is_found_by_its_folder() -> None:
    assert "tests/web/calendar/test_views.py" in rank_tests(["src/kaja/web/calendar/templates/calendar/index.html"])
    assert "tests/i18n/test_catalogues.py" in rank_tests(["src/kaja/locale/et/LC_MESSAGES/django.po"])
    assert "tests/conformance/test_delivery.py" in rank_tests(["src/kaja/networks/mastodon/publisher.py"])


def test_a_changed_test_comes_first() -> None:
    ranks = rank_tests(["tests/kernel/test_limits.py", "tests/practice/running.py"])
    assert min(ranks, key=ranks.__getitem__) == "tests/kernel/test_limits.py"
    assert ranks["tests/delivery/test_signs.py"] > 0


def test_nothing_changed_since_this_state() -> None:
    committed = set(list_changed("HEAD"))
    assert "src/kaja/__init__.py" not in committed


def test_what_is_drawn_is_nearest_to_its_own_area() -> None:
    for file in ("src/kaja/web/templates/crisis/index.html", "src/kaja/static/js/crisis/page.js"):
        ranks = rank_tests([file])
        assert ranks["tests/web/crisis/test_pages.py"] == 1
        assert ranks.get("tests/web/calendar/test_views.py", 2) == 2


def test_the_nearest_come_first_and_browsers_last_of_those_that_are_equally_near() -> None:
    quick, browser, far = (
        "tests/web/crisis/test_pages.py",
        "tests/web/crisis/test_in_chromium.py",
        "tests/web/test_words.py",
    )
    assert list_near({far: 2, browser: 1, quick: 1, "tests/browser/test_layers.py": 1}) == [quick, browser, far]


def test_tests_are_dealt_out_in_their_order(tmp_path: Path) -> None:
    """The first files begin first, however many processes there are and however many tests a file has."""
    for number in range(8):
        tests = "".join(f"def test_{each}():\n    pass\n" for each in range(1 + number * 3))
        (tmp_path / f"test_{number}.py").write_text(tests)
    core = next(lane for lane in LANES if lane.name == "core")
    values = {name: getattr(core, name) for name in core.__dataclass_fields__}
    chosen = tuple(f"test_{number}.py" for number in range(8))
    words = Near(**values, chosen=chosen).command(tmp_path / "account.json", 1.0)
    words = [word for word in words if not word.startswith(("--durations", "--most"))]
    given = ["-v", "-p", "tests.suite.account", "-p", "xdist", "-c", os.devnull, "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [*words, *given],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    begun = list(dict.fromkeys(re.findall(r"test_(\d)\.py::", done.stdout)))
    assert set(begun[:3]) <= {"0", "1", "2", "3"}, begun


@pytest.mark.parametrize("processes", ["0", "2"])
def test_no_test_begins_when_the_time_is_over(tmp_path: Path, processes: str) -> None:
    """Not even of those that are dealt out to a process already."""
    (tmp_path / "test_it.py").write_text(
        "import time, pytest\n\n@pytest.mark.parametrize('n', range(400))\ndef test_one(n):\n    time.sleep(0.05)\n"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "tests.suite.account", "-c", os.devnull, "--until=1"),
            *("-p", "xdist", "-n", processes, "--dist", "worksteal", "--rootdir", str(tmp_path), str(tmp_path)),
        ],
        # What the other plugins would load takes longer than the test.
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert 0 < int(passed[1]) < 400
