"""Telling programs outside: written down in the transaction in which it happens, so that there is not one without the
other."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from kaja.kernel.clock import now
from kaja.kernel.tenancy import entered_workspace_id
from kaja.outgoing.events import VERSION, Data
from kaja.outgoing.jobs import wake
from kaja.outgoing.models import Endpoint, OutgoingEvent, Sending


def find_listeners(kind: str) -> list[Endpoint]:
    """The endpoints of the entered workspace that want to be told of this. Ask before making what to tell."""
    return list(Endpoint.objects.filter(off_at=None, kinds__contains=[kind]).order_by("id"))


def tell(kind: str, told: Collection[Data], listeners: Sequence[Endpoint] | None = None) -> None:
    """Have these told to all who want it, or to some. Inside the workspace's scope, in the caller's transaction."""
    endpoints = find_listeners(kind) if listeners is None else listeners
    if not endpoints or not told:
        return
    moment = now()
    events = [OutgoingEvent(**_made(kind, data, moment)) for data in told]
    sendings = [
        Sending(workspace_id=event.workspace_id, endpoint=endpoint, event=event, next_at=moment)
        for event in events
        for endpoint in endpoints
    ]
    OutgoingEvent.objects.bulk_create(events)
    Sending.objects.bulk_create(sendings)
    transaction.on_commit(wake)


def _made(kind: str, data: Data, moment: datetime) -> dict[str, object]:
    workspace_id = entered_workspace_id()
    body = {
        "type": kind,
        "version": VERSION,
        "timestamp": moment.isoformat(),
        "workspace": str(workspace_id),
        "data": data.model_dump(mode="json"),
    }
    rendered = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {"workspace_id": workspace_id, "kind": kind, "body": rendered, "at": moment}
