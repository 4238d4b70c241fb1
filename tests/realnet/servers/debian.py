"""Debian packages without changing the system: a private apt configuration, `dpkg -x` into the cache folder.

Works as root and as an ordinary user. The mirror is the one that the machine already uses; signatures are checked with
Debian's own keyring. What is already installed on the machine is used as it is.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SOURCES = Path("/etc/apt")


class NotDebian(Exception):
    """This machine has no apt with a Debian mirror; the packages cannot be had this way."""


def codename() -> str:
    """The running release, for example "bookworm"; raises NotDebian elsewhere."""
    release = Path("/etc/os-release")
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', release.read_text(), re.M)) if release.exists() else {}
    if fields.get("ID") != "debian" or not shutil.which("apt-get"):
        raise NotDebian("these servers come from Debian's packages, and this machine does not run Debian")
    return str(fields["VERSION_CODENAME"])


def list_sources() -> list[tuple[str, str]]:
    """(address, suite) pairs of the machine's own apt configuration, both notations (sources.list(5))."""
    found: list[tuple[str, str]] = []
    for path in sorted([*SOURCES.glob("sources.list"), *SOURCES.glob("sources.list.d/*.list")]):
        for line in path.read_text().splitlines():
            if match := re.match(r"deb\s+(?:\[[^]]*]\s+)?(\S+)\s+(\S+)", line.strip()):
                found.append((match[1].rstrip("/"), match[2]))
    for path in sorted(SOURCES.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.M))
            if fields.get("Enabled", "yes").lower() == "no" or "deb" not in fields.get("Types", "").split():
                continue
            found += [(uri.rstrip("/"), suite) for uri in fields["URIs"].split() for suite in fields["Suites"].split()]
    return found


def mirror_of(suite: str) -> str:
    """The address from which the machine takes `suite`; raises NotDebian when it takes it from nowhere."""
    for uri, name in list_sources():
        if name == suite:
            return uri
    raise NotDebian(f"no entry for {suite} in the machine's apt sources")


@dataclass(frozen=True)
class PrivateApt:
    """An apt of its own under `folder`, looking at `suites` of the machine's mirror."""

    folder: Path
    lines: tuple[str, ...]

    @classmethod
    def native(cls, folder: Path) -> "PrivateApt":
        """The machine's own release with its security updates and backports (a backport is taken only by name)."""
        name = codename()
        signed = f"deb [signed-by={KEYRING}]"
        main = mirror_of(name)
        lines = [f"{signed} {main} {name} main", f"{signed} {main} {name}-backports main"]
        lines += [f"{signed} {uri} {suite} main" for uri, suite in list_sources() if suite == f"{name}-security"]
        return cls(folder, tuple(dict.fromkeys(lines)))

    @classmethod
    def of_suite(cls, folder: Path, suite: str) -> "PrivateApt":
        """Another release: only for packages without compiled code, since its libraries are newer."""
        return cls(folder, (f"deb [signed-by={KEYRING}] {mirror_of(codename())} {suite} main",))

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        options = {
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self.folder,
            "Dir::State::status": "/var/lib/dpkg/status",
            "Dir::Cache": self.folder / "cache",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "Debug::NoLocking": "true",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        command = ["apt-get", "-qq", *[f"-o{key}={value}" for key, value in options.items()], *arguments]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"apt-get {' '.join(arguments[:2])} failed: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def update(self) -> None:
        for part in ("lists/partial", "cache/archives/partial"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "sources.list").write_text("\n".join(self.lines) + "\n")
        self.run("update")

    def resolve(self, packages: Sequence[str]) -> list[str]:
        """`packages` and every dependency that the machine lacks (without recommendations)."""
        plan = self.run("install", "--simulate", "--no-install-recommends", *packages)
        return re.findall(r"^Inst (\S+)", plan, re.M)

    def extract(self, packages: Sequence[str], root: Path) -> None:
        """Fetch `packages` and unpack them under `root`; maintainer scripts do not run."""
        archives = self.folder / "debs"
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir(parents=True)
        self.run("download", *packages, cwd=archives)
        for archive in sorted(archives.glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(archive), str(root)], check=True)
        shutil.rmtree(archives)


def library_path(root: Path) -> str:
    """`LD_LIBRARY_PATH` for programs that were unpacked under `root`."""
    triplet = f"{platform.machine()}-linux-gnu"
    return ":".join(str(root / part / triplet) for part in ("usr/lib", "lib"))
