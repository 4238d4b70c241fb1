"""Rows of the tables of webhooks, for tests that look at all tables, and at all lists."""

from uuid import UUID

from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.outgoing.models import Endpoint, OutgoingEvent, Sending, SendingState, SendingTry
from kaja.outgoing.secrets import new_secret, seal_secret
from kaja.workspaces.models import Workspace

ENDPOINT = UUID(int=9)


def fill_webhooks(workspace: Workspace, count: int) -> None:
    Endpoint.objects.bulk_create(
        Endpoint(workspace=workspace, name=f"e {n}", address="https://a.test/", kinds=["post.failed"], secret=b"x")
        for n in range(count)
    )


def fill_webhook_log(workspace: Workspace, count: int) -> None:
    moment = now()
    row = Endpoint.objects.create(id=ENDPOINT, name="e", address="https://a.test/", kinds=["post.failed"], secret=b"x")
    events = OutgoingEvent.objects.bulk_create(
        OutgoingEvent(workspace=workspace, kind="post.failed", body="{}", at=moment) for _ in range(count)
    )
    sendings = Sending.objects.bulk_create(
        Sending(workspace=workspace, endpoint=row, event=each, state="failed", tries=2) for each in events
    )
    SendingTry.objects.bulk_create(
        SendingTry(workspace=workspace, sending=each, at=moment, seconds=0.1, status=500, answer="x", problem={})
        for each in sendings
        for _ in range(2)
    )


def fill_outgoing(mark: str) -> dict[str, str]:
    """Inside the workspace's scope; gives the ids by the names that addresses give them. Nobody listens there."""
    endpoint_id, moment = new_id(), now()
    endpoint = Endpoint.objects.create(
        id=endpoint_id, name=mark, address=f"https://127.0.0.1:1/{mark}", kinds=["post.failed"],
        secret=seal_secret(endpoint_id, new_secret()),
    )  # fmt: skip
    event = OutgoingEvent.objects.create(kind="post.failed", body=mark, at=moment)
    sending = Sending.objects.create(endpoint=endpoint, event=event, state=SendingState.SENT, tries=1)
    SendingTry.objects.create(sending=sending, at=moment, seconds=0.1, status=200, answer=mark)
    return {"endpoint_id": str(endpoint.id), "sending_id": str(sending.id)}
