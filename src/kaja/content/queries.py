"""All reads of posts. Every query runs inside an entered workspace scope."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from kaja.channels.models import Channel
from kaja.channels.queries import channel_order
from kaja.channels.sessions import facts_of
from kaja.content.document import Document, Overrides, card_of, resolve
from kaja.content.errors import channel_disconnected
from kaja.content.models import Post, PostLabel, Revision, Variant
from kaja.content.snapshot import PostContent, content_of, parse_content
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.kernel.tenancy import entered_workspace_id
from kaja.media.item import MediaItem
from kaja.media.open import open_assets
from kaja.networks.kit.content import Draft, Media
from kaja.networks.registry import CONNECTORS

REVISION_NOT_FOUND = Problem(
    code="revision_not_found",
    message=gettext_noop("This version of the post is not kept."),
    fix=gettext_noop("Choose a version from the post's history."),
)
PAGE_MAX = 200


def _ready(rows: QuerySet[Post]) -> QuerySet[Post]:
    """With all that a list shows, in one more query whatever the number of posts."""
    names = PostLabel.objects.filter(post=OuterRef("pk")).order_by("label__name").values("label__name")
    return (
        rows.select_related("campaign", "owner")
        .annotate(label_names=ArraySubquery(names))
        .prefetch_related(
            Prefetch(
                "variants",
                Variant.objects.filter(removed_at__isnull=True)
                .select_related("channel")
                .order_by(*channel_order("channel__")),
                to_attr="active_variants",
            ),
        )
    )


def get_post(post_id: UUID, *, deleted: bool = False) -> Post:
    """A post with `active_variants` (and their channels), labels, campaign and owner; or NotFound."""
    rows = _ready(Post.objects.filter(id=post_id))
    post = rows.first() if deleted else rows.filter(deleted_at__isnull=True).first()
    if post is None:
        raise NotFound(
            Problem(
                code="post_not_found",
                message=gettext_noop("This post is not here."),
                fix=gettext_noop("Perhaps somebody deleted it; look in the list of posts or in the bin."),
            )
        )
    return post


def find_post(post_id: UUID) -> Post | None:
    """A post outside the bin, as `get_post` gives it, or None where no such post is (yet)."""
    return _ready(Post.objects.filter(id=post_id, deleted_at__isnull=True)).first()


def has_posts() -> bool:
    """Whether anything was ever written in the workspace."""
    return Post.objects.exists()


def list_chosen(post_ids: Collection[UUID]) -> list[Post]:
    """These posts by their time, without content; those that are gone or in the bin are left out."""
    rows = Post.objects.filter(id__in=post_ids, deleted_at__isnull=True).order_by("due_at", "id")
    return list(rows.only("id", "workspace", "due_at", "campaign", "state"))


def list_summaries(post_ids: Collection[UUID]) -> dict[UUID, str]:
    """The first words of posts, by their ids."""
    return dict(Post.objects.filter(id__in=post_ids).values_list("id", "summary"))


def list_carriers(post_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The channels that carry each post."""
    found: dict[UUID, list[UUID]] = {post_id: [] for post_id in post_ids}
    rows = Variant.objects.filter(post_id__in=post_ids, removed_at__isnull=True)
    for post_id, channel_id in rows.values_list("post_id", "channel_id"):
        found[post_id].append(channel_id)
    return found


def list_active_variants(post: Post) -> list[Variant]:
    """The variants that count, each with its channel; free when the post came from this module."""
    ready: list[Variant] | None = getattr(post, "active_variants", None)
    if ready is not None:
        return ready
    return list(
        Variant.objects.filter(post=post, removed_at__isnull=True)
        .select_related("channel")
        .order_by(*channel_order("channel__"))
    )


def get_content(post: Post) -> PostContent:
    """The post's content as one value."""
    return content_of(post, list_active_variants(post))


def list_labels_of(post: Post) -> list[str]:
    """Names, sorted; free when the post came from this module."""
    ready: list[str] | None = getattr(post, "label_names", None)
    if ready is not None:
        return ready
    return list(PostLabel.objects.filter(post=post).order_by("label__name").values_list("label__name", flat=True))


@dataclass(frozen=True)
class PostFilter:
    """What a list shows; None and empty mean all. `text` is searched in texts and titles."""

    campaign: UUID | None = None
    label: str = ""
    states: Sequence[str] = ()
    owner: UUID | None = None
    channel: UUID | None = None
    text: str = ""
    due_from: datetime | None = None
    due_to: datetime | None = None
    deleted: bool = False


def having_words(text: str) -> Q:
    """The posts whose text holds every word of `text`: a condition beside others, so that nothing is cut off before
    the others have chosen.

    One SQL function that takes the workspace id: trigram operators are not leak-proof, so under row-level security
    they could not use their index.
    """
    found = RawSQL("SELECT post_id FROM content_search_posts(%s, %s, NULL)", [entered_workspace_id(), text])
    return Q(id__in=found)


def list_found(text: str, limit: int) -> list[Post]:
    """Posts outside the bin that hold every word, changed last first, with what a list shows."""
    return list(
        _ready(Post.objects.filter(having_words(text), deleted_at__isnull=True)).order_by("-updated_at")[:limit]
    )


def filter_posts(wanted: PostFilter) -> QuerySet[Post]:
    """The posts that match, unordered and without what a list shows beside them."""
    rows = Post.objects.filter(deleted_at__isnull=not wanted.deleted)
    conditions = Q()
    if wanted.campaign:
        conditions &= Q(campaign_id=wanted.campaign)
    if wanted.owner:
        conditions &= Q(owner_id=wanted.owner)
    if wanted.states:
        conditions &= Q(state__in=list(wanted.states))
    if wanted.label:
        conditions &= Q(id__in=PostLabel.objects.filter(label__name=wanted.label).values("post_id"))
    if wanted.channel:
        active = Variant.objects.filter(channel_id=wanted.channel, removed_at__isnull=True)
        conditions &= Q(id__in=active.values("post_id"))
    if wanted.text.strip():
        conditions &= having_words(wanted.text.strip())
    if wanted.due_from:
        conditions &= Q(due_at__gte=wanted.due_from)
    if wanted.due_to:
        conditions &= Q(due_at__lt=wanted.due_to)
    return rows.filter(conditions)


def list_bin(cursor: str = "", limit: int = PAGE) -> Page[Post]:
    """What is in the bin, what was put there last first, with what a list shows."""
    return cut_page(_ready(Post.objects.filter(deleted_at__isnull=False)), ("-deleted_at", "-id"), cursor, limit)


def list_posts(wanted: PostFilter | None = None, cursor: str = "", limit: int = PAGE) -> Page[Post]:
    """Posts, newest first (ids are time-ordered), each as `get_post` gives it."""
    rows = _ready(filter_posts(wanted or PostFilter()))
    return cut_page(rows, ("-id",), cursor, max(1, min(limit, PAGE_MAX)))


LAST = datetime.max.replace(year=9000, tzinfo=UTC)


def list_posts_by_time(wanted: PostFilter, cursor: str = "", limit: int = PAGE) -> Page[Post]:
    """Posts by the time when they go out, those without one last, each as `get_post` gives it."""
    rows = _ready(filter_posts(wanted)).annotate(
        stands_at=Coalesce("due_at", Value(LAST), output_field=DateTimeField())
    )
    return cut_page(rows, ("stands_at", "id"), cursor, limit)


def list_board(state: str, limit: int = 300, among: QuerySet[Any] | None = None) -> tuple[list[Post], int]:
    """A column of the ideas board, and how many posts it holds: in its own order, or `among` ids, by their time."""
    rows = Post.objects.filter(state=state, deleted_at__isnull=True)
    order = ["position", "id"]
    if among is not None:
        rows, order = rows.filter(id__in=among), ["due_at", "id"]
    posts = list(_ready(rows).order_by(*order)[: limit + 1])
    return posts[:limit], len(posts) if len(posts) <= limit else rows.count()


def list_revisions(post: Post, limit: int = 200) -> list[Revision]:
    """The kept versions, newest first, without what stands in them."""
    return list(Revision.objects.filter(post=post).defer("snapshot").order_by("-number")[:limit])


def page_revisions(post: Post, cursor: str = "", limit: int = PAGE) -> Page[Revision]:
    """The kept versions from the beginning, with what stands in them."""
    return cut_page(Revision.objects.filter(post=post), ("number", "id"), cursor, limit)


def get_version(post_id: UUID, number: int) -> tuple[PostContent | None, PostContent]:
    """A kept version, and the one before it (None for the first)."""
    rows = Revision.objects.filter(post_id=post_id, number__lte=number).order_by("-number")[:2]
    snapshots = list(rows.values_list("number", "snapshot"))
    if not snapshots or snapshots[0][0] != number:
        raise NotFound(REVISION_NOT_FOUND)
    older = parse_content(snapshots[1][1]) if len(snapshots) > 1 else None
    return older, parse_content(snapshots[0][1])


def drafts_of(variants: Iterable[Variant]) -> dict[UUID, Draft]:
    """What each channel would carry, by variant id: one query for the files of all. Posts and channels of the
    variants should be selected with them."""
    rows = list(variants)
    merged: dict[UUID, tuple[Document, Overrides, Mapping[str, Any]]] = {}
    for variant in rows:
        document = Document.model_validate(variant.post.document)
        merged[variant.id] = (document, Overrides.model_validate(variant.overrides), variant.options)
    return resolve_all(merged)


def resolve_all(contents: Mapping[UUID, tuple[Document, Overrides, Mapping[str, Any]]]) -> dict[UUID, Draft]:
    """Drafts of contents that need not be saved (the composer checks while somebody types)."""
    items = [item for document, overrides, _ in contents.values() for item in list_media_items(document, overrides)]
    opened = open_assets(items)

    def open_media(item: MediaItem) -> Media:
        return opened[item]

    return {
        key: resolve(document, overrides, options, open_media)
        for key, (document, overrides, options) in contents.items()
    }


def list_media_items(document: Document, overrides: Overrides) -> list[MediaItem]:
    """Every use of an asset that the merged document has, in order."""
    items: list[MediaItem] = []
    for source in (document, overrides):
        items += [item for part in source.parts or () for item in part.media]
        if (card := card_of(source)) and card.image:
            items.append(MediaItem(asset=card.image))
    return items


def draft_of(variant: Variant) -> Draft:
    """What one channel would carry."""
    return drafts_of([variant])[variant.id]


def check_draft(channel: Channel, draft: Draft) -> list[Problem]:
    """The network's own findings, and Kaja's about the channel: the same in the composer, the API and at delivery."""
    connector = CONNECTORS.get(channel.network)
    if connector is None:
        return [
            Problem(
                code="network_unknown",
                message=gettext_noop("This Kaja does not speak “%(network)s”; the post cannot go to %(channel)s."),
                field="channels",
                fix=gettext_noop("Take the channel off the post, or ask the operator which version is installed."),
                params={"network": channel.network, "channel": str(channel)},
            )
        ]
    found: list[Problem] = []
    if channel.disconnected_at is not None:
        found.append(channel_disconnected(channel))
    elif channel.health == "reconnect":
        found.append(
            Problem(
                code="channel_needs_reconnect",
                message=gettext_noop("%(channel)s must be connected again before anything can be sent to it."),
                field="channels",
                fix=gettext_noop("Open Channels and connect it again; its plan and history stay."),
                params={"channel": str(channel)},
                severity="warning",
            )
        )
    return found + connector.rules.check(draft, facts_of(channel))


def check_post(post: Post) -> dict[UUID, list[Problem]]:
    """Everything that is wrong or risky, by channel id; a channel without findings has an empty list."""
    return check_posts([post])[post.id]


def check_posts(posts: Iterable[Post]) -> dict[UUID, dict[UUID, list[Problem]]]:
    """The same for many posts, by their ids, in as many queries as for one."""
    by_id = {post.id: post for post in posts}
    rows = Variant.objects.filter(post_id__in=by_id, removed_at__isnull=True).select_related("channel").order_by("id")
    variants = list(rows)
    for variant in variants:
        variant.post = by_id[variant.post_id]
    drafts = drafts_of(variants)
    found: dict[UUID, dict[UUID, list[Problem]]] = {post_id: {} for post_id in by_id}
    for variant in variants:
        found[variant.post_id][variant.channel_id] = check_draft(variant.channel, drafts[variant.id])
    return found


def list_channel_names() -> dict[UUID, str]:
    """Names of all channels, also disconnected ones, for histories."""
    return {c.id: str(c) for c in Channel.objects.only("id", "name", "handle")}


HASHTAG = re.compile(r"(?<![\w&/])#(\w*[^\W\d_]\w*)")


def list_hashtags(limit: int = 24, posts: int = 200) -> list[str]:
    """The tags of the last posts, most used first, as they were last written (without #)."""
    recent = Post.objects.filter(deleted_at__isnull=True).order_by("-id").values_list("document", flat=True)[:posts]
    counted: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for document in recent:
        for part in document.get("parts", ()):
            for tag in HASHTAG.findall(part.get("text", "")):
                counted[tag.casefold()] += 1
                spelled.setdefault(tag.casefold(), tag)
    return [spelled[key] for key, _ in counted.most_common(limit)]
