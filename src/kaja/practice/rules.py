"""What the practice network takes: checks of everything that is sent to it."""

from typing import Any
from urllib.parse import quote

from kaja.practice.formats import BOARDS, FEED, check_format
from kaja.practice.http import Refusal
from kaja.practice.state import KINDS, Account
from kaja.practice.store import Store

MAX_TEXT = 500
"""In Unicode code points."""
MAX_TITLE = 200
MAX_ALT = 1500
MAX_NAME = 60
MAX_IMAGES = 4
MAX_IMAGE_BYTES = 8 * 1024 * 1024
MAX_VIDEO_BYTES = 40 * 1024 * 1024
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
VIDEO_TYPES = ("video/mp4", "video/webm")

LIMITS: dict[str, Any] = {
    "max_characters": MAX_TEXT,
    "max_title": MAX_TITLE,
    "max_alt": MAX_ALT,
    "max_images": MAX_IMAGES,
    "max_videos": 1,
    "max_image_bytes": MAX_IMAGE_BYTES,
    "max_video_bytes": MAX_VIDEO_BYTES,
    "image_types": IMAGE_TYPES,
    "video_types": VIDEO_TYPES,
    "boards": BOARDS,
    "fetches": True,
}


def invalid(field: str, message: str, code: str = "refused") -> Refusal:
    """The answer to content that is not taken."""
    return Refusal(422, code, message, field)


def sniff(content: bytes) -> str:
    """The media type that the bytes show, or nothing."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return "video/mp4"
    if content.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm"
    return ""


def check_text(value: Any, field: str, limit: int) -> str:
    """A text of at most `limit` code points, exactly as it was sent."""
    if not isinstance(value, str):
        raise invalid(field, "This must be a text.", "bad_type")
    if len(value) > limit:
        raise invalid(field, f"At most {limit} characters are taken; this has {len(value)}.", "too_long")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(field, "This is not valid Unicode (half of a surrogate pair).", "bad_text") from None
    return value


def check_name(value: Any) -> str:
    """An account's name: anything printable that can stand in an address."""
    name = check_text(value, "name", MAX_NAME).strip().removeprefix("@").strip()
    if not name:
        raise invalid("name", "An account needs a name.", "required")
    if not name.isprintable() or set(name) & set("/\\?#%*@") or name in {".", ".."}:
        raise invalid("name", "A name may not contain / \\ ? # % * @ or invisible characters.", "bad_name")
    return name


def check_kind(value: Any) -> str:
    if value not in KINDS:
        raise invalid("kind", f"The kind must be one of {', '.join(KINDS)}.", "bad_kind")
    return str(value)


def check_medium(content: bytes, declared: str) -> str:
    """The media type of an upload; refuses what is not an image or video, and what is too large."""
    mime = sniff(content)
    if not mime:
        raise invalid("media", "This is neither an image (PNG, JPEG, GIF, WebP) nor a video (MP4, WebM).", "bad_media")
    if declared and declared not in (mime, "application/octet-stream"):
        raise invalid("media", f"This was sent as {declared[:80]} but is {mime}.", "bad_media")
    limit = MAX_IMAGE_BYTES if mime in IMAGE_TYPES else MAX_VIDEO_BYTES
    if len(content) > limit:
        raise invalid("media", f"At most {limit // 2**20} MB are taken.", "too_large")
    return mime


def check_post(body: dict[str, Any], account: Account, store: Store) -> dict[str, Any]:
    """The content of a post; texts stay exactly as they were sent."""
    text = check_text(body.get("text", ""), "text", MAX_TEXT)
    media = body.get("media", [])
    if not isinstance(media, list) or not all(isinstance(item, str) for item in media):
        raise invalid("media", "This must be a list of media ids.", "bad_type")
    kinds = []
    for item in media:
        medium = store.media.get(item)
        if medium is None or medium.account != account.name:
            raise invalid("media", f"There is no upload {item[:40]} of this account.", "no_media")
        kinds.append(medium.mime in IMAGE_TYPES)
    if not text.strip() and not media:
        raise invalid("text", "A post needs a text, an image or a video.", "required")
    if len(set(media)) != len(media):
        raise invalid("media", "The same upload is named twice.", "bad_media")
    many = sum(kinds) > MAX_IMAGES or (not all(kinds) and len(kinds) > 1)
    if many and body.get("format", FEED) == FEED:
        raise invalid("media", f"A post takes {MAX_IMAGES} images or one video.", "too_many_media")
    shown_as = check_format(body, ["image" if picture else "video" for picture in kinds])
    reply_to = body.get("reply_to") or ""
    if reply_to:
        parent = store.posts.get(reply_to) if isinstance(reply_to, str) else None
        if parent is None or parent.deleted:
            raise invalid("reply_to", "The post that this answers is not there.", "no_parent")
    return {
        "text": text,
        "media": media,
        "reply_to": reply_to,
        "title": check_text(body.get("title") or "", "title", MAX_TITLE),
        "warning": check_text(body.get("content_warning") or "", "content_warning", MAX_TITLE),
        "language": check_text(body.get("language") or "", "language", 20),
        **shown_as,
    }


def post_path(account: str, post_id: str) -> str:
    """The public page of a post."""
    return f"/@{quote(account)}/{post_id}"
