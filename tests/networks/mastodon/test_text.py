"""Counting and reading text as Mastodon does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.networks.kit.connector import Segment
from kaja.networks.kit.markup import parse_html
from kaja.networks.mastodon import CONNECTOR
from kaja.networks.mastodon.limits import Limits, parse_limits, read_limits, render_limits
from kaja.networks.mastodon.text import count_characters, find_entities, skeleton
from tests.networks.mastodon.server import FACTS, INSTANCE

LIMITS = Limits()
LINK = "https://example.org/" + "a" * 200


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc", 3),
        ("👨‍👩‍👧‍👦", 1),
        ("e\u0301", 1),
        (LINK, 23),
        ("https://t.co", 23),
        (f"see {LINK}.", 4 + 23 + 1),
        (f"({LINK})", 23 + 2),
        ("https://en.wikipedia.org/wiki/Echo_(disambiguation)", 23),
        ("https://localhost/path", 22),  # no top-level domain: not a link for Mastodon
        ("ftp://example.org/x", 19),
        ("@alice@very-long-host.example.org hi", len("@alice hi")),
        ("@alice", 6),
        ("mail alice@example.org", len("mail alice@example.org")),
        ("https://example.org/@bob@other.example", 23),
        ("#tag", 4),
        ("Привет, мир", 11),
        ("回聲", 2),
    ],
)
def test_count(text: str, length: int) -> None:
    assert count_characters(text, LIMITS) == length


@pytest.mark.parametrize("letter", ["あ", "ы", "ع", "字", "ไ"])
def test_a_link_right_after_a_letter_of_another_script_counts_as_a_link(letter: str) -> None:
    link = "https://example.org/" + "x" * 96
    assert count_characters(letter * 450 + link, LIMITS) == 473
    assert count_characters("a" * 450 + link, LIMITS) == 566, "after a Latin letter it is none"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("見てhttps://x.com日本", "https://x.com"),
        ("https://кафе.рфпривет", "https://кафе.рф"),
        ("https://кафе.рф/меню#чай", "https://кафе.рф/меню#чай"),
        ("https://blåhaj.space/@mari", "https://blåhaj.space/@mari"),
        ("https://ja.wikipedia.org/wiki/日本（国）", "https://ja.wikipedia.org/wiki/日本（国）"),
        ("https://example.com1", None),
        ("https://192.0.2.1/", None),
    ],
)
def test_a_link_ends_where_its_host_does(text: str, link: str | None) -> None:
    assert [entity.value for entity in find_entities(text) if entity.kind == "link"] == ([link] if link else [])


def test_the_content_warning_counts() -> None:
    assert CONNECTOR.rules.count("abc", FACTS, {"spoiler_text": " warning "}).used == 3 + len("warning")


def test_servers_that_count_differently_are_counted_as_they_do() -> None:
    assert count_characters("https://t.co", Limits(characters_reserved_per_url=32)) == 32
    plain = parse_limits({"max_toot_chars": 5000}, "pleroma")
    assert plain.max_characters == 5000
    assert count_characters(LINK, plain) == len(LINK)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a #tag, #Ünïcode #тег #123 #1a x#no &#39;", ["#tag", "#Ünïcode", "#тег", "#1a"]),
        ("@a @b_c@d.example, foo@bar.example /@no", ["@a", "@b_c@d.example"]),
        ("https://a.example/#frag #tag", ["https://a.example/#frag", "#tag"]),
        ("https://a.example/x?y=1&z=(2)! end", ["https://a.example/x?y=1&z=(2)"]),
    ],
)
def test_entities(text: str, kinds: list[str]) -> None:
    assert [text[entity.start : entity.end] for entity in find_entities(text)] == kinds


def test_segments_link_to_the_instance() -> None:
    segments = CONNECTOR.rules.segments("@bob@a.example #Эхо https://b.example/ @me", FACTS)
    assert [segment for segment in segments if segment.kind != "text"] == [
        Segment("@bob@a.example", "mention", "https://mastodon.example/@bob@a.example"),
        Segment("#Эхо", "tag", "https://mastodon.example/tags/%D0%AD%D1%85%D0%BE"),
        Segment("https://b.example/", "link", "https://b.example/"),
        Segment("@me", "mention", "https://mastodon.example/@me"),
    ]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>One<br />two</p><p>three &amp; four</p>", "One\ntwo\n\nthree & four"),
        (
            '<p><a href="https://e.org/x"><span class="invisible">https://</span><span>e.org/x</span></a></p>',
            "https://e.org/x",
        ),
        # snac2 2.75, seen on the real server
        ("\u041f\u0440\u0438\u0432\u0435\u0442 <i>bold</i> :)<br><br>zwei<br>", "Привет bold :)\n\nzwei"),
    ],
)
def test_html_becomes_text(content: str, text: str) -> None:
    assert parse_html(content) == text


@pytest.mark.parametrize(
    "odd", ["<![<!", "<![CDATA[", "<!DOCTYPE [", "<?", "<!-", "<a " * 999, "&#xD800;", "<![if x]>"]
)
def test_markup_that_parsers_stumble_over_gives_text(odd: str) -> None:
    assert parse_html(f"<p>begin {odd}></p><p>end</p>").endswith("end")


def test_skeleton_survives_rendering_and_tells_texts_apart() -> None:
    assert skeleton("Hi *all* @bob@a.example — “x”") == skeleton('Hi all @bob - "x"')
    assert skeleton("Opens at 9") != skeleton("Opens at 10")


@given(st.text(max_size=600))
def test_split_fits_and_keeps_every_word(text: str) -> None:
    parts = CONNECTOR.rules.split(text, FACTS)
    assert all(count_characters(part, LIMITS) <= 500 for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_split_does_not_cut_links() -> None:
    text = ("word " * 95) + LINK + (" word" * 95)
    assert any(LINK in part for part in CONNECTOR.rules.split(text, FACTS))


def test_limits_survive_storage() -> None:
    limits = parse_limits(INSTANCE, "mastodon")
    assert limits.description_limit == 1500
    assert limits.idempotent
    assert read_limits(render_limits(limits)) == limits
    assert read_limits({}) == Limits()


@pytest.mark.parametrize(
    "instance",
    [
        {},
        {"configuration": None},
        {"configuration": {"statuses": {"max_characters": "500"}}},
        {"configuration": {"statuses": {"max_characters": 0}}},
        {"configuration": {"media_attachments": {"supported_mime_types": "image/png", "image_size_limit": -1}}},
    ],
)
def test_odd_descriptions_leave_the_defaults(instance: dict[str, object]) -> None:
    limits = parse_limits(instance, "mastodon")
    assert (limits.max_characters, limits.image_size_limit) == (500, 16 * 1024 * 1024)
    assert limits.supported_mime_types == ()
