"""A backup holds everything, is verified before it is used, and never costs data."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.cli.conftest import Installation

pytestmark = pytest.mark.alone

FILL = """
from django.core.files.storage import default_storage
from django.core.files.base import ContentFile
from kaja.channels.models import Channel
from kaja.channels.vault import seal_credentials
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.workspaces.models import Workspace
with system_scope(SystemPurpose.MAINTENANCE):
    workspace = Workspace.objects.get()
with workspace_scope(workspace.id):
    channel = Channel(id=new_id(), network="bluesky", account_id="did:plc:x", name="Kohvik")
    channel.credentials = seal_credentials(channel.id, {"app_password": "abcd-efgh-ijkl-mnop"})
    channel.save()
default_storage.save("pictures/kohv.txt", ContentFile("a picture, say".encode()))
"""
READ = """
import json
from django.core.files.storage import default_storage
from kaja.channels.models import Channel
from kaja.channels.vault import open_credentials
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.workspaces.models import User
with system_scope(SystemPurpose.MAINTENANCE):
    channel = Channel.objects.get()
    print(json.dumps({
        "workspace": channel.workspace.name, "zone": channel.workspace.time_zone, "name": channel.name,
        "credentials": open_credentials(channel.id, bytes(channel.credentials)),
        "file": default_storage.open("pictures/kohv.txt").read().decode(),
        "password": User.objects.get().check_password("correct horse battery"),
    }))
"""
EXPECTED = {
    "workspace": "Kohvik",
    "zone": "Europe/Tallinn",
    "name": "Kohvik",
    "credentials": {"app_password": "abcd-efgh-ijkl-mnop"},
    "file": "a picture, say",
    "password": True,
}


def fill(installation: Installation) -> None:
    made = installation.kaja(
        "user", "create", "--email", "owner@kohvik.test", "--password-stdin", given="correct horse battery\n"
    )
    assert made.returncode == 0, made.stderr
    made = installation.kaja(
        "workspace", "create", "--name", "Kohvik", "--owner", "owner@kohvik.test", "--time-zone", "Europe/Tallinn"
    )
    assert made.returncode == 0, made.stderr
    done = installation.python(FILL)
    assert done.returncode == 0, done.stderr


def read(installation: Installation) -> dict[str, object]:
    done = installation.python(READ)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_round_trip_with_sealed_credentials(installation: Installation, tmp_path: Path) -> None:
    fill(installation)
    assert read(installation) == EXPECTED
    file = tmp_path / "kaja.tar"
    done = installation.kaja("backup", str(file))
    assert done.returncode == 0, done.stderr
    assert "keys" in done.stdout
    assert file.stat().st_mode & 0o077 == 0

    # It does not overwrite, and does not restore over data that are there.
    size = file.stat().st_size
    assert installation.kaja("backup", str(file)).returncode == 1
    assert file.stat().st_size == size
    refused = installation.kaja("restore", str(file))
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert read(installation) == EXPECTED

    other = Installation(tmp_path / "other")
    restored = other.kaja("restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert read(other) == EXPECTED
    # The walls stand again: the application's role sees nothing outside a scope.
    bare = other.python("from kaja.channels.models import Channel\nprint(len(Channel._base_manager.all()))")
    assert bare.stdout.strip() == "0", bare.stderr

    replaced = installation.kaja("restore", "--replace", str(file))
    assert replaced.returncode == 0, replaced.stderr
    assert read(installation) == EXPECTED
    assert len(list(installation.home.glob("before-restore-*.tar"))) == 1

    damaged = tmp_path / "damaged.tar"
    content = bytearray(file.read_bytes())
    place = content.find(b"a picture, say")
    content[place] ^= 1
    damaged.write_bytes(content)
    third = Installation(tmp_path / "third")
    refused = third.kaja("restore", str(damaged))
    assert refused.returncode == 1
    assert "media/pictures/kohv.txt is damaged" in refused.stderr
    assert not (third.home / "postgres").exists()
    damaged.write_bytes(content[: len(content) // 2])
    assert "Nothing was changed" in third.kaja("restore", str(damaged)).stderr

    without = tmp_path / "without-keys.tar"
    assert installation.kaja("backup", "--without-keys", str(without)).returncode == 0
    with tarfile.open(without) as tar:
        assert not {"keys.json", "secret-key"} & set(tar.getnames())


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "postgres/data/PG_VERSION"])
def test_foreign_file_in_an_archive_is_refused(installation: Installation, tmp_path: Path, name: str) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"bad"))
    done = installation.kaja("restore", str(file))
    assert done.returncode == 1
    assert "which no backup of Kaja holds" in done.stderr
    assert not (tmp_path / "outside").exists()
