"""Files that people upload, honest and hostile: real bytes, made here."""

import errno
import io
import random
import struct
import zlib
from pathlib import Path
from typing import IO, Any, cast

import av
import pytest
from django.core.files.storage import default_storage
from PIL import Image

from kaja.kernel.problems import NotAllowed, NotFound
from kaja.kernel.tenancy import current_workspace_id, workspace_scope
from kaja.media.crop import Crop, crop_box
from kaja.media.images import read_picture
from kaja.media.item import MediaItem
from kaja.media.models import Asset
from kaja.media.open import open_assets, parse_key
from kaja.media.refusals import UploadRefused
from kaja.media.store.folder import Folder
from kaja.media.upload import clean_filename, upload_asset
from kaja.media.videos import SMALL
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Role, Workspace
from tests.media.conftest import MakeActor
from tests.media.pictures import make_frame


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    """A picture whose left half is red and right half blue."""
    image = Image.new("RGB", size, "blue")
    image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def animation(frames: int = 3, **options: Any) -> bytes:
    images = [Image.new("RGB", (30, 20), (n * 40, 0, 0)) for n in range(frames)]
    out = io.BytesIO()
    images[0].save(out, "GIF", save_all=True, append_images=images[1:], duration=100, loop=0, **options)
    return out.getvalue()


def film(seconds: int = 2, fps: int = 10, container: str = "mp4", codec: str = "mpeg4") -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(seconds * fps):
            shade = n * 10 % 255
            frame = make_frame(Image.new("RGB", (64, 48), (shade, shade, shade)))
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out.getvalue()


def upload(actor: Actor, data: bytes, name: str, **more: Any) -> Asset:
    workspace_id = more.pop("workspace_id", current_workspace_id())
    return upload_asset(actor, workspace_id, io.BytesIO(data), name, len(data), **more)


def refusal(actor: Actor, data: bytes, name: str) -> str:
    with pytest.raises(UploadRefused) as caught:
        upload(actor, data, name)
    problem = caught.value.problems[0]
    assert problem.fix
    assert clean_filename(name) in problem.text()
    assert Asset.objects.count() == 0
    return problem.code


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises any size in a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "logo.svg", "media_svg"),
        (b"<?xml version='1.0'?>\n<!-- x -->\n<svg/>", "logo.png", "media_svg"),
        (b"<html><script>alert(1)</script>", "photo.jpg", "media_other_kind"),
        (b"%PDF-1.7 ...", "photo.jpg", "media_other_kind"),
        (b"PK\x03\x04....", "photo.png", "media_other_kind"),
        (b"\x00\x01\x02\x03 no picture", "photo.jpg", "media_corrupt"),
        (b"just words", "notes.txt", "media_unknown"),
        (b"\x7fELF....", "program", "media_unknown"),
        (b"#EXTM3U\nfile:///etc/passwd", "list.mp4", "media_corrupt"),
        (picture()[:300], "photo.jpg", "media_corrupt"),
        (picture("PNG")[:100], "photo.png", "media_corrupt"),
        (picture("WEBP")[:60], "photo.webp", "media_corrupt"),
        (animation()[:80], "moving.gif", "media_corrupt"),
        (picture(), "film.mp4", "media_other_kind"),
        (png_header(60000, 60000), "bomb.png", "media_too_many_pixels"),
        (png_header(11000, 10000), "large.png", "media_too_many_pixels"),
        (b"\x00\x00\x00\x18ftypmp42" + b"\0" * 12 + b"\x00\x0f\xff\xffmoov", "film.mp4", "media_corrupt"),
        (b"", "nothing.jpg", "media_empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_files_are_refused_with_a_reason(actor: Actor, data: bytes, name: str, code: str) -> None:
    assert refusal(actor, data, name) == code


def test_a_cut_off_film_is_refused(actor: Actor) -> None:
    whole = film()
    assert refusal(actor, whole[: len(whole) // 2], "film.mp4") == "media_corrupt"


def test_a_film_that_is_a_picture_is_refused(actor: Actor) -> None:
    assert refusal(actor, film(), "photo.jpg") == "media_other_kind"


def test_orientation_is_applied_and_metadata_gone(actor: Actor) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    exif[0x010F] = "SpyCam"
    exif.get_ifd(0x8825)[1] = "N"
    asset = upload(actor, picture(exif=exif, comment=b"shot at home"), "photo.jpeg")
    assert (asset.width, asset.height, asset.mime) == (40, 60, "image/jpeg")
    stored = default_storage.open(asset.file).read()
    assert b"SpyCam" not in stored
    assert b"shot at home" not in stored
    with Image.open(io.BytesIO(stored)) as image:
        assert not image.getexif()
        red, _, blue = image.convert("RGB").crop((20, 10, 21, 11)).tobytes()
        assert red > 200 > blue  # the red left half is on top now
    with Image.open(default_storage.open(asset.thumbnail)) as small:
        assert small.size == (40, 60)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_text_chunks_do_not_survive(actor: Actor, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SpyCam"
    asset = upload(actor, picture(kind, exif=exif), f"p.{kind.lower()}")
    assert b"SpyCam" not in default_storage.open(asset.file).read()


def test_an_upright_jpeg_keeps_its_quality(actor: Actor) -> None:
    asset = upload(actor, picture(quality=40), "photo.jpg")
    with Image.open(io.BytesIO(picture(quality=40))) as before, Image.open(default_storage.open(asset.file)) as after:
        assert after.quantization == before.quantization  # type: ignore[attr-defined]


def test_a_wrong_ending_between_pictures_is_mended(actor: Actor) -> None:
    asset = upload(actor, picture("PNG"), "photo.jpg")
    assert (asset.filename, asset.mime) == ("photo.png", "image/png")


@pytest.mark.parametrize(("kind", "mime"), [("BMP", "image/png"), ("TIFF", "image/png"), ("AVIF", "image/jpeg")])
def test_formats_that_networks_do_not_take_are_converted(actor: Actor, kind: str, mime: str) -> None:
    asset = upload(actor, picture(kind), f"p.{kind.lower()}")
    assert asset.mime == mime
    with Image.open(default_storage.open(asset.file)) as image:
        assert image.size == (60, 40)


def test_an_animation_stays_one_and_loses_its_comment(actor: Actor) -> None:
    asset = upload(actor, animation(5, comment=b"made by spy"), "moving.gif")
    stored = default_storage.open(asset.file).read()
    assert asset.kind == "gif"
    assert b"made by spy" not in stored
    with Image.open(io.BytesIO(stored)) as image:
        assert image.n_frames == 5  # type: ignore[attr-defined]
        assert image.info["loop"] == 0


def test_a_film_is_probed_and_gets_a_poster(actor: Actor) -> None:
    asset = upload(actor, film(seconds=3, fps=10), "film.mov")
    assert (asset.kind, asset.width, asset.height, asset.filename) == ("video", 64, 48, "film.mp4")
    assert asset.duration == pytest.approx(3, abs=0.2)
    assert asset.facts == {"codec": "mpeg4", "pixels": "yuv420p", "fps": 10.0, "audio": ""}
    with Image.open(default_storage.open(asset.thumbnail)) as poster:
        assert poster.size == (64, 48)


def test_webm_is_known(actor: Actor) -> None:
    assert upload(actor, film(1, container="webm", codec="libvpx"), "film.webm").mime == "video/webm"


def test_the_same_bytes_are_kept_once_per_workspace(
    actor: Actor, other_workspace: Workspace, make_actor: MakeActor
) -> None:
    first = upload(actor, picture(), "a.jpg")
    assert upload(actor, picture(), "b.jpg").id == first.id
    other = upload(actor, picture(), "a.jpg", workspace_id=other_workspace.id)
    with workspace_scope(other_workspace.id):
        assert other.id != first.id
        assert str(other_workspace.id) in other.file
        with pytest.raises(NotFound):
            open_assets([MediaItem(asset=first.id)])


def test_readers_upload_nothing(make_actor: MakeActor) -> None:
    with pytest.raises(NotAllowed):
        upload(make_actor(role=Role.ANALYST), picture(), "a.jpg")


def test_a_full_disk_says_so_and_leaves_nothing(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Folder, name: str, content: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Folder, "_save", full)
    with pytest.raises(UploadRefused) as caught:
        upload(actor, picture(), "a.jpg")
    assert caught.value.problems[0].code == "media_disk_full"
    assert Asset.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\me.jpg", "me.jpg"),
        ("a\x00b\u202egpj.exe", "abgpj.exe"),
        ("", "file"),
        ("фото отпуск.jpg", "фото отпуск.jpg"),
        ("x" * 300 + ".jpg", "x" * 116 + ".jpg"),
    ],
)
def test_file_names_are_cleaned(given: str, kept: str) -> None:
    assert clean_filename(given) == kept


def test_a_crop_is_cut_once_and_read_back_by_its_key(actor: Actor) -> None:
    asset = upload(actor, picture("PNG", (100, 60)), "p.png", alt="halves")
    item = MediaItem(asset=asset.id, crop=Crop(x=0.5, y=0, width=0.5, height=1))
    media = open_assets([item])[item]
    assert (media.width, media.height, media.alt) == (50, 60, "halves")
    data = media.read()
    assert 0 < media.size < asset.size, "an estimate: nothing is cut before it is read"
    with Image.open(io.BytesIO(data)) as image:
        assert image.getpixel((5, 5)) == (0, 0, 255)
    again = parse_key(media.key)
    assert open_assets([again])[again].read() == data


def test_a_file_that_is_gone_is_named(actor: Actor) -> None:
    asset = upload(actor, picture(), "a.jpg")
    default_storage.delete(asset.file)
    item = MediaItem(asset=asset.id)
    with pytest.raises(NotFound) as caught:
        open_assets([item])[item].read()
    assert "a.jpg" in caught.value.problems[0].text()


def test_crops_never_leave_the_picture() -> None:
    assert crop_box(Crop(x=0.99999, y=0.99999, width=1, height=1), 10, 10) == (9, 9, 10, 10)
    assert crop_box(Crop(x=0, y=0, width=1, height=1), 7, 3) == (0, 0, 7, 3)


def test_a_large_picture_waits_for_its_turn_on_the_disk(tmp_path: Path) -> None:
    """Many may wait to be looked at; what all of them have together would be more than there is memory."""

    class Kept(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("it was read into memory")

    noise = Image.frombytes("RGB", (1400, 1400), random.Random(7).randbytes(1400 * 1400 * 3))
    noise.save(tmp_path / "noise.png")
    size = (tmp_path / "noise.png").stat().st_size
    assert size > SMALL
    with Kept(tmp_path / "noise.png") as file:
        picture = read_picture(cast("IO[bytes]", file), size, "noise.png")
    assert (picture.width, picture.height) == (1400, 1400)
