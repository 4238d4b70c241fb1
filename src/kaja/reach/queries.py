"""What is known of whether this installation can be reached."""

from django.conf import settings

from kaja.kernel.clock import now
from kaja.reach.judging import Proof, Reach, Seen, State, judge
from kaja.reach.models import Arrival, Look


def get_reach(seen: Seen | None = None) -> Reach:
    """Two queries, one if it was `seen` just now; nothing outside is asked."""
    address = str(settings.BASE_URL)
    if seen is None and (row := Look.objects.filter(address=address).first()) is not None:
        seen = Seen(row.looked_at, tuple(row.found), row.answer, row.error)
    proofs = [Proof(by, at) for by, at in Arrival.objects.filter(address=address).values_list("by", "at")]
    return judge(address, settings.REACHABLE, seen, proofs, now())


def is_out_of_reach() -> bool:
    """Whether the setting alone says that nobody comes in. No query."""
    return judge(str(settings.BASE_URL), settings.REACHABLE, None, (), now()).state == State.NO
