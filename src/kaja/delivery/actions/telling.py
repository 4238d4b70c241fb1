"""Telling once more what could not be told because Kaja itself broke at it."""

from uuid import UUID

from django.db import transaction

from kaja.delivery.models import Delivery, UntoldEvent
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor


@transaction.atomic
def tell_again(actor: Actor, untold_id: UUID) -> Delivery:
    """Have an event that was put off or set aside told at the worker's next round, with all its tries before it."""
    policy.require(actor, policy.Permission.MANAGE)
    # The worker that tells it locks the delivery first.
    row = lock(Delivery.objects.filter(untold__id=untold_id)).first()
    if row is None or not UntoldEvent.objects.filter(id=untold_id).update(next_at=now(), tries=0):
        raise NotFound(
            Problem(
                "untold_not_found",
                gettext_noop("This is not among what could not be told; it has been told meanwhile."),
                fix=gettext_noop("Load the page again and use its buttons."),
            )
        )
    audit.record(actor, "delivery.tell_again", row)
    return row
