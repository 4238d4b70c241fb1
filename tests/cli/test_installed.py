"""Kaja away from its clone: the wheel in an empty environment, and a clone in a folder whose name is not ASCII."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Installation
from tests.realnet.servers.bluesky import FETCHED_UV

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done


def read(installation: Installation, path: str, **headers: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{installation.port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return str(answer.read().decode(errors="replace"))


def start(installation: Installation, kaja: Path, cwd: Path, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """`kaja up` of another installation than the tests' own, until its first page is there."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(kaja), "up"],
            cwd=cwd,
            stdout=output,
            stderr=output,
            env={**installation.environment(), **environment},
        )
    try:
        installation.wait_for(lambda: process.poll() is not None or installation.answers())
    except BaseException:
        process.kill()
        raise
    assert process.poll() is None, log.read_text()
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def find_uv() -> str:
    return shutil.which("uv") or str(FETCHED_UV)


def test_the_wheel_runs_in_an_empty_environment(installation: Installation, tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=ROOT)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    place = tmp_path / "empty"
    place.mkdir()
    python = place / "env/bin/python"
    uv = find_uv()
    run(uv, "venv", "--quiet", "--python", sys.executable, place / "env", cwd=place)
    install = (uv, "pip", "install", "--quiet", "--python", python)
    run(*install, "--require-hashes", "-r", ROOT / "requirements/base.txt", cwd=place)
    run(*install, "--no-deps", wheel, cwd=place)
    # What the wheel says that it needs is what it is given, without one package of the tests.
    run(uv, "pip", "check", "--python", python, cwd=place)

    kaja = place / "env/bin/kaja"
    process = start(installation, kaja, place, tmp_path / "up.log")
    try:
        page = read(installation, "/account/login/", **{"Accept-Language": "et"})
        assert 'lang="et"' in page, "translations are in the wheel"
        styles = [part.split('"')[0] for part in page.split('href="') if part.startswith("/static/")]
        assert styles, "static files are collected"
        for address in styles:
            assert read(installation, address)
        done = subprocess.run(
            [str(kaja), "doctor", "--json"], capture_output=True, text=True, cwd=place, env=installation.environment()
        )
        findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
        assert findings["installation"]["found"].startswith(f"as a package in {place}")
        assert findings["migrations"]["level"] == "ok"
    finally:
        stop(process)


def test_a_clone_runs_in_any_folder_and_any_language(installation: Installation, tmp_path: Path) -> None:
    """Letters beyond ASCII in the path, and a terminal that says it knows none: the set-up, the start, the data."""
    place = tmp_path / "käsi тест 工作"
    for name in ("src", "requirements", "tools", "pyproject.toml", "README.md", "LICENSE", "Makefile"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(source, place / name)
    if FETCHED_UV.exists():
        shutil.copytree(FETCHED_UV.parents[1], place / ".cache/uv", symlinks=True)
    plain = {"LC_ALL": "C", "PYTHON": sys.executable}
    run("make", "--no-print-directory", "setup", cwd=place, **plain)

    # Also where Python itself is told not to think of UTF-8, as old system-wide settings do.
    for environment in (plain, {**plain, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
        said = run(place / ".venv/bin/kaja", "--version", cwd=place, **environment)
        assert "kaja" in said.stdout
    home = place / "дом"
    installation.settings["KAJA_HOME"] = str(home)
    process = start(installation, place / ".venv/bin/kaja", place, tmp_path / "up.log", **plain)
    try:
        assert "Kaja" in read(installation, "/account/login/")
        assert str(home) in (tmp_path / "up.log").read_text()
    finally:
        stop(process)
