"""Cutting for several channels: the strictest decides, nothing that leads somewhere is cut, cutting again is stable."""

import itertools
import random

import pytest

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.content.threads import split_for
from kaja.networks.registry import CONNECTORS

MASTODON = Channel(network="mastodon", name="Elephant")
BLUESKY = Channel(network="bluesky", name="Sky")
PRACTICE = Channel(network="practice", name="Practice")
BLOG = Channel(network="wordpress", name="Blog")
LINK = "https://example.org/" + "x" * 96


def used(channel: Channel, part: str, options: dict[str, str] | None = None) -> tuple[int, int]:
    count = CONNECTORS[channel.network].rules.count(part, facts_of(channel), options or {})
    return count.used, count.limit


def cut(text: str, *channels: Channel) -> list[str]:
    [parts] = split_for([text], channels)
    return parts


def test_the_strictest_channel_decides_whatever_the_order() -> None:
    text = "Seven words make one sentence of these. " * 14
    cuts = {tuple(cut(text, *order)) for order in itertools.permutations([MASTODON, BLUESKY, PRACTICE, BLOG])}
    [parts] = cuts
    assert [len(part) <= 300 for part in parts] == [True, True]


def test_cutting_again_changes_nothing_and_other_parts_stay_as_they_are() -> None:
    texts = ["A short first part.", "one\ntwo\n\n" + "Three words here. " * 60, " kept as typed  "]
    parts = split_for(texts, [MASTODON, BLUESKY])
    assert (parts[0], parts[2]) == ([texts[0]], [texts[2]])
    flat = [part for found in parts for part in found]
    assert split_for(flat, [BLUESKY, MASTODON]) == [[part] for part in flat]


def test_a_content_warning_counts_in_every_part() -> None:
    warning = {"spoiler_text": "w" * 120}
    [parts] = split_for(["word " * 200], [MASTODON], {MASTODON.id: warning})
    assert all(used(MASTODON, part, warning)[0] <= 500 for part in parts)


def test_a_channel_without_threads_asks_for_no_cut() -> None:
    assert split_for(["word " * 2000, ""], [BLOG]) == [["word " * 2000], []]


@pytest.mark.parametrize("whole", [LINK, "@someone@example.social", "#сверхдлинныйтег", "@mari.bsky.social", "$TSLA"])
@pytest.mark.parametrize("before", range(270, 300, 3))
def test_links_mentions_and_tags_are_never_cut(whole: str, before: int) -> None:
    for filler in ("слово ", "字", "a "):
        # Right after a letter only a link is one; a mention or a tag needs a space.
        space = "" if whole == LINK else " "
        text = (filler * before)[:before] + space + whole + " " + "и ещё " * 40
        for channels in ([MASTODON], [BLUESKY], [PRACTICE], [MASTODON, BLUESKY, PRACTICE]):
            parts = cut(text, *channels)
            assert any(whole in part for part in parts), (channels, parts)


def test_a_link_that_is_longer_than_a_part_is_cut_and_ends() -> None:
    link = "https://example.org/" + "y" * 1000
    parts = cut(f"See {link} there", BLUESKY)
    assert "".join(parts).replace(" ", "") == f"See{link}there"
    assert all(used(BLUESKY, part)[0] <= 300 for part in parts)


WORDS = [
    "word", "слово", "คำ", "ខ្មែរ", "クラスタ", "字", "نص", "👩‍👩‍👧", "क्षि", "e\u0301", LINK, "#tag", "@a@b.example",
    "$TSLA", "\n\n", "\n", " ", "。", "https://кафе.рф/меню", "\u200d", "\ufe0f", "\u202e", "(", ")", "\U000113b8", "@",
    "#", "::",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_written_every_part_fits_and_no_word_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choices(WORDS, k=chance.randint(1, 600)))
    channels = chance.sample([MASTODON, BLUESKY, PRACTICE, BLOG], k=chance.randint(1, 4))
    parts = cut(text, *channels)
    assert "".join("".join(parts).split()) == "".join(text.split())
    for channel in channels:
        assert all(used(channel, part)[0] <= used(channel, part)[1] for part in parts if channel is not BLOG)
    assert split_for(parts, channels) == [[part] for part in parts]
