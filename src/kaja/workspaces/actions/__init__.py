"""Everything that changes people and workspaces."""

from kaja.workspaces.actions.members import (
    accept_invitation,
    change_role,
    invite,
    remove_member,
    revoke_invitation,
)
from kaja.workspaces.actions.people import choose_mails, hide_first_steps, read_notice, read_notices, update_profile
from kaja.workspaces.actions.workspaces import (
    create_workspace,
    update_workspace,
)

__all__ = [
    "accept_invitation",
    "change_role",
    "choose_mails",
    "create_workspace",
    "hide_first_steps",
    "invite",
    "read_notice",
    "read_notices",
    "remove_member",
    "revoke_invitation",
    "update_profile",
    "update_workspace",
]
