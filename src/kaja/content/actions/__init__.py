"""All writes of posts. Every action runs inside an entered workspace scope, in one transaction."""

from kaja.content.actions.bin import delete_post, delete_posts, restore_post, restore_posts
from kaja.content.actions.board import move_on_board
from kaja.content.actions.checks import POST_NOT_FOUND, may_change, require_write
from kaja.content.actions.creating import create_post, duplicate_post, save_post
from kaja.content.actions.grouping import put_groups_back, regroup, set_groups
from kaja.content.actions.planning import Plan, idea_to_draft, save_as_idea, set_plan, set_plans
from kaja.content.actions.posts import Changes, autosave, update_post
from kaja.content.actions.revisions import restore_revision
from kaja.content.actions.variants import (
    attach_media,
    detach_media,
    reorder_media,
    reset_variant,
    set_channels,
    set_variant,
)

__all__ = [
    "POST_NOT_FOUND",
    "Changes",
    "Plan",
    "attach_media",
    "autosave",
    "create_post",
    "delete_post",
    "delete_posts",
    "detach_media",
    "duplicate_post",
    "idea_to_draft",
    "may_change",
    "move_on_board",
    "put_groups_back",
    "regroup",
    "reorder_media",
    "require_write",
    "reset_variant",
    "restore_post",
    "restore_posts",
    "restore_revision",
    "save_as_idea",
    "save_post",
    "set_channels",
    "set_groups",
    "set_plan",
    "set_plans",
    "set_variant",
    "update_post",
]
