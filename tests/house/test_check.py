"""`make check` finds the tests that a change can break, the nearest first."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check import list_changed, rank_tests

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
