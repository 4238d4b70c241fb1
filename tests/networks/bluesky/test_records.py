"""Record keys and records."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from kaja.networks.bluesky.records import (
    make_record_key,
    make_ref,
    parse_uri,
    read_key_time,
    render_post,
    render_time,
)
from kaja.networks.kit.content import LinkCard, Media, Outgoing
from tests.networks.bluesky.records import DID, PARENT, list_records, make_blob

TID = regex.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")  # https://atproto.com/specs/tid
MOMENT = datetime(2026, 11, 22, 6, 0, 0, 123456, UTC)


@given(st.text("0123456789abcdef", min_size=32, max_size=32), st.datetimes(datetime(2024, 1, 1), datetime(2100, 1, 1)))
def test_a_record_key_is_a_tid_and_stays_the_same(key: str, moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    made = make_record_key(key, moment)
    assert TID.fullmatch(made)
    assert made == make_record_key(key, moment.astimezone(timezone(timedelta(hours=3))))
    assert make_record_key(key, moment + timedelta(seconds=2)) > made, "keys sort by time"


def test_posts_of_one_second_keep_apart() -> None:
    assert len({make_record_key(f"{n:032x}", MOMENT) for n in range(3000)}) == 3000


def test_times_are_utc_with_milliseconds() -> None:
    assert render_time(MOMENT.astimezone(timezone(timedelta(hours=-8)))) == "2026-11-22T06:00:00.123Z"


def test_the_same_delivery_makes_the_same_record() -> None:
    assert list_records() == list_records()


def test_a_reply_needs_the_cid_of_its_parent() -> None:
    outgoing = Outgoing("comment", "0" * 32, MOMENT, "c", reply_to=PARENT)
    parent = {"uri": PARENT.id, "cid": PARENT.data["cid"]}
    assert render_post(outgoing, {})["reply"] == {"root": parent, "parent": parent}


def test_pictures_win_over_the_card() -> None:
    picture = Media("k", "image", "image/png", 1, 1, 1)
    blobs = [{"blob": make_blob("image/png"), "width": 1, "height": 1}]
    outgoing = Outgoing("post", "0" * 32, MOMENT, "", media=(picture,), link_card=LinkCard("https://x.test/"))
    assert render_post(outgoing, {"blobs": blobs})["embed"]["$type"] == "app.bsky.embed.images"


@pytest.mark.parametrize("label", ["", "boring", None, 5])
def test_only_known_labels_are_sent(label: object) -> None:
    outgoing = Outgoing("post", "0" * 32, MOMENT, "x", options={"content_label": label})
    assert "labels" not in render_post(outgoing, {})


def test_references_name_the_account_by_did() -> None:
    ref = make_ref(f"at://{DID}/app.bsky.feed.post/3kw4uzq2nrc2k", "cid")
    assert ref.url == f"https://bsky.app/profile/{DID}/post/3kw4uzq2nrc2k"
    assert parse_uri(ref.id) == (DID, "3kw4uzq2nrc2k")
    for wrong in ("", "https://bsky.app/", f"at://{DID}/app.bsky.feed.like/3k", f"at://{DID}/app.bsky.feed.post/"):
        with pytest.raises(ValueError):
            parse_uri(wrong)


def test_a_record_key_tells_its_time() -> None:
    """The order in which a repository lists."""
    moment = datetime(2026, 11, 22, 10, 30, 15, tzinfo=UTC)
    told = read_key_time(make_record_key("0" * 32, moment))
    assert told is not None
    assert moment <= told < moment + timedelta(seconds=1)
    assert [read_key_time(odd) for odd in ("self", "3jzfcijpj2z2", "1111111111111")] == [None] * 3
