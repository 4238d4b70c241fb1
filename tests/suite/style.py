"""Style, format, types and layers, one after the other: `python -m tests.suite.style`. All are tried."""

import subprocess
import sys
import time
from pathlib import Path

from tests.suite.sources import ROOT

BIN = Path(sys.executable).parent
STEPS = {
    "style": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "layers": ["lint-imports"],
}


def main() -> int:
    failed = []
    for name, (program, *arguments) in STEPS.items():
        begun = time.monotonic()
        done = subprocess.run([BIN / program, *arguments], cwd=ROOT, check=False)
        word = "FAILED" if done.returncode else "good"
        print(f"{name}: {word} ({time.monotonic() - begun:.0f} s)\n", flush=True)
        failed += [name] if done.returncode else []
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
