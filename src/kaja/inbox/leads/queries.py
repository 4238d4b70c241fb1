"""Reading who was handed over. Inside the workspace's scope."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q, QuerySet

from kaja.inbox.leads.actions import GONE
from kaja.inbox.models import Lead
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound


def list_leads() -> QuerySet[Lead]:
    """The newest first."""
    return Lead.objects.select_related("person", "handed_by", "taken_back_by").order_by("-handed_at", "-id")


def page_leads(cursor: str = "", limit: int = PAGE) -> Page[Lead]:
    """The same in pages. Raises Refused for a cursor that is none."""
    return cut_page(list_leads(), ("-handed_at", "-id"), cursor, limit)


def list_leads_of(person_id: UUID) -> list[Lead]:
    """How often somebody was handed over, also under the name of those who were joined to them."""
    return list(list_leads().filter(Q(person_id=person_id) | Q(person__joined_to_id=person_id))[:PAGE])


def get_lead(lead_id: UUID) -> Lead:
    """Raises NotFound."""
    lead = list_leads().filter(id=lead_id).first()
    if lead is None:
        raise NotFound(GONE)
    return lead


def export_leads() -> Iterator[Lead]:
    """All of them, the oldest first, without loading them all."""
    return list_leads().order_by("handed_at", "id").iterator(chunk_size=500)
