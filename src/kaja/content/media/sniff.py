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
_IMAGE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"}
_NAMES: dict[str, Kind] = {
    **dict.fromkeys(("jpg", "jpeg", "jfif", "png", "gif", "webp", "avif", "heic", "bmp", "tif", "tiff"), "image"),
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


def kind_of_name(filename: str) -> Kind:
    """The kind that the ending promises; empty when it promises none that we know."""
    return _NAMES.get(filename.rpartition(".")[2].lower(), "") if "." in filename else ""
