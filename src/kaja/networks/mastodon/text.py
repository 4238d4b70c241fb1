"""Text as Mastodon reads it: links, mentions and hashtags, and their weight in the character count.

Rules: Mastodon's StatusLengthValidator, with its URL, mention and hashtag extractors (source read 2026-11-22): a link
counts as a fixed number of characters, a mention without its host, everything else in grapheme clusters.
"""

import regex

from kaja.networks.kit.alike import letters_of
from kaja.networks.kit.entities import Entity, keep_apart, split_stretches
from kaja.networks.kit.text import count_graphemes
from kaja.networks.mastodon.limits import Limits

# The best known top-level domains of other scripts: what follows one of them directly is text (IANA, 2026-11).
_OTHER_TLDS = (
    "рф|укр|бел|срб|мкд|мон|қаз|бг|ею|рус|онлайн|сайт|москва|ελ|ευ|"
    "中国|中國|香港|台湾|台灣|新加坡|澳門|澳门|한국|ไทย|भारत"
)
_URL = regex.compile(
    # As in twitter-text, only Latin letters keep a link from beginning: after 日本 or текст it does.
    r"(?<![A-Za-z0-9@＠$#＃\u202a-\u202e])https?://"
    # A host needs a top-level domain, which is of one script: in x.com日本 the link ends before 日本.
    rf"(?:[\w-]+\.)+(?:xn--[a-z0-9-]+|[a-z]{{2,}}|{_OTHER_TLDS}|(?:(?![a-z])\p{{L}})(?:(?![a-z])[\p{{L}}\p{{M}}])+)"
    r"(?![a-z0-9@+-])(?::\d{1,5})?"
    r"(?:[/?#](?:[^\s<>()\[\]{}«»“”\"]|\((?:[^\s<>()]|\([^\s<>()]*\))*\))*)?",
    regex.IGNORECASE,
)
_URL_TAIL = regex.compile(r"[.,:;!?'…。、！？*_~|^`\\]+$")
_MENTION = regex.compile(
    r"(?<![=/\w])@(?P<name>[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)(?:@(?P<host>[\w.-]+\w(?::\d+)?))?", regex.IGNORECASE
)
_TAG = regex.compile(r"(?<![=/)\w])[#＃](?P<name>[\w·・\u200c]*[\p{L}\p{M}][\w·・\u200c]*)")


def find_entities(text: str) -> list[Entity]:
    """Links, mentions and hashtags in order, without overlaps; a link wins over what stands inside it."""
    found = []
    for match in _URL.finditer(text):
        url = _URL_TAIL.sub("", match.group())
        found.append(Entity("link", match.start(), match.start() + len(url), url))
    found += [Entity("mention", m.start(), m.end(), m["name"], m["host"] or "") for m in _MENTION.finditer(text)]
    found += [Entity("tag", m.start(), m.end(), m["name"]) for m in _TAG.finditer(text)]
    return keep_apart(found)


def count_characters(text: str, limits: Limits) -> int:
    """The length that the instance measures against `max_characters` (without the content warning)."""
    if not limits.counts_like_mastodon:
        return count_graphemes(text)
    countable = []
    for piece, entity in split_stretches(text, find_entities(text)):
        if entity is not None and entity.kind == "link":
            countable.append("x" * limits.characters_reserved_per_url)
        elif entity is not None and entity.kind == "mention":
            countable.append(f"@{entity.value}")
        else:
            countable.append(piece)
    return count_graphemes("".join(countable))


def skeleton(text: str) -> str:
    """What survives every server's rendering: the letters and digits, without the hosts of mentions.

    Servers rewrite the rest: emphasis marks disappear, quotes turn typographic, ":)" becomes a picture, a mention loses
    its host. Two different posts of one account within minutes do not agree in this by chance.
    """
    return letters_of(
        "".join(
            f"@{entity.value}" if entity is not None and entity.kind == "mention" else piece
            for piece, entity in split_stretches(text, find_entities(text))
        )
    )
