"""What stands of an item in the inbox, and which of two forms of it is the newer. Pure.

A network shows a thing again and again: as it was written, edited, hidden, gone; through hooks and polls, late, twice,
in whatever order. The forms of one thing are ordered by what the network says of them:

1. The moment of the form: `edited_at`, else `at`. A form that is older than the one that stands there changes nothing
   but adds its words to the earlier ones.
2. Of the same moment the one that says more of where it stands: what is read as a comment is also a mention (`RANKS`).
3. Where the network gives no difference, the one that was read last: a channel is asked by one worker at a time, so
   that is the order in which the network showed them.

A deletion orders itself among the others by its `edited_at`; without one it is the end, whatever is read after it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from kaja.inbox.models import ConversationKind, MessageState
from kaja.networks.kit.reading import shorten_ref as shorten_ref

TEXT_MOST = 20_000
"""Characters of a text that are kept here; the whole stands in `reading.Item`."""
URL_MOST, NAME_MOST = 1000, 300
MEDIA_MOST = 50
FINAL = datetime(9999, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
RANKS = {"mention": 0, "reply": 1, "comment": 2, "review": 3, "direct": 4}
KINDS = {
    "direct": ConversationKind.DIRECT,
    "review": ConversationKind.REVIEW,
    "mention": ConversationKind.MENTION,
    "comment": ConversationKind.COMMENTS,
    "reply": ConversationKind.COMMENTS,
}
_STATES = {"pending": MessageState.PENDING, "hidden": MessageState.HIDDEN}
# Control characters but tab and line feed. Signs of direction and of no width are left in texts: scripts need them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# In a name, which stands beside other words, also what turns the direction round.
_IN_NAMES = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\\s]+")


@dataclass(frozen=True)
class Who:
    """The author of a form, bounded."""

    id: str
    handle: str
    name: str
    url: str
    avatar: str
    is_us: bool


@dataclass(frozen=True)
class Form:
    """One form of an item, with bounded values that any table takes."""

    id: str
    kind: str
    who: Who
    at: datetime
    form_at: datetime
    edited_at: datetime | None
    deleted: bool
    state: MessageState
    text: str
    media: list[dict[str, Any]]
    thread: str
    parent: str
    publication: str
    post_url: str
    url: str
    language: str
    rating: int | None
    data: dict[str, Any]

    @property
    def key(self) -> tuple[datetime, int]:
        """Orders the forms with words."""
        return self.form_at, RANKS[self.kind]

    @cached_property
    def words(self) -> "Words":
        return words_of(self.text, self.media)


Words = tuple[str, str]


def words_of(text: str, media: list[dict[str, Any]]) -> Words:
    """What makes two forms say the same: text and files, but for addresses, which networks sign anew each time."""
    shown = "\n".join(
        f"{each.get('kind', '')} {str(each.get('url', '')).partition('?')[0]} {each.get('alt', '')}" for each in media
    )
    return text, shown


def clean_text(text: str, most: int = TEXT_MOST) -> str:
    """Foreign text without what no screen shows."""
    if text.isprintable():
        return text[:most]
    return _CONTROLS.sub("", text[: most + 1000].replace("\r\n", "\n").replace("\r", "\n"))[:most]


def clean_name(name: str, most: int = NAME_MOST) -> str:
    """A foreign name in one line that leaves the words beside it as they are."""
    if name.isprintable() and "  " not in name:  # which the signs of direction and of no width are not
        return name.strip()[:most]
    return _IN_NAMES.sub(" ", _CONTROLS.sub(" ", name[: most * 4])).strip()[:most]


def parse_form(content: Mapping[str, Any]) -> Form:
    """A form of an item's stored content (`networks.kit.reading.render_incoming`)."""
    author = content.get("author") or {}
    at = _moment(content.get("at")) or EARLIEST
    edited_at = _moment(content.get("edited_at"))
    deleted = content.get("state") == "deleted"
    kind = content.get("kind") if content.get("kind") in RANKS else "comment"
    remote_id = shorten_ref(_string(content.get("id")))
    rating = content.get("rating")
    return Form(
        id=remote_id,
        kind=str(kind),
        who=Who(
            id=shorten_ref(_string(author.get("id"))),
            handle=clean_name(_string(author.get("handle"))),
            name=clean_name(_string(author.get("name"))),
            url=clean_url(author.get("url")),
            avatar=clean_url(author.get("avatar")),
            is_us=bool(author.get("is_us")),
        ),
        at=at,
        form_at=max(at, edited_at) if edited_at else (FINAL if deleted else at),
        edited_at=edited_at,
        deleted=deleted,
        state=_STATES.get(str(content.get("state")), MessageState.THERE),
        text=clean_text(_string(content.get("text"))),
        media=[dict(each) for each in (content.get("media") or [])[:MEDIA_MOST] if isinstance(each, Mapping)],
        thread=shorten_ref(_string(content.get("thread")) or _string(content.get("parent"))) or remote_id,
        parent=shorten_ref(_string(content.get("parent"))),
        publication=shorten_ref(_string(content.get("publication"))),
        post_url=clean_url(content.get("post_url")),
        url=clean_url(content.get("url")),
        language=clean_name(_string(content.get("language")), 12),
        rating=min(max(rating, -100), 100) if isinstance(rating, int) else None,
        data=dict(content.get("data") or {}),
    )


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def clean_url(value: Any) -> str:
    """An address that is too long is none: half of one leads somewhere else."""
    clean = _string(value)
    if not clean.isprintable():
        clean = _CONTROLS.sub("", clean)
    clean = clean.strip()
    return clean if len(clean) <= URL_MOST else ""


def _moment(value: Any) -> datetime | None:
    """A network's moment within what a database and a calendar hold."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return min(max(moment.astimezone(UTC), EARLIEST), FINAL - timedelta(days=1))
    except (OverflowError, ValueError):
        return None
