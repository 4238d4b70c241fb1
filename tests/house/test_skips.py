"""The rule about skipped tests holds itself: tried on a test session of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(folder: Path, reason: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(
        "import pytest\n\ndef test_good():\n    assert True\n\n"
        f"@pytest.mark.skip(reason={reason!r})\ndef test_off():\n    pass\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.skips", "-c", os.devnull, "--rootdir", str(folder), str(folder)],
        env={
            **os.environ,
            "CI": ci,
            "PYTHONPATH": str(ROOT),
            "PYTEST_ADDOPTS": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


@pytest.mark.parametrize(
    ("reason", "ci", "code"),
    [
        ("flaky on Tuesdays", "true", 1),
        ("flaky on Tuesdays", "", 0),
        ("needs macOS", "true", 0),
    ],
)
def test_skip_without_an_allowed_reason_fails_on_ci(tmp_path: Path, reason: str, ci: str, code: int) -> None:
    done = run(tmp_path, reason, ci)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("NOT ALLOWED TO SKIP" in done.stdout) == (code == 1)
    assert "1 passed, 1 skipped" in done.stdout
