"""Which conversations a crisis is about: by a filter, and by hand."""

from uuid import UUID

from django.db import transaction

from kaja.crisis.actions.log import What, lock_crisis, write_line
from kaja.crisis.models import AffectedConversation, Crisis
from kaja.crisis.queries import Affected
from kaja.inbox.models import Conversation
from kaja.inbox.queries import NOT_FOUND
from kaja.kernel.clock import now
from kaja.kernel.problems import NotFound
from kaja.workspaces import policy
from kaja.workspaces.actor import Actor


@transaction.atomic
def choose_affected(actor: Actor, crisis_id: UUID, wanted: Affected | None) -> Crisis:
    """What the filter finds from now on, also of what is written later; None: only what is added by hand."""
    policy.require(actor, policy.Permission.ANSWER)
    crisis = lock_crisis(crisis_id)
    given = wanted.model_dump(mode="json") if wanted is not None else None
    if crisis.affected != given:
        crisis.affected = given
        crisis.save(update_fields=["affected"])
        words = list(wanted.words) if wanted else []
        channels = len(wanted.channels) if wanted else 0
        write_line(actor, crisis, What.AFFECTED, on=wanted is not None, words=words, channels=channels)
    return crisis


def add_conversation(actor: Actor, crisis_id: UUID, conversation_id: UUID) -> None:
    """It belongs to the crisis, whatever the filter says."""
    _set(actor, crisis_id, conversation_id, True)


def remove_conversation(actor: Actor, crisis_id: UUID, conversation_id: UUID) -> None:
    """It does not, whatever the filter says."""
    _set(actor, crisis_id, conversation_id, False)


@transaction.atomic
def _set(actor: Actor, crisis_id: UUID, conversation_id: UUID, is_in: bool) -> None:
    policy.require(actor, policy.Permission.ANSWER)
    crisis = lock_crisis(crisis_id)
    if not Conversation.objects.filter(id=conversation_id).exists():
        raise NotFound(NOT_FOUND)
    AffectedConversation.objects.update_or_create(
        crisis=crisis, conversation_id=conversation_id, defaults={"is_in": is_in, "at": now()}
    )
