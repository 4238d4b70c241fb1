"""House rules over the tracked files, as small checks."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400
WIDEST = 120
SKIPPED = ("requirements/", "src/kaja/static/vendor/", "LICENSE")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home/(?!\.)\w+|Users/\w+|root)/[\w.]")
# Written in pieces, so that this file does not break its own rule.
REGISTRIES = re.compile(
    "|".join(("py" + r"pi\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "deb" + r"\.debian\.org"))
)


def tracked(*suffixes: str) -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        path = ROOT / name
        if name and path.is_file() and not name.startswith(SKIPPED) and (not suffixes or path.suffix in suffixes):
            yield path


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""  # a picture


def show(found: list[str]) -> str:
    return "\n" + "\n".join(found)


def test_there_are_files_to_look_at() -> None:
    assert sum(1 for _ in tracked(".py")) > 50


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    found = []
    for path in tracked(".py", ".js", ".css", ".html"):
        length = len(text_of(path).splitlines())
        if length > LONGEST and "migrations" not in path.parts:
            found.append(f"{path.relative_to(ROOT)}: {length} lines")
    assert not found, show(found)


def test_no_line_of_a_template_is_wider_than_a_screen() -> None:
    """ruff holds the same for Python. How to break one where nobody sees the white space: CONTRIBUTING.md."""
    found = []
    for path in tracked(".html", ".txt"):
        if "templates" in path.parts:
            lines = enumerate(text_of(path).splitlines(), 1)
            found += [f"{path.relative_to(ROOT)}:{n}: {len(line)}" for n, line in lines if len(line) > WIDEST]
    assert not found, show(found)


def test_no_module_is_a_junk_drawer() -> None:
    bad = re.compile(r"(^|_)(utils?|helpers?|managers?|services?|common|misc)$")
    allowed = {ROOT / "src/kaja/cli/checks/services.py"}  # the services that doctor examines
    found = [str(p.relative_to(ROOT)) for p in tracked(".py") if bad.search(p.stem) and p not in allowed]
    assert not found, show(found)


def test_no_machine_path_and_no_registry_in_a_tracked_file() -> None:
    found = []
    for path in tracked():
        for number, line in enumerate(text_of(path).splitlines(), 1):
            if MACHINE_PATH.search(line) or REGISTRIES.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    for path in (*(ROOT / "requirements").glob("*.txt"), *(ROOT / "realnets").rglob("*requirements.txt")):
        if re.search(r"://|^-|file:", path.read_text(), re.MULTILINE):
            found.append(f"{path.relative_to(ROOT)} names an address or a path")
    for path in (ROOT / "realnets").rglob("package-lock.json"):
        # Also of those who may be thanked ("funding"), which npm writes by itself: tools/lock.sh takes it out.
        if re.search(r"://|file:", path.read_text()):
            found.append(f"{path.relative_to(ROOT)} names an address or a path")
    assert not found, show(found)


def test_nothing_is_printed_outside_the_command_line() -> None:
    found = []
    for path in tracked(".py"):
        parts = path.relative_to(ROOT).parts
        if parts[:2] != ("src", "kaja") or parts[2] == "cli" or path.name == "__main__.py":
            continue
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found, show(found)


@pytest.mark.parametrize("pattern", [r"#\s*type:\s*ignore(?!\[)", r"#\s*noqa(?!:\s*[A-Z]+\d+)"])
def test_an_exception_from_a_check_names_the_rule(pattern: str) -> None:
    bare = re.compile(pattern)
    found = []
    for path in tracked(".py"):
        if path == Path(__file__):
            continue
        for number, line in enumerate(text_of(path).splitlines(), 1):
            if bare.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not found, show(found)
