"""The ways in which the practice network shows a post, and what each takes: the server's own word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kaja.practice.http import Refusal

FEED = "feed"
BOARDS = (("1", "Ideas"), ("2", "Recipes"))
AUDIENCES = ("everybody", "friends")


@dataclass(frozen=True)
class Format:
    """`kinds` of files: "image", "video". `needed` and `known` are fields of the body's `fields`."""

    least: int = 0
    most: int = 4
    kinds: frozenset[str] = frozenset({"image", "video"})
    text: bool = True
    needed: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()


FORMATS: dict[str, Format] = {
    FEED: Format(),
    "story": Format(least=1, most=1, text=False, known=frozenset({"link", "link_words"})),
    "reel": Format(least=1, most=1, kinds=frozenset({"video"}), known=frozenset({"cover_at", "in_feed"})),
    "short": Format(least=1, most=1, kinds=frozenset({"video"}), needed=frozenset({"audience"})),
    "article": Format(most=20, needed=frozenset({"headline"}), known=frozenset({"summary"})),
    "carousel": Format(least=2, most=10, kinds=frozenset({"image"})),
    "pin": Format(least=1, most=1, kinds=frozenset({"image"}), needed=frozenset({"board"}), known=frozenset({"link"})),
    "poll": Format(most=0, needed=frozenset({"answers", "hours"}), known=frozenset({"several"})),
    "event": Format(most=1, kinds=frozenset({"image"}), needed=frozenset({"starts_at"})),
}


def _refuse(field: str, message: str) -> Refusal:
    return Refusal(422, "format", message, field)


def check_format(body: Mapping[str, Any], kinds: Sequence[str]) -> dict[str, Any]:
    """The format of a post and its fields; `kinds` are those of its files. Raises Refusal."""
    name = body.get("format") or FEED
    known = FORMATS.get(name) if isinstance(name, str) else None
    if known is None:
        raise _refuse("format", "There is no such format.")
    if not known.least <= len(kinds) <= known.most:
        raise _refuse("media", f"A {name} takes {known.least} to {known.most} files.")
    if not set(kinds) <= known.kinds:
        raise _refuse("media", f"A {name} does not take such a file.")
    return {"format": name, "fields": _check_fields(name, known, body.get("fields") or {})}


def _check_fields(name: str, known: Format, fields: Any) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise _refuse("fields", "This must be an object.")
    if strange := fields.keys() - known.known - known.needed:
        raise _refuse(f"fields.{min(strange)}", f"A {name} has no such field.")
    if missing := {field for field in known.needed if not fields.get(field)}:
        raise _refuse(f"fields.{min(missing)}", f"A {name} needs this.")
    if "board" in fields and fields["board"] not in dict(BOARDS):
        raise _refuse("fields.board", "There is no such board.")
    if "audience" in fields and fields["audience"] not in AUDIENCES:
        raise _refuse("fields.audience", "This must be everybody or friends.")
    if "answers" in fields and not (isinstance(fields["answers"], list) and 2 <= len(fields["answers"]) <= 4):
        raise _refuse("fields.answers", "A poll has two to four answers.")
    for field in ("cover_at", "hours"):
        if field in fields and not isinstance(fields[field], int | float):
            raise _refuse(f"fields.{field}", "This must be a number.")
    if "starts_at" in fields and not _is_instant(fields["starts_at"]):
        raise _refuse("fields.starts_at", "This must be a time with its offset.")
    return dict(fields)


def _is_instant(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False
