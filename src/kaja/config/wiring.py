"""The one place that connects domains' events, and says who sends."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kaja.channels.events import ChannelConnected
from kaja.content.actions.laws import follow_laws
from kaja.content.events import PostChanged, PostsDeleted, PostsPlanned, PostsRestored
from kaja.delivery.actions import wake_channel
from kaja.delivery.events import (
    DeliveryEvent,
    DeliveryFailed,
    DeliveryHeld,
    DeliveryMissed,
    DeliverySent,
    DeliveryUncertain,
    WorkerStarts,
    WorkspaceHeld,
)
from kaja.delivery.queries import list_sent_posts, path_of_delivery
from kaja.delivery.sources import SOURCES
from kaja.inbox.acts import ACTING, note_done
from kaja.inbox.echoes import note_all_sent
from kaja.inbox.events import ConversationsChanged, MessagesCame
from kaja.inbox.news import NEWS_OF_ANSWERS, describe_answer
from kaja.inbox.outside import tell_of_conversations, tell_of_messages
from kaja.inbox.privately.jobs import plan_privately
from kaja.inbox.privately.outcomes import note_private_failed, note_private_sent
from kaja.inbox.privately.source import PrivateSource
from kaja.inbox.privately.stopping import PRIVATE
from kaja.inbox.reactions.taking import take_reactions
from kaja.inbox.rules.jobs import plan_rules
from kaja.inbox.source import REPLY, ActSource, ReplySource
from kaja.inbox.taking import take_items
from kaja.inbox.targets.follow import follow_waits
from kaja.kernel.events import subscribe, subscribe_to_many
from kaja.kernel.loops import PARTS, Part
from kaja.kernel.problems import gettext_noop
from kaja.publishing.actions import forget_changes
from kaja.publishing.models import POST
from kaja.publishing.outside import tell_of_failed, tell_of_sent
from kaja.publishing.queries import get_delivery
from kaja.publishing.source import PostSource
from kaja.publishing.sync import sync_deliveries, sync_posts, take_out_of_bin
from kaja.push.planning import plan_pushes
from kaja.reading.actions import wake_polls
from kaja.reading.events import ItemsRead, ReactionsRead
from kaja.reading.looks import plan_sent
from kaja.workspaces.events import NoticesMade
from kaja.workspaces.models import Held
from kaja.workspaces.notices import create_notice
from kaja.workspaces.policy import Permission

NEWS = {
    DeliveryFailed: gettext_noop("“%(post)s” could not be sent to %(channel)s."),
    DeliveryMissed: gettext_noop("“%(post)s” was too late for %(channel)s and was not sent. You decide what happens."),
    DeliveryHeld: gettext_noop("“%(post)s” waits until %(channel)s is in order again."),
    DeliveryUncertain: gettext_noop("Nobody knows whether “%(post)s” went out on %(channel)s. Please look."),
}


def _again(event: PostsRestored) -> None:
    take_out_of_bin(event.post_ids)


def _held(event: WorkspaceHeld) -> None:
    if event.reason == Held.RESTORE:
        forget_changes()


def _start(event: WorkerStarts) -> None:
    follow_laws()


def _look(events: Sequence[DeliverySent]) -> None:
    """What people write below a post is looked at again from then on; what follows the post stands below it, too."""
    plan_sent(list_sent_posts([event.delivery_id for event in events]))


def _sent(events: Sequence[DeliverySent]) -> None:
    said = [event for event in events if event.source_kind != ACTING]
    # Before what was done to messages, which asks for its own inbox: all of them once, in their order.
    note_all_sent({event.channel_id for event in events}, [event.delivery_id for event in said])
    for event in events:
        if event.source_kind == ACTING:
            note_done(event.source_id)
        elif event.source_kind == PRIVATE:
            note_private_sent(event.delivery_id, event.source_id)


def _count_waits(event: ConversationsChanged) -> None:
    follow_waits(event.conversation_ids)


def _wake(event: ChannelConnected) -> None:
    wake_channel(event.channel_id)


_PLANNED = {"content", "channels", "due_at", "state"}


def _follow(event: PostChanged) -> None:
    if event.changed & _PLANNED:
        sync_deliveries(event.post_id)


def _follow_all(event: PostsPlanned | PostsDeleted) -> None:
    sync_posts(event.post_ids)


def _tell(event: DeliveryEvent) -> None:
    if isinstance(event, DeliveryFailed | DeliveryMissed) and event.source_kind == PRIVATE:
        note_private_failed(event.source_id, event.problem)
    if event.source_kind in (REPLY, ACTING, PRIVATE):
        _tell_of_answer(event)
    if event.source_kind != POST:
        return
    delivery = get_delivery(UUID(str(event.delivery_id)))
    params = {"post": delivery.variant.post.summary[:60] or "…", "channel": str(delivery.channel)}
    kind = type(event).__name__.removeprefix("Delivery").lower()
    # The delivery's own page would need its post's address, which is the web's; "needs you" shows every one of them.
    post = delivery.variant.post
    create_notice(
        f"delivery.{kind}",
        NEWS[type(event)],
        params,
        path=path_of_delivery(delivery.id),
        owner=post.owner_id or post.created_by_id,
    )


def _tell_of_answer(event: DeliveryEvent) -> None:
    about = describe_answer(event.source_kind, event.source_id, event.channel_id)
    if about is None:
        return
    create_notice(
        f"delivery.{type(event).__name__.removeprefix('Delivery').lower()}",
        NEWS_OF_ANSWERS[event.source_kind, type(event)],
        about.params,
        path=path_of_delivery(event.delivery_id),
        permission=Permission.ANSWER,
        owner=about.owner_id,
    )


def _make_reading(address: dict[str, Any]) -> Part:
    from kaja.reading.loop import ReadingLoop  # a worker's only: the web server is spared its modules

    return ReadingLoop(address)


def _read(event: ChannelConnected) -> None:
    wake_polls(event.channel_id)


def connect() -> None:
    """Subscribe everything. Called once, when Django is ready; a second call changes nothing."""
    SOURCES.update({POST: PostSource(), REPLY: ReplySource(), ACTING: ActSource(), PRIVATE: PrivateSource()})
    subscribe(ChannelConnected, _wake)
    subscribe(ChannelConnected, _read)
    subscribe(PostChanged, _follow)
    subscribe(PostsPlanned, _follow_all)
    subscribe(PostsDeleted, _follow_all)
    subscribe(PostsRestored, _again)
    subscribe(WorkspaceHeld, _held)
    subscribe(WorkerStarts, _start)
    subscribe(ItemsRead, take_items)
    subscribe(ReactionsRead, take_reactions)
    subscribe(ConversationsChanged, _count_waits)
    subscribe(MessagesCame, plan_rules)
    subscribe(MessagesCame, plan_privately)
    subscribe_to_many(DeliverySent, _sent)
    subscribe_to_many(DeliverySent, _look)
    subscribe(MessagesCame, tell_of_messages)
    subscribe(ConversationsChanged, tell_of_conversations)
    subscribe_to_many(DeliverySent, tell_of_sent)
    subscribe(DeliveryFailed, tell_of_failed)
    subscribe(NoticesMade, plan_pushes)
    for event in NEWS:
        subscribe(event, _tell)
    if _make_reading not in PARTS:
        PARTS.append(_make_reading)
