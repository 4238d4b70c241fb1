"""Setting up: what the tools that `tools/bootstrap.sh` calls are told."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A Python that makes environments of itself, and as pip says what it was told about news of itself.
PYTHON = """#!/bin/sh
case "$*" in
    "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip "*) echo "told: ${PIP_DISABLE_PIP_VERSION_CHECK:-nothing}" >&2; exit 1 ;;
esac
"""


def test_pip_is_told_to_keep_its_news_out_of_the_terminal(tmp_path: Path) -> None:
    for name in ("tools/bootstrap.sh", "requirements/base.txt", "requirements/uv.txt", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("cat", "cksum", "cp", "dirname", "mkdir", "rm", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    (programs / "python3").write_text(PYTHON)
    (programs / "python3").chmod(0o755)
    environment = {name: os.environ[name] for name in os.environ if not name.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        [tmp_path / "tools/bootstrap.sh", "base"],
        env=environment | {"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "told: 1" in done.stderr
    assert "uv could not be fetched" in done.stderr
