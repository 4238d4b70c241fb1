"""What Bluesky's apps would show as links, mentions and hashtags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.networks.bluesky.rules import RULES
from kaja.networks.bluesky.text import find_entities, list_mentions, normalize, render_facets
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.iri import to_uri

FACTS = Facts("1", "alice.test", "Alice")

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
PIECES = st.sampled_from(
    [
        "#tag",
        "@alice.test",
        "https://x.example/ä",
        "example.org",
        "эхо",
        "👨‍👩‍👧‍👦",
        " ",
        "\n",
        "(",
        ")",
        ".",
        "#",
        "@",
        "\r\n",
    ]
)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("$TSLA up, ($aapl) and $MSFT.", [("tag", "$TSLA"), ("tag", "$AAPL"), ("tag", "$MSFT")]),
        ("$12 US$TSLA $TOOLONG $A-B 日$AAPL $", []),
        ("#２０２６ #2026 #٢٠٢٦", []),
        ("見てhttps://example.org/a", [("link", "https://example.org/a")]),
        ("see https://example.org/a?b=1.", [("link", "https://example.org/a?b=1")]),
        (
            "(https://en.wikipedia.org/wiki/Echo_(phenomenon))",
            [("link", "https://en.wikipedia.org/wiki/Echo_(phenomenon)")],
        ),
        ("read example.org/page, then kaja.ee!", [("link", "https://example.org/page"), ("link", "https://kaja.ee")]),
        ("index.html e.g. node.js end.So no.thing", [("link", "https://end.So")]),
        ("mail me@example.org", []),
        (
            "@alice.test and (@bob.bsky.social) @nodot a@alice.test",
            [("mention", "alice.test"), ("mention", "bob.bsky.social")],
        ),
        ("@Alice.Test.", [("mention", "alice.test")]),
        ("#one #Эхо2026, #回聲! ##two", [("tag", "one"), ("tag", "Эхо2026"), ("tag", "回聲"), ("tag", "#two")]),
        ("#123 # #! a#b", []),
        ("＃fullwidth", [("tag", "fullwidth")]),
        ("#" + "x" * 64, [("tag", "x" * 64)]),
        ("#" + "x" * 65, []),
        ("https://example.org/#anchor", [("link", "https://example.org/#anchor")]),
        ("http:// https://", []),
    ],
)
def test_finds_what_the_apps_find(text: str, spans: list[tuple[str, str]]) -> None:
    assert [(span.kind, span.value) for span in find_entities(text)] == spans


@given(st.lists(PIECES, max_size=30).map("".join))
def test_facets_are_byte_ranges_of_what_they_mean(text: str) -> None:
    text = normalize(text)
    data = text.encode()
    end = 0
    for facet in render_facets(text, {"alice.test": DID}):
        index = facet["index"]
        assert end <= index["byteStart"] < index["byteEnd"] <= len(data), "in order and apart"
        end = index["byteEnd"]
        shown = data[index["byteStart"] : end].decode()  # raises when a character is cut
        (feature,) = facet["features"]
        match feature["$type"].partition("#")[2]:
            case "tag":
                assert shown[1:] == feature["tag"]
            case "mention":
                assert (shown, feature["did"]) == ("@alice.test", DID)
            case "link":
                assert feature["uri"] in (to_uri(shown), f"https://{to_uri(shown)}")


@given(st.lists(PIECES, max_size=30).map("".join))
def test_segments_are_the_text(text: str) -> None:
    assert "".join(segment.text for segment in RULES.segments(text, FACTS)) == normalize(text)


def test_a_handle_that_nobody_has_stays_text() -> None:
    assert render_facets("@nobody.test", {}) == []
    assert list_mentions("@a.test @b.test @a.test") == ["a.test", "b.test"]


def test_counts_characters_until_bytes_run_out() -> None:
    family = "👨‍👩‍👧‍👦"
    assert (RULES.count(" abc\r\n", FACTS, {}).used, RULES.count("abc", FACTS, {}).unit) == (3, "characters")
    assert RULES.count(family * 120, FACTS, {}).used == 120
    over = RULES.count(family * 121, FACTS, {})
    assert (over.used, over.limit, over.unit) == (3025, 3000, "bytes")
