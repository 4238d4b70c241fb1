"""The data folder: made, checked, locked."""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kaja.cli.failures import AlreadyRunning, FolderUnusable
from kaja.config import environment
from kaja.kernel.postgres import write_private
from kaja.kernel.vault import KeyRing, VaultError

LEAST_FREE_BYTES = 100_000_000


def prepare_home() -> Path:
    """Make the data folder (mode 0700) with its secret key and key ring, or check the one that is there."""
    home = environment.get_home()
    try:
        if not home.exists():
            home.mkdir(parents=True, mode=0o700)
        elif home.stat().st_uid == os.geteuid() and home.stat().st_mode & 0o066:
            home.chmod(home.stat().st_mode & 0o711)
        probe = home / f".probe-{os.getpid()}"
        probe.write_text("x")
        probe.unlink()
        (home / "media").mkdir(exist_ok=True, mode=0o700)
        for name, text in (("secret-key", secrets.token_urlsafe(50)), ("keys.json", KeyRing.generate().render())):
            if not (home / name).exists():
                write_private(home / name, text)
    except OSError as error:
        raise FolderUnusable(_why_unusable(home, error)) from error
    try:
        KeyRing.parse((home / "keys.json").read_text())
    except VaultError as error:
        raise FolderUnusable(
            f"{home / 'keys.json'}: {error}. It opens the stored credentials of your channels: put the file back from "
            "a backup. (Without it, move it away and reconnect every channel.)"
        ) from error
    if (free := shutil.disk_usage(home).free) < LEAST_FREE_BYTES:
        raise FolderUnusable(
            f"The disk of {home} has only {free // 1_000_000} MB left; Kaja needs {LEAST_FREE_BYTES // 1_000_000} MB "
            "to start. Free some space, or set KAJA_HOME to a folder on another disk and move the data there."
        )
    return home


def _why_unusable(home: Path, error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk of {home} is full. Free some space and start again; nothing was lost."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{home} cannot be written ({error.strerror}). Give this user the folder, or set KAJA_HOME to another."
    return f"{home} cannot be used as the data folder ({error.strerror}). Set KAJA_HOME to another folder."


@contextmanager
def lock_home(home: Path) -> Iterator[None]:
    """Hold the data folder for this process; the lock ends with the process, however it ends."""
    with (home / "kaja.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            pid, _, address = file.read().strip().partition(" ")
            raise AlreadyRunning(
                f"Kaja already runs on {home} (process {pid or 'unknown'}): open {address or 'its address'}, "
                f"or stop it first (kill {pid})."
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()} {environment.get_address()}\n")
        file.flush()
        yield
        file.truncate(0)


def is_locked(home: Path) -> bool:
    """Whether a `kaja up` holds the data folder now."""
    if not (home / "kaja.lock").exists():
        return False
    with (home / "kaja.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
