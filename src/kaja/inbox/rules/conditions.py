"""When a rule is for a message. Pure.

All conditions that are given must hold; of several values one is enough. Words are compared as people read them:
without regard to case, width and ligatures (NFKC), as whole words, or as beginnings with a star ("refund*"). Scripts
without spaces between words have no whole words: there a word is found wherever it stands.

Patterns are RE2's (https://github.com/google/re2/wiki/Syntax): they take linear time whatever stands in a text, and
have no look-around and no references back.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

import re2  # type: ignore[import-untyped]
import regex
from pydantic import BaseModel, ConfigDict, Field, field_validator

PATTERN_MOST = 500
MEMORY_MOST = 1 << 20
"""Bytes that one compiled pattern may take."""
TEXT_MOST = 20_000
"""Characters of a message that are looked at."""

Kind = Literal["comment", "reply", "mention", "direct", "review"]
Word = Annotated[str, Field(min_length=1, max_length=100)]


class When(BaseModel):
    """The conditions of a rule, as they are stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    channel_ids: tuple[UUID, ...] = ()
    kinds: tuple[Kind, ...] = ()
    words: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    """One of them stands in the text."""
    without: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    """None of them does."""
    pattern: Annotated[str, Field(max_length=PATTERN_MOST)] = ""
    languages: tuple[Annotated[str, Field(max_length=12)], ...] = ()
    handles: tuple[Annotated[str, Field(max_length=300)], ...] = ()
    """Who wrote it, as the network names them, with or without an @."""
    first_time: bool | None = None
    """Whether it is the first that the workspace hears of them."""
    has_link: bool | None = None
    rating_most: Annotated[int, Field(ge=1, le=5)] | None = None
    """Stars of a review, at most."""

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        if pattern:
            compile_pattern(pattern)
        return pattern

    def is_empty(self) -> bool:
        """Whether it is for every message."""
        return self == When()


def mark_of(stored: Any) -> str:
    """What a rule is for, as it was tried: one that is for something else must be tried anew."""
    return str(When.model_validate(stored).model_dump(mode="json"))


@dataclass(frozen=True)
class Heard:
    """What of a message is compared."""

    channel_id: UUID
    kind: str
    text: str
    language: str = ""
    handle: str = ""
    first_time: bool = False
    rating: int | None = None


@lru_cache(maxsize=1000)
def compile_pattern(pattern: str) -> Any:
    """Raises ValueError, in RE2's words, for what is no pattern or too large a one."""
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, MEMORY_MOST
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise ValueError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from error


def fold(text: str) -> str:
    """As it is compared."""
    return unicodedata.normalize("NFKC", text[:TEXT_MOST]).casefold()


_LINK = regex.compile(r"(?:https?://|www\.)\S|\b[\p{L}\p{N}-]{2,}\.(?:com|net|org|info|ru|ee|tw|io|me|shop|xyz)\b")
_UNSPACED = r"\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}"


@lru_cache(maxsize=1000)
def compile_words(words: tuple[str, ...]) -> Any:
    return regex.compile("|".join(_render_word(fold(word)) for word in words))


def _render_word(word: str) -> str:
    begins = word.endswith("*") and len(word) > 1
    bare = word[:-1] if begins else word
    before = (
        rf"(?<![\p{{L}}\p{{N}}_--[{_UNSPACED}]])"
        if regex.match(rf"(?V1)[\p{{L}}\p{{N}}_--[{_UNSPACED}]]", bare)
        else ""
    )
    after = (
        rf"(?![\p{{L}}\p{{N}}_--[{_UNSPACED}]])"
        if regex.search(rf"(?V1)[\p{{L}}\p{{N}}_--[{_UNSPACED}]]$", bare)
        else ""
    )
    return f"(?V1){before}{regex.escape(bare)}{'' if begins else after}"


def does_match(when: When, heard: Heard) -> bool:
    """Whether a rule is for it."""
    if when.channel_ids and heard.channel_id not in when.channel_ids:
        return False
    if when.kinds and heard.kind not in when.kinds:
        return False
    if when.languages and heard.language.split("-")[0] not in {each.split("-")[0] for each in when.languages}:
        return False
    if when.handles and _bare(heard.handle) not in {_bare(each) for each in when.handles}:
        return False
    if when.first_time is not None and heard.first_time != when.first_time:
        return False
    if when.rating_most is not None and (heard.rating is None or heard.rating > when.rating_most):
        return False
    return _is_said(when, heard.text)


def _is_said(when: When, text: str) -> bool:
    if when.has_link is None and not (when.words or when.without or when.pattern):
        return True
    folded = fold(text)
    if when.has_link is not None and bool(_LINK.search(folded)) != when.has_link:
        return False
    if when.words and not compile_words(when.words).search(folded):
        return False
    if when.without and compile_words(when.without).search(folded):
        return False
    return not when.pattern or bool(compile_pattern(when.pattern).search(text[:TEXT_MOST]))


def _bare(handle: str) -> str:
    return fold(handle.strip().removeprefix("@"))
