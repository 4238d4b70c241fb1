"""Pictures and films as phones, cameras and programs make them: real bytes, made here."""

import base64
import io
import struct
from fractions import Fraction
from typing import Any

import av
from PIL import Image, ImageCms


def save(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def gradient(size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Colours that differ everywhere, as in a photograph."""
    return Image.merge("RGB", [Image.linear_gradient("L").rotate(turn).resize(size) for turn in (0, 90, 180)])


def noise(size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Hardly any two pixels alike: what JPEG finds hard."""
    return Image.merge("RGB", [Image.effect_noise(size, spread) for spread in (40, 50, 60)])


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *content: bytes, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", flags), *content)


_CONFIGURATION = base64.b64decode(
    "AQFgAAAAkAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wFgAAADAJAAAAMAAAMAHpWYCSEAAQAoQgEBAWAAAAMAkAAAAwAAAwAeoCCDFllZ"
    "rkyuaAgAAAMACAAAAwAIQCIAAQAGRAHBc9CJ"
)
_FRAME = base64.b64decode("AAAAGCgBrxOA9SSj/+SVH/2F54eu572g3crwcA==")
"""Of one red HEVC picture of 64 by 48, from x265; made once, because FFmpeg 8's wrapper of it fails now and then."""


def heic(brand: bytes = b"heic") -> bytes:
    """A HEIC picture as a phone writes it: one HEVC frame in the boxes of ISO/IEC 23008-12."""
    width, height = 64, 48
    configuration, frame = _CONFIGURATION, _FRAME

    def boxes(at: int) -> bytes:
        return box(b"ftyp", brand, struct.pack(">I", 0), b"mif1", brand) + full(
            b"meta",
            full(b"hdlr", struct.pack(">I4s", 0, b"pict"), bytes(13)),
            full(b"pitm", struct.pack(">H", 1)),
            full(b"iloc", struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, at, len(frame))),
            full(
                b"iinf",
                struct.pack(">H", 1),
                box(b"infe", struct.pack(">IHH4sB", 2 << 24, 1, 0, b"hvc1", 0)),
            ),
            box(
                b"iprp",
                box(b"ipco", full(b"ispe", struct.pack(">II", width, height)), box(b"hvcC", configuration)),
                full(b"ipma", struct.pack(">IHBBB", 1, 1, 2, 0x81, 0x82)),
            ),
        )

    head = len(boxes(0)) + 8
    return boxes(head) + box(b"mdat", frame)


def frames(count: int = 6, size: tuple[int, int] = (60, 40)) -> list[Image.Image]:
    """A square that wanders from left to right."""
    found = []
    for number in range(count):
        image = Image.new("RGB", size, "white")
        image.paste("red", (number * 8, 10, number * 8 + 10, 30))
        found.append(image)
    return found


def moving(kind: str, **options: Any) -> bytes:
    """An animation in the given format."""
    first, *others = frames()
    return save(first, kind, save_all=True, append_images=others, duration=100, loop=0, **options)


def cmyk_profile() -> bytes:
    """A profile for four inks, small enough to be made here: tables from ink to Lab with two points on each side.

    ICC.1:2010, 10.10 (lut16Type) and 7.2 (header), read 2026-11-29.
    """

    def lab(cyan: float, magenta: float, yellow: float, black: float) -> bytes:
        light = 100 * (1 - 0.35 * cyan) * (1 - 0.45 * magenta) * (1 - 0.1 * yellow) * (1 - black)
        red_green = 70 * magenta - 35 * cyan
        yellow_blue = 85 * yellow - 45 * cyan
        values = (light / 100 * 65280, (red_green + 128) * 256, (yellow_blue + 128) * 256)
        return struct.pack(">3H", *(round(min(max(value, 0), 65535)) for value in values))

    corners = b"".join(lab(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1))
    identity = struct.pack(">9I", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    straight = struct.pack(">2H", 0, 65535)
    table = b"mft2" + bytes(4) + bytes([4, 3, 2, 0]) + identity + struct.pack(">2H", 2, 2) + straight * 4
    table += corners + straight * 3
    table += bytes(-len(table) % 4)
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    words = b"text\0\0\0\0ink\0"
    tags = [(b"A2B0", table), (b"wtpt", white), (b"desc", words), (b"cprt", words)]
    at = 128 + 4 + 12 * len(tags)
    listed, content = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        listed += struct.pack(">4sII", name, at + len(content), len(data))
        content += data + bytes(-len(data) % 4)
    body = listed + content
    header = struct.pack(">I4sI4s4s4s", 128 + len(body), bytes(4), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + body


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def make_frame(image: Image.Image) -> Any:
    return av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]


def film(
    container: str = "mp4",
    codec: str = "libx264",
    size: tuple[int, int] = (64, 48),
    pixels: str = "yuv420p",
    shape: Fraction | None = None,
    **options: str,
) -> bytes:
    """Two seconds of grey, getting lighter. `shape` is that of a pixel, width by height."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=options) as target:
        stream: Any = target.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if shape:
            stream.sample_aspect_ratio = shape
            stream.codec_context.sample_aspect_ratio = shape
        for number in range(20):
            shade = number * 10
            frame = make_frame(Image.new("RGB", size, (shade, shade, shade)))
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out.getvalue()
