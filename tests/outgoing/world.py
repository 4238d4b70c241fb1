"""One row of every table of webhooks, for tests that look at all tables."""

from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.outgoing.models import Endpoint, OutgoingEvent, Sending, SendingState, SendingTry
from kaja.outgoing.secrets import new_secret, seal_secret


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
