"""Differences, snapshots and summaries: rules that hold for any content."""

import random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.content.differences import list_differences
from kaja.content.document import CardDocument, Document, Overrides, PartDocument
from kaja.content.snapshot import PostContent, VariantContent, parse_content, render_content, summarize
from kaja.content.words import STEPS, Run, _Comparison, diff_words
from kaja.media.item import MediaItem

IDS = [UUID(int=n) for n in range(1, 5)]
texts = st.text(alphabet=st.sampled_from("aбв春 \n.#👩‍🚀é"), max_size=40)
parts = st.builds(
    PartDocument,
    text=texts,
    media=st.lists(st.builds(MediaItem, asset=st.sampled_from(IDS), alt=texts), max_size=3).map(tuple),
)
cards = st.none() | st.builds(CardDocument, url=st.just("https://a.test"), title=texts)
documents = st.builds(
    Document, parts=st.lists(parts, min_size=1, max_size=3).map(tuple), first_comment=texts, link_card=cards
)
own = st.builds(
    VariantContent,
    overrides=st.just(Overrides()) | st.builds(Overrides, parts=st.lists(parts, min_size=1, max_size=2).map(tuple)),
    options=st.dictionaries(st.sampled_from(["title", "tags"]), texts, max_size=2),
)
contents = st.builds(PostContent, documents, st.dictionaries(st.sampled_from(IDS), own, max_size=3))


@given(texts, texts)
def test_runs_hold_both_texts_and_nothing_else(before: str, after: str) -> None:
    runs = diff_words(before, after)
    assert "".join(run.text for run in runs if run.kind != "new") == before
    assert "".join(run.text for run in runs if run.kind != "gone") == after


def test_a_changed_word_is_shown_between_those_that_stayed() -> None:
    assert diff_words("the quick fox", "the slow fox") == [
        Run("same", "the "), Run("gone", "quick"), Run("new", "slow"), Run("same", " fox"),
    ]  # fmt: skip


class Counted(list[str]):
    """Words that count how often somebody looked at one."""

    looks = 0

    def __getitem__(self, place: Any) -> Any:
        self.looks += 1
        return super().__getitem__(place)


def _words(kind: str, count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    known = {"few": ["a", "b"], "many": [f"w{n}" for n in range(3000)]}[kind]
    return [chance.choice(known) for _ in range(count)]


@pytest.mark.parametrize("kind", ["few", "many"])
@pytest.mark.parametrize("count", [1_000, 6_000, 24_000])
def test_comparing_long_texts_takes_steps_in_proportion_to_their_length(kind: str, count: int) -> None:
    """Nothing in common but single words: the worst case, which was quadratic."""
    before, after = Counted(_words(kind, count, 1)), Counted(_words(kind, count, 2))
    _Comparison(before, after).pairs()
    assert before.looks + after.looks < 6 * STEPS + 40 * count


def test_a_few_changes_in_a_long_text_are_found_one_by_one() -> None:
    before = _words("many", 6_000, 1)
    after = list(before)
    for place in range(50, 6_000, 300):
        after[place] = "changed"
    runs = diff_words(" ".join(before), " ".join(after))
    assert [run.text for run in runs if run.kind == "new"] == ["changed"] * 20


@given(contents)
def test_a_snapshot_reads_back(content: PostContent) -> None:
    assert parse_content(render_content(content)) == content


@given(contents, contents)
def test_differences_are_listed_exactly_when_there_are_some(before: PostContent, after: PostContent) -> None:
    assert bool(list_differences(before, after, {})) == (render_content(before) != render_content(after))


@given(st.lists(st.text(max_size=300), min_size=1, max_size=4))
def test_summaries_fit_and_come_from_the_text(written: list[str]) -> None:
    summary = summarize(Document(parts=tuple(PartDocument(text=t) for t in written)))
    assert len(summary) <= 200
    assert "\n" not in summary
    whole = " ".join(" ".join(t.split()) for t in written if t.strip())
    assert whole.startswith(summary.removesuffix("…"))
