"""Every check, one after the other: `python -m tests.run [lint]`. All run; the end says which failed.

Tests that share nothing run on two processes; those that drive a browser, real servers or kill processes run after
them, alone, so that a busy machine does not make them fail.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.contracts import say_missing

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
ALONE = "browser or chaos or realnet or alone"

LINT = [
    ("style", [str(BIN / "ruff"), "check", "."]),
    ("format", [str(BIN / "ruff"), "format", "--check", "."]),
    ("types", [str(BIN / "mypy")]),
    ("layers", [str(BIN / "lint-imports")]),
    ("house rules", [sys.executable, "-m", "pytest", "-q", "tests/house"]),
]
TESTS = [
    ("tests", [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", f"not ({ALONE})", "--ignore=tests/house"]),
    ("tests that run alone", [sys.executable, "-m", "pytest", "-q", "--durations=15", "-m", ALONE]),
]
COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b")


def run(name: str, command: list[str], counts: dict[str, int]) -> bool:
    """Run one stage and show what it says; adds the tests that it counted."""
    print(f"\n===== {name} =====", flush=True)
    begun = time.monotonic()
    last = ""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if line.strip():
                last = line
    if "pytest" in command:
        for number, kind in COUNT.findall(last):
            counts[kind.removesuffix("s")] = counts.get(kind.removesuffix("s"), 0) + int(number)
    good = process.returncode == 0
    print(f"----- {name}: {'good' if good else 'FAILED'} ({time.monotonic() - begun:.0f} s)", flush=True)
    return good


def main(arguments: list[str]) -> int:
    os.environ["PYTHONUNBUFFERED"] = "1"
    counts: dict[str, int] = {}
    begun = time.monotonic()
    stages = LINT if arguments == ["lint"] else LINT + TESTS
    failed = [name for name, command in stages if not run(name, command, counts)]
    failures = counts.get("failed", 0) + counts.get("error", 0)
    print(f"\n{len(stages) - len(failed)} of {len(stages)} stages good in {time.monotonic() - begun:.0f} s")
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    if line := say_missing():
        print(line)
    said = [f"{counts.get('passed', 0)} passed", f"{failures} failed", f"{counts.get('skipped', 0)} skipped"]
    print(", ".join(said))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
