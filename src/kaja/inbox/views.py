"""Saved views: filters of the list that somebody comes back to."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from kaja.inbox.forms import clean_text
from kaja.inbox.models import SavedView
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.workspaces import policy
from kaja.workspaces.actor import Actor

NAME_MOST, VALUE_MOST, MOST = 60, 300, 50
NOT_FOUND = Problem(
    code="saved_view_not_found",
    message=gettext_noop("This saved view is not here, or is somebody else's."),
    fix=gettext_noop("Look at the list; somebody may have deleted it."),
)
NAMELESS = Problem(
    code="saved_view_nameless",
    message=gettext_noop("A saved view has a name."),
    field="name",
    fix=gettext_noop("Write what it shows in a word or two."),
)
TOO_MANY = Problem(
    code="saved_views_too_many",
    message=gettext_noop("There are %(limit)s saved views already, which is as many as fit."),
    fix=gettext_noop("Delete some that nobody uses."),
    params={"limit": MOST},
)


def list_views(user_id: UUID) -> list[SavedView]:
    """Everybody's and a person's own, in their order."""
    return list(_seen_by(user_id).order_by("position", "name", "id"))


def _seen_by(user_id: UUID | None) -> QuerySet[SavedView]:
    return SavedView.objects.filter(Q(owner=None) | Q(owner_id=user_id))


@transaction.atomic
def save_view(actor: Actor, name: str, query: Mapping[str, str], *, everybody: bool = False) -> SavedView:
    """Keep a view, one's own or everybody's; a view of the same name and owner is changed."""
    policy.require(actor, policy.Permission.ANSWER if everybody else policy.Permission.VIEW)
    name = " ".join(clean_text(name, NAME_MOST).split())
    if not name:
        raise Refused(NAMELESS)
    kept = {key[:30]: value[:VALUE_MOST] for key, value in query.items() if value}
    owner_id = None if everybody else actor.user_id
    same = lock(SavedView.objects.filter(name=name, owner_id=owner_id)).first()
    if same is not None:
        same.query = kept
        same.save(update_fields=["query"])
        return same
    if _seen_by(actor.user_id).count() >= MOST:
        raise Refused(TOO_MANY)
    return SavedView.objects.create(name=name, query=kept, owner_id=owner_id)


@transaction.atomic
def delete_view(actor: Actor, view_id: UUID) -> None:
    """Delete one's own view, or, for those who answer, everybody's."""
    policy.require(actor, policy.Permission.VIEW)
    view = lock(_seen_by(actor.user_id).filter(id=view_id)).first()
    if view is None:
        raise NotFound(NOT_FOUND)
    if view.owner_id is None:
        policy.require(actor, policy.Permission.ANSWER)
    view.delete()
