"""A few hundred damaged files: each is taken or refused with a reason, and the next whole one is read."""

import io
import json
import tarfile
from itertools import islice
from pathlib import Path

import pytest
from django.test import Client

from kaja.cli.archive import BadArchive, Manifest, unpack_archive
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.models import Workspace
from tests.fuzz.decoders import DECODERS, list_damaged, list_films, list_pictures
from tests.media.pictures import gradient, save

FILES = {"picture": 150, "cut-out": 60, "fitted picture": 100, "fitted animation": 40, "film": 60, "page": 100}
SEED = 20261129


@pytest.mark.parametrize("name", DECODERS)
def test_damaged_files_are_taken_or_refused_with_a_reason(name: str) -> None:
    decoder = DECODERS[name]
    taken = refused = 0
    for data in islice(list_damaged(decoder, SEED), FILES.get(name, 300)):
        try:
            decoder.read(data)
            taken += 1
        except decoder.reasons:
            refused += 1
    assert refused or not decoder.reasons, "damage was done"
    assert taken, "and not always to death"


@pytest.mark.parametrize("name", DECODERS)
def test_the_files_are_read_before_they_are_damaged(name: str) -> None:
    """Otherwise nothing behind the first check would be tried."""
    decoder = DECODERS[name]
    read = 0
    for data in decoder.seeds():
        try:
            decoder.read(data)
            read += 1
        except decoder.reasons:
            continue
    assert read >= len(decoder.seeds()) - 3


def test_no_damaged_upload_is_an_error_of_the_server(browser: Client, workspace: Workspace) -> None:
    for name, files in (("picture", list_pictures()), ("film", list_films())):
        for number, data in enumerate(islice(list_damaged(DECODERS[name], SEED + 1), 40)):
            answer = browser.post("/w/acme/posts/upload", {"file": io.BytesIO(data)})
            assert answer.status_code in (201, 422), (name, number)
            if answer.status_code == 422:
                assert answer.json()["problems"][0]["fix"]
        assert files
    whole = browser.post("/w/acme/posts/upload", {"file": io.BytesIO(save(gradient((50, 40)), "PNG"))})
    assert whole.status_code == 201
    with workspace_scope(workspace.id):
        assert Asset.objects.filter(id=whole.json()["id"]).exists()


def test_a_file_of_holes_in_a_backup_is_not_written(tmp_path: Path) -> None:
    """A sparse entry claims terabytes in a few bytes."""
    entry = tarfile.TarInfo("media/picture")
    entry.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"%011o\0" % (8 * 1024**3 - 1)  # the size that it unpacks to
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:512]))
    (tmp_path / "backup").write_bytes(bytes(header) + bytes(1024))
    (tmp_path / "target").mkdir()
    with pytest.raises(BadArchive, match="which no backup of Kaja holds"):
        unpack_archive(tmp_path / "backup", tmp_path / "target")
    assert not list((tmp_path / "target").rglob("picture"))


def test_what_a_newer_version_added_to_a_manifest_is_passed_over() -> None:
    told = Manifest("1", 180000, "2026-11-29T00:00:00+00:00", False, [("content", "0001_initial")])
    newer = json.loads(told.render()) | {"moon": "full"}
    assert Manifest.parse(json.dumps(newer).encode()) == told
