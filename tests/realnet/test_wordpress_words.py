"""What people type and how they call their files, on a real WordPress: the page shows it as it was typed."""

import html
import re
from dataclasses import replace

import httpx2
import pytest

from kaja.networks.kit.connector import Connected
from kaja.networks.kit.results import Changed
from kaja.networks.wordpress import CONNECTOR
from tests.needed import needs
from tests.realnet.driving import make_outgoing, make_picture, publish
from tests.realnet.test_wordpress import Reader, _pools, connections, editor, reader, session_of

__all__ = ["_pools", "connections", "editor", "reader"]
pytestmark = pytest.mark.realnet

LITERAL = (
    "[gallery] and [caption]hours[/caption] :) then :mrgreen: and 8-) Wordpress typed &amp; and &copy; "
    "in `[gallery ids=1]` and https://example.org/?x=[gallery]"
)


async def test_a_text_stands_on_the_page_as_it_was_typed(editor: Connected) -> None:
    """No shortcode runs, no smiley becomes a picture, no entity is read, nowhere on the page."""
    text = f"{LITERAL}\n\n- {LITERAL}\n\n> {LITERAL}\n\n## {LITERAL}\n\n```\n[gallery] :) &amp;\n```"
    options = {"title": "Typed &amp; shown", "excerpt": "&lt;b&gt; :)", "featured": False}
    sent = await publish(CONNECTOR, make_outgoing(text, options=options), editor.facts, session_of(editor))
    page = httpx2.get(sent.ref.url, timeout=60).text
    shown = " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())
    assert shown.count(LITERAL.replace("`", "")) == 4
    assert "[gallery] :) &amp;" in shown
    assert "Typed &amp; shown" in shown
    assert "wp-smiley" not in re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)


async def test_a_comment_stands_on_the_page_as_it_was_typed(editor: Connected) -> None:
    session = session_of(editor)
    outgoing = make_outgoing("Article", options={"title": "Commented on"})
    sent = await publish(CONNECTOR, outgoing, editor.facts, session)
    said = "Look :) [gallery] &amp; 8-) Wordpress"
    comment = make_outgoing(said, kind="comment", root=sent.ref, reply_to=sent.ref)
    first = await publish(CONNECTOR, comment, editor.facts, session)
    again = await publish(CONNECTOR, comment, editor.facts, session)
    assert again.ref.id == first.ref.id
    shown = html.unescape(re.sub(r"<[^>]+>", "", httpx2.get(sent.ref.url, timeout=60).text))
    assert said in " ".join(shown.split())


async def test_a_file_with_a_long_name_goes_up(editor: Connected, reader: Reader) -> None:
    picture = replace(make_picture("A field"), filename="日" * 120 + ".png")
    outgoing = make_outgoing("x", media=(picture,), options={"title": "Long name"})
    sent = await publish(CONNECTOR, outgoing, editor.facts, session_of(editor))
    item = reader.get(f"/media/{reader.get(f'/posts/{sent.ref.id}')['featured_media']}")
    assert item["source_url"].endswith(".png")
    assert item["title"]["raw"] == "日" * 120
    assert httpx2.get(item["source_url"], timeout=60).status_code == 200


async def test_one_picture_twice_keeps_both_descriptions(editor: Connected, reader: Reader) -> None:
    left = make_picture("On the left")
    media = (left, replace(left, alt="On the right"))
    outgoing = make_outgoing("x", media=media, options={"title": "Twice", "featured": False})
    sent = await publish(CONNECTOR, outgoing, editor.facts, session_of(editor))
    raw = reader.get(f"/posts/{sent.ref.id}")["content"]["raw"]
    assert re.findall(r'alt="([^"]*)"', raw) == ["On the left", "On the right"]
    ids = re.findall(r"wp-image-(\d+)", raw)
    assert [reader.get(f"/media/{each}")["alt_text"] for each in ids] == ["On the left", "On the right"]
    fixed = replace(outgoing, media=(left, replace(left, alt="Over there")))
    changed = await needs(CONNECTOR.editor).edit(sent.ref, fixed, editor.facts, session_of(editor))
    assert isinstance(changed, Changed)
    assert [reader.get(f"/media/{each}")["alt_text"] for each in ids] == ["On the left", "Over there"]
