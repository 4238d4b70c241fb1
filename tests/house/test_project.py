"""House rules over the project's own declarations."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def test_every_dependency_says_what_it_is_for() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    inside, found, explained = False, [], False
    for line in lines:
        text = line.strip()
        if re.match(r"(dependencies|\w+) = \[$", text) and not text.startswith(("layers", "ignore", "markers")):
            inside, explained = text.startswith(("dependencies", "dev", "build", "bench", "uv", "s3")), False
        elif text == "]":
            inside = False
        elif inside and text.startswith("#"):
            explained = True
        elif inside and text.startswith('"'):
            if not explained:
                found.append(text)
        # One comment may stand over a pair (a library and its types); a blank line ends its reach.
        elif not text:
            explained = False
    assert not found, found


def test_pinned_requirements_know_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {"base": project["project"]["dependencies"], "dev": project["dependency-groups"]["dev"]}
    for name, declared in wanted.items():
        pinned = {line.split("==")[0].lower() for line in (ROOT / f"requirements/{name}.txt").read_text().splitlines()}
        for dependency in declared:
            package = re.match(r"[\w.-]+", dependency)
            assert package
            assert re.sub(r"[._-]+", "-", package[0]).lower() in pinned, f"make lock: {dependency}"


def test_every_setting_in_the_code_is_documented() -> None:
    used = defaultdict(set)
    for path in (ROOT / "src" / "kaja").rglob("*.py"):
        for name in re.findall(r"""["'](KAJA_[A-Z_]+|DATABASE_URL)["']""", path.read_text()):
            used[name].add(path.name)
    assert "KAJA_HOME" in used
    documented = set(re.findall(r"`(KAJA_[A-Z_]+|DATABASE_URL)`", OPERATIONS))
    assert {name: files for name, files in used.items() if name not in documented} == {}
    # And nothing is documented that does not exist.
    assert {name for name in documented - used.keys() if not name.startswith("KAJA_PACE_")} == set()


def test_every_exit_code_is_documented() -> None:
    source = "".join((ROOT / f"src/kaja/{name}.py").read_text() for name in ("cli/failures", "kernel/problems"))
    codes = set(re.findall(r"exit_code(?:: [\w\[\]]+)? = (\d)", source))
    assert codes == set(re.findall(r"^\| (\d) \|", OPERATIONS, re.MULTILINE))


@pytest.mark.parametrize("folder", sorted(ROOT.glob("src/kaja/*/migrations")), ids=lambda path: path.parent.name)
def test_migrations_are_one_line(folder: Path) -> None:
    numbers = [path.name[:4] for path in sorted(folder.glob("0*.py"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    for previous, path in zip(sorted(folder.glob("0*.py")), sorted(folder.glob("0*.py"))[1:], strict=False):
        assert f'("{folder.parent.name}", "{previous.stem}")' in path.read_text().replace("'", '"'), path.name
