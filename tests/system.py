"""Debian's programs that the tests need: `python -m tests.system`. Quick when they are there.

Root installs them with apt-get. An ordinary user gets them extracted into `.cache/debian`, without any change to the
machine; `find_program` finds them in both places.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRACTED = ROOT / ".cache" / "debian"
# program -> Debian package
PROGRAMS = {"chromium": "chromium", "msgfmt": "gettext"}
# package -> a file that shows it is there; screenshots of four languages need their letters
FONTS = {
    "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "fonts-wqy-zenhei": "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "fonts-noto-color-emoji": "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
}


def find_program(name: str) -> str:
    """The path of a program. Raises FileNotFoundError with the package's name."""
    if found := shutil.which(name):
        return found
    wrapper = EXTRACTED / "bin" / name
    if wrapper.exists():
        return str(wrapper)
    raise FileNotFoundError(f"{name} is missing: `make test` fetches it (Debian package {PROGRAMS.get(name, name)})")


def missing_packages() -> list[str]:
    missing = []
    for program, package in PROGRAMS.items():
        try:
            find_program(program)
        except FileNotFoundError:
            missing.append(package)
    return missing + [package for package, file in FONTS.items() if not _font_is_there(file)]


def _font_is_there(file: str) -> bool:
    return Path(file).exists() or (EXTRACTED / "root" / file.lstrip("/")).exists()


def _run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **environment}, cwd=ROOT
    )
    if done.returncode:
        sys.exit(f"set-up: {' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout


def install(packages: list[str]) -> None:
    if not shutil.which("apt-get"):
        sys.exit(f"set-up: please install {', '.join(packages)} (there is no apt-get here to do it)")
    if os.geteuid() == 0:
        _run("apt-get", "update", "-q")
        _run("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages, DEBIAN_FRONTEND="noninteractive")
    else:
        extract(packages)


def extract(packages: list[str]) -> None:
    """Download the packages and what they need, and unpack them into `.cache/debian/root`."""
    archives = EXTRACTED / "archives"
    lists = EXTRACTED / "lists"
    for folder in (archives, lists / "partial", EXTRACTED / "root", EXTRACTED / "bin"):
        folder.mkdir(parents=True, exist_ok=True)
    private = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={EXTRACTED}", "-o", "Debug::NoLocking=1"]
    _run("apt-get", *private, "update", "-q")
    plan = _run("apt-get", *private, "-s", "--no-install-recommends", "install", *packages)
    names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    done = subprocess.run(["apt-get", *private, "download", *names], cwd=archives, check=False)
    if done.returncode:
        sys.exit("set-up: the packages could not be downloaded")
    for archive in archives.glob("*.deb"):
        _run("dpkg-deb", "-x", str(archive), str(EXTRACTED / "root"))
        archive.unlink()
    root = EXTRACTED / "root"
    libraries = ":".join(str(path) for path in (root / "usr/lib/x86_64-linux-gnu", root / "usr/lib/aarch64-linux-gnu"))
    for program, target in {"chromium": "usr/lib/chromium/chromium", "msgfmt": "usr/bin/msgfmt"}.items():
        if (root / target).exists():
            wrapper = EXTRACTED / "bin" / program
            wrapper.write_text(
                f'#!/bin/sh\nexport LD_LIBRARY_PATH="{libraries}" XDG_DATA_DIRS="{root}/usr/share:/usr/share"\n'
                f'exec "{root / target}" "$@"\n'
            )
            wrapper.chmod(0o755)


if __name__ == "__main__":
    if packages := missing_packages():
        print(f"set-up: {', '.join(packages)} ...", flush=True)
        install(packages)
        if still := missing_packages():
            sys.exit(f"set-up: {', '.join(still)} could not be set up")
