"""What became of deliveries, for whoever wants to know. Published in a transaction and scope of the workspace."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class DeliveryEvent:
    """`problem` is a `kernel.problems.Problem` as JSON, or None."""

    delivery_id: UUID
    source_kind: str
    source_id: UUID
    channel_id: UUID
    problem: dict[str, object] | None


class DeliverySent(DeliveryEvent):
    """It is on the network."""


class DeliveryFailed(DeliveryEvent):
    """The network, or Kaja before it, refused; nothing stands there."""


class DeliveryMissed(DeliveryEvent):
    """It was too late to send it; the author decides."""


class DeliveryUncertain(DeliveryEvent):
    """Kaja could not find out whether it stands there; a person decides."""


class DeliveryHeld(DeliveryEvent):
    """It waits for somebody to put the channel in order."""


@dataclass(frozen=True)
class WorkspaceHeld:
    """Nothing is sent until somebody has settled it; `reason` is a `workspaces.models.Held`."""

    reason: str


class WorkerStarts:
    """A worker is about to begin. Published outside any scope."""


BY_NAME: dict[str, type[DeliveryEvent]] = {
    "sent": DeliverySent,
    "failed": DeliveryFailed,
    "missed": DeliveryMissed,
    "uncertain": DeliveryUncertain,
    "held": DeliveryHeld,
}
