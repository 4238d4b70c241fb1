"""Reading endpoints and their logs."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound
from kaja.outgoing.actions import GONE, SENDING_GONE
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
    rows = _with_tries(Sending.objects.filter(endpoint_id=endpoint_id))
    if state:
        rows = rows.filter(state=state)
    return cut_page(rows, ("-id",), cursor, limit).map(lambda found: [_logged(row) for row in found])


def get_logged(sending_id: UUID) -> Logged:
    """One line of the log. Raises NotFound."""
    row = _with_tries(Sending.objects.filter(id=sending_id)).first()
    if row is None:
        raise NotFound(SENDING_GONE)
    return _logged(row)


def _with_tries(rows: QuerySet[Sending]) -> QuerySet[Sending]:
    tries = Prefetch("log", SendingTry.objects.order_by("-at", "-id"), to_attr="tries_made")
    return rows.select_related("event").prefetch_related(tries)


def _logged(row: Sending) -> Logged:
    return Logged(row, row.tries_made)  # type: ignore[attr-defined]
