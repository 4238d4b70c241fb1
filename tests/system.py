"""Debian's programs that the tests need: `python -m tests.system`. Quick when they are there.

Root installs them with apt-get. An ordinary user gets them extracted into `.cache/debian`, without any change to the
machine, and servers are extracted for everybody; `find_program` finds them in both places.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRACTED = ROOT / ".cache" / "debian"
# program -> Debian package
PROGRAMS = {
    "chromium": "chromium",
    "msgfmt": "gettext",
    "systemd-analyze": "systemd",
}
# Installed, these would start and take ports: they are extracted also by root.
SERVERS = {"nginx": "nginx", "caddy": "caddy"}
# Where the packages put them, for whoever has them only extracted
INSIDE = {
    "chromium": "usr/lib/chromium/chromium",
    "msgfmt": "usr/bin/msgfmt",
    "nginx": "usr/sbin/nginx",
    "caddy": "usr/bin/caddy",
    "systemd-analyze": "usr/bin/systemd-analyze",
}
# package -> a file that shows it is there; screenshots of four languages need their letters
FONTS = {
    "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "fonts-wqy-zenhei": "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "fonts-noto-color-emoji": "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
}


def find_program(name: str) -> str:
    """The path of a program. Raises FileNotFoundError with the package's name."""
    # Debian keeps servers' programs where an ordinary user's PATH does not look.
    if found := shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"):
        return found
    wrapper = EXTRACTED / "bin" / name
    if wrapper.exists():
        return str(wrapper)
    package = {**PROGRAMS, **SERVERS}.get(name, name)
    raise FileNotFoundError(f"{name} is missing: `make test` fetches it (Debian package {package})")


def _missing(programs: dict[str, str]) -> list[str]:
    missing = []
    for program, package in programs.items():
        try:
            find_program(program)
        except FileNotFoundError:
            missing.append(package)
    return missing


def missing_packages() -> list[str]:
    return _missing(PROGRAMS) + [package for package, file in FONTS.items() if not _font_is_there(file)]


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
    folders = [root / "usr/lib" / machine for machine in ("x86_64-linux-gnu", "aarch64-linux-gnu")]
    libraries = ":".join(str(path) for folder in folders for path in (folder, folder / "systemd"))
    for program, target in INSIDE.items():
        if (root / target).exists():
            wrapper = EXTRACTED / "bin" / program
            wrapper.write_text(
                f'#!/bin/sh\nexport LD_LIBRARY_PATH="{libraries}" XDG_DATA_DIRS="{root}/usr/share:/usr/share"\n'
                f'exec "{root / target}" "$@"\n'
            )
            wrapper.chmod(0o755)


if __name__ == "__main__":
    if servers := _missing(SERVERS):
        print(f"set-up: {', '.join(servers)} ...", flush=True)
        extract(servers)
    if packages := missing_packages():
        print(f"set-up: {', '.join(packages)} ...", flush=True)
        install(packages)
        if still := missing_packages():
            sys.exit(f"set-up: {', '.join(still)} could not be set up")
