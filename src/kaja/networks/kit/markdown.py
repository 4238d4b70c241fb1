"""The little Markdown that people type, for networks that show formatted texts: parsed, and its lines as HTML.

Paragraphs (a blank line parts them, a single line break stays a line break), headings (`## `), lists (`- `, `1. `),
quotes (`> `), fenced code, `---`, **bold**, *italics*, `code` and [links](https://...); plain addresses become links.
Everything else is text, HTML included. What a block becomes is the network's own.
"""

import html

import nh3
import regex
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(
    # Indented text, underlined headings, reference lists, pictures by address, raw HTML and its entities surprise in
    # plain text.
    ["code", "lheading", "reference", "image", "html_block", "html_inline", "entity"]
)
_URL = regex.compile(r"(?<![\w@/.])https?://(?:[\w-]+\.)*[\w-]+(?::\d+)?(?:[/?#][^\s<>\"“”«»]*)?", regex.IGNORECASE)
_URL_TAIL = regex.compile(r"[.,:;!?'…)\]*_~]+$")
_INLINE_TAGS = {"a", "strong", "em", "code", "br"}
_SCHEMES = {"http", "https", "mailto", "tel"}


def parse_markdown(text: str) -> SyntaxTreeNode:
    """The tree of a text. Its nodes are called as in markdown-it: paragraph, heading, bullet_list, fence ..."""
    return SyntaxTreeNode(_MARKDOWN.parse(text))


def render_line(node: SyntaxTreeNode) -> str:
    """What stands in a paragraph or heading, as HTML with a, strong, em, code and br."""
    rendered = "".join(_render_inline(child) for inline in node.children for child in inline.children)
    # The last word on what HTML leaves Kaja, whatever the rendering did.
    return nh3.clean(
        rendered,
        tags=_INLINE_TAGS,
        attributes={"a": {"href"}},
        url_schemes=_SCHEMES,
        link_rel=None,
        strip_comments=True,
    )


def _render_inline(node: SyntaxTreeNode) -> str:
    inner = "".join(_render_inline(child) for child in node.children)
    match node.type:
        case "text":
            inside = node.parent
            while inside is not None and inside.type != "link":
                inside = inside.parent
            return html.escape(node.content, quote=False) if inside is not None else link_addresses(node.content)
        case "code_inline":
            return f"<code>{html.escape(node.content, quote=False)}</code>"
        case "softbreak" | "hardbreak":
            return "<br>"
        case "strong" | "em":
            return f"<{node.type}>{inner}</{node.type}>"
        case "link":
            return f'<a href="{html.escape(str(node.attrs.get("href", "")))}">{inner}</a>'
    return inner


def link_addresses(text: str) -> str:
    """Plain text as HTML, its addresses as links."""
    return "".join(
        f'<a href="{html.escape(url)}">{html.escape(piece, quote=False)}</a>'
        if url
        else html.escape(piece, quote=False)
        for piece, url in _split_urls(text)
    )


def _split_urls(text: str) -> list[tuple[str, str]]:
    """(piece, address or "") over the whole text."""
    pieces: list[tuple[str, str]] = []
    position = 0
    for match in _URL.finditer(text):
        url = match.group()
        tail = _URL_TAIL.search(url)
        if tail and not (tail.group().startswith(")") and "(" in url):
            url = url[: tail.start()]
        pieces += [(text[position : match.start()], ""), (url, url)]
        position = match.start() + len(url)
    pieces.append((text[position:], ""))
    return [(piece, url) for piece, url in pieces if piece]
