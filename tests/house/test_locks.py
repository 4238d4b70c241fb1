"""Rows are locked in one order, so only one place says how."""

import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "kaja"


def test_only_one_place_locks_rows() -> None:
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if re.search(r"\.select_for_update\(", path.read_text())
    }
    assert "kernel/locks.py" in found, "this test looks for what that file says"
    assert found == {"kernel/locks.py"}, "use kaja.kernel.locks.lock"
