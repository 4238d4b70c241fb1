"""Commands that an operator has for files in S3: moving them there and back, looking, backing up and restoring."""

import json
import tarfile
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from kaja.media.store.bucket import Bucket
from tests.cli.conftest import Installation, installation, installed, prepared
from tests.cli.test_backup import EXPECTED, fill, read
from tests.ports import free_port
from tests.realnet.proxy import proxy_to
from tests.realnet.servers.swift import Swift

__all__ = ["installation", "installed", "prepared"]
pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("installed")]


@pytest.fixture
def in_bucket(swift: Swift, installation: Installation) -> Bucket:
    """The bucket that the installation's settings name; which of the two stores is in use says the test."""
    name = swift.make_bucket()
    installation.settings.update(
        KAJA_S3_BUCKET=name, KAJA_S3_ACCESS_KEY=swift.access_key, KAJA_S3_SECRET_KEY=swift.secret_key,
        KAJA_S3_ENDPOINT=swift.endpoint,
    )  # fmt: skip
    return Bucket(name, swift.access_key, swift.secret_key, swift.endpoint)


def names_in(store: Bucket) -> set[str]:
    return {entry.name for entry in store.list_all()}


def names_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def put(home: Path, name: str, content: bytes) -> None:
    path = home / "media" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_files_move_there_and_back_and_go_on_where_they_were(
    swift: Swift, installation: Installation, in_bucket: Bucket
) -> None:
    files = {f"w/{number}/picture.jpg": bytes([number]) * 1000 for number in range(6)}
    for name, content in files.items():
        put(installation.home, name, content)
    with proxy_to(swift.endpoint) as proxy:
        # The bucket goes away after a few files: what arrived stays, and the rest comes later.
        installation.settings["KAJA_S3_ENDPOINT"] = proxy.url
        in_bucket.save("w/0/picture.jpg", ContentFile(files["w/0/picture.jpg"]))
        in_bucket.save("w/1/picture.jpg", ContentFile(b"cut off"))  # of another size: not whole
        proxy.close()
        broken = installation.kaja("media", "move", "--to", "s3")
        assert broken.returncode == 1
        assert "0 files are copied" in broken.stderr or "does not answer" in broken.stderr
    installation.settings["KAJA_S3_ENDPOINT"] = swift.endpoint
    done = installation.kaja("media", "move", "--to", "s3")
    assert (done.returncode, done.stdout) == (0, "5 files copied, 1 were there already: 6 in all.\n"), done.stderr
    for name, content in files.items():
        with in_bucket.open(name) as file:
            assert file.read() == content
    again = installation.kaja("media", "move", "--to", "s3")
    assert again.stdout == "0 files copied, 6 were there already: 6 in all.\n"
    refused = installation.kaja("media", "move", "--to", "s3", "--delete")
    assert refused.returncode == 1
    assert "KAJA_MEDIA_STORE=s3" in refused.stderr
    assert names_of(installation.home / "media") == set(files), "nothing is deleted where Kaja looks for it"
    installation.settings["KAJA_MEDIA_STORE"] = "s3"
    put(installation.home, "w/9/new.jpg", b"came in meanwhile")
    done = installation.kaja("media", "move", "--to", "s3", "--delete")
    assert done.stdout == "1 files copied, 6 were there already: 7 in all.\n7 files deleted where they were.\n"
    assert names_of(installation.home / "media") == set()
    back = installation.kaja("media", "move", "--to", "folder")
    assert back.returncode == 0, back.stderr
    assert names_of(installation.home / "media") == {*files, "w/9/new.jpg"}
    assert (installation.home / "media/w/3/picture.jpg").read_bytes() == files["w/3/picture.jpg"]


def doctor(installation: Installation) -> tuple[str, str, str]:
    done = installation.kaja("doctor", "--json")
    [found] = [each for each in json.loads(done.stdout) if each["name"] == "files in S3"]
    return found["level"], found["found"], found["fix"]


def test_doctor_says_what_is_wrong_with_the_bucket(
    swift: Swift, installation: Installation, in_bucket: Bucket, tmp_path: Path
) -> None:
    installation.settings["KAJA_MEDIA_STORE"] = "s3"
    assert doctor(installation) == ("ok", "written, read and deleted; networks do not reach it", "")
    assert names_in(in_bucket) == set(), "nothing of the look is left"
    right = dict(installation.settings)
    for wrong, found, fix in (
        ({"KAJA_S3_SECRET_KEY": "guessed"}, "the bucket refuses us (SignatureDoesNotMatch)", "KAJA_S3_SECRET_KEY"),
        ({"KAJA_S3_BUCKET": "no-such-bucket"}, "there is no such bucket", "KAJA_S3_BUCKET"),
        ({"KAJA_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}"}, "does not answer", "KAJA_S3_ENDPOINT"),
    ):
        installation.settings.update(wrong)
        level, said, to_do = doctor(installation)
        assert level == "broken"
        assert found in said
        assert fix in to_do
        installation.settings.update(right)


def test_a_backup_holds_the_files_of_the_bucket_and_brings_them_back(
    installation: Installation, in_bucket: Bucket, tmp_path: Path
) -> None:
    installation.settings["KAJA_MEDIA_STORE"] = "s3"
    fill(installation)
    assert names_in(in_bucket) == {"pictures/kohv.txt"}
    assert names_of(installation.home / "media") == set()
    whole, without = tmp_path / "whole.tar", tmp_path / "without.tar"
    for file, options in ((whole, []), (without, ["--without-media"])):
        made = installation.kaja("backup", str(file), *options)
        assert made.returncode == 0, made.stderr
    with tarfile.open(whole) as tar:
        assert "media/pictures/kohv.txt" in tar.getnames()
    with tarfile.open(without) as tar:
        assert not [name for name in tar.getnames() if name.startswith("media/")]

    in_bucket.delete("pictures/kohv.txt")
    in_bucket.save("pictures/later.txt", ContentFile(b"later"))
    refused = installation.kaja("restore", str(whole))
    assert refused.returncode == 1
    assert "holds data already" in refused.stderr
    done = installation.kaja("restore", "--replace", str(whole))
    assert done.returncode == 0, done.stderr
    assert names_in(in_bucket) == {"pictures/kohv.txt"}
    assert read(installation) == EXPECTED
    [safety] = installation.home.glob("before-restore-*.tar")
    with tarfile.open(safety) as tar:
        assert "media/pictures/later.txt" in tar.getnames(), "what was given up is kept first"

    # One without files leaves those that are there.
    done = installation.kaja("restore", "--replace", str(without))
    assert done.returncode == 0, done.stderr
    assert names_in(in_bucket) == {"pictures/kohv.txt"}
    assert read(installation) == EXPECTED


def test_a_bucket_that_does_not_answer_fails_a_backup_in_words(
    installation: Installation, in_bucket: Bucket, tmp_path: Path
) -> None:
    installation.settings["KAJA_MEDIA_STORE"] = "s3"
    installation.settings["KAJA_S3_BUCKET"] = "no-such-bucket"
    made = installation.kaja("backup", str(tmp_path / "b.tar"))
    assert made.returncode == 1
    assert "there is no such bucket" in made.stderr
    assert list(tmp_path.glob("*b.tar*")) == []


@pytest.mark.parametrize("command", ["up", "web", "worker"])
def test_a_setting_that_is_missing_is_named_before_anything_starts(installation: Installation, command: str) -> None:
    installation.settings["KAJA_MEDIA_STORE"] = "s3"
    done = installation.kaja(command)
    assert done.returncode == 2
    assert "KAJA_S3_BUCKET, KAJA_S3_ACCESS_KEY, KAJA_S3_SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr
