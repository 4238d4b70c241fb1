"""Everything that changes polls, but for the claim. Inside the workspace's scope, unless it says otherwise."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Greatest, Least, Now

from kaja.channels.models import Channel
from kaja.channels.sessions import record_quota
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, fill_params, gettext_noop, render_problem
from kaja.kernel.signals import notify_read
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.networks.kit.quotas import Quota
from kaja.reading.models import Poll
from kaja.reading.topics import Answer, Claimed

PAUSE_FIRST, PAUSE_LONGEST = 10.0, 3600.0
MOST_FAILURES = 1000
UNREAD = Problem("read_unreadable", gettext_noop("The network gave entries that cannot be read (%(count)s)."))
_OF_A_LOOK = [
    "cursor", "failures", "problem", "read_at", "unread", "not_before", "next_at", "wanted_at", "lease_until",
]  # fmt: skip
"""What `finish` writes; how far a stream was read is written by whoever keeps it."""


@dataclass(frozen=True)
class Wanted:
    """An account of a network, wherever it is a channel, and what of it is to be looked at."""

    network: str
    account_id: str
    what: str


def wake_polls(channel_id: UUID) -> None:
    """A channel is connected, or connected again: everything about it is asked now, for what stopped it is over. Looks
    at threads keep their times, unless they failed."""
    lock(Channel.objects.filter(id=channel_id)).first()
    rows = lock(Poll.objects.filter(Q(subject_id=None) | Q(failures__gt=0), channel_id=channel_id))
    Poll.objects.filter(id__in=list(rows.values_list("id", flat=True))).update(
        next_at=now(), not_before=None, failures=0, wanted_at=now()
    )
    notify_read()


def request_looks(wanted: Collection[Wanted]) -> int:
    """Networks said by themselves that there is something: look now, in every workspace that has the account.

    Not before the network's own wish to be left alone is over. Gives the number of polls. Outside any scope.
    """
    if not wanted:
        return 0
    with system_scope(SystemPurpose.HOOK):
        accounts = {each.account_id for each in wanted}
        rows = Channel.objects.filter(account_id__in=accounts, disconnected_at=None)
        channels: dict[tuple[str, str], list[UUID]] = {}
        for channel_id, network, account_id in rows.values_list("id", "network", "account_id"):
            channels.setdefault((network, account_id), []).append(channel_id)
        topics: dict[str, list[UUID]] = {}
        for each in wanted:
            topics.setdefault(each.what, []).extend(channels.get((each.network, each.account_id), ()))
        looks = Q()
        for what, found in topics.items():
            looks |= Q(what=what, channel_id__in=found)
        polls = lock(Poll.objects.filter(looks, next_at__isnull=False))
        woken = Poll.objects.filter(id__in=list(polls.values_list("id", flat=True))).update(
            wanted_at=now(), next_at=Greatest(Least(F("next_at"), Now()), F("not_before"))
        )
        if woken:
            notify_read()
    return woken


def pause_of(failures: int, least: float) -> float:
    """Seconds after the n-th failure in a row; doubles each time, and is never less than what was asked for."""
    return max(least, min(PAUSE_FIRST * 2.0 ** min(failures - 1, 20), PAUSE_LONGEST))


def _render_unread(unread: int) -> dict[str, Any] | None:
    return render_problem(fill_params(UNREAD, count=unread)) if unread else None


def finish(row: Claimed, answer: Answer, quotas: Iterable[Quota] = ()) -> bool:
    """Keep what a look brought and plan the next, in one transaction; False when the poll is somebody else's by now:
    then nothing is kept, for whoever has it reads the same again. Enters the scope itself."""
    with workspace_scope(row.workspace_id):
        # In the order of `kernel/locks`: what is kept may change the channel.
        channel = lock(Channel.objects.filter(id=row.channel_id)).first()
        poll = lock(Poll.objects.filter(id=row.id, fence=row.fence)).first()
        if channel is None or poll is None:
            return False
        moment = now()
        if answer.keep is not None:
            answer.keep()
        if answer.cursor is not None:
            poll.cursor = answer.cursor
        if answer.problem is None:
            poll.failures, poll.problem, poll.read_at = 0, _render_unread(answer.unread), moment
            poll.unread += answer.unread
            seconds = answer.again_after
        else:
            poll.failures = min(poll.failures + 1, MOST_FAILURES)
            poll.problem = render_problem(answer.problem)
            seconds = pause_of(poll.failures, answer.again_after or 0.0)
        poll.not_before = moment + timedelta(seconds=answer.leave_alone) if answer.leave_alone else None
        poll.next_at = None if seconds is None else moment + timedelta(seconds=seconds)
        if poll.wanted_at is not None:
            # Somebody wanted a look while this one was under way: it may have been too early to see it.
            poll.next_at = max(moment, poll.not_before) if poll.not_before else moment
        poll.wanted_at, poll.lease_until = None, None
        poll.save(update_fields=_OF_A_LOOK)
        record_quota(channel, quotas)
    return True


def hand_back(row: Claimed, seconds: float) -> None:
    """Nothing was asked: it is due again after so long. Enters the scope itself."""
    with workspace_scope(row.workspace_id):
        Poll.objects.filter(id=row.id, fence=row.fence).update(
            lease_until=None, next_at=now() + timedelta(seconds=seconds)
        )
