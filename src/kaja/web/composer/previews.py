"""How a post will look on each network: the connector cuts and marks the text, templates draw it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.content.queries import check_draft, resolve_all
from kaja.content.snapshot import PostContent, VariantContent
from kaja.kernel.problems import Problem
from kaja.media.open import parse_key
from kaja.networks.kit.connector import Count, NetworkInfo, Segment
from kaja.networks.kit.content import Draft, Media
from kaja.networks.kit.formats import Format, get_format
from kaja.networks.kit.iri import convert_address, show_host
from kaja.networks.registry import CONNECTORS
from kaja.web.composer.options import with_defaults
from kaja.web.media.addresses import media_url


@dataclass(frozen=True)
class ShownMedia:
    """A picture or video with the addresses of this application."""

    url: str
    thumbnail: str
    kind: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class ShownPart:
    """One message as it will look, and how long it is."""

    segments: Sequence[Segment]
    media: Sequence[ShownMedia]
    count: Count | None


@dataclass(frozen=True)
class ShownPost:
    """All that a preview template draws."""

    channel: Channel
    info: NetworkInfo | None
    parts: Sequence[ShownPart]
    draft: Draft
    card_host: str
    card_image: ShownMedia | None
    options: Mapping[str, Any]
    problems: Sequence[Problem]
    template: str
    host: str
    shown_as: Format | None = None
    """Where the network has more than one way of showing a post."""

    @property
    def over(self) -> bool:
        """Whether some part is longer than the network takes."""
        return any(part.count and part.count.used > part.count.limit for part in self.parts)

    def with_problems(self, further: Sequence[Problem]) -> "ShownPost":
        """The same with more findings, first."""
        return replace(self, problems=[*further, *self.problems]) if further else self


@dataclass
class ShownGroup:
    """Channels of one network on which the post looks the same: drawn once, named all."""

    first: ShownPost
    channels: list[Channel]


def group_shown(shown: Sequence[ShownPost]) -> list[ShownGroup]:
    """Equal previews together, in the order of the channels."""
    groups: dict[tuple[object, ...], ShownGroup] = {}
    for post in shown:
        draft = post.draft
        key = (
            post.channel.network,
            repr(post.parts),
            repr((draft.link_card, draft.first_comment, draft.language)),
            repr(sorted(post.options.items())),
        )
        if key in groups:
            groups[key].channels.append(post.channel)
        else:
            groups[key] = ShownGroup(post, [post.channel])
    return list(groups.values())


def _show_media(slug: str, media: Media) -> ShownMedia:
    item = parse_key(media.key)
    return ShownMedia(
        media_url(slug, item),
        media_url(slug, item, thumbnail=True),
        media.kind,
        media.alt,
        media.width,
        media.height,
    )


def _template(network: str) -> str:
    name = f"preview/{network}.html"
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return "composer/preview/plain.html"
    return name


def show_post(slug: str, channel: Channel, draft: Draft) -> ShownPost:
    """One channel's preview, with counts and findings."""
    connector = CONNECTORS.get(channel.network)
    facts = facts_of(channel)
    parts = []
    for part in draft.parts:
        segments = connector.rules.segments(part.text, facts) if connector else [Segment(part.text)]
        count = connector.rules.count(part.text, facts, draft.options) if connector else None
        parts.append(ShownPart(segments, [_show_media(slug, m) for m in part.media], count))
    card = draft.link_card
    formats = connector.rules.formats(facts) if connector else ()
    return ShownPost(
        channel=channel,
        info=connector.info if connector else None,
        parts=parts,
        draft=draft,
        card_host=show_host(urlsplit(convert_address(card.url)).hostname or "") if card else "",
        card_image=_show_media(slug, card.image) if card and card.image else None,
        options=draft.options,
        problems=check_draft(channel, draft),
        template=_template(channel.network),
        host=show_host(urlsplit(channel.base_url or channel.url).netloc),
        shown_as=get_format(formats, draft.options) if len(formats) > 1 else None,
    )


def show_content(slug: str, content: PostContent, channels: Sequence[Channel]) -> list[ShownPost]:
    """The previews of an edit that need not be saved, in the order of the channels."""
    own = {channel.id: content.variants.get(channel.id, VariantContent()) for channel in channels}
    drafts = resolve_all(
        {
            channel.id: (content.document, own[channel.id].overrides, with_defaults(channel, own[channel.id].options))
            for channel in channels
        }
    )
    return [show_post(slug, channel, drafts[channel.id]) for channel in channels]


@dataclass
class Finding:
    """One line of the list of problems: the same words for several channels or places are said once."""

    problem: Problem
    channels: list[Channel]
    places: int = 1


def list_findings(shown: Sequence[ShownPost]) -> list[Finding]:
    """Every problem once, errors first, otherwise in the order of the channels."""
    found: dict[tuple[str, str], Finding] = {}
    for post in shown:
        for problem in post.problems:
            key = (problem.code, problem.text() + problem.fix)
            if key not in found:
                found[key] = Finding(problem, [post.channel])
            elif found[key].channels[0] is post.channel:
                found[key].places += 1
            elif post.channel not in found[key].channels:
                found[key].channels.append(post.channel)
    return sorted(found.values(), key=lambda finding: finding.problem.severity != "error")
