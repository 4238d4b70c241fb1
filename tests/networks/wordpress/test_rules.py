"""What an article may be."""

from dataclasses import replace
from typing import Any

import pytest

from kaja.networks.kit.connector import Segment
from kaja.networks.kit.content import Draft, Media, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import read_flag, read_terms
from kaja.networks.wordpress import CONNECTOR

FACTS = Facts(
    "blog.example#1",
    "blog.example",
    "Blog",
    limits={"user_id": 1, "all_categories_listed": True},
    permissions=("publish_posts", "upload_files", "edit_posts"),
    terms={"categories": ("News",), "tags": ("one",)},
)
PICTURE = Media("k", "image", "image/heic", 90_000_000, 9000, 9000, alt="A door")


def find(draft: Draft, facts: Facts = FACTS) -> list[tuple[str, str, str]]:
    return [(p.code, p.field, p.severity) for p in CONNECTOR.rules.check(draft, facts)]


def article(text: str = "Text", media: tuple[Media, ...] = (), **options: Any) -> Draft:
    return Draft((Part(text, media),), options={"title": "Title", **options})


def test_a_full_article_is_fine() -> None:
    draft = article(media=(PICTURE,), slug="a-slug", excerpt="x", categories=["news"], tags=["one", "another"])
    assert find(draft) == []


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (article(title="  "), ("option_missing", "options.title", "error")),
        (article(title="x" * 65_536), ("option_too_long", "options.title", "error")),
        (article(excerpt="я" * 40_000), ("option_too_long", "options.excerpt", "error")),
        (article(text=" "), ("empty", "parts.0.text", "error")),
        (article(text="x" * 200_001), ("text_too_long", "parts.0.text", "error")),
        (article(slug="two words"), ("slug_invalid", "options.slug", "error")),
        (article(slug="a/b"), ("slug_invalid", "options.slug", "error")),
        (article(slug="я" * 34), ("slug_too_long", "options.slug", "error")),
        (article(categories=["Sport"]), ("category_unknown", "options.categories", "error")),
        (article(tags=["x" * 201]), ("term_too_long", "options.tags", "error")),
        (article(media=(replace(PICTURE, alt=""),)), ("alt_missing", "parts.0.media.0.alt", "warning")),
        (
            article(media=(replace(PICTURE, kind="video", mime="video/x-matroska"),)),
            ("media_type", "parts.0.media.0", "error"),
        ),
        (
            Draft((Part("a"), Part("b")), options={"title": "t"}),
            ("no_threads", "parts.1.text", "error"),
        ),
    ],
)
def test_findings(draft: Draft, expected: tuple[str, str, str]) -> None:
    assert find(draft) == [expected]


@pytest.mark.parametrize("slug", ["tere-maailm", "привет-мир", "a_b-2", "я" * 33, ""])
def test_good_slugs(slug: str) -> None:
    assert find(article(slug=slug)) == []


def test_categories_depend_on_the_account() -> None:
    draft = article(categories=["Sport"])
    assert find(draft, replace(FACTS, permissions=(*FACTS.permissions, "manage_categories"))) == []
    many = replace(FACTS, limits={**FACTS.limits, "all_categories_listed": False})
    assert find(draft, many) == [("category_unknown", "options.categories", "warning")], "it may be one not listed"


def test_a_contributor_may_not_upload() -> None:
    draft = article(media=(PICTURE,))
    facts = replace(FACTS, permissions=("publish_posts",))
    assert find(draft, facts) == [("permission_upload", "parts.0.media", "error")]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (["News", " news ", "Two  words", ""], ["News", "Two words"]),
        ("a, b,,A", ["a", "b"]),
        (None, []),
        ((), []),
    ],
)
def test_terms_are_read_from_lists_and_text(value: Any, names: list[str]) -> None:
    assert read_terms({"tags": value}, "tags") == names


def test_the_first_picture_is_featured_unless_switched_off() -> None:
    assert read_flag({}, "featured", default=True)
    assert read_flag({"featured": "true"}, "featured", default=True)
    assert not read_flag({"featured": False}, "featured", default=True)
    assert not read_flag({"featured": "false"}, "featured", default=True)


def test_segments_show_links() -> None:
    assert CONNECTOR.rules.segments("see https://a.example/.", FACTS) == [
        Segment("see "),
        Segment("https://a.example/", "link", "https://a.example/"),
        Segment("."),
    ]


@pytest.mark.parametrize(
    ("codec", "pixels", "plays"),
    [
        ("h264", "yuv420p", True),
        ("vp9", "yuv420p", True),
        ("", "", True),
        ("hevc", "yuv420p", False),
        ("h264", "yuv444p", False),
        ("prores", "yuv422p10le", False),
    ],
)
def test_a_video_that_not_every_browser_plays_is_said(codec: str, pixels: str, plays: bool) -> None:
    video = Media("k", "video", "video/mp4", 1000, 640, 360, codec=codec, pixels=pixels)
    draft = Draft((Part("x", (video,)),), options={"title": "Film"})
    assert ("video_codec" in [code for code, _, _ in find(draft)]) == (not plays)
