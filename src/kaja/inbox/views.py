"""Saved views: filters of the list that somebody comes back to."""

from uuid import UUID

from django.db.models import Q

from kaja.inbox.models import SavedView


def list_views(user_id: UUID) -> list[SavedView]:
    """Everybody's and a person's own, in their order."""
    return list(SavedView.objects.filter(Q(owner=None) | Q(owner_id=user_id)).order_by("position", "name", "id"))
