"""Reading endpoints and their logs."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch

from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound
from kaja.outgoing.actions import GONE
from kaja.outgoing.models import Endpoint, Sending, SendingTry


def page_endpoints(cursor: str = "", limit: int = PAGE) -> Page[Endpoint]:
    """By name."""
    return cut_page(Endpoint.objects.all(), ("name", "id"), cursor, limit)


def get_endpoint(endpoint_id: UUID) -> Endpoint:
    """Raises NotFound."""
    row = Endpoint.objects.filter(id=endpoint_id).first()
    if row is None:
        raise NotFound(GONE)
    return row


@dataclass(frozen=True)
class Logged:
    """An event with its tries, the newest first."""

    sending: Sending
    tries: list[SendingTry]

    @property
    def last(self) -> SendingTry | None:
        return self.tries[0] if self.tries else None


def page_log(endpoint_id: UUID, cursor: str = "", limit: int = PAGE, *, state: str = "") -> Page[Logged]:
    """What was told to an endpoint, the newest first; two statements."""
    rows = Sending.objects.filter(endpoint_id=endpoint_id).select_related("event")
    if state:
        rows = rows.filter(state=state)
    tries = Prefetch("log", SendingTry.objects.order_by("-at", "-id"), to_attr="tries_made")
    page = cut_page(rows.prefetch_related(tries), ("-id",), cursor, limit)
    return page.map(lambda found: [Logged(row, row.tries_made) for row in found])  # type: ignore[attr-defined]
