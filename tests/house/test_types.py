"""The style lane's own words refuse what names something that is not there, wherever it stands."""

import shutil
import subprocess

import pytest

from tests.suite.sources import ROOT, list_files
from tests.suite.style import BIN, STEPS

PLACES = ("src/kaja", "tests", "benchmarks", "tools")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a small tree with the project's settings, where each file asks another for what it lacks."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", tree)
    for place in PLACES:
        folder = tree / place
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        (folder / "here.py").write_text("def stays() -> None: ...\n")
        package = folder.name
        (folder / "asks.py").write_text(
            f"from {package}.here import went, stays\nimport {package}.nowhere\n\nstays(1)\n{package}.here.gone()\n"
        )
    program, *arguments = STEPS["types"]
    done = subprocess.run([BIN / program, *arguments], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_is_not_there_is_refused(judged: str, place: str) -> None:
    said = [line for line in judged.splitlines() if line.startswith(f"{place}/asks.py:")]
    codes = {line.rsplit("[", 1)[1].rstrip("]") for line in said if ": error:" in line}
    assert codes == {"attr-defined", "import-not-found", "call-arg"}, judged


def test_every_file_is_judged() -> None:
    """mypy does not say what it was not shown."""
    assert [name for name in list_files("**/*.py") if not name.startswith(PLACES)] == [
        "manage.py",  # Django's own five lines
        "realnets/swift/part.py",  # runs beside Swift, on the packages of Debian's Python
    ]
