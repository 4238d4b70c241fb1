"""Which article or comment stands at an address of a real WordPress site."""

import pytest

from kaja.networks.kit.connector import Connected
from kaja.networks.kit.results import Changed, Found, NoSuchPost
from kaja.networks.wordpress import CONNECTOR
from tests.needed import needs
from tests.realnet.driving import make_outgoing, publish
from tests.realnet.servers.wordpress import WordPress
from tests.realnet.test_wordpress import Reader, _pools, connections, editor, reader, session_of

__all__ = ["_pools", "connections", "editor", "reader"]
pytestmark = pytest.mark.realnet


async def test_what_stands_at_an_address_is_found_and_can_be_changed(
    wordpress: WordPress, editor: Connected, reader: Reader
) -> None:
    """By permalink, by `?p=`, by the editor's own address, a comment by its mark; not what another wrote."""
    session = session_of(editor)
    sent = await publish(CONNECTOR, make_outgoing("Where?", options={"title": "At an address"}), editor.facts, session)
    comment = make_outgoing("First!", kind="comment", root=sent.ref, reply_to=sent.ref)
    said = await publish(CONNECTOR, comment, editor.facts, session)
    number = sent.ref.id
    found: object = None
    for url in (
        sent.ref.url, f"{wordpress.url}/?p={number}", f"{wordpress.url}/wp-admin/post.php?post={number}&action=edit"
    ):  # fmt: skip
        found = await needs(CONNECTOR.publisher).find_post(url, editor.facts, session)
        assert isinstance(found, Found), (url, found)
        assert found.ref.id == number
    assert isinstance(found, Found)
    remark = await needs(CONNECTOR.publisher).find_post(said.ref.url, editor.facts, session)
    assert isinstance(remark, Found), (said.ref.url, remark)
    assert (remark.ref.id, remark.ref.data) == (said.ref.id, {"type": "comment"})
    edited = make_outgoing("Here", options={"title": "At an address"})
    assert isinstance(await needs(CONNECTOR.editor).edit(found.ref, edited, editor.facts, session), Changed)
    assert "Here" in reader.get(f"/posts/{number}")["content"]["raw"]
    foreign = await needs(CONNECTOR.publisher).find_post(f"{wordpress.url}/?p=1", editor.facts, session)
    assert isinstance(foreign, NoSuchPost)
    assert foreign.problem.code == "post_of_another"
    assert await needs(CONNECTOR.remover).delete(found.ref, editor.facts, session) == Changed(None)
    for url in (sent.ref.url, f"{wordpress.url}/?p={number}", f"{wordpress.url}/nothing-here/"):
        assert isinstance(await needs(CONNECTOR.publisher).find_post(url, editor.facts, session), NoSuchPost), url
