"""A crisis that lasts, with everything that is decided in one. Imported inside a running application only."""

from datetime import timedelta
from typing import Any

from django.db.models import F

from kaja.content.models import Post
from kaja.crisis.actions import (
    CrisisForm,
    approve_statement,
    choose_affected,
    pause_planned,
    record_decision,
    start_crisis,
    write_statement,
)
from kaja.crisis.models import PausedPost
from kaja.crisis.queries import Affected, PlannedFilter
from kaja.inbox.models import Conversation
from kaja.kernel.clock import now
from kaja.workspaces.actor import Actor
from tests.browser.words import Words


def trouble(actor: Actor, words: Words) -> dict[str, Any]:
    """Inside the scope of a workspace in which posts are planned and people write."""
    crisis = start_crisis(actor, CrisisForm(words.campaign, words.posts[0]))
    pause_planned(actor, crisis.id, PlannedFilter(labels=frozenset(words.labels[1:2])))
    pause_planned(actor, crisis.id, PlannedFilter())
    late = PausedPost.objects.filter(crisis=crisis, outcome="").order_by("due_at").first()
    assert late is not None
    PausedPost.objects.filter(id=late.id).update(due_at=now() - timedelta(hours=2))
    Post.objects.filter(id=late.post_id).update(due_at=now() - timedelta(hours=2))
    approved = write_statement(actor, crisis.id, words.ideas[0], {"en": words.posts[1], "et": words.posts[2]})
    approve_statement(actor, crisis.id, approved.id, approved.version)
    write_statement(actor, crisis.id, words.ideas[1 % len(words.ideas)], {"en": words.posts[3]})
    Conversation.objects.update(last_in_at=F("last_at"))
    choose_affected(actor, crisis.id, Affected(since=now() - timedelta(days=30)))
    record_decision(actor, crisis.id, words.posts[4])
    return {"crisis": str(crisis.id)}
