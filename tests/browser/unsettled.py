"""What waits for somebody's decision: posts of a held workspace, and what opens an account with a new password.

Imported inside a running application only.
"""

from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator

from kaja.api.tokens import create_token
from kaja.delivery.models import Inventory
from kaja.delivery.problems import RECONNECT, render_problem
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem
from kaja.publishing.actions import schedule_post
from kaja.publishing.models import PostDelivery
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Held, Review, User, Workspace
from tests.browser.scenes import next_day, write_post
from tests.browser.words import Words


def hold_back(actor: Actor, workspace: Workspace, words: Words, channels: list[str]) -> None:
    """As a restored backup leaves a workspace: one channel has a post already, one has none, of one nobody knows."""
    moment = now()
    # Only this workspace, for the others of the installation go on.
    Workspace.objects.filter(id=workspace.id).update(
        held_at=moment, held_reason=Held.RESTORE, held_since=moment - timedelta(hours=5), paused_at=moment
    )
    there, missing, unknown = channels
    for number, channel in enumerate((there, missing, unknown, missing)):
        post = write_post(actor, words.posts[number], [channel])
        schedule_post(actor, post, next_day(1, 9))
        rows = PostDelivery.objects.filter(variant__post=post)
        rows.update(due_at=moment - timedelta(hours=4 - number), next_at=None)
    found = {
        str(row.id): {"id": "1", "url": "https://social.test/1", "text": words.posts[0], "data": {}, "sure": True}
        for row in PostDelivery.objects.filter(channel_id=there)
    }
    stranger = {"url": "https://social.test/2", "text": words.posts[5], "at": moment.isoformat()}
    kinds: tuple[tuple[str, dict[str, Any], list[Any], Problem | None], ...] = (
        (there, found, [stranger], None),
        (missing, {}, [], None),
        (unknown, {}, [], RECONNECT),
    )
    for channel, ours, strangers, problem in kinds:
        Inventory.objects.create(
            channel_id=channel, looked_at=moment, found=ours, strangers=strangers, complete=problem is None,
            problem=render_problem(problem) if problem else None,
        )  # fmt: skip


def forget_password(actor: Actor, user: User) -> None:
    """As a reset leaves an account that an app and a token open, too."""
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": ""})
    create_token(actor, "till", ("view", "write"), None)
    User.objects.filter(id=user.id).update(review=Review.RESET)
