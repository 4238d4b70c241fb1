"""One row of every table of the inbox, for tests that look at all tables."""

from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile

from kaja.channels.models import Channel
from kaja.content.models import Label
from kaja.delivery.models import Delivery
from kaja.inbox.models import (
    Conversation,
    ConversationEvent,
    ConversationKind,
    ConversationLabel,
    Direction,
    Handle,
    Lead,
    Message,
    MessageAct,
    MessageVersion,
    Person,
    PrivateReply,
    PrivateSending,
    Reaction,
    SavedReply,
    SavedView,
)
from kaja.inbox.quality.models import QualityCard, QualitySample
from kaja.inbox.rules.models import Rule, RuleHit
from kaja.inbox.targets.models import AnswerTarget, AnswerWait
from kaja.inbox.trouble.models import Alarm, HeardHour
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.media.remote import AVATAR, SHOWN, name_of
from kaja.media.store import open_rendition_store

PICTURE = "https://pictures.test/a.png"


def fill_inbox(channel: Channel, publication_id: Any, label: Label, mark: str) -> dict[str, str]:
    """Inside the workspace's scope; gives the ids by the names that addresses give them."""
    now = clock.now()
    person = Person.objects.create(name=mark, notes=mark)
    other = Person.objects.create(name=mark)
    joined = Person.objects.create(name=mark, joined_to=person)
    handle = Handle.objects.create(
        person=person, network=channel.network, remote_id=mark, handle=mark, name=mark, first_at=now, seen_at=now,
        avatar=PICTURE,
    )  # fmt: skip
    Channel.objects.filter(id=channel.id).update(avatar_url=PICTURE)
    for side in (AVATAR, SHOWN):  # as if they had been fetched
        open_rendition_store().save(name_of(channel.workspace_id, PICTURE, side), ContentFile(b"RIFF"))
    conversation = Conversation.objects.create(
        channel=channel, thread=mark, kind=ConversationKind.COMMENTS, publication_id=publication_id, handle=handle,
        excerpt=mark, messages_count=1, first_in_at=now, last_in_at=now, waiting_since=now, last_at=now,
    )  # fmt: skip
    message = Message.objects.create(
        conversation=conversation, channel=channel, direction=Direction.IN, kind="comment", remote_id=mark,
        handle=handle, text=mark, at=now, media=[{"kind": "image", "url": PICTURE}] * 2,
    )  # fmt: skip
    answer = Message.objects.create(
        conversation=conversation, channel=channel, direction=Direction.OUT, kind="reply", text=mark, at=now,
        delivery_id=new_id(),
    )  # fmt: skip
    Delivery.objects.create(
        id=answer.delivery_id, source_kind="reply", source_id=answer.id, subject_id=conversation.id, channel=channel,
        kind="reply", due_at=now + timedelta(days=1), next_at=now + timedelta(days=1),
    )  # fmt: skip
    MessageAct.objects.create(message=message, act="like", by=mark)
    Reaction.objects.create(
        channel=channel, mark=b"x" * 32, kind="quote", handle=handle, post_ref=mark, remote_id=mark, at=now,
        url=f"https://elsewhere.test/{mark}",
    )  # fmt: skip
    MessageVersion.objects.create(message=message, text=mark, until=now)
    ConversationEvent.objects.create(conversation=conversation, what="state", by=mark)
    ConversationLabel.objects.create(conversation=conversation, label=label)
    target = AnswerTarget.objects.create(name=mark, first_minutes=60)
    AnswerWait.objects.create(
        conversation=conversation, channel=channel, measure="first", begun_at=now, target=target, due_at=now
    )
    rule = Rule.objects.create(name=mark, when={"words": [mark]}, then={"notify": True})
    hit = RuleHit.objects.create(rule=rule, rule_name=mark, message=message, conversation=conversation, at=now)
    private = PrivateReply.objects.create(
        name=mark,
        wanted={"channel_ids": [str(channel.id)], "words": [mark]},
        said={"public": [], "text": mark},
        limits={"daily": 5},
    )
    sending = PrivateSending.objects.create(
        reply=private, reply_name=mark, channel=channel, handle=handle, person_id=person.id, message=message,
        conversation_id=conversation.id, text=mark, state="sent", open=False, sent_at=now, at=now,
    )  # fmt: skip
    HeardHour.objects.create(channel=channel, hour=now, heard=1)
    alarm = Alarm.objects.create(kind="volume", began_at=now, last_at=now, count=1, messages=[str(message.id)])
    sample = QualitySample.objects.create(week=now.date(), size=1, seed=mark)
    card = QualityCard.objects.create(sample=sample, conversation=conversation, note=mark)
    lead = Lead.objects.create(
        person=person,
        what=mark,
        note=mark,
        contact={"name": mark},
        to_name=mark,
        handed_at=now,
        conversation=conversation,
    )
    reply = SavedReply.objects.create(title=mark, texts={"en": mark})
    view = SavedView.objects.create(name=mark)
    return {
        "person_id": str(person.id),
        "other_person": str(other.id),
        "joined_person": str(joined.id),
        "conversation_id": str(conversation.id),
        "message_id": str(message.id),
        "handle_id": str(handle.id),
        "answer_id": str(answer.id),
        "saved_reply_id": str(reply.id),
        "card_id": str(card.id),
        "rule_id": str(rule.id),
        "hit_id": str(hit.id),
        "reply_id": str(private.id),
        "sending_id": str(sending.id),
        "alarm_id": str(alarm.id),
        "lead_id": str(lead.id),
        "target_id": str(target.id),
        "view_id": str(view.id),
    }
