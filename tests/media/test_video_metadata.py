"""Videos lose what they say beside picture and sound, and nothing else: every packet stays byte for byte."""

import io
import struct
from typing import Any

import av
import pytest
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kaja.media.patched import Patch, PatchedFile
from kaja.media.refusals import UploadRefused
from kaja.media.videos import read_video
from kaja.workspaces.actor import Actor
from tests.media.pictures import make_frame
from tests.media.test_upload import upload

PLACE = b"+59.4370+024.7536/"
TOLD = {
    "location": PLACE.decode(), "make": "PLANTED-MAKER", "model": "PLANTED-MODEL", "title": "PLANTED-TITLE",
    "creation_time": "2026-11-21T10:11:12.000000Z", "comment": "PLANTED-COMMENT",
}  # fmt: skip
GPS_SAMPLES = [b"PLANTED-GPS 59.4370 24.7536 #%02d" % n for n in range(20)]


def film(container: str, *, data: bool = False, **options: str) -> bytes:
    """Two seconds of picture and sound with metadata, as cameras write it; with `data`, GPS in a track beside it."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=options) as target:
        target.metadata.update(TOLD)
        picture = target.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        picture.metadata["handler_name"] = "PLANTED-HANDLER"
        picture.metadata["title"] = "PLANTED-TRACK"
        sound = target.add_stream("mp2" if container == "matroska" else "aac", rate=48000, layout="mono")
        beside: Any = target.add_data_stream("bin_data") if data else None
        for n in range(20):
            frame = make_frame(Image.new("RGB", (64, 48), (n * 10, 90, 0)))
            target.mux(picture.encode(frame))
            silence = av.AudioFrame(format="fltp" if container != "matroska" else "s16", layout="mono", samples=1024)
            silence.sample_rate, silence.pts = 48000, n * 1024
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            target.mux(sound.encode(silence))
            if beside is not None:
                packet = av.Packet(GPS_SAMPLES[n])
                packet.stream, packet.pts, packet.dts = beside, n * 100, n * 100
                packet.time_base = beside.time_base
                target.mux(packet)
        target.mux(picture.encode(None))
        target.mux(sound.encode(None))
    return out.getvalue()


def packets(data: bytes) -> dict[str, list[tuple[Any, Any, bytes]]]:
    """Times and bytes of every packet of picture and sound."""
    found: dict[str, list[tuple[Any, Any, bytes]]] = {"video": [], "audio": []}
    with av.open(io.BytesIO(data), "r") as container:
        for packet in container.demux(*container.streams.video, *container.streams.audio):
            if packet.size:
                found[packet.stream.type].append((packet.pts, packet.dts, bytes(packet)))
    return found


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def clean(data: bytes) -> bytes:
    return read_video(io.BytesIO(data), len(data), "film.mp4")[0].read()


XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
FILMS = {
    "mov": lambda: film("mov"),
    "mov with keys": lambda: film("mov", movflags="use_metadata_tags"),
    "mp4": lambda: film("mp4", movflags="use_metadata_tags"),
    "mp4 with a track of places": lambda: film("mp4", data=True, movflags="use_metadata_tags"),
    "mp4 in fragments": lambda: film("mp4", movflags="use_metadata_tags+frag_keyframe+empty_moov"),
    "mp4 of a dashboard camera": lambda: film("mp4", movflags="use_metadata_tags")
    + box(b"free", b"freeGPS PLANTED-DASHCAM 59.4370") + box(b"uuid", XMP + b"<x:xmpmeta>PLANTED-XMP</x:xmpmeta>")
    + box(b"gps ", b"PLANTED-BOX"),
    "matroska": lambda: film("matroska"),
    "live matroska": lambda: film("matroska", live="1"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILMS)
def test_places_devices_and_dates_are_gone_and_every_packet_stays(name: str) -> None:
    data = FILMS[name]()
    assert b"PLANTED" in data, "it does carry metadata"
    if "track" in name:
        assert GPS_SAMPLES[7] in data
    elif "dashboard" not in name:
        assert PLACE in data or b"59.437" in data
    cleaned = clean(data)
    assert len(cleaned) == len(data)
    for told in (b"PLANTED", b"59.4370", b"24.7536", b"2026-11-21", b"Lavf", b"x:xmpmeta"):
        assert told not in cleaned, told
    assert packets(cleaned) == packets(data)
    assert len(packets(data)["video"]) == 20
    with av.open(io.BytesIO(cleaned)) as container:
        streams = [stream.type for stream in container.streams]
        kept = {**container.metadata, **{k: v for stream in container.streams for k, v in stream.metadata.items()}}
    assert sorted(streams) == ["audio", "video"]
    times = {"creation_time", "date", "location", "title", "make", "model", "comment", "com.apple.quicktime.make"}
    assert not times & kept.keys(), kept
    assert clean(cleaned) == cleaned, "a cleaned film is clean"


def test_a_turned_film_stays_turned() -> None:
    """The matrix that turns a phone's picture is no secret; without it the film would lie on its side."""
    data = bytearray(film("mov"))
    at = data.index(b"vide")
    header = data.rindex(b"tkhd", 0, at)
    turned = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 48 << 16, 0, 0x40000000)
    data[header + 44 : header + 80] = turned
    with av.open(io.BytesIO(clean(bytes(data))), "r") as container:
        frame = next(container.decode(video=0))
    assert abs(frame.rotation) == 90


def test_what_is_stored_and_sent_is_the_cleaned_film(actor: Actor) -> None:
    data = film("mov")
    original = io.BytesIO(data)
    asset = upload(actor, data, "holiday.mov")
    with default_storage.open(asset.file) as file:
        stored = file.read()
    assert original.getvalue() == data
    assert stored == clean(data)
    assert b"PLANTED" not in stored
    assert (asset.mime, asset.size, asset.width) == ("video/quicktime", len(data), 64)
    again = upload(actor, stored, "the same.mov")
    assert again.id == asset.id, "known by what is kept"


def test_places_that_cannot_be_taken_out_are_refused(actor: Actor) -> None:
    data = film("mp4", data=True, movflags="use_metadata_tags+frag_keyframe+empty_moov")
    assert GPS_SAMPLES[0] in data
    with pytest.raises(UploadRefused) as refused:
        upload(actor, data, "drone.mp4")
    assert refused.value.problems[0].code == "media_not_cleanable"


@pytest.mark.parametrize("container", ["mov", "matroska"])
def test_a_damaged_film_is_refused_and_never_breaks(container: str) -> None:
    data = film(container)
    for at in range(0, len(data), 7):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        try:
            cleaned = clean(bytes(broken))
        except UploadRefused:
            continue
        assert len(cleaned) == len(data)


@given(
    content=st.binary(min_size=1, max_size=200),
    patches=st.lists(
        st.one_of(
            st.builds(Patch, st.integers(0, 220), st.binary(min_size=1, max_size=40)),
            st.builds(Patch, st.integers(0, 220), st.just(b""), st.integers(0, 80)),
        ),
        max_size=12,
    ),
    reads=st.lists(st.tuples(st.integers(0, 230), st.integers(-1, 90)), max_size=8),
)
def test_patched_reading_is_reading_what_was_patched(
    content: bytes, patches: list[Patch], reads: list[tuple[int, int]]
) -> None:
    whole = bytearray(content)
    for patch in sorted(patches, key=lambda each: each.at):
        new = patch.content or bytes(patch.zeros)
        room = max(0, len(whole) - patch.at)
        whole[patch.at : patch.at + len(new)] = new[:room]
    file = PatchedFile(io.BytesIO(content), len(content), patches)
    assert file.read() == whole
    for at, size in reads:
        file.seek(at)
        assert file.read(size) == whole[at : at + size if size >= 0 else None]
