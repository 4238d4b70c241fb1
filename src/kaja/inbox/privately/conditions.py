"""When a comment asks for a private reply. Pure, and the same when it is tried, planned and sent.

Words are compared as those of rules are (`rules/conditions.py`: whole words, any case), and accents do not matter
either: who types on a phone leaves them out. Only marks of the block of combining diacritics go, so that no letter of
another script becomes another one.
"""

import re
import unicodedata
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kaja.inbox.rules.conditions import PATTERN_MOST, TEXT_MOST, Word, compile_pattern, compile_words, fold

KINDS = ("comment", "reply")
"""What stands below a post."""
POSTS_MOST = 100
_MARKS = re.compile("[\u0300-\u036f]")


class Wanted(BaseModel):
    """Which comments ask for it, as it is stored: below one of the posts, or any post of one of the channels, and with
    one of the words, or the pattern."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    channel_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    publication_ids: Annotated[tuple[UUID, ...], Field(max_length=POSTS_MOST)] = ()
    words: Annotated[tuple[Word, ...], Field(max_length=50)] = ()
    pattern: Annotated[str, Field(max_length=PATTERN_MOST)] = ""

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        if pattern:
            compile_pattern(pattern)
        return pattern


def strip_accents(text: str) -> str:
    """Without the marks above and below letters."""
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))


def is_about(
    wanted: Wanted, *, kind: str, channel_id: UUID, publication_id: UUID | None, post_ref: str, post_url: str
) -> bool:
    """Whether something stands below a post that is meant: chosen, or of a chosen channel. A post of somebody else has
    an address of its own (`reading.Incoming.post_url`), and is never meant."""
    if kind not in KINDS:
        return False
    if publication_id is not None and publication_id in wanted.publication_ids:
        return True
    return channel_id in wanted.channel_ids and bool(publication_id or post_ref) and not post_url


def is_asking(wanted: Wanted, text: str) -> bool:
    """Whether one of the words is said, or the pattern is found."""
    bare = strip_accents(fold(text[:TEXT_MOST]))
    if wanted.words and compile_words(tuple(strip_accents(fold(word)) for word in wanted.words)).search(bare):
        return True
    if not wanted.pattern:
        return False
    pattern = compile_pattern(wanted.pattern)
    return bool(pattern.search(text[:TEXT_MOST]) or pattern.search(bare))
