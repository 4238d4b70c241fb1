"""Every format on the real practice network: what the check lets through is taken, what it refuses is refused."""

import asyncio
from typing import Any

import pytest

from kaja.networks.kit.content import Draft, Media, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import list_names
from kaja.networks.kit.results import Processing, Rejected, Sent
from tests.networks.practice.driving import PRACTICE, after, connect, picture, post
from tests.practice.running import PracticeServer

FILM = b"\0\0\0\x18ftypmp42" + bytes(100)
NO_BOARDS = Facts("1", "mari", "mari")


def film(seconds: float = 20, width: int = 90, height: int = 160) -> Media:
    return Media("f", "video", "video/mp4", len(FILM), width, height, "A film", duration=seconds, read=lambda: FILM)


def upright() -> Media:
    return Media(**{**vars(picture()), "width": 90, "height": 160})


GOOD: list[tuple[dict[str, Any], tuple[Media, ...]]] = [
    ({}, ()),
    ({"format": "feed"}, (picture(), picture("blue"))),
    ({"format": "story", "link": "https://a.test/"}, (upright(),)),
    ({"format": "story", "with_words": True, "link_words": "Read"}, (film(),)),
    ({"format": "reel", "cover_at": "3", "in_feed": False}, (film(),)),
    ({"format": "short", "audience": "friends"}, (film(),)),
    ({"format": "article", "headline": "Rye", "summary": "Of bread"}, tuple(picture(c) for c in ("red", "blue"))),
    ({"format": "carousel"}, tuple(picture(c) for c in ("red", "green", "blue", "black", "white"))),
    ({"format": "pin", "board": "2", "link": "https://a.test/"}, (picture(),)),
    ({"format": "poll", "answers": ["Rye", "Wheat"], "hours": "12", "several": True}, ()),
    ({"format": "event", "starts_at": "2030-12-05T18:00+02:00[Europe/Tallinn]"}, (picture(),)),
]


@pytest.mark.parametrize(("options", "media"), GOOD)
async def test_what_a_format_takes_is_taken_and_found_again(
    practice: PracticeServer, options: dict[str, Any], media: tuple[Media, ...]
) -> None:
    channel = await connect(practice)
    text = "" if options.get("format") == "story" else "A question of bread"
    assert PRACTICE.rules.check(Draft((Part(text, media),), options=options), channel.facts) == []
    outgoing = post(text, media=media, options=options)
    sent = await channel.deliver(outgoing)
    assert isinstance(sent, Sent), sent
    told = practice.call("GET", f"/api/v1/posts/{sent.ref.id}", token=channel.credentials["token"]).json()
    assert told["format"] == options.get("format", "feed")
    assert len(told["media"]) == len(media)
    found = await channel.look(outgoing)
    assert found.ref.id == sent.ref.id


async def test_fields_arrive_as_what_they_are(practice: PracticeServer) -> None:
    channel = await connect(practice, "staged")
    options = {"format": "poll", "answers": ["Rye", "Wheat"], "hours": "12", "several": "true", "board": "1"}
    outgoing = post("Which?", options=options)
    await channel.deliver(outgoing, until="publish")
    sent = await channel.run("publish", outgoing)
    assert isinstance(sent, Sent | Processing), sent
    token = channel.credentials["token"]
    [standing] = await after(
        lambda: asyncio.to_thread(lambda: practice.call("GET", "/api/v1/account/posts", token=token).json()["posts"]),
        lambda posts: not posts,
    )
    assert standing["format"] == "poll"
    assert standing["fields"] == {"answers": ["Rye", "Wheat"], "hours": 12.0, "several": True}, "of no other format"


@pytest.mark.parametrize(
    ("options", "media", "code", "field"),
    [
        ({"format": "story"}, (), "too_few_media", "parts.0.media"),
        ({"format": "story"}, (picture(),), "media_ratio", "parts.0.media.0"),
        ({"format": "story"}, (upright(), upright()), "too_many_media", "parts.0.media"),
        ({"format": "reel"}, (picture(),), "no_pictures", "parts.0.media.0"),
        ({"format": "reel"}, (film(91),), "video_seconds", "parts.0.media.0"),
        ({"format": "reel", "cover_at": "many"}, (film(),), "number_wrong", "options.cover_at"),
        ({"format": "short"}, (film(),), "option_missing", "options.audience"),
        ({"format": "short", "audience": "nobody"}, (film(),), "choice_unknown", "options.audience"),
        ({"format": "article"}, (), "option_missing", "options.headline"),
        ({"format": "carousel"}, (picture(),), "too_few_media", "parts.0.media"),
        ({"format": "carousel"}, (picture(), film()), "no_videos", "parts.0.media.1"),
        ({"format": "pin"}, (picture(),), "option_missing", "options.board"),
        ({"format": "pin", "board": "9"}, (picture(),), "choice_unknown", "options.board"),
        ({"format": "poll"}, (), "option_missing", "options.answers"),
        ({"format": "poll", "answers": ["a", "b"], "hours": "200"}, (), "number_wrong", "options.hours"),
        ({"format": "event"}, (), "option_missing", "options.starts_at"),
        ({"format": "event", "starts_at": "at six"}, (), "moment_wrong", "options.starts_at"),
        (
            {"format": "event", "starts_at": "2030-12-05T18:00+02:00[Mars/Olympus]"},
            (),
            "moment_wrong",
            "options.starts_at",
        ),
        ({"format": "event", "starts_at": "2030-12-05T18:00[Europe/Tallinn]"}, (), "moment_wrong", "options.starts_at"),
        ({"format": "hologram"}, (), "choice_unknown", "options.format"),
    ],
)
async def test_what_a_format_does_not_take_is_said_at_its_place(
    practice: PracticeServer, options: dict[str, Any], media: tuple[Media, ...], code: str, field: str
) -> None:
    channel = await connect(practice)
    found = PRACTICE.rules.check(Draft((Part("Text", media),), options=options), channel.facts)
    assert (code, field) in [(each.code, each.field) for each in found if each.severity == "error"], found


@pytest.mark.parametrize(
    ("options", "media", "field"),
    [
        ({"format": "carousel"}, (picture(),), "parts.0.media"),
        ({"format": "article"}, (), "options.headline"),
        ({"format": "pin", "board": "9"}, (picture(),), "options.board"),
    ],
)
async def test_the_network_itself_refuses_it_too(
    practice: PracticeServer, options: dict[str, Any], media: tuple[Media, ...], field: str
) -> None:
    channel = await connect(practice)
    refused = await channel.deliver(post("Text", media=media, options=options))
    assert isinstance(refused, Rejected)
    assert refused.problem.field == field
    assert practice.truth() == []


def test_fields_follow_the_format_the_account_and_each_other() -> None:
    def names(options: dict[str, Any], facts: Facts = NO_BOARDS) -> list[str]:
        return [field.name for field in PRACTICE.rules.options(Draft((), options=options), facts)]

    common = ["format", "title", "content_warning"]
    assert names({}) == common
    assert names({"format": "gone"}) == common, "as the first"
    assert names({"format": "story"}) == [*common, "link", "with_words"]
    assert names({"format": "story", "with_words": True}) == [*common, "link", "with_words", "link_words"]
    with_boards = Facts("1", "mari", "mari", limits={"boards": [["7", "Bread"]]})
    for facts, choices in ((NO_BOARDS, []), (with_boards, [("7", "Bread")])):
        [board] = [
            field
            for field in PRACTICE.rules.options(Draft((), options={"format": "pin"}), facts)
            if field.name == "board"
        ]
        assert [(choice.value, choice.label) for choice in board.choices] == choices
    every = set(list_names(PRACTICE.info.options, PRACTICE.rules.formats(NO_BOARDS)))
    assert {"format", "title", "audience", "board", "answers", "link_words"} <= every


def test_a_text_that_a_format_does_not_show_is_warned_of() -> None:
    found = PRACTICE.rules.check(Draft((Part("Text", (upright(),)),), options={"format": "story"}), NO_BOARDS)
    assert [(each.code, each.severity) for each in found] == [("text_not_shown", "warning")]
    [missing] = PRACTICE.rules.check(
        Draft((Part("", (picture(),)),), options={"format": "article", "headline": "Rye"}), NO_BOARDS
    )
    assert missing.code == "text_missing"
    parts = (Part("a", (film(),)), Part("b", (film(),)))
    assert "no_threads" in [p.code for p in PRACTICE.rules.check(Draft(parts, options={"format": "reel"}), NO_BOARDS)]
