"""Where a message stands: the same from wherever it was read."""

import pytest

from kaja.networks.kit.threads import Node, Place, find_place

US, MORE = Node("us", True), Node("more", True)
ONE, TWO, THREE = Node("one", False), Node("two", False), Node("three", False)
ANSWER = Node("answer", True)
THEIRS = Node("theirs", False, "https://else.example/theirs")
ASKED, TOLD = Node("asked", False, private=True), Node("told", True, private=True)


@pytest.mark.parametrize(
    ("chain", "place"),
    [
        ([US, ONE], Place("comment", "one", "", "us")),
        ([US, ONE, TWO], Place("reply", "one", "one", "us")),
        ([US, ONE, ANSWER], Place("reply", "one", "one", "us")),
        ([US, ONE, ANSWER, THREE], Place("reply", "one", "answer", "us")),
        # Below the next part of a thread, or a first comment of our own, a branch of its own begins.
        ([US, MORE, ONE], Place("comment", "one", "", "more")),
        ([US, MORE, ONE, TWO], Place("reply", "one", "one", "more")),
        ([US], None),
        ([US, MORE], None),
        ([THEIRS], Place("mention", "theirs", "", "", "https://else.example/theirs")),
        ([THEIRS, ONE], Place("mention", "theirs", "theirs", "", "https://else.example/theirs")),
        ([THEIRS, ANSWER], Place("reply", "theirs", "theirs", "", "https://else.example/theirs")),
        ([THEIRS, ANSWER, ONE], Place("reply", "theirs", "answer", "", "https://else.example/theirs")),
        ([ASKED], Place("direct", "asked")),
        ([ASKED, TOLD], Place("direct", "asked", "asked")),
        # What answers a public post in private is a dialogue of its own.
        ([US, ONE, ASKED, TOLD], Place("direct", "asked", "asked")),
    ],
)
def test_a_place_follows_from_the_posts_above(chain: list[Node], place: Place | None) -> None:
    assert find_place(chain) == place
