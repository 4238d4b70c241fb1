"""The documentation's Python blocks are run in order, as a reader would."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "brandhealth"


def blocks(name: str) -> list[str]:
    found = re.findall(r"^```python\n(.*?)^```$", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found


def test_the_tutorial_runs(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {}
    for block in blocks("tutorial.md"):
        exec(compile(block, "tutorial.md", "exec"), namespace)
    told = capsys.readouterr().out
    assert "A band, not a line" in told
    assert "40 weeks, lag 0" in told


def test_the_real_data_are_validated_honestly(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {"DATA": real_data, "LEXICONS": ("OF",)}
    for block in blocks("michigan.md"):
        exec(compile(block, "michigan.md", "exec"), namespace)
    told = capsys.readouterr().out
    assert told.count("96 months, lag 0") == 1
    # the month-to-month changes are tracked by nothing, and the product must say so
    assert told.count("No evidence that expression follows") == 1
