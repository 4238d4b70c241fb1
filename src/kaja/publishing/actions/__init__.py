"""All writes of publishing. Every action runs inside an entered workspace scope, in one transaction."""

from kaja.publishing.actions.changes import request_delete, request_edit
from kaja.publishing.actions.moving import (
    Outcome,
    PlanStep,
    delete_posts,
    move_into_slots,
    move_posts,
    pause_posts,
    publish_posts,
    restore_posts,
    shift_posts,
    take_back_plans,
    unschedule_posts,
)
from kaja.publishing.actions.plan import move_post, publish_now, schedule_post, unschedule_post
from kaja.publishing.changing import carry_out_change, forget_changes

__all__ = [
    "Outcome",
    "PlanStep",
    "carry_out_change",
    "delete_posts",
    "forget_changes",
    "move_into_slots",
    "move_post",
    "move_posts",
    "pause_posts",
    "publish_now",
    "publish_posts",
    "request_delete",
    "request_edit",
    "restore_posts",
    "schedule_post",
    "shift_posts",
    "take_back_plans",
    "unschedule_post",
    "unschedule_posts",
]
