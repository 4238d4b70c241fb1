"""An article as it is sent, with its files; drafts and what stands there."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.kit.answers import read_object
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.fields import read_flag, read_text
from kaja.networks.kit.http import Session
from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.kit.results import RemoteRef
from kaja.networks.kit.uploads import list_keys, open_upload
from kaja.networks.wordpress.api import REST
from kaja.networks.wordpress.blocks import Attachment, render_blocks
from kaja.networks.wordpress.literal import keep_entities, keep_smileys
from kaja.networks.wordpress.rules import MAX_SIDE

PICTURE = ImageRules(max_bytes=8 * 1024 * 1024, max_side=MAX_SIDE)


async def upload(media: Media, session: Session) -> dict[str, Any]:
    """Send one file with its description to the media library; gives its id and address. Raises Failed."""
    # The type is judged by the name's ending (wp_check_filetype), which is that of the content.
    file = await open_upload(media, PICTURE)
    answer = await REST.upload(session, "/wp/v2/media", file, field="file", data=_describe(media))
    made = read_object(answer, "id", "source_url")
    return {"id": int(made["id"]), "url": str(made["source_url"])}


def _describe(media: Media) -> dict[str, str]:
    """The title is what the library of the site shows instead of the file's name."""
    title = {"title[raw]": media.filename.rpartition(".")[0][:200]} if media.filename else {}
    return title | ({"alt_text": media.alt} if media.alt.strip() else {})


def render_article(outgoing: Outgoing, media: Mapping[str, Any], terms: Mapping[str, list[int]]) -> dict[str, Any]:
    """Title, content, excerpt, terms and featured image, as POST /wp/v2/posts takes them."""
    attachments = [
        Attachment(media[key]["id"], media[key]["url"], item.kind, item.alt)
        for key, item in zip(list_keys(outgoing.media), outgoing.media, strict=True)
    ]
    featured = 0
    if attachments and attachments[0].kind == "image" and read_flag(outgoing.options, "featured", default=True):
        featured = attachments.pop(0).id  # themes show it above the text: it does not stand there twice
    article = {
        # Both fields take HTML, and what people type here is text; the rest is escaped by WordPress when it is shown.
        "title": {"raw": keep_entities(read_text(outgoing.options, "title"))},
        "content": {"raw": render_blocks(outgoing.text, attachments)},
        "excerpt": {"raw": keep_smileys(keep_entities(read_text(outgoing.options, "excerpt")))},
        "tags": list(terms.get("tags", [])),
        "featured_media": featured,
    }
    # An empty list would take the site's default category away.
    return article | ({"categories": list(terms["categories"])} if terms.get("categories") else {})


def build_ref(post: Mapping[str, Any], media: Mapping[str, Any]) -> RemoteRef:
    """The published article. `data` keeps the files' ids and addresses, which a later edit writes again."""
    return RemoteRef(str(post["id"]), str(post.get("link") or ""), {"type": "post", "media": dict(media)})
