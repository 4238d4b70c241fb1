"""From what people type (`kit/markdown.py`) to the block editor's markup. Block grammar:
https://developer.wordpress.org/block-editor/explanations/architecture/key-concepts/, read 2026-11-22.
"""

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from markdown_it.tree import SyntaxTreeNode

from kaja.networks.kit.markdown import parse_markdown, render_line
from kaja.networks.wordpress.literal import keep, keep_brackets


@dataclass(frozen=True)
class Attachment:
    """A file in the site's media library."""

    id: int
    url: str
    kind: Literal["image", "gif", "video"]
    alt: str = ""


def render_blocks(text: str, attachments: Iterable[Attachment] = ()) -> str:
    """Block markup of a text, with pictures and videos after it."""
    blocks = [*_render_children(parse_markdown(text)), *(_render_attachment(item) for item in attachments)]
    return "\n\n".join(blocks)


def render_comment(text: str) -> str:
    """A comment as WordPress stores it: escaped, without tags (it makes the links when it shows it).

    Only what is stored unchanged is recognised as a duplicate: a tag of ours would get a rel attribute, and a backslash
    is lost in the comparison (both seen on 6.8.7: the same comment stood there twice).
    """
    return keep(html.escape(text.strip(), quote=False).replace("\\", "&#92;"))


def _block(name: str, body: str, **attributes: Any) -> str:
    # "--" would end the comment that carries the attributes; WordPress writes it the same way (serializeAttributes).
    values = f" {json.dumps(attributes, separators=(',', ':'))}".replace("--", "\\u002d\\u002d") if attributes else ""
    return f"<!-- wp:{name}{values} -->\n{body}\n<!-- /wp:{name} -->"


def _render_children(node: SyntaxTreeNode) -> list[str]:
    return [rendered for child in node.children if (rendered := _render_block(child))]


def _render_block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "paragraph":
            return _block("paragraph", f"<p>{_line(node)}</p>")
        case "heading":
            level = max(2, int(node.tag[1]))  # the title of the article is the first level
            body = f'<h{level} class="wp-block-heading">{_line(node)}</h{level}>'
            return _block("heading", body) if level == 2 else _block("heading", body, level=level)
        case "bullet_list" | "ordered_list":
            return _render_list(node)
        case "blockquote":
            inner = "\n\n".join(_render_children(node))
            return _block("quote", f'<blockquote class="wp-block-quote">{inner}</blockquote>')
        case "fence" | "code_block":
            code = keep_brackets(html.escape(node.content.rstrip("\n"), quote=False))
            return _block("code", f'<pre class="wp-block-code"><code>{code}</code></pre>')
        case "hr":
            return _block("separator", '<hr class="wp-block-separator has-alpha-channel-opacity"/>')
    raise ValueError(node.type)


def _render_list(node: SyntaxTreeNode) -> str:
    ordered = node.type == "ordered_list"
    items = []
    for item in node.children:
        lines: list[str] = []
        for child in item.children:
            # An item holds a line and perhaps a list; what else Markdown allows inside is flattened to lines.
            lines.append(_render_list(child) if child.type.endswith("_list") else _render_flat(child))
        inner = "<br>".join(line for line in lines if not line.startswith("<!--"))
        inner += "".join(line for line in lines if line.startswith("<!--"))
        items.append(_block("list-item", f"<li>{inner}</li>"))
    tag = "ol" if ordered else "ul"
    start = int(node.attrs.get("start", 1)) if ordered else 1
    attributes: dict[str, Any] = {"ordered": True} if ordered else {}
    attributes |= {"start": start} if start != 1 else {}
    opening = f'<{tag} start="{start}" class="wp-block-list">' if start != 1 else f'<{tag} class="wp-block-list">'
    return _block("list", opening + "\n\n".join(items) + f"</{tag}>", **attributes)


def _line(node: SyntaxTreeNode) -> str:
    return keep(render_line(node))


def _render_flat(node: SyntaxTreeNode) -> str:
    if node.type in ("paragraph", "heading"):
        return _line(node)
    if node.type in ("fence", "code_block"):
        return f"<code>{keep_brackets(html.escape(node.content.strip(), quote=False))}</code>"
    return "<br>".join(_render_flat(child) for child in node.children)


def _render_attachment(item: Attachment) -> str:
    source = html.escape(item.url)
    if item.kind == "video":
        return _block(
            "video", f'<figure class="wp-block-video"><video controls src="{source}"></video></figure>', id=item.id
        )
    body = f'<figure class="wp-block-image size-full"><img src="{source}" alt="{keep_brackets(html.escape(item.alt))}"'
    body += f' class="wp-image-{item.id}"/></figure>'
    return _block("image", body, id=item.id, sizeSlug="full", linkDestination="none")
