"""One of everything in a workspace, made straight in the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from kaja.channels.models import Channel
from kaja.content.models import Campaign, Label, Post, PostState, Revision, Variant
from kaja.delivery.models import Delivery, Publication, State
from kaja.inbox.models import (
    AnswerTarget,
    Conversation,
    ConversationEvent,
    Handle,
    Message,
    Person,
    QualityCard,
    QualitySample,
    Reaction,
    Rule,
    RuleHit,
)
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Workspace
from tests.crisis.world import fill_crisis
from tests.outgoing.world import fill_outgoing
from tests.people import actor

MARK = "SECRET-OF-THE-RIVAL"


@dataclass(frozen=True)
class World:
    """Ids of what was made."""

    post_id: UUID
    channel_id: UUID
    delivery_id: UUID
    publication_id: UUID
    asset_id: UUID
    campaign_id: UUID
    label_id: UUID
    conversation_id: UUID
    message_id: UUID
    answer_id: UUID
    event_id: UUID
    token_id: UUID | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    """Of what only some tests need."""

    def named(self) -> dict[str, str]:
        return {name: str(value) for name, value in vars(self).items() if name != "more"} | dict(self.more)


def build_world(workspace: Workspace, mark: str = MARK) -> World:
    """One of everything; `mark` stands in every name and text."""
    now = clock.now()
    document = {"parts": [{"text": mark, "media": []}], "first_comment": "", "language": ""}
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="practice", account_id="rival", name=mark, facts={"limits": {}})
        campaign = Campaign.objects.create(name=mark)
        label = Label.objects.create(name=mark)
        post = Post.objects.create(
            state=PostState.SCHEDULED,
            due_at=now + timedelta(days=1),
            document=document,
            summary=mark,
            campaign=campaign,
        )
        Revision.objects.create(post=post, number=1, snapshot={"document": document, "variants": {}})
        variant = Variant.objects.create(post=post, channel=channel)
        delivery = PostDelivery.objects.create(
            variant=variant,
            channel=channel,
            state=State.SENT,
            due_at=now,
            next_at=None,
            remote_id=mark,
            sent_at=now,
        )
        publication = Publication.objects.create(delivery=delivery, remote_id=mark, sent={}, published_at=now)
        asset = Asset.objects.create(
            kind="image",
            file="x",
            filename=mark,
            mime="image/png",
            size=1,
            width=1,
            height=1,
            sha256="0",
        )
        talk = build_talk(channel, mark)
    made = (post.id, channel.id, delivery.id, publication.id, asset.id, campaign.id, label.id)
    return World(*made, *talk)


def build_whole(workspace: Workspace, mark: str = MARK) -> World:
    """The same with a webhook, a crisis that lasts, and what stands beside the conversations."""
    world = build_world(workspace, mark)
    with workspace_scope(workspace.id):
        post = Post.objects.get(id=world.post_id)
        more = fill_crisis(post, world.conversation_id, actor(workspace), mark) | fill_outgoing(mark)
        build_desk(world, mark)
    return replace(world, more=more)


def build_desk(world: World, mark: str) -> None:
    """A target, a rule that was for the message, a card about the conversation, and somebody who likes the post."""
    now = clock.now()
    Reaction.objects.create(
        channel_id=world.channel_id, handle=Handle.objects.get(handle=mark), kind="like", mark=mark.encode(), at=now
    )
    AnswerTarget.objects.create(name=mark, first_minutes=30)
    rule = Rule.objects.create(name=mark, when={"words": [mark]}, then={"notify": True})
    RuleHit.objects.create(
        rule=rule, rule_name=mark, message_id=world.message_id, conversation_id=world.conversation_id, at=now
    )
    monday = now.date() - timedelta(days=now.weekday() + 7)
    sample = QualitySample.objects.create(week=monday, size=1, seed="x")
    QualityCard.objects.create(sample=sample, conversation_id=world.conversation_id, note=mark)


def build_talk(channel: Channel, mark: str) -> tuple[UUID, UUID, UUID, UUID]:
    """A conversation that was opened, a message of it, an answer that waits to go out, and the line of the opening."""
    now = clock.now()
    person = Person.objects.create(name=mark)
    handle = Handle.objects.create(
        person=person, network=channel.network, remote_id=f"talk {mark}", handle=mark, first_at=now, seen_at=now
    )
    conversation = Conversation.objects.create(
        channel=channel, thread=f"talk {mark}", kind="comments", state="open", by_hand=True, handle=handle,
        excerpt=mark, messages_count=1, first_in_at=now, last_in_at=now, waiting_since=now, last_at=now, version=1,
    )  # fmt: skip
    message = Message.objects.create(
        conversation=conversation, channel=channel, direction="in", kind="comment", remote_id=f"talk {mark}",
        handle=handle, text=mark, at=now,
    )  # fmt: skip
    answer = Message.objects.create(
        conversation=conversation, channel=channel, direction="out", kind="reply", text=mark, at=now,
        delivery_id=new_id(),
    )  # fmt: skip
    tomorrow = now + timedelta(days=1)
    Delivery.objects.create(
        id=answer.delivery_id, source_kind="reply", source_id=answer.id, subject_id=conversation.id, channel=channel,
        kind="reply", due_at=tomorrow, next_at=tomorrow,
    )  # fmt: skip
    line = ConversationEvent.objects.create(
        conversation=conversation, what="state", by=mark, version=1,
        before={"state": "new", "by_hand": False}, after={"state": "open", "by_hand": True},
    )  # fmt: skip
    return conversation.id, message.id, answer.id, line.id
