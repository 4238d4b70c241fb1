"""Hours and daily ceilings of private replies, read once for many. Inside the workspace's scope."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import Coalesce, TruncDate

from kaja.inbox.privately.forms import Limits
from kaja.inbox.privately.models import PrivateReply, PrivateSending, SendingState
from kaja.inbox.privately.times import find_open, find_room
from kaja.inbox.targets.follow import hours_of
from kaja.inbox.targets.hours import Hours
from kaja.inbox.targets.models import AnswerTarget
from kaja.kernel.tenancy import entered_workspace_id
from kaja.kernel.times import find_local_day, wall_of
from kaja.workspaces.models import Workspace

COUNTED = (SendingState.WAITING, SendingState.SENT)


class Rooms:
    """When each of some private replies may go out."""

    def __init__(self, replies: Iterable[PrivateReply], moment: datetime) -> None:
        self.zone = ZoneInfo(Workspace.objects.values_list("time_zone", flat=True).get(id=entered_workspace_id()))
        self.moment = moment
        self.limits = {reply.id: Limits.model_validate(reply.limits) for reply in replies}
        wanted = {limits.target for limits in self.limits.values()} - {None}
        self._targets = AnswerTarget.objects.in_bulk(wanted) if wanted else {}
        self._days: dict[UUID, dict[date, int]] = {}

    def find_hours(self, reply_id: UUID) -> Hours | None:
        """None where they were said once and are there no more: then nothing goes out."""
        target_id = self.limits[reply_id].target
        if target_id is not None and target_id not in self._targets:
            return None
        target = self._targets[target_id] if target_id is not None else None
        return hours_of(target, self.zone, [self.moment])

    def find_time(self, reply_id: UUID, at: datetime, until: datetime, pause: timedelta) -> datetime | None:
        """The first moment from `at` on, and until then, in the hours and with room on its day."""
        hours = self.find_hours(reply_id)
        if hours is None:
            return None
        return find_room(at, hours, self._count_days(reply_id), self.limits[reply_id].daily, until, pause)

    def _count_days(self, reply_id: UUID) -> dict[date, int]:
        if reply_id not in self._days:
            moment = Coalesce("sent_at", "due_at")
            rows = PrivateSending.objects.filter(reply_id=reply_id, state__in=COUNTED)
            rows = rows.filter(Q(sent_at__gte=self._begin_of_day()) | Q(sent_at=None))
            counted = rows.order_by().values(day=TruncDate(moment, tzinfo=self.zone)).annotate(count=Count("id"))
            self._days[reply_id] = defaultdict(int, {each["day"]: each["count"] for each in counted})
        return self._days[reply_id]

    def take(self, reply_id: UUID, at: datetime) -> None:
        """One more is planned then."""
        self._count_days(reply_id)[wall_of(at, self.zone).date()] += 1

    def _begin_of_day(self) -> datetime:
        return find_local_day(wall_of(self.moment, self.zone).date(), self.zone)[0]

    def list_late(self, rows: Iterable[PrivateSending]) -> set[UUID]:
        """Which of these may not go now, though their time has come: it is not in the hours any more, or what went out
        or is before them today is as many as may."""
        found = list(rows)
        ids = {row.reply_id for row in found}
        today = Q(state=SendingState.SENT, sent_at__gte=self._begin_of_day())
        due = Q(state=SendingState.WAITING, open=True, due_at__lte=self.moment)
        ahead: dict[UUID | None, list[tuple[datetime | None, UUID]]] = defaultdict(list)  # when due; None: it went out
        for reply_id, row_id, sent_at, due_at in PrivateSending.objects.filter(
            today | due, reply_id__in=ids
        ).values_list("reply_id", "id", "sent_at", "due_at"):
            ahead[reply_id].append((None if sent_at else due_at or self.moment, row_id))
        late = set()
        for row in found:
            if row.reply_id is None:
                continue
            hours = self.find_hours(row.reply_id)
            here = (row.due_at or self.moment, row.id)
            before = sum(
                due_at is None or (due_at, row_id) < here for due_at, row_id in ahead[row.reply_id] if row_id != row.id
            )
            closed = hours is not None and find_open(self.moment, hours, self.moment) is None
            if closed or before >= self.limits[row.reply_id].daily:
                late.add(row.id)
        return late
