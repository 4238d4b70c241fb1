"""What a file is, told from its first bytes; its name is only compared with that. Pure."""

from typing import Literal

Kind = Literal["image", "video", "svg", "text", "document", "archive", "sound", ""]

# File signatures: https://en.wikipedia.org/wiki/List_of_file_signatures, read 2026-11-22.
_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", "image"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"BM", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"%PDF-", "document"),
    (b"PK\x03\x04", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"ID3", "sound"),
    (b"OggS", "sound"),
    (b"fLaC", "sound"),
)
# Formats that are told by name, so that nobody looks for damage in a whole file: (place, bytes, name, whether a film).
_NAMED: tuple[tuple[int, bytes, str, bool], ...] = (
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL", False),
    (0, b"\xff\x0a", "JPEG XL", False),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000", False),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", False),
    (0, b"8BPS", "Photoshop", False),
    (0, b"%!PS", "PostScript", False),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript", False),
    (0, b"gimp xcf", "GIMP", False),
    (0, b"v/1\x01", "OpenEXR", False),
    (0, b"#?RADIANCE", "Radiance HDR", False),
    (0, b"\x00\x00\x01\x00", "ICO", False),
    (0, b"\xd7\xcd\xc6\x9a", "WMF", False),
    (0, b"qoif", "QOI", False),
    (0, b"FUJIFILMCCD-RAW", "RAF", False),
    (0, b"IIRO", "ORF", False),
    (0, b"IIRS", "ORF", False),
    (0, b"IIU\x00", "RW2", False),
    (8, b"CR\x02\x00", "CR2", False),
    (4, b"ftypcrx ", "CR3", False),
    (8, b"AVI ", "AVI", True),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media", True),
    (0, b"FLV\x01", "Flash", True),
    (0, b"\x00\x00\x01\xba", "MPEG", True),
    (0, b"\x00\x00\x01\xb3", "MPEG", True),
    (0, b".RMF", "RealMedia", True),
)
_RAW = ("dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "pef", "srw", "3fr", "erf", "kdc", "mrw", "x3f")
"""Endings of raw pictures, most of which begin as a TIFF does."""
_IMAGE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_NAMES: dict[str, Kind] = {
    **dict.fromkeys(
        ("jpg", "jpeg", "jfif", "png", "gif", "webp", "avif", "heic", "heif", "hif", "bmp", "tif", "tiff"), "image"
    ),
    **dict.fromkeys(("mp4", "m4v", "mov", "webm", "mkv"), "video"),
    "svg": "svg",
    **dict.fromkeys(("txt", "html", "htm", "csv", "md"), "text"),
    **dict.fromkeys(("pdf", "doc", "docx"), "document"),
}


def sniff(head: bytes) -> Kind:
    """The kind that the first bytes (512 are enough) show; empty when they show none."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return "image" if head[8:12] == b"WEBP" else "sound" if head[8:12] == b"WAVE" else ""
    if head[4:8] == b"ftyp":
        return "image" if head[8:12] in _IMAGE_BRANDS else "sound" if head[8:11] == b"M4A" else "video"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free"):
        return "video"  # QuickTime without a file type box
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in text:
        return "svg"
    if text.startswith((b"<", b"{", b"#!")):
        return "text"
    return ""


def name_format(head: bytes, filename: str) -> tuple[str, bool] | None:
    """The name of a format that is known but not read, and whether it is one of films; None for all others."""
    for at, start, name, film in _NAMED:
        if head[at : at + len(start)] == start:
            return name, film
    ending = filename.rpartition(".")[2].lower()
    # A stranger's ending alone says nothing: such files begin as a TIFF, or in a way of their maker's own.
    if ending in _RAW and sniff(head) in ("image", "") and not head.startswith((b"\xff\xd8", b"\x89PNG")):
        return ending.upper(), False
    return None


def kind_of_name(filename: str) -> Kind:
    """The kind that the ending promises; empty when it promises none that we know."""
    return _NAMES.get(filename.rpartition(".")[2].lower(), "") if "." in filename else ""
