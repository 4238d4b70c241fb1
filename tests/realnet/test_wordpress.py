"""The WordPress connector against WordPress 6.8 on MariaDB and PHP, read back over plain HTTP with another account."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from kaja.networks.kit.connector import Connected, ConnectRefused
from kaja.networks.kit.content import Draft, Part
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.results import AbsentAsOf, Changed, Found, Later, NeedsReconnect, Next, Rejected, Sent, Unknown
from kaja.networks.wordpress import CONNECTOR
from kaja.networks.wordpress.api import REST
from kaja.networks.wordpress.blocks import render_comment
from tests.contracts import open_contract
from tests.needed import by_form, needs
from tests.networks.contracts import WordPressContract
from tests.realnet.driving import make_outgoing, make_picture, publish, run_all
from tests.realnet.proxy import proxy_to
from tests.realnet.servers.wordpress import WordPress

pytestmark = pytest.mark.realnet


def make_session(base_url: str = "", **credentials: str) -> Session:
    return Session(base_url, credentials, allow_private=("127.0.0.1",))


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


async def connect(wordpress: WordPress, user: str, site: str = "") -> Connected:
    form = {"site": site or wordpress.url, "username": user, "password": wordpress.passwords[user]}
    return await by_form(CONNECTOR).connect(form, {}, make_session())


@pytest.fixture(scope="module")
def connections() -> dict[str, Connected]:
    return {}


@pytest.fixture
async def editor(wordpress: WordPress, connections: dict[str, Connected]) -> Connected:
    if "editor" not in connections:
        connections["editor"] = await connect(wordpress, "editor")
    return connections["editor"]


def session_of(connected: Connected, base_url: str = "") -> Session:
    return make_session(base_url or connected.base_url, **connected.credentials)


class Reader:
    """Plain HTTP with the administrator's password: what really stands on the site."""

    def __init__(self, wordpress: WordPress) -> None:
        self._auth = ("admin", wordpress.passwords["admin"])
        self._root = f"{wordpress.url}/wp-json/wp/v2"

    def get(self, route: str, **params: Any) -> Any:
        answer = httpx2.get(self._root + route, params={"context": "edit", **params}, auth=self._auth, timeout=60)
        return answer.json() if answer.status_code == 200 else answer.status_code

    def titles(self, title: str, status: str = "any") -> list[Any]:
        posts = self.get("/posts", per_page=100, status=status)
        return [post for post in posts if post["title"]["raw"] == title]


def listed(ids: list[int]) -> str:
    return ",".join(map(str, ids))


@pytest.fixture
def reader(wordpress: WordPress) -> Reader:
    return Reader(wordpress)


async def test_connects_and_says_what_the_account_may_do(wordpress: WordPress, editor: Connected) -> None:
    assert editor.base_url == f"{wordpress.url}/wp-json/"
    assert editor.facts.name == "Kaja test site"
    assert {"publish_posts", "upload_files", "manage_categories"} <= set(editor.facts.permissions)
    assert "Uncategorized" in editor.facts.terms["categories"]
    assert await CONNECTOR.accounts.inspect(session_of(editor)) == editor.facts


@pytest.mark.parametrize("path", ["/", "/wp-admin/profile.php", "/wp-login.php", "/?p=1"])
async def test_the_site_is_found_from_any_of_its_addresses(wordpress: WordPress, path: str) -> None:
    assert (await connect(wordpress, "editor", wordpress.url + path)).base_url == f"{wordpress.url}/wp-json/"


async def test_works_where_pretty_addresses_are_off(wordpress: WordPress, editor: Connected, reader: Reader) -> None:
    session = session_of(editor, f"{wordpress.url}/?rest_route=/")
    await publish(CONNECTOR, make_outgoing("Plain", options={"title": "Plain addresses"}), editor.facts, session)
    assert len(reader.titles("Plain addresses", "publish")) == 1


@pytest.mark.parametrize(
    ("user", "password", "code", "field"),
    [
        ("editor", "wrong wrong wrong wrong", "needs_reconnect", "password"),
        ("nobody", "wrong wrong wrong wrong", "needs_reconnect", "password"),
        ("reader", None, "permission_publish", "username"),
        ("contributor", None, "permission_publish", "username"),
        ("", "x", "username_missing", "username"),
    ],
)
async def test_refused_connections_say_why(
    wordpress: WordPress, user: str, password: str | None, code: str, field: str
) -> None:
    form = {"site": wordpress.url, "username": user, "password": password or wordpress.passwords[user]}
    with pytest.raises(ConnectRefused) as refused:
        await by_form(CONNECTOR).connect(form, {}, make_session())
    assert (refused.value.problem.code, refused.value.problem.field) == (code, field)


async def test_a_server_that_is_not_wordpress_is_named(snac: Any) -> None:
    with pytest.raises(ConnectRefused) as refused:
        await by_form(CONNECTOR).connect({"site": snac.url, "username": "a", "password": "b"}, {}, make_session())
    assert refused.value.problem.code == "not_wordpress"


async def test_article_with_everything(wordpress: WordPress, editor: Connected, reader: Reader) -> None:
    text = "Первый абзац & <b>no HTML</b>\nsecond line\n\n## A heading\n\n- one\n- **two**\n\n> quoted\n\nhttps://example.org/?a=1&b=2"
    options = {
        "title": 'Tere, "maailm" & <i>co</i>',
        "slug": "tere-maailm",
        "excerpt": "In short",
        "categories": ["News", "uncategorized"],
        "tags": ["Kaja", "Эхо"],
        "featured": True,
    }
    media = (make_picture("A red field"), make_picture('A "blue" field', "blue"))
    outgoing = make_outgoing(text, media=media, options=options)
    assert CONNECTOR.rules.check(Draft((Part(text, media),), options=options), editor.facts) == []
    sent = await publish(CONNECTOR, outgoing, editor.facts, session_of(editor))

    post = reader.get(f"/posts/{sent.ref.id}")
    assert (post["status"], post["slug"], post["excerpt"]["raw"]) == ("publish", "tere-maailm", "In short")
    assert sent.ref.url == post["link"] == f"{wordpress.url}/tere-maailm/"
    categories = {term["name"] for term in reader.get("/categories", include=listed(post["categories"]))}
    assert categories == {"News", "Uncategorized"}
    assert {term["name"] for term in reader.get("/tags", include=listed(post["tags"]))} == {"Kaja", "Эхо"}
    featured = reader.get(f"/media/{post['featured_media']}")
    assert featured["alt_text"] == "A red field"
    raw = post["content"]["raw"]
    assert raw.startswith("<!-- wp:paragraph -->\n<p>Первый абзац &amp; &lt;b&gt;no HTML&lt;/b&gt;<br>second line</p>")
    assert '<h2 class="wp-block-heading">A heading</h2>' in raw
    assert featured["source_url"] not in raw
    assert 'alt="A &quot;blue&quot; field"' in raw

    page = httpx2.get(sent.ref.url, timeout=60).text
    assert '<a href="https://example.org/?a=1&b=2">' in html.unescape(page)
    assert "<i>co" not in page
    assert "<strong>two</strong>" in page
    assert "<b>no HTML" not in page
    assert len(re.findall(r"<blockquote[^>]*>", page)) == 1


async def test_the_block_editor_reads_the_blocks_as_its_own(editor: Connected, reader: Reader) -> None:
    """WordPress' own parser finds the same blocks and nothing freeform between them."""
    text = "One\n\n1. a\n2. b\n   - c\n\n```\ncode -- <x>\n```\n\n---\n\n### Deep"
    outgoing = make_outgoing(text, options={"title": "Blocks", "featured": False}, media=(make_picture("Red"),))
    sent = await publish(CONNECTOR, outgoing, editor.facts, session_of(editor))
    post = reader.get(f"/posts/{sent.ref.id}")
    assert post["content"]["block_version"] == 1
    names = re.findall(r"<!-- wp:([a-z-]+)", post["content"]["raw"])
    assert names == [
        "paragraph", "list", "list-item", "list-item", "list", "list-item", "code", "separator", "heading", "image",
    ]  # fmt: skip
    assert "<!-- wp:" not in post["content"]["rendered"]


async def test_publishing_again_changes_nothing(editor: Connected, reader: Reader) -> None:
    session = session_of(editor)
    outgoing = make_outgoing("Text", options={"title": "Only once"})
    result, checkpoint = await run_all(CONNECTOR, outgoing, editor.facts, session)
    assert isinstance(result, Sent)
    again = await needs(CONNECTOR.publisher).run("publish", outgoing, checkpoint, editor.facts, session)
    assert again == result
    assert [post["id"] for post in reader.titles("Only once")] == [int(result.ref.id)]


async def test_a_lost_answer_is_found(editor: Connected, reader: Reader, wordpress: WordPress) -> None:
    outgoing = make_outgoing("Text", options={"title": "Lost answer"})
    with proxy_to(wordpress.url) as proxy:
        session = session_of(editor, f"{proxy.url}/wp-json/")
        checkpoint: dict[str, Any] = {}
        draft = await needs(CONNECTOR.publisher).run("draft", outgoing, checkpoint, editor.facts, session)
        assert isinstance(draft, Next)
        before = await needs(CONNECTOR.publisher).find_delivery(outgoing, draft.checkpoint, editor.facts, session)
        assert isinstance(before, AbsentAsOf)
        proxy.lose("POST /wp-json/wp/v2/posts/")
        result = await needs(CONNECTOR.publisher).run("publish", outgoing, draft.checkpoint, editor.facts, session)
        assert isinstance(result, Unknown)
        assert proxy.lost == ["HTTP/1.1 200 OK"]
        found = await needs(CONNECTOR.publisher).find_delivery(outgoing, draft.checkpoint, editor.facts, session)
    assert isinstance(found, Found)
    [post] = reader.titles("Lost answer")
    assert (str(post["id"]), post["status"], post["link"]) == (found.ref.id, "publish", found.ref.url)


async def test_a_draft_whose_answer_was_lost_is_taken_up_again(
    editor: Connected, reader: Reader, wordpress: WordPress
) -> None:
    outgoing = make_outgoing("Text", options={"title": "Lost draft"})
    with proxy_to(wordpress.url) as proxy:
        session = session_of(editor, f"{proxy.url}/wp-json/")
        proxy.lose("POST /wp-json/wp/v2/posts ")
        result, _ = await run_all(CONNECTOR, outgoing, editor.facts, session)
        assert not isinstance(result, Sent)
        assert [post["status"] for post in reader.titles("Lost draft")] == ["draft"]
        await publish(CONNECTOR, outgoing, editor.facts, session)
    [post] = reader.titles("Lost draft")
    assert (post["status"], post["slug"]) == ("publish", "lost-draft")


async def test_first_comment_and_its_repetition(editor: Connected, reader: Reader, wordpress: WordPress) -> None:
    session = session_of(editor)
    article = await publish(CONNECTOR, make_outgoing("Text", options={"title": "Talked of"}), editor.facts, session)
    comment = make_outgoing(
        'More "there": https://example.org/?a=1&b=2', kind="comment", root=article.ref, reply_to=article.ref
    )
    with proxy_to(wordpress.url) as proxy:
        lossy = session_of(editor, f"{proxy.url}/wp-json/")
        proxy.lose("POST /wp-json/wp/v2/comments ")
        result, _ = await run_all(CONNECTOR, comment, editor.facts, lossy)
        assert isinstance(result, Unknown)
        assert isinstance(await needs(CONNECTOR.publisher).find_delivery(comment, {}, editor.facts, lossy), Found)
    sent = await publish(CONNECTOR, comment, editor.facts, session)
    [stored] = reader.get("/comments", post=article.ref.id)
    assert (str(stored["id"]), stored["link"]) == (sent.ref.id, sent.ref.url)
    assert '<a href="https://example.org/?a=1&#038;b=2"' in stored["content"]["rendered"]
    assert await needs(CONNECTOR.remover).delete(sent.ref, editor.facts, session) == Changed(None)
    assert reader.get("/comments", post=article.ref.id) == []


async def test_the_site_itself_refuses_a_repeated_comment(editor: Connected, reader: Reader) -> None:
    """Without our look before: what `info.idempotent` says of comments."""
    session = session_of(editor)
    article = await publish(CONNECTOR, make_outgoing("Text", options={"title": "Echo"}), editor.facts, session)
    body = {"post": int(article.ref.id), "content": {"raw": render_comment('A "b" & <c> \\d https://e.org/?a=1&b=2')}}
    first = await REST.call(session, "POST", "/wp/v2/comments", json=body)
    with pytest.raises(Failed) as second:
        await REST.call(session, "POST", "/wp/v2/comments", json=body)
    assert first.ok
    assert isinstance(second.value.result, Rejected)
    assert second.value.problem.code == "duplicate_comment"
    assert len(reader.get("/comments", post=article.ref.id)) == 1
    shown = reader.get("/comments", post=article.ref.id)[0]["content"]["rendered"]
    assert "\\d" in html.unescape(shown)


async def test_comments_in_quick_succession_wait(wordpress: WordPress) -> None:
    author = await connect(wordpress, "author")
    session = session_of(author)
    article = await publish(CONNECTOR, make_outgoing("Text", options={"title": "Quick"}), author.facts, session)
    await publish(CONNECTOR, make_outgoing("One", kind="comment", root=article.ref), author.facts, session)
    hurried, _ = await run_all(CONNECTOR, make_outgoing("Two", kind="comment", root=article.ref), author.facts, session)
    assert isinstance(hurried, Later)
    assert hurried.after >= 15


async def test_edit_keeps_address_and_pictures(editor: Connected, reader: Reader) -> None:
    session = session_of(editor)
    media = (make_picture("Old words"), make_picture("Second", "blue"))
    outgoing = make_outgoing("Befroe", media=media, options={"title": "Befroe the edit", "tags": "one, two"})
    sent = await publish(CONNECTOR, outgoing, editor.facts, session)
    fixed = replace(
        outgoing,
        text="Before",
        media=(replace(media[0], alt="New words"), media[1], make_picture("Third", "green")),
        options={"title": "Before the edit", "tags": ["two"]},
    )
    changed = await needs(CONNECTOR.editor).edit(sent.ref, fixed, editor.facts, session)
    assert isinstance(changed, Changed)
    assert changed.ref is not None
    assert (changed.ref.id, changed.ref.url) == (sent.ref.id, sent.ref.url)
    post = reader.get(f"/posts/{sent.ref.id}")
    assert (post["title"]["raw"], post["status"]) == ("Before the edit", "publish")
    assert "<p>Before</p>" in post["content"]["raw"]
    assert [term["name"] for term in reader.get("/tags", include=listed(post["tags"]))] == ["two"]
    assert reader.get(f"/media/{post['featured_media']}")["alt_text"] == "New words"
    assert post["featured_media"] == sent.ref.data["media"][media[0].key]["id"]
    assert set(changed.ref.data["media"]) == {item.key for item in fixed.media}


async def test_delete_moves_to_the_trash_and_may_be_repeated(editor: Connected, reader: Reader) -> None:
    session = session_of(editor)
    sent = await publish(CONNECTOR, make_outgoing("Text", options={"title": "Goes away"}), editor.facts, session)
    assert await needs(CONNECTOR.remover).delete(sent.ref, editor.facts, session) == Changed(None)
    assert reader.get(f"/posts/{sent.ref.id}")["status"] == "trash"
    assert httpx2.get(sent.ref.url, timeout=60).status_code == 404
    assert await needs(CONNECTOR.remover).delete(sent.ref, editor.facts, session) == Changed(None)
    assert await needs(CONNECTOR.remover).delete(type(sent.ref)("999999"), editor.facts, session) == Changed(None)


async def test_an_author_may_not_make_categories(wordpress: WordPress) -> None:
    author = await connect(wordpress, "author")
    options = {"title": "By an author", "categories": ["Nobody made this"], "tags": ["but this tag"]}
    problems = CONNECTOR.rules.check(Draft((Part("Text"),), options=options), author.facts)
    assert [(problem.code, problem.field) for problem in problems] == [("category_unknown", "options.categories")]
    result, _ = await run_all(CONNECTOR, make_outgoing("Text", options=options), author.facts, session_of(author))
    assert isinstance(result, Rejected)
    assert (result.problem.code, result.problem.field) == ("term_unknown", "options.categories")
    allowed = make_outgoing("Text", options={**options, "categories": ["Uncategorized"]})
    await publish(CONNECTOR, allowed, author.facts, session_of(author))


async def test_a_role_taken_away_is_said_at_delivery(wordpress: WordPress, editor: Connected) -> None:
    session = make_session(editor.base_url, username="contributor", password=wordpress.passwords["contributor"])
    result, _ = await run_all(CONNECTOR, make_outgoing("Text", options={"title": "Not allowed"}), editor.facts, session)
    assert isinstance(result, Rejected)
    assert result.problem.code == "permission_missing"


async def test_a_revoked_password_asks_to_reconnect(editor: Connected) -> None:
    session = make_session(editor.base_url, username="editor", password="revoked revoked revoked")
    result, _ = await run_all(CONNECTOR, make_outgoing("Text", options={"title": "Never"}), editor.facts, session)
    assert isinstance(result, NeedsReconnect)


async def test_a_file_that_is_not_what_it_says_is_refused_clearly(editor: Connected) -> None:
    broken = replace(make_picture("Broken"), read=lambda: b"not a picture")
    outgoing = make_outgoing("Text", media=(broken,), options={"title": "Broken"})
    result, _ = await run_all(CONNECTOR, outgoing, editor.facts, session_of(editor))
    assert isinstance(result, Rejected)
    assert (result.problem.code, result.problem.field) == ("image_unreadable", "parts.0.media")


@pytest.mark.parametrize("source", ["the running site's", "an older version's"])
async def test_everything_that_is_sent_keeps_to_the_sites_own_contract(
    editor: Connected, wordpress: WordPress, source: str
) -> None:
    """Judged by the index that the running site gives of itself, and by that of 6.1.9 while 6.8 answers."""
    if source == "the running site's":
        async with httpx2.AsyncClient(timeout=120) as reader:
            contract = WordPressContract((await reader.get(f"{wordpress.url}/wp-json/")).json())
    else:
        contract = WordPressContract(open_contract("wordpress/wp-json-index-6.1.9.json"))
    options = {
        "title": "By the rules",
        "slug": "by-the-rules",
        "excerpt": "Short",
        "categories": ["Rules"],
        "tags": ["contract"],
    }
    with proxy_to(wordpress.url) as proxy:
        session = session_of(editor, f"{proxy.url}/wp-json/")
        media = (make_picture("One"), make_picture("Two", "blue"))
        outgoing = make_outgoing("Text", media=media, options=options)
        result, checkpoint = await run_all(CONNECTOR, outgoing, editor.facts, session)
        assert isinstance(result, Sent)
        await needs(CONNECTOR.publisher).find_delivery(outgoing, checkpoint, editor.facts, session)
        await needs(CONNECTOR.editor).edit(result.ref, replace(outgoing, text="Changed"), editor.facts, session)
        comment = make_outgoing("Said", kind="comment", root=result.ref, reply_to=result.ref)
        said = await publish(CONNECTOR, comment, editor.facts, session)
        await needs(CONNECTOR.editor).edit(said.ref, replace(comment, text="Said better"), editor.facts, session)
        await needs(CONNECTOR.remover).delete(said.ref, editor.facts, session)
        await needs(CONNECTOR.remover).delete(result.ref, editor.facts, session)
        await CONNECTOR.accounts.inspect(session)
        requests = list(proxy.requests)
    operations = {(request.method, re.sub(r"\d+", "N", request.path)) for request in requests}
    assert len(operations) >= 14, operations
    for request in requests:
        assert contract.find_violations(request) == [], (request.method, request.path, request.query)
    # The judge can refuse: one field of a real request under another name.
    [published] = [r for r in requests if r.method == "POST" and b'"status":"publish"' in r.body]
    renamed = replace(published, body=published.body.replace(b'"status"', b'"state"'))
    assert contract.find_violations(renamed) == ["unknown argument state"]
    wrong = replace(published, body=published.body.replace(b'"publish"', b'"public"'))
    assert contract.find_violations(wrong)
