"""A backup holds everything, is verified before it is used, and never costs data."""

import base64
import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from kaja.cli.dump import find_program
from kaja.kernel.vault import KeyRing
from tests.cli.conftest import Installation

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("installed")]

FILL = """
from django.core.files.storage import default_storage
from django.core.files.base import ContentFile
from kaja.channels.models import Channel
from kaja.channels.credentials import write_credentials
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.workspaces.models import Workspace
with system_scope(SystemPurpose.MAINTENANCE):
    workspace = Workspace.objects.get()
with workspace_scope(workspace.id):
    channel = Channel(id=new_id(), network="bluesky", account_id="did:plc:x", name="Kohvik")
    channel.save()
    write_credentials(channel.id, {"app_password": "abcd-efgh-ijkl-mnop"})
default_storage.save("pictures/kohv.txt", ContentFile("a picture, say".encode()))
"""
READ = """
import json
from django.core.files.storage import default_storage
from kaja.channels.models import Channel
from kaja.channels.credentials import read_credentials
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.workspaces.models import User
with system_scope(SystemPurpose.MAINTENANCE):
    channel = Channel.objects.get()
    print(json.dumps({
        "workspace": channel.workspace.name, "zone": channel.workspace.time_zone, "name": channel.name,
        "credentials": read_credentials(channel.id),
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
    assert "Nothing is sent until you have said" in restored.stdout
    assert read(other) == EXPECTED
    shown = other.kaja("settle", "--no-look")
    assert shown.returncode == 0, shown.stderr
    assert "kohvik: held (restore)" in shown.stdout
    assert other.kaja("settle", "--missing", "send").returncode == 2, "half a decision"
    settled = other.kaja("settle", "--missing", "skip", "--unclear", "skip")
    assert settled.returncode == 0, settled.stderr
    assert "It goes on." in settled.stdout
    assert "Nothing is held" in other.kaja("settle").stdout
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


PLANT = """
from kaja.api.tokens import create_token
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.web.accounts.sealing import SealingAdapter
from kaja.workspaces.actions import invite
from kaja.workspaces.models import Member
from kaja.workspaces.queries import actor_of
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
with system_scope(SystemPurpose.MAINTENANCE):
    member = Member.objects.select_related("user", "workspace").get()
with workspace_scope(member.workspace_id):
    actor = actor_of(member, member.user)
    print(create_token(actor, "script", ("view",))[1])
    print(invite(actor, email="b@kohvik.test", role="guest")[1])
TOTP.activate(member.user, "PLANTEDTOTPSECRETPLANTEDTOTPSECR")
codes = RecoveryCodes.activate(member.user).get_unused_codes()
print(codes[0])
client = Client()
client.force_login(member.user)
print(client.cookies["kaja_session"].value)
"""


def test_a_backup_without_keys_opens_nothing(installation: Installation, tmp_path: Path) -> None:
    """Every secret that the installation was given or made is looked for in all that the file holds."""
    fill(installation)
    planted = installation.python(PLANT)
    assert planted.returncode == 0, planted.stderr
    home = installation.home
    ring = KeyRing.parse((home / "keys.json").read_text())
    keys = [text for key in ring.keys.values() for text in (base64.b64encode(key).decode(), key.hex())]
    keys.append((home / "secret-key").read_text().strip())
    passwords = json.loads((home / "postgres" / "passwords.json").read_text()).values()
    planted_secrets = [
        *planted.stdout.split(), *passwords, "correct horse battery", "abcd-efgh-ijkl-mnop",
        "PLANTEDTOTPSECRETPLANTEDTOTPSECR",
    ]  # fmt: skip
    assert len(planted_secrets) == 4 + 3 + 3

    for words, hidden, shown in (
        (["--without-keys"], [*keys, *planted_secrets], []),
        ([], planted_secrets, [keys[0], keys[-1]]),
    ):
        file = tmp_path / f"kaja{len(words)}.tar"
        done = installation.kaja("backup", *words, str(file))
        assert done.returncode == 0, done.stderr
        held = read_whole(file, tmp_path / f"unpacked{len(words)}")
        assert b"Kohvik" in held
        assert b"did:plc:x" in held, "the rows can be read, so a secret in them would be found"
        for secret in hidden:
            assert len(secret) > 7
            for spelled in (secret, secret.encode().hex()):
                assert spelled.encode() not in held, secret[:4]
            assert secret not in done.stdout + done.stderr
        for secret in shown:
            assert secret.encode() in held, "with its keys it would show, so the search finds what is there"


def read_whole(file: Path, folder: Path) -> bytes:
    """Every file of an archive, and its database as SQL."""
    with tarfile.open(file) as tar:
        tar.extractall(folder, filter="data")
    dump = folder / "database.dump"
    as_sql = subprocess.run(
        [find_program("pg_restore", 0), "--file=-", str(dump)], capture_output=True, check=True
    ).stdout
    assert b"COPY public.channels_channel" in as_sql
    return as_sql + b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


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


def change(source: Path, target: Path) -> None:
    """Somebody puts another picture in, and fixes the checksum."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for entry in old:
            data = old.extractfile(entry).read()  # type: ignore[union-attr]  # files only
            if entry.name.startswith("media/"):
                data = b"another picture"
            if entry.name == "manifest.json":
                about = json.loads(data)
                name = next(name for name in about["files"] if name.startswith("media/"))
                about["files"][name] = hashlib.sha256(b"another picture").hexdigest()
                data = json.dumps(about).encode()
            entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))


def test_a_changed_backup_does_not_verify_whatever_its_checksums_say(
    installation: Installation, tmp_path: Path
) -> None:
    fill(installation)
    true, forged = tmp_path / "true.tar", tmp_path / "forged.tar"
    assert installation.kaja("backup", str(true)).returncode == 0
    change(true, forged)
    with tarfile.open(true) as made:
        assert not any("backup-key" in name for name in made.getnames())
    refused = installation.kaja("restore", "--replace", str(forged))
    assert refused.returncode == 1
    assert "not signed with this installation's key" in refused.stderr
    assert installation.python(READ).returncode == 0
    good = installation.kaja("restore", "--replace", str(true))
    assert good.returncode == 0, good.stderr
    assert "signed with this installation's key" in good.stdout
    taken = installation.kaja("restore", "--replace", "--unverified", str(forged))
    assert taken.returncode == 0, taken.stderr
    # Elsewhere nobody knows the key, and that is said.
    (installation.home / "backup-key").unlink()
    said = installation.kaja("restore", "--replace", str(true)).stdout
    assert "cannot be told here" in said
