"""All writes of publishing. Every action runs inside an entered workspace scope, in one transaction."""

from kaja.publishing.actions.changes import carry_out_change, request_delete, request_edit
from kaja.publishing.actions.decide import (
    cancel_delivery,
    resolve_missed,
    retry_delivery,
    settle_at_address,
    settle_delivery,
    wake_channel,
)
from kaja.publishing.actions.holding import claim_place, hold_everything
from kaja.publishing.actions.looking import look_at_channel
from kaja.publishing.actions.moving import (
    Outcome,
    PlanStep,
    delete_posts,
    move_posts,
    publish_posts,
    restore_posts,
    take_back_plans,
    unschedule_posts,
)
from kaja.publishing.actions.pause import pause_instance, pause_workspace, resume_instance, resume_workspace
from kaja.publishing.actions.plan import move_post, publish_now, schedule_post, unschedule_post
from kaja.publishing.actions.settling import Settlement, settle_workspace

__all__ = [
    "Outcome",
    "PlanStep",
    "Settlement",
    "cancel_delivery",
    "carry_out_change",
    "claim_place",
    "delete_posts",
    "hold_everything",
    "look_at_channel",
    "move_post",
    "move_posts",
    "pause_instance",
    "pause_workspace",
    "publish_now",
    "publish_posts",
    "request_delete",
    "request_edit",
    "resolve_missed",
    "restore_posts",
    "resume_instance",
    "resume_workspace",
    "retry_delivery",
    "schedule_post",
    "settle_at_address",
    "settle_delivery",
    "settle_workspace",
    "take_back_plans",
    "unschedule_post",
    "unschedule_posts",
    "wake_channel",
]
