"""What a channel makes of the common document."""

import pytest

from kaja.content.document import CardDocument, Document, Overrides, PartDocument, merge, resolve
from kaja.content.queries import list_media_items
from kaja.content.snapshot import PostContent, VariantContent, parse_content, render_content
from kaja.kernel.ids import new_id
from kaja.media.item import MediaItem
from kaja.networks.kit.content import Media

CARD = CardDocument(url="https://lummus.test", title="Lummus", image=new_id())
COMMON = Document(parts=(PartDocument(text="common"),), link_card=CARD)


def no_media(item: MediaItem) -> Media:
    raise AssertionError(f"{item} is not part of it")


def test_a_channel_follows_replaces_or_drops_the_common_card() -> None:
    other = CardDocument(url="https://other.test")
    assert merge(COMMON, Overrides()).link_card == CARD
    assert merge(COMMON, Overrides(link_card=None)).link_card == CARD
    assert merge(COMMON, Overrides(link_card=other)).link_card == other
    assert merge(COMMON, Overrides(link_card="none")).link_card is None
    assert merge(Document(), Overrides(link_card="none")).link_card is None


def test_what_is_dropped_is_neither_sent_nor_opened() -> None:
    overrides = Overrides(link_card="none")
    assert resolve(COMMON, overrides, {}, no_media).link_card is None
    # The common card's picture is still a file of the post.
    assert [item.asset for item in list_media_items(COMMON, overrides)] == [CARD.image]


def test_none_survives_being_stored() -> None:
    channel = new_id()
    content = PostContent(COMMON, {channel: VariantContent(Overrides(link_card="none"))})
    stored = render_content(content)
    assert stored["variants"][str(channel)]["overrides"] == {"link_card": "none"}
    assert parse_content(stored) == content


@pytest.mark.parametrize("wrong", ["no", "", "None", False, []])
def test_nothing_else_means_none(wrong: object) -> None:
    with pytest.raises(ValueError, match="link_card"):
        Overrides.model_validate({"link_card": wrong})
