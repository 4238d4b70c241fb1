"""What every write checks before it touches a row. Ids of other workspaces do not exist here: the scope hides them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.content.document import Document, Overrides, card_of
from kaja.content.errors import channel_disconnected
from kaja.content.models import Campaign, Label, Post, PostState
from kaja.content.snapshot import PostContent
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.kernel.tenancy import entered_workspace_id
from kaja.media.models import Asset
from kaja.media.open import refuse_gone_asset
from kaja.networks.kit.fields import list_names
from kaja.networks.registry import CONNECTORS
from kaja.workspaces import policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member, User

POST_NOT_FOUND = Problem(
    code="post_not_found",
    message=gettext_noop("This post is not here."),
    fix=gettext_noop("Perhaps somebody deleted it; look in the list of posts or in the bin."),
)


def lock_post(post_id: UUID, *, deleted: bool = False) -> Post:
    """The post, locked until the transaction ends; NotFound when it is not here (or in the bin, unless wanted)."""
    return lock_posts([post_id], deleted=deleted)[post_id]


def lock_posts(post_ids: Iterable[UUID], *, deleted: bool = False) -> dict[UUID, Post]:
    """The same for many, by id; NotFound when one of them is not here."""
    wanted = set(post_ids)
    posts = {post.id: post for post in lock(Post.objects.filter(id__in=wanted, deleted_at__isnull=not deleted))}
    if len(posts) != len(wanted):
        raise NotFound(POST_NOT_FOUND)
    return posts


def require_write(actor: Actor, post: Post) -> None:
    """Writers change ideas and drafts; what is scheduled goes out in public, so it needs the right to publish."""
    policy.require(actor, policy.Permission.WRITE)
    if post.state == PostState.SCHEDULED:
        policy.require(actor, policy.Permission.PUBLISH)


def may_change(actor: Actor, post: Post) -> bool:
    """Whether `require_write` would let the actor."""
    wanted = {policy.Permission.WRITE} | ({policy.Permission.PUBLISH} if post.state == PostState.SCHEDULED else set())
    return all(policy.can(actor, permission) for permission in wanted)


def require_aware(due_at: datetime | None) -> None:
    """Times are instants; a naive one is a programming error, never a user's."""
    if due_at is not None and due_at.tzinfo is None:
        raise ValueError("due_at must be timezone-aware")


def asset_ids(document: Document | Overrides) -> set[UUID]:
    """Every asset that a document names."""
    ids = {item.asset for part in document.parts or () for item in part.media}
    if (card := card_of(document)) and card.image:
        ids.add(card.image)
    return ids


def require_assets(contents: Iterable[Document | Overrides]) -> None:
    """Refuse a document that names a file which this workspace does not have."""
    wanted: set[UUID] = set().union(*(asset_ids(each) for each in contents))
    if wanted and Asset.objects.filter(id__in=wanted).count() != len(wanted):
        raise refuse_gone_asset()


def require_channels(channel_ids: Iterable[UUID], already: Iterable[UUID] = ()) -> dict[UUID, Channel]:
    """The channels by id. A disconnected one may stay on a post that has it, but not come to a new one."""
    wanted = set(channel_ids)
    found = {c.id: c for c in Channel.objects.filter(id__in=wanted)}
    if missing := wanted - found.keys():
        raise NotFound(
            Problem(
                code="channel_not_found",
                message=gettext_noop("There is no such channel in this workspace."),
                field="channels",
                fix=gettext_noop("Choose from the connected channels."),
                params={"channel": str(sorted(missing)[0])},
            )
        )
    kept = set(already)
    for channel in found.values():
        if channel.disconnected_at is not None and channel.id not in kept:
            raise Refused(channel_disconnected(channel))
    return found


def require_options(channel: Channel, options: Mapping[str, Any]) -> None:
    """Refuse option names that the channel's network does not have, and values that are not plain."""
    connector = CONNECTORS.get(channel.network)
    formats = connector.rules.formats(facts_of(channel)) if connector else ()
    known = set(list_names(connector.info.options, formats)) if connector else set(options)
    for name, value in options.items():
        plain = isinstance(value, str | bool | int | float) or value is None
        if isinstance(value, list):
            plain = all(isinstance(each, str) for each in value)
        if name not in known or not plain:
            raise Refused(
                Problem(
                    code="option_unknown",
                    message=gettext_noop("%(channel)s has no option “%(option)s” that takes this value."),
                    field=f"options.{name}",
                    fix=gettext_noop("Remove the option, or give it as text, yes/no, or a list of texts."),
                    params={"channel": str(channel), "option": name},
                )
            )


def require_content(content: PostContent, already: Iterable[UUID] = ()) -> None:
    """All of the above for one content."""
    channels = require_channels(content.variants.keys(), already)
    require_assets([content.document, *(own.overrides for own in content.variants.values())])
    for channel_id, own in content.variants.items():
        require_options(channels[channel_id], own.options)


def get_campaign(campaign_id: UUID | None) -> Campaign | None:
    """The campaign, or NotFound."""
    if campaign_id is None:
        return None
    if campaign := Campaign.objects.filter(id=campaign_id).first():
        return campaign
    raise NotFound(
        Problem(
            code="campaign_not_found",
            message=gettext_noop("There is no such campaign in this workspace."),
            field="campaign",
            fix=gettext_noop("Choose from the campaigns of this workspace."),
        )
    )


def get_owner(owner_id: UUID | None) -> User | None:
    """A person of this workspace, or NotFound."""
    if owner_id is None:
        return None
    if member := Member.objects.select_related("user").filter(user_id=owner_id).first():
        return member.user
    raise NotFound(
        Problem(
            code="owner_not_found",
            message=gettext_noop("This person does not belong to the workspace."),
            field="owner",
            fix=gettext_noop("Invite them first, or choose another person."),
        )
    )


def labels_named(names: Iterable[str]) -> list[Label]:
    """The labels with these names, made where they are new. Names are folded and cut to the room they have."""
    # In one order for everybody: two posts that bring the same new labels would wait for each other.
    clean = sorted({" ".join(name.split())[:60] for name in names if name.strip()})
    if not clean:
        return []
    workspace_id = entered_workspace_id()
    Label.objects.bulk_create((Label(workspace_id=workspace_id, name=name) for name in clean), ignore_conflicts=True)
    # Locked, so that nobody deletes one before it stands on the post.
    return list(lock(Label.objects.filter(name__in=clean)))
