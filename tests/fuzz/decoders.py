"""Every decoder of something foreign, what it is fed with, and which answers are right: a result or a reason."""

import io
import random
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from kaja.cli.archive import BadArchive, Manifest, OnDisk, unpack_archive, write_archive
from kaja.content.links import read_bounded
from kaja.media.images import cut_picture, read_picture
from kaja.media.refusals import UploadRefused
from kaja.media.videos import read_video
from kaja.networks.kit.image_rules import ImageRefused, ImageRules
from kaja.networks.kit.media import fit_image, fit_moving
from tests.fuzz.damage import damage
from tests.media import pictures
from tests.media.pictures import gradient, moving, noise, save

RULES = ImageRules(max_bytes=20_000, max_side=100)


@dataclass(frozen=True)
class Decoder:
    """`read` may return or raise one of `reasons`; anything else would be a 500 somewhere."""

    seeds: Callable[[], tuple[bytes, ...]]
    read: Callable[[bytes], object]
    reasons: tuple[type[Exception], ...]


@cache
def list_pictures() -> tuple[bytes, ...]:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo, grain = gradient(), noise((96, 64))
    return (
        save(photo, "JPEG", exif=exif, comment=b"x"),
        save(grain, "JPEG", progressive=True, icc_profile=pictures.srgb_profile()),
        save(photo.convert("CMYK"), "JPEG", icc_profile=pictures.cmyk_profile()),
        save(grain, "MPO", save_all=True, append_images=[grain]),
        save(photo, "PNG", exif=exif),
        save(photo.quantize(16), "PNG", transparency=3),
        save(Image.new("I;16", (64, 64), 30_000), "PNG"),
        save(photo, "WEBP", exif=exif),
        save(photo.convert("RGBA"), "WEBP", lossless=True),
        save(photo, "AVIF"),
        save(photo, "BMP"),
        save(photo, "TIFF", compression="tiff_lzw"),
        save(photo.convert("CMYK"), "TIFF", icc_profile=pictures.cmyk_profile()),
        save(Image.new("LAB", (40, 30), (120, 100, 140)), "TIFF"),
        save(Image.new("F", (40, 30), 0.5), "TIFF"),
        save(photo, "GIF"),
        pictures.heic(),
        *(moving(kind) for kind in ("GIF", "PNG", "WEBP", "AVIF")),
    )


@cache
def list_films() -> tuple[bytes, ...]:
    return (
        pictures.film(),
        pictures.film("mov"),
        pictures.film("mp4", movflags="frag_keyframe+empty_moov"),
        pictures.film("mp4", "mpeg4", movflags="use_metadata_tags"),
        pictures.film("matroska"),
        pictures.film("webm", "libvpx", live="1"),
    )


@cache
def list_pages() -> tuple[bytes, ...]:
    text = "<title>Кофе &amp; 珈琲</title><meta property='og:image' content='/a.png'><![CDATA[x]]><!-- y --><p>z"
    return tuple(
        f'<!doctype html><meta charset="{name}">{text}'.encode(name, "replace")
        for name in ("utf-8", "utf-16", "gb18030", "shift_jis", "windows-1251", "iso-8859-1")
    )


@cache
def list_archives() -> tuple[bytes, ...]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "database.dump").write_bytes(b"PGDMP" * 100)
        (folder / "picture").write_bytes(noise().tobytes()[:3000])
        manifest = Manifest("1", 180000, "2026-11-29T00:00:00+00:00", False, [("content", "0001_initial")])
        names = {"database.dump": "database.dump", "media/ж/picture": "picture"}
        files = [(name, OnDisk(folder / file)) for name, file in names.items()]
        write_archive(folder / "backup", manifest, files, b"only for tests")
        plain = (folder / "backup").read_bytes()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for kind in (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE):
            entry = tarfile.TarInfo("media/" + "x" * 150)
            entry.type, entry.linkname = kind, "../../x"
            tar.addfile(entry)
    return plain, out.getvalue()


def _unpack(data: bytes) -> object:
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name, "backup"), Path(name, "target")
        source.write_bytes(data)
        target.mkdir()
        return unpack_archive(source, target)


DECODERS = {
    "picture": Decoder(list_pictures, lambda data: read_picture(io.BytesIO(data), len(data), "x"), (UploadRefused,)),
    "cut-out": Decoder(list_pictures, lambda data: cut_picture(data, (5, 5, 40, 30), "x"), (UploadRefused,)),
    "fitted picture": Decoder(list_pictures, lambda data: fit_image(data, RULES), (ImageRefused,)),
    "fitted animation": Decoder(list_pictures, lambda data: fit_moving(data, RULES), (ImageRefused,)),
    "film": Decoder(list_films, lambda data: read_video(io.BytesIO(data), len(data), "x"), (UploadRefused,)),
    "page": Decoder(
        list_pages,
        lambda data: read_bounded(data, "text/html", "https://example.org/"),
        (),  # a browser shows something of every page
    ),
    "archive": Decoder(list_archives, _unpack, (BadArchive,)),
}


def list_damaged(decoder: Decoder, seed: int) -> Iterator[bytes]:
    """Damaged files for a decoder, without end."""
    dice = random.Random(seed)
    seeds = decoder.seeds()
    while True:
        yield damage(dice, dice.choice(seeds), dice.choice(seeds))
