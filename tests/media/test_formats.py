"""What phones, cameras and programs write: taken in with the right colours and movement, or named with the way out."""

import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image, ImageStat

from kaja.media.models import Asset
from kaja.media.refusals import UploadRefused
from kaja.workspaces.actor import Actor
from tests.media import pictures
from tests.media.pictures import gradient, moving, noise, save
from tests.media.test_upload import upload


def stored(asset: Asset) -> Image.Image:
    with default_storage.open(asset.file) as file:
        image = Image.open(io.BytesIO(file.read()))
    image.load()
    return image


def stored_bytes(asset: Asset) -> bytes:
    with default_storage.open(asset.file) as file:
        return bytes(file.read())


def thumbnail(asset: Asset) -> Image.Image:
    with default_storage.open(asset.thumbnail) as file:
        return Image.open(io.BytesIO(file.read())).convert("RGB")


def mean(image: Image.Image) -> list[int]:
    return [round(value) for value in ImageStat.Stat(image.convert("RGB")).mean]


def problem(actor: Actor, data: bytes, name: str) -> Any:
    with pytest.raises(UploadRefused) as caught:
        upload(actor, data, name)
    found = caught.value.problems[0]
    assert found.fix
    assert Asset.objects.count() == 0
    return found


def grey16(kind: str) -> bytes:
    """Half black, half white, in 16 bits: on the mean half bright."""
    image = Image.new("I;16", (64, 32), 0)
    image.paste(65535, (32, 0, 64, 32))
    return save(image, kind)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_keep_their_brightness(actor: Actor, kind: str) -> None:
    asset = upload(actor, grey16(kind), f"scan.{kind.lower()}")
    assert mean(stored(asset)) == pytest.approx([128] * 3, abs=1)
    assert mean(thumbnail(asset)) == pytest.approx([128] * 3, abs=2)


def test_sixteen_bits_of_middle_grey_are_not_white(actor: Actor) -> None:
    assert stored(upload(actor, save(Image.new("I;16", (20, 20), 0x4000), "PNG"), "g.png")).getpixel((5, 5)) == 0x40


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_become_the_colours_that_their_profile_says(actor: Actor, kind: str) -> None:
    profile = pictures.cmyk_profile()
    ink = Image.new("CMYK", (60, 40), (255, 0, 0, 0))  # full cyan
    asset = upload(actor, save(ink, kind, icc_profile=profile), f"print.{kind.lower()}")
    shown = stored(asset)
    assert shown.mode == "RGB"
    assert "icc_profile" not in shown.info, "it was one for inks"
    red, green, blue = shown.getpixel((30, 20))  # type: ignore[misc]
    # As the profile has it: L 65, a -35, b -45. The plain formula would say 0, 255, 255.
    assert 100 < green < 200 < blue
    assert red < 60
    assert mean(thumbnail(asset)) == pytest.approx([red, green, blue], abs=4)


@pytest.mark.parametrize("profile", [b"", b"\0" * 200, b"damaged" * 40])
def test_inks_without_a_usable_profile_become_colours_by_formula(actor: Actor, profile: bytes) -> None:
    data = save(Image.new("CMYK", (60, 40), (0, 255, 255, 0)), "TIFF", **({"icc_profile": profile} if profile else {}))
    assert stored(upload(actor, data, "print.tif")).getpixel((3, 3)) == (255, 0, 0)


def test_lab_becomes_colours(actor: Actor) -> None:
    asset = upload(actor, save(Image.new("LAB", (30, 20), (128, 128, 128)), "TIFF"), "lab.tif")
    assert mean(stored(asset)) == pytest.approx([119] * 3, abs=3)  # L* 50 is grey 119 in sRGB


@pytest.mark.parametrize("image", [Image.new("F", (30, 20), 0.5), Image.new("I", (30, 20), 1_000_000)])
def test_numbers_that_are_no_colours_are_refused_in_true_words(actor: Actor, image: Image.Image) -> None:
    found = problem(actor, save(image, "TIFF"), "heights.tif")
    assert found.code == "media_no_colours"
    assert "damaged" not in found.text()


def test_a_colour_profile_stays_and_the_thumbnail_shows_its_colours(actor: Actor) -> None:
    asset = upload(actor, save(gradient(), "JPEG", icc_profile=pictures.srgb_profile()), "photo.jpg")
    assert stored(asset).info["icc_profile"] == pictures.srgb_profile()
    assert mean(thumbnail(asset)) == pytest.approx(mean(stored(asset)), abs=3)


def two_pictures(**options: Any) -> bytes:
    return save(noise(), "MPO", save_all=True, append_images=[noise()], **options)


def test_a_phones_picture_with_a_second_one_stays_a_jpeg(actor: Actor) -> None:
    data = two_pictures(quality=85)
    with Image.open(io.BytesIO(data)) as before:
        assert before.format == "MPO"
    asset = upload(actor, data, "IMG_1.jpg")
    assert (asset.mime, asset.filename) == ("image/jpeg", "IMG_1.jpg")
    assert asset.size < 0.6 * len(data), "the second picture is gone"
    assert getattr(stored(asset), "n_frames", 1) == 1


def test_a_turned_one_stays_a_jpeg_and_is_hardly_larger(actor: Actor) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    one = len(save(noise(), "JPEG", quality=85))
    asset = upload(actor, two_pictures(quality=85, exif=exif), "IMG_2.jpg")
    assert (asset.mime, asset.width, asset.height) == ("image/jpeg", 120, 160)
    assert asset.size < 1.1 * one


@pytest.mark.parametrize("progressive", [True, False])
def test_an_upright_jpeg_keeps_every_byte_of_its_picture(actor: Actor, progressive: bool) -> None:
    plain = save(noise((640, 480)), "JPEG", quality=80, progressive=progressive, optimize=True)
    exif = Image.Exif()
    exif[0x010F] = "SpyCam"
    told = save(
        noise((64, 48)), "JPEG", quality=80, progressive=progressive, exif=exif, comment=b"at home", xmp=b"<x/>"
    )
    assert upload(actor, plain, "photo.jpg").size == len(plain)
    asset = upload(actor, told + b"a film follows", "photo.jpg")
    for gone in (b"SpyCam", b"at home", b"<x/>", b"film"):
        assert gone not in stored_bytes(asset)
    with Image.open(io.BytesIO(told)) as before:
        assert stored(asset).tobytes() == before.tobytes()
        assert bool(stored(asset).info.get("progressive")) == progressive


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 60}])
def test_a_still_webp_keeps_every_byte_of_its_picture(actor: Actor, options: dict[str, Any]) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SpyCam"
    data = save(gradient(), "WEBP", exif=exif, **options)
    asset = upload(actor, data, "p.webp")
    assert b"SpyCam" not in stored_bytes(asset)
    assert asset.size < len(data)
    with Image.open(io.BytesIO(data)) as before:
        assert stored(asset).tobytes() == before.tobytes()


@pytest.mark.parametrize("name", ["IMG_0412.HEIC", "IMG_0412.jpg", "photo.heif"])
def test_a_phones_heic_becomes_a_jpeg(actor: Actor, name: str) -> None:
    asset = upload(actor, pictures.heic(), name)
    assert (asset.mime, asset.width, asset.height) == ("image/jpeg", 64, 48)
    assert asset.filename == name.rpartition(".")[0] + ".jpg"
    assert mean(stored(asset)) == pytest.approx([254, 0, 0], abs=6)


def test_a_heic_that_cannot_be_read_is_named_with_the_way_out(actor: Actor) -> None:
    found = problem(actor, pictures.heic()[:300], "IMG_1.heic")
    assert found.code == "media_heic"
    assert "Most Compatible" in found.fix


def dng() -> bytes:
    """A raw picture as a camera writes it: a TIFF whose first picture is a small preview."""
    out = io.BytesIO()
    Image.new("RGB", (16, 12)).save(out, "TIFF", tiffinfo={50706: b"\x01\x04\x00\x00"})
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(300), "photo.jxl", "JPEG XL"),
        (b"\xff\x0a" + bytes(300), "photo.jxl", "JPEG XL"),
        (save(Image.new("RGB", (20, 20)), "JPEG2000"), "photo.jp2", "JPEG 2000"),
        (b"8BPS\x00\x01" + bytes(300), "photo.psd", "Photoshop"),
        (b"8BPS\x00\x01" + bytes(300), "photo.png", "Photoshop"),
        (b"II*\x00" + bytes(300), "photo.dng", "DNG"),
        (dng(), "photo.tif", "DNG"),
        (b"II*\x00" + bytes(300), "photo.nef", "NEF"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(300), "photo.tif", "CR2"),
        (b"\x00\x00\x00\x18ftypcrx " + bytes(300), "photo.cr3", "CR3"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n" + bytes(300), "logo.eps", "PostScript"),
        (b"gimp xcf v011" + bytes(300), "photo.xcf", "GIMP"),
        (b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(300), "film.avi", "AVI"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(300), "film.wmv", "Windows Media"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_format_that_networks_do_not_take_is_named(actor: Actor, data: bytes, name: str, told: str) -> None:
    found = problem(actor, data, name)
    assert found.code == "media_not_read"
    assert found.params["format"] == told


@pytest.mark.parametrize(
    ("kind", "mime", "ending"),
    [("WEBP", "image/webp", "webp"), ("PNG", "image/png", "png"), ("AVIF", "image/webp", "webp")],
)
def test_what_moves_goes_on_moving(actor: Actor, kind: str, mime: str, ending: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SpyCam"
    asset = upload(actor, moving(kind, exif=exif), f"moving.{kind.lower()}")
    assert (asset.kind, asset.mime, asset.filename) == ("gif", mime, f"moving.{ending}")
    image = stored(asset)
    assert image.n_frames == 6  # type: ignore[attr-defined]
    assert b"SpyCam" not in stored_bytes(asset)
    image.seek(5)
    image.load()
    assert image.info["duration"] == pytest.approx(100)
    red, green, _ = image.convert("RGB").getpixel((45, 20))  # type: ignore[misc]
    assert red > 200 > 100 > green, "the square has wandered"


def test_pixels_that_are_not_square_are_stretched(actor: Actor) -> None:
    asset = upload(actor, pictures.film(size=(360, 288), shape=Fraction(64, 45)), "old-camera.mp4")
    assert (asset.width, asset.height) == (512, 288)
    assert thumbnail(asset).size == (480, 270)


def test_a_recording_that_does_not_say_how_long_it_is_is_measured(actor: Actor) -> None:
    asset = upload(actor, pictures.film("webm", "libvpx", live="1"), "screen.webm")
    assert asset.duration == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("codec", [b"zzzz", b"aprn", b"CFHD"])
def test_a_film_of_a_codec_that_cannot_be_read_names_it(actor: Actor, codec: bytes) -> None:
    data = pictures.film().replace(b"avc1", codec)
    found = problem(actor, data, "film.mp4")
    assert found.code == "media_codec"
    assert "H.264" in found.fix


def bomb(width: int, height: int) -> bytes:
    """A whole PNG of one colour: hundreds of megabytes in memory from a few hundred kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = b"\0" + bytes(3 * width)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_a_hundred_megapixels_cost_this_process_nothing(actor: Actor) -> None:
    def peak() -> int:
        with open("/proc/self/status") as status:  # noqa: PTH123 - the kernel's own
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    data = bomb(10_000, 9_999)
    assert len(data) < 500_000
    before = peak()
    asset = upload(actor, data, "large.png")
    assert (asset.width, asset.height) == (10_000, 9_999)
    assert peak() - before < 30_000, "kB; decoded it has 300 MB"
