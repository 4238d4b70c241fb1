"""All writes of delivery. Every action runs inside an entered workspace scope, in one transaction."""

from kaja.delivery.actions.decide import (
    cancel_delivery,
    resolve_missed,
    retry_delivery,
    settle_at_address,
    settle_delivery,
    wake_channel,
)
from kaja.delivery.actions.holding import claim_place, hold_everything
from kaja.delivery.actions.looking import look_at_channel
from kaja.delivery.actions.pause import pause_instance, pause_workspace, resume_instance, resume_workspace
from kaja.delivery.actions.settling import Settlement, settle_workspace
from kaja.delivery.actions.telling import tell_again

__all__ = [
    "Settlement",
    "cancel_delivery",
    "claim_place",
    "hold_everything",
    "look_at_channel",
    "pause_instance",
    "pause_workspace",
    "resolve_missed",
    "resume_instance",
    "resume_workspace",
    "retry_delivery",
    "settle_at_address",
    "settle_delivery",
    "settle_workspace",
    "tell_again",
    "wake_channel",
]
