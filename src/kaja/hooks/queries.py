"""What came in lately, for operators."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from kaja.hooks.models import HookReceived, HookRefusal
from kaja.networks.kit.hooks import find_hooks
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.wording import name_in_language


@dataclass(frozen=True)
class Standing:
    """One network's hooks in the days for which they are kept. `unread` of them were in no known form, `open` are not
    worked off yet; `refused` came in its name and were not its own, ever since they are counted."""

    network: str
    label: str
    received: int = 0
    last_at: datetime | None = None
    open: int = 0
    unread: int = 0
    unread_at: datetime | None = None
    refused: int = 0
    refused_at: datetime | None = None

    @property
    def trouble(self) -> str:
        """What went wrong last: "unread", "refused", or nothing."""
        moments = {"unread": self.unread_at, "refused": self.refused_at}
        known = {name: moment for name, moment in moments.items() if moment is not None}
        return max(known, key=lambda name: known[name]) if known else ""

    @property
    def trouble_at(self) -> datetime | None:
        return {"unread": self.unread_at, "refused": self.refused_at}.get(self.trouble)


def list_standings() -> list[Standing]:
    """Each network that can send hooks, in the order of the registry. Two queries."""
    columns = {
        "received": Count("id"),
        "last_at": Max("received_at"),
        "open": Count("id", filter=Q(done_at=None)),
        "unread": Count("id", filter=Q(understood=False)),
        "unread_at": Max("received_at", filter=Q(understood=False)),
    }
    found: dict[str, dict[str, Any]] = {}
    for network, *values in HookReceived.objects.values("network").annotate(**columns).values_list("network", *columns):
        found[network] = dict(zip(columns, values, strict=True))
    for row in HookRefusal.objects.all():
        found.setdefault(row.network, {}).update(refused=row.count, refused_at=row.last_at)
    return [Standing(key, label, **found.get(key, {})) for key, label in _list_networks()]


def _list_networks() -> Iterable[tuple[str, str]]:
    return ((key, name_in_language(each.info.name)) for key, each in CONNECTORS.items() if find_hooks(each) is not None)
