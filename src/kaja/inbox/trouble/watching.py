"""Looking whether the hour that ends now is a burst, on each channel and on all together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from kaja.channels.models import Channel
from kaja.inbox.models import Direction, Message
from kaja.inbox.trouble.bursts import HOURS, Verdict, judge_hour, judge_share
from kaja.inbox.trouble.models import Alarm, AlarmKind, HeardHour
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.kernel.tenancy import SystemPurpose, entered_workspace_id, system_scope, workspace_scope
from kaja.outgoing.events import AlarmRaised
from kaja.outgoing.telling import tell
from kaja.workspaces import policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.notices import create_notice

HOUR = timedelta(hours=1)
LATE = timedelta(hours=6)
"""What networks list late is still counted where it belongs; older hours are counted no more."""
OVER = timedelta(hours=1)
"""Without a burst for so long it is over."""
SHOWN = 100
NIGHT = 3
"""The hour (UTC) in which old hours are forgotten."""
BAD_STARS = 2
MORE = gettext_noop("%(count)s messages in the last hour on %(channel)s; about %(expected)s are usual.")
MORE_OF_ALL = gettext_noop("%(count)s messages in the last hour on all channels; about %(expected)s are usual.")
WORSE = gettext_noop("%(count)s of the reviews of the last hours on %(channel)s are bad: more than usual.")
GONE = Problem(
    code="alarm_not_found",
    message=gettext_noop("There is no such alarm any more."),
    fix=gettext_noop("Load the page again."),
)
_COUNT = """
INSERT INTO inbox_heardhour AS kept (id, workspace_id, channel_id, hour, heard, bad)
SELECT gen_random_uuid(), m.workspace_id, m.channel_id, date_trunc('hour', m.at), count(*),
    count(*) FILTER (WHERE m.rating <= %(stars)s)
FROM inbox_message m
WHERE m.workspace_id = %(workspace)s AND m.direction = 'in' AND m.at >= %(since)s AND m.at < %(until)s
GROUP BY m.workspace_id, m.channel_id, date_trunc('hour', m.at)
ON CONFLICT (channel_id, hour) DO UPDATE SET heard = EXCLUDED.heard, bad = EXCLUDED.bad
    WHERE (kept.heard, kept.bad) IS DISTINCT FROM (EXCLUDED.heard, EXCLUDED.bad)
"""


@dataclass(frozen=True)
class _Hour:
    """The hour that ends now."""

    heard: int
    bad: int


def watch() -> None:
    """Look in every workspace in which something came within the last hours, or an alarm is open. Outside any scope."""
    with system_scope(SystemPurpose.JOB_DISPATCH):
        came = Message.objects.filter(direction=Direction.IN, at__gte=now() - HOUR).order_by()
        alarmed = Alarm.objects.filter(ended_at=None).order_by()
        ids = {*came.values_list("workspace_id", flat=True).distinct(), *alarmed.values_list("workspace_id", flat=True)}
    for workspace_id in sorted(ids):
        with workspace_scope(workspace_id):
            watch_workspace()


@transaction.atomic
def watch_workspace() -> None:
    """The same of one, inside its scope."""
    moment = now()
    count_hours(moment)
    hours = _list_hours(moment)
    latest = _list_latest(moment)
    first = HeardHour.objects.order_by("hour").values_list("hour", flat=True).first()
    known = int((moment - first) / HOUR) if first else 0
    passed = (moment - moment.replace(minute=0, second=0, microsecond=0)) / HOUR
    everything = _Hour(sum(each.heard for each in latest.values()), sum(each.bad for each in latest.values()))
    together: dict[int, int] = defaultdict(int)
    for counts in hours.values():
        for place, heard in counts.items():
            together[place] += heard
    open_now = {(row.channel_id, row.kind): row for row in lock(Alarm.objects.filter(ended_at=None))}
    for channel_id, hour, counts in (
        (None, everything, together),
        *((each, latest.get(each, _Hour(0, 0)), hours[each]) for each in hours),
    ):
        if channel_id is None and len(hours) < 2:
            continue  # one channel is all of them
        verdict = judge_hour([hour.heard, *(counts.get(place, 0) for place in range(1, HOURS))], known, passed)
        _keep(moment, channel_id, AlarmKind.VOLUME, verdict, verdict.is_burst, open_now)
    for channel_id, (bad, rated, bad_before, rated_before) in _list_rated(moment).items():
        burst = judge_share(bad, rated, bad_before, rated_before)
        _keep(moment, channel_id, AlarmKind.BAD, Verdict(bad), burst, open_now)
    for row in open_now.values():
        if moment - row.last_at >= OVER:
            row.ended_at = row.last_at
            row.save(update_fields=["ended_at"])
    if moment.hour == NIGHT:
        forget_hours()


def count_hours(moment: datetime) -> None:
    """Bring the counted hours up to date; the first time all of the last eight weeks. One statement, or two."""
    known = HeardHour.objects.exists()
    since = moment - (LATE if known else HOUR * HOURS)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "workspace": entered_workspace_id(),
                "since": since.replace(minute=0, second=0, microsecond=0),
                "until": moment,
                "stars": BAD_STARS,
            },
        )


def _list_hours(moment: datetime) -> dict[UUID, dict[int, int]]:
    """What was heard on each channel in each hour of the clock, by how many hours ago it began."""
    found: dict[UUID, dict[int, int]] = defaultdict(dict)
    rows = HeardHour.objects.filter(hour__gte=moment - HOUR * (HOURS + 1))
    for channel_id, hour, heard in rows.values_list("channel_id", "hour", "heard"):
        found[channel_id][int((moment - hour) / HOUR)] = heard
    return found


def _list_latest(moment: datetime) -> dict[UUID, _Hour]:
    found: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    for channel_id, rating in _came(moment).values_list("channel_id", "rating"):
        found[channel_id][0] += 1
        found[channel_id][1] += rating is not None and rating <= BAD_STARS
    return {channel_id: _Hour(*counts) for channel_id, counts in found.items()}


def _came(moment: datetime) -> QuerySet[Message]:
    return Message.objects.filter(direction=Direction.IN, at__gt=moment - HOUR, at__lte=moment)


def _list_rated(moment: datetime) -> Mapping[UUID, tuple[int, int, int, int]]:
    """Bad and all rated reviews of the last day, and of the eight weeks before it, by channel. Reviews are few: a share
    of an hour would never be known."""
    day = moment - timedelta(days=1)
    rows = Message.objects.filter(direction=Direction.IN, rating__isnull=False, at__gt=moment - HOUR * HOURS)
    found: dict[UUID, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for channel_id, at, rating in rows.values_list("channel_id", "at", "rating"):
        place = 0 if at > day else 2
        found[channel_id][place] += rating is not None and rating <= BAD_STARS
        found[channel_id][place + 1] += 1
    return {channel_id: (a, b, c, d) for channel_id, (a, b, c, d) in found.items()}


def _keep(
    moment: datetime,
    channel_id: UUID | None,
    kind: AlarmKind,
    verdict: Verdict,
    burst: bool,
    open_now: Mapping[tuple[UUID | None, str], Alarm],
) -> None:
    if not burst:
        return
    row = open_now.get((channel_id, kind))
    if row is None:
        row = Alarm(kind=kind, channel_id=channel_id, began_at=moment, count=0)
    new = row._state.adding
    row.last_at = moment
    if verdict.count > row.count:
        row.count, row.expected, row.limit = verdict.count, verdict.expected, verdict.limit
        row.messages = [str(each) for each in _list_made_of(moment, channel_id, kind)]
    row.save()
    if new:
        _tell(row)


def _list_made_of(moment: datetime, channel_id: UUID | None, kind: AlarmKind) -> Sequence[UUID]:
    rows = _came(moment)
    if kind == AlarmKind.BAD:
        day = moment - timedelta(days=1)
        rows = Message.objects.filter(direction=Direction.IN, rating__lte=BAD_STARS, at__gt=day, at__lte=moment)
    if channel_id is not None:
        rows = rows.filter(channel_id=channel_id)
    return list(rows.order_by("-at", "-id").values_list("id", flat=True)[:SHOWN])


def _tell(row: Alarm) -> None:
    words = WORSE if row.kind == AlarmKind.BAD else MORE if row.channel_id else MORE_OF_ALL
    channel = str(Channel.objects.get(id=row.channel_id)) if row.channel_id else ""
    create_notice(
        "inbox.alarm",
        words,
        {"count": row.count, "channel": channel, "expected": round(row.expected or 0)},
        path=f"inbox/alarms/{row.id}/",
        permission=policy.Permission.ANSWER,
    )
    raised = AlarmRaised(
        alarm=row.id, kind=row.kind, channel=row.channel_id, count=row.count, expected=row.expected, at=row.began_at
    )
    tell("alarm.raised", [raised])


def list_alarms() -> QuerySet[Alarm]:
    """Open and past ones, the newest first."""
    return Alarm.objects.select_related("channel", "seen_by").order_by("-began_at", "-id")


def page_alarms(cursor: str = "", limit: int = PAGE) -> Page[Alarm]:
    """The same in pages. Raises Refused for a cursor that is none."""
    return cut_page(list_alarms(), ("-began_at", "-id"), cursor, limit)


def get_alarm(alarm_id: UUID) -> Alarm:
    """Raises NotFound."""
    row = list_alarms().filter(id=alarm_id).first()
    if row is None:
        raise NotFound(GONE)
    return row


def list_messages_of(alarm: Alarm) -> list[Message]:
    """The messages that made it, newest first; without those that are gone."""
    rows = Message.objects.filter(id__in=[UUID(each) for each in alarm.messages])
    return list(rows.select_related("handle", "conversation__channel").order_by("-at", "-id"))


@transaction.atomic
def see_alarm(actor: Actor, alarm_id: UUID) -> Alarm:
    """Somebody looks after it; the first one's name stays."""
    policy.require(actor, policy.Permission.ANSWER)
    row = lock(Alarm.objects.filter(id=alarm_id)).first()
    if row is None:
        raise NotFound(GONE)
    if row.seen_at is None:
        row.seen_at, row.seen_by_id = now(), actor.user_id
        row.save(update_fields=["seen_at", "seen_by"])
    return row


def forget_hours() -> None:
    """Hours that are looked at no more. Inside the scope."""
    HeardHour.objects.filter(hour__lt=now() - HOUR * (HOURS + 24)).delete()
