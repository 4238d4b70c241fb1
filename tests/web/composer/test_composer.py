"""The composer's page and what it asks while somebody writes."""

import html
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from PIL import Image

from kaja.channels.models import Channel
from kaja.content.models import Post, PostState, Revision
from kaja.delivery.models import Delivery
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.models import Role, Workspace
from tests.web.composer.conftest import Send, make_channel, sign_in
from tests.web.markup import tight


def posts(workspace: Workspace) -> list[Post]:
    with workspace_scope(workspace.id):
        return list(Post.objects.order_by("id"))


def tomorrow() -> str:
    return (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT09:00")


def picture(width: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, 30), "green").save(out, "PNG")
    return out.getvalue()


def test_the_page_is_complete_without_scripts(browser: Client, channel: Channel) -> None:
    html = tight(browser.get("/w/acme/posts/new?text=Tere").content.decode())
    assert '<textarea class="part-text"' in html
    assert "Tere</textarea>" in html
    assert f'value="{channel.id}" checked' in html  # the only channel is chosen
    assert "style=" not in html
    assert "<script>" not in html
    assert "onclick" not in html


def test_every_picture_that_is_read_can_be_chosen(browser: Client) -> None:
    """A picker that hides a phone's HEIC would make its owner look for another program."""
    [offered] = re.findall(r'type="file"[^>]*accept="([^"]+)"', browser.get("/w/acme/posts/new").content.decode())
    assert {"image/*", ".heic", ".heif", ".avif", "video/mp4", "video/quicktime", ".mkv"} <= set(offered.split(","))


def test_text_cannot_leave_its_json_block(browser: Client, workspace: Workspace, send: Send) -> None:
    post = send("save", text="</script><script>alert(1)</script>").json()["post"]
    html = browser.get(f"/w/acme/posts/{post}/edit").content.decode()
    assert "<script>alert(1)" not in html


def test_checking_shows_and_counts_and_saves_nothing(send: Send, channel: Channel, workspace: Workspace) -> None:
    answer = send("check", text="Look: https://example.com #tag <b>x</b>", channels=[str(channel.id)]).json()
    assert "&lt;b&gt;x" in answer["previews"]
    [count] = answer["counts"][str(channel.id)]
    assert 0 < count["used"] <= count["limit"]
    assert posts(workspace) == []


def test_nothing_is_wrong_before_anything_is_written(send: Send, channel: Channel) -> None:
    answer = send("check", text="", channels=[str(channel.id)], when={"mode": "now"}).json()
    assert answer["problems"].strip() == ""
    assert answer["plan"]["button"] == "Write something first"
    assert answer["plan"]["enabled"] is False
    # Once something stands there, what stands in the way is said.
    answer = send("check", text="Words", channels=[], when={"mode": "now"}).json()
    assert "The post goes nowhere yet" in answer["problems"]


def test_too_long_on_one_of_two_channels_names_channel_and_place(
    send: Send, channel: Channel, workspace: Workspace
) -> None:
    bluesky = make_channel(workspace, "Sky", "bluesky")
    answer = send("check", text="long " * 90, channels=[str(channel.id), str(bluesky.id)], when={"mode": "now"}).json()
    assert f'data-channel="{bluesky.id}" data-field="parts.0.text"' in tight(answer["problems"])
    assert f'data-channel="{channel.id}"' not in answer["problems"]
    assert answer["plan"]["enabled"] is False
    count = answer["counts"][str(bluesky.id)][0]
    assert count["used"] > count["limit"] == 300


def test_saving_makes_a_draft_and_then_changes_it(send: Send, channel: Channel, workspace: Workspace) -> None:
    first = send("save", text="one", channels=[str(channel.id)]).json()
    assert first["saved"].startswith("Saved ")
    again = send("save", text="two", channels=[str(channel.id)], post=first["post"], revision=first["revision"])
    assert again.json()["revision"] == 2
    [post] = posts(workspace)
    assert (post.summary, post.state) == ("two", PostState.DRAFT)


def test_the_second_person_sees_the_difference(send: Send, workspace: Workspace) -> None:
    first = send("save", text="the quick fox").json()
    other = sign_in(workspace, name="Jaan")
    send("save", text="the slow fox", post=first["post"], revision=1, client=other)
    answer = send("save", text="the quick dog", post=first["post"], revision=1)
    assert answer.status_code == 409
    data = answer.json()
    assert "Jaan" in tight(data["conflict"])
    assert "<del>slow</del><ins>quick</ins>" in tight(data["conflict"])
    assert data["theirs"]["document"]["parts"][0]["text"] == "the slow fox"
    assert posts(workspace)[0].summary == "the slow fox"
    mine = send("save", text="the quick dog", post=first["post"], revision=data["revision"])
    assert mine.status_code == 200
    assert posts(workspace)[0].summary == "the quick dog"


def test_scheduling_for_a_time_makes_a_delivery(send: Send, channel: Channel, workspace: Workspace) -> None:
    when = {"mode": "time", "local": tomorrow()}
    checked = send("check", text="hello", channels=[str(channel.id)], when=when).json()["plan"]
    assert checked["enabled"]
    assert "09:00, Tallinn" in checked["words"]
    assert checked["button"] == "Schedule for 1 channel"
    answer = send("finish?then=publish", text="hello", channels=[str(channel.id)], when=when)
    [post] = posts(workspace)
    assert answer.json()["location"] == f"/w/acme/posts/{post.id}"
    assert post.state == PostState.SCHEDULED
    with workspace_scope(workspace.id):
        assert [d.due_at for d in Delivery.objects.all()] == [post.due_at]


def test_what_cannot_be_scheduled_is_saved_all_the_same(send: Send, workspace: Workspace) -> None:
    sky = make_channel(workspace, "Sky", "bluesky")
    answer = send(
        "finish?then=publish", text="x" * 400, channels=[str(sky.id)], when={"mode": "time", "local": tomorrow()}
    )
    assert answer.status_code == 422
    assert answer.json()["problems"]
    [post] = posts(workspace)
    assert (post.summary[:3], post.state) == ("xxx", PostState.DRAFT)


@pytest.mark.parametrize(
    ("local", "said", "kind"),
    [
        ("2027-03-28T03:30", "04:30", "does not exist"),
        ("2026-10-25T03:30", "03:30", "comes twice"),
        ("2020-01-01T09:00", "2020", ""),
    ],
)
def test_odd_times_are_said(send: Send, channel: Channel, local: str, said: str, kind: str) -> None:
    plan = send("check", text="a", channels=[str(channel.id)], when={"mode": "time", "local": local}).json()
    assert said in plan["plan"]["words"]
    assert kind in plan["plan"]["note"]
    if local.startswith("2020"):
        assert "has passed" in plan["problems"]
        assert not plan["plan"]["enabled"]


def test_an_untouched_page_complains_of_nothing(send: Send, channel: Channel) -> None:
    assert "problem" not in send("check", text="", when={"mode": "now"}).json()["problems"]
    assert "Choose at least one channel" in send("check", text="a", when={"mode": "now"}).json()["problems"]


def test_no_slot_says_so(send: Send, channel: Channel) -> None:
    answer = send("check", text="a", channels=[str(channel.id)], when={"mode": "slot", "local": ""}).json()
    assert "no free slot" in answer["problems"]


def test_a_guest_is_offered_the_draft_only(send: Send, channel: Channel, workspace: Workspace) -> None:
    guest = sign_in(workspace, Role.GUEST, "Guest")
    plan = send("check", text="a", channels=[str(channel.id)], when={"mode": "now"}, client=guest).json()["plan"]
    assert (plan["button"], plan["action"]) == ("Save the draft", "draft")
    answer = send("finish?then=publish", text="a", channels=[str(channel.id)], when={"mode": "now"}, client=guest)
    assert answer.status_code == 403
    assert [p.state for p in posts(workspace)] == [PostState.DRAFT]


@pytest.mark.parametrize("what", ["check", "save", "finish", "cut", "card", "upload"])
def test_readers_and_strangers_get_nothing(
    send: Send, workspace: Workspace, other_workspace: Workspace, what: str
) -> None:
    assert send(what, text="a", client=sign_in(workspace, Role.ANALYST, "Anna")).status_code == 403
    assert send(what, text="a", client=sign_in(other_workspace, name="Rival")).status_code == 404
    assert send(what, text="a", client=Client()).status_code in (302, 204)
    assert posts(workspace) == []


def test_ids_of_another_workspace_are_refused(
    send: Send, channel: Channel, workspace: Workspace, other_workspace: Workspace
) -> None:
    foreign = make_channel(other_workspace, "Rival")
    stranger = sign_in(other_workspace, name="Rival")
    theirs = json.loads(
        stranger.post(
            "/w/rival/posts/save",
            json.dumps({"document": {"parts": [{"text": "secret", "media": []}]}}),
            content_type="application/json",
        ).content
    )["post"]
    assert send("save", text="a", channels=[str(foreign.id)]).status_code == 404
    assert send("save", text="a", post=theirs, revision=1).status_code == 404
    assert send("save", text="a", post=theirs).status_code == 409
    assert send("check", text="a", post=theirs, revision=1).status_code == 404
    assert "secret" not in send("check", text="a", post=theirs).content.decode()
    shown = send("check", text="a", channels=[str(foreign.id)])
    assert "Rival" not in shown.content.decode()
    media = {"parts": [{"text": "", "media": [{"asset": theirs}]}]}
    assert send("save", document=media).status_code == 404
    assert posts(workspace) == []


@pytest.mark.parametrize("body", ["", "[]", "{", '{"document": 5}', '{"evil": 1}', '{"channels": ["x"]}'])
def test_unreadable_edits_are_said_and_change_nothing(browser: Client, workspace: Workspace, body: str) -> None:
    answer = browser.post("/w/acme/posts/save", body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["code"] == "composer_invalid"
    assert posts(workspace) == []


def count_files() -> int:
    return sum(
        1 for folder in ("media", "renditions") for path in (settings.HOME / folder).rglob("*") if path.is_file()
    )


def test_only_cut_outs_that_kaja_offers_are_made(
    browser: Client, workspace: Workspace, channel: Channel, send: Send
) -> None:
    """Fifteen addresses with other rectangles, asked for by a reader, grew the media folder by 56 MB."""
    asset = browser.post("/w/acme/posts/upload", {"file": io.BytesIO(picture())}).json()
    crop = {"x": 0, "y": 0, "width": 0.5, "height": 1}
    media = [{"asset": asset["id"], "alt": "", "crop": crop}]
    document = {"parts": [{"text": "x", "media": media}]}
    answer = send("check", document=document, channels=[str(channel.id)]).json()
    [address] = re.findall(r'src="([^"]+crop=[^"]+)"', answer["previews"])
    address = html.unescape(address)
    before = count_files()
    reader = sign_in(workspace, Role.ANALYST, name="Reader")
    for wanted in ("0,0,0.5,1", "0.1,0.1,0.5,0.5", "evil", "nan,0,1,1"):
        assert reader.get(f"{asset['url']}?crop={wanted}").status_code == 403
        assert reader.get(address.replace("crop=0.000000", "crop=0.100000")).status_code == 403
    other = browser.post("/w/acme/posts/upload", {"file": io.BytesIO(picture(60))}).json()
    assert reader.get(address.replace(asset["id"], other["id"])).status_code == 403
    assert count_files() == before + 2, "the other picture and its thumbnail"
    with Image.open(io.BytesIO(b"".join(reader.get(address)))) as cut:
        assert cut.size == (20, 30)
    assert count_files() == before + 3


def test_uploading_and_serving(browser: Client, workspace: Workspace, other_workspace: Workspace) -> None:
    answer = browser.post("/w/acme/posts/upload", {"file": io.BytesIO(picture())})
    assert answer.status_code == 201
    asset = answer.json()
    served = browser.get(asset["url"])
    assert served["Content-Type"] == "image/png"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in served["Cache-Control"]
    assert "private" in served["Cache-Control"]
    assert browser.get(asset["thumbnail"])["Content-Type"] == "image/webp"
    assert sign_in(other_workspace, name="Rival").get(asset["url"]).status_code == 404
    assert sign_in(other_workspace, name="R2").get(asset["url"].replace("acme", "rival")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-9", 206, (0, 10)),
        ("bytes=10-", 206, (10, None)),
        ("bytes=-5", 206, (-5, None)),
        ("bytes=5-2", 416, None),
        ("bytes=99999-", 416, None),
        ("chunks=1", 200, (0, None)),
        ("bytes=0-1,4-5", 200, (0, None)),
    ],
)
def test_ranges(browser: Client, asked: str, status: int, span: Any) -> None:
    url = browser.post("/w/acme/posts/upload", {"file": io.BytesIO(picture())}).json()["url"]
    whole = browser.get(url).content
    part = browser.get(url, headers={"Range": asked})
    assert part.status_code == status
    if span:
        assert part.content == whole[span[0] : span[1]]


def test_a_bad_upload_says_why(browser: Client, workspace: Workspace) -> None:
    svg = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    svg.name = "logo.svg"
    answer = browser.post("/w/acme/posts/upload", {"file": svg})
    assert answer.status_code == 422
    assert "PNG" in answer.json()["problems"][0]["fix"]
    with workspace_scope(workspace.id):
        assert not Asset.objects.exists()


def test_a_long_text_is_cut_into_a_thread(browser: Client, workspace: Workspace) -> None:
    sky = make_channel(workspace, "Sky", "bluesky")
    words = [f"word{n}" for n in range(120)]
    body = json.dumps({"text": " ".join(words), "channels": [str(sky.id)]})
    answer = browser.post("/w/acme/posts/cut", body, content_type="application/json").json()
    assert len(answer["parts"]) > 1
    assert all(len(part) <= 300 for part in answer["parts"])
    kept = [word for part in answer["parts"] for word in part.split() if word.startswith("word")]
    assert kept == words


def test_history_lists_versions_and_brings_one_back(browser: Client, send: Send, workspace: Workspace) -> None:
    post = send("save", text="one").json()["post"]
    send("finish?then=draft", text="two", post=post, revision=1)
    html = browser.get(f"/w/acme/posts/{post}/history").content.decode()
    assert f'hx-get="/w/acme/posts/{post}/history/2"' in html
    opened = tight(browser.get(f"/w/acme/posts/{post}/history/2").content.decode())
    assert "<del>one</del><ins>two</ins>" in opened
    answer = browser.post(f"/w/acme/posts/{post}/history/1/restore")
    assert answer.status_code == 302
    assert posts(workspace)[0].summary == "one"
    with workspace_scope(workspace.id):
        assert Revision.objects.count() == 3


def test_one_query_count_for_one_and_three_channels(
    send: Send, workspace: Workspace, django_assert_num_queries: Any
) -> None:
    channels = [str(make_channel(workspace, f"C{n}").id) for n in range(3)]
    for chosen in (channels[:1], channels):
        with django_assert_num_queries(15):
            assert send("check", text="a", channels=chosen, when={"mode": "now"}).status_code == 200
