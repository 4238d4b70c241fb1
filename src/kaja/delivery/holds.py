"""What a held workspace has to settle: every delivery whose time came, and what was found of it. Reads only."""

from dataclasses import dataclass
from typing import Any, Literal

from kaja.channels.queries import channel_order
from kaja.delivery.models import Delivery, Inventory, Kind, State
from kaja.delivery.sources import Subject, describe
from kaja.kernel.clock import now
from kaja.workspaces.models import Workspace

Verdict = Literal["there", "missing", "unclear"]
UNDECIDED = (State.SCHEDULED, State.WAITING, State.FAILED, State.MISSED)
"""States in which this database believes that nothing stands there. The others are looked after by the engine."""


@dataclass(frozen=True)
class Unsettled:
    """One delivery whose time has come, and what it is about. `post` is what was found for it on the network."""

    delivery: Delivery
    subject: Subject
    verdict: Verdict
    post: dict[str, Any] | None


def list_unsettled(workspace: Workspace) -> list[Unsettled]:
    """What was due when, and how it stands on the network, in the order in which it would go out."""
    inventories = {each.channel_id: each for each in Inventory.objects.all()}
    due = (
        Delivery.objects.select_related("channel")
        .filter(state__in=UNDECIDED, due_at__lte=now(), in_bin=False)
        .order_by("due_at", "source_id", "position")
    )
    rows = [row for row in due if row.state not in (State.FAILED, State.MISSED) or row.needs_person]
    subjects = describe(rows)
    verdicts: dict[tuple[Any, int], Verdict] = {}
    found = []
    for row in rows:
        post, verdict = _judge(row, inventories.get(row.channel_id))
        if row.kind == Kind.COMMENT and verdict != "there":
            # Comments are listed nowhere: without its post there is none, and with it nobody knows.
            verdict = "missing" if verdicts.get((row.source_id, 0)) == "missing" else "unclear"
        elif row.kind in (Kind.REPLY, Kind.MESSAGE) and verdict == "missing":
            verdict = "unclear"  # no network lists all of them among an account's posts
        elif row.kind == Kind.ACT:
            verdict = "missing"  # done twice it is done once
        verdicts[row.source_id, row.position] = verdict
        found.append(Unsettled(row, subjects[row.id], verdict, post))
    return found


def _judge(row: Delivery, inventory: Inventory | None) -> tuple[dict[str, Any] | None, Verdict]:
    if inventory is None or inventory.problem is not None:
        return None, "unclear"
    post = inventory.found.get(str(row.id))
    if post is not None:
        return post, "there" if post["sure"] else "unclear"
    return None, "missing" if inventory.complete else "unclear"


def count_looked() -> int:
    """How many channels were looked at."""
    return Inventory.objects.count()


def list_strangers() -> list[Inventory]:
    """Channels on which posts stand that this database knows nothing of, with those posts."""
    rows = Inventory.objects.select_related("channel").order_by(*channel_order("channel__"))
    return [each for each in rows if each.strangers or each.problem]
