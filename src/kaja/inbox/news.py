"""What is said when an answer or an act did not go as wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from kaja.channels.queries import get_channel
from kaja.delivery.events import DeliveryEvent, DeliveryFailed, DeliveryHeld, DeliveryMissed, DeliveryUncertain
from kaja.inbox.acts import ACTING
from kaja.inbox.models import Message, MessageAct
from kaja.inbox.privately.models import PrivateSending
from kaja.inbox.privately.stopping import PRIVATE
from kaja.inbox.source import REPLY
from kaja.kernel.problems import gettext_noop

NEWS_OF_ANSWERS: Mapping[tuple[str, type[DeliveryEvent]], str] = {
    (REPLY, DeliveryFailed): gettext_noop("The answer “%(text)s” could not be sent to %(channel)s."),
    (REPLY, DeliveryMissed): gettext_noop("The answer “%(text)s” was too late for %(channel)s and was not sent."),
    (REPLY, DeliveryHeld): gettext_noop("The answer “%(text)s” waits until %(channel)s is in order again."),
    (REPLY, DeliveryUncertain): gettext_noop(
        "Nobody knows whether the answer “%(text)s” went out on %(channel)s. Please look."
    ),
    (PRIVATE, DeliveryFailed): gettext_noop("The private reply “%(text)s” could not be sent on %(channel)s."),
    (PRIVATE, DeliveryMissed): gettext_noop("The private reply “%(text)s” came too late on %(channel)s."),
    (PRIVATE, DeliveryHeld): gettext_noop("The private reply “%(text)s” waits until %(channel)s is in order again."),
    (PRIVATE, DeliveryUncertain): gettext_noop(
        "Nobody knows whether the private reply “%(text)s” went out on %(channel)s. Please look."
    ),
    (ACTING, DeliveryFailed): gettext_noop("What you wanted done to “%(text)s” was not done on %(channel)s."),
    (ACTING, DeliveryMissed): gettext_noop("What you wanted done to “%(text)s” came too late on %(channel)s."),
    (ACTING, DeliveryHeld): gettext_noop(
        "What you wanted done to “%(text)s” waits until %(channel)s is in order again."
    ),
    (ACTING, DeliveryUncertain): gettext_noop(
        "Nobody knows whether what you wanted done to “%(text)s” was done on %(channel)s. Please look."
    ),
}


@dataclass(frozen=True)
class About:
    """What a notice is about, and who hears of it besides those who answer."""

    params: Mapping[str, str]
    owner_id: UUID | None


def describe_answer(source_kind: str, source_id: UUID, channel_id: UUID) -> About | None:
    """Of a reply its words, of an act those of what it is done to; None for what is there no more."""
    if source_kind == PRIVATE:
        sending = PrivateSending.objects.filter(Q(id=source_id) | Q(public_key=source_id)).first()
        if sending is None:
            return None
        said = sending.public_text if sending.public_key == source_id else sending.text
        return About({"text": _shorten(said), "channel": str(get_channel(channel_id))}, None)
    if source_kind == REPLY:
        message = Message.objects.filter(id=source_id).first()
        owner = message.author_id if message else None
    else:
        act = MessageAct.objects.select_related("message").filter(id=source_id).first()
        message, owner = (act.message, act.actor_id) if act else (None, None)
    if message is None:
        return None
    return About({"text": _shorten(message.text), "channel": str(get_channel(channel_id))}, owner)


def _shorten(text: str) -> str:
    return " ".join(text.split())[:60] or "…"
