"""All writes of posts. Every action runs inside an entered workspace scope, in one transaction."""

from kaja.content.actions.board import idea_to_draft, move_on_board, save_as_idea, set_plan
from kaja.content.actions.creating import create_post, duplicate_post, save_post
from kaja.content.actions.posts import Changes, autosave, delete_post, restore_post, update_post
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
    "Changes",
    "attach_media",
    "autosave",
    "create_post",
    "delete_post",
    "detach_media",
    "duplicate_post",
    "idea_to_draft",
    "move_on_board",
    "reorder_media",
    "reset_variant",
    "restore_post",
    "restore_revision",
    "save_as_idea",
    "save_post",
    "set_channels",
    "set_plan",
    "set_variant",
    "update_post",
]
