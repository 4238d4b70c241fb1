"""A post's content as one value: what a revision stores, what two editors are compared by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from kaja.content.document import Document, Overrides
from kaja.content.models import Post, Variant


@dataclass(frozen=True)
class VariantContent:
    """What one channel has of its own."""

    overrides: Overrides = field(default_factory=Overrides)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PostContent:
    """The common document and, by channel id, every channel's own part."""

    document: Document
    variants: Mapping[UUID, VariantContent]


class Groups(NamedTuple):
    """What a post belongs to."""

    campaign: UUID | None
    labels: tuple[str, ...]


def content_of(post: Post, variants: Iterable[Variant]) -> PostContent:
    """The content as the rows hold it; removed variants are left out."""
    return PostContent(
        Document.model_validate(post.document),
        {
            v.channel_id: VariantContent(Overrides.model_validate(v.overrides), dict(v.options))
            for v in variants
            if v.removed_at is None
        },
    )


def render_document(document: Document) -> dict[str, Any]:
    """JSON values of a document."""
    return document.model_dump(mode="json")


def render_overrides(overrides: Overrides) -> dict[str, Any]:
    """JSON values of what differs; a field that follows the common document is absent."""
    return overrides.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def render_content(content: PostContent) -> dict[str, Any]:
    """JSON values for `Revision.snapshot`."""
    return {
        "document": render_document(content.document),
        "variants": {
            str(channel): {"overrides": render_overrides(own.overrides), "options": dict(own.options)}
            for channel, own in content.variants.items()
        },
    }


def parse_content(snapshot: Mapping[str, Any]) -> PostContent:
    """The inverse of `render_content`."""
    return PostContent(
        Document.model_validate(snapshot["document"]),
        {
            UUID(channel): VariantContent(Overrides.model_validate(own["overrides"]), dict(own["options"]))
            for channel, own in snapshot["variants"].items()
        },
    )


def summarize(document: Document, limit: int = 200) -> str:
    """The first words, for cards and search: whitespace folded, cut at a word."""
    text = " ".join(" ".join(part.text.split()) for part in document.parts if part.text.strip())
    if not text and document.link_card:
        text = document.link_card.title or document.link_card.url
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ")
    # Chinese has no spaces: a cut in the last half is a word boundary, otherwise cut where the room ends.
    return (head[:space] if space > limit // 2 else head) + "…"
