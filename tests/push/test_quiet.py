"""Quiet hours: on the person's own clock, off until they are chosen, and what passes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import kaja
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.push.models import Device
from kaja.push.quiet import URGENT, choose_quiet, is_quiet, parse_quiet
from kaja.workspaces.models import Notice, Workspace
from tests.push.receiving import PushService
from tests.push.test_pushes import do, jobs, tell

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("begins", "ends", "rings"),
    [("22:00", "07:00", False), ("01:00", "03:30", True), ("00:00", "04:00", False), ("04:00", "22:00", True)],
)
def test_quiet_hours_are_those_of_the_persons_own_clock(
    workspace: Workspace,
    device: Device,
    service: PushService,
    monkeypatch: pytest.MonkeyPatch,
    begins: str,
    ends: str,
    rings: bool,
) -> None:
    moment = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)  # 03:30 of the next day in Kolkata
    choose_quiet(device.user, parse_quiet({"begins": begins, "ends": ends, "time_zone": "Asia/Kolkata"}))
    monkeypatch.setattr("kaja.push.quiet.now", lambda: moment)
    tell(workspace)
    do(jobs()[0])
    assert bool(service.received) == rings
    with workspace_scope(workspace.id):
        assert Notice.objects.get().read_at is None, "it stands there all the same"
    choose_quiet(device.user, None)
    do(jobs()[0])
    assert service.received


@pytest.mark.parametrize(("urgent", "kind", "quiet"), [
    (False, "inbox.alarm", True), (True, "inbox.alarm", False), (True, "inbox.assigned", True),
])  # fmt: skip
def test_only_alarms_pass_and_only_where_somebody_chose_so(
    workspace: Workspace, device: Device, monkeypatch: pytest.MonkeyPatch, urgent: bool, kind: str, quiet: bool
) -> None:
    monkeypatch.setattr("kaja.push.quiet.now", lambda: datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
    given = {"begins": "22:00", "ends": "07:00", "time_zone": "UTC", "urgent": urgent}
    choose_quiet(device.user, parse_quiet(given))
    assert is_quiet(device.user, kind) == quiet


def test_hours_that_are_none_are_refused(workspace: Workspace) -> None:
    for wrong in ({"ends": "22:00"}, {"time_zone": "Mars/Olympus"}, {"begins": "soon"}):
        with pytest.raises(Refused):
            parse_quiet({"begins": "22:00", "ends": "07:00", "time_zone": "UTC", **wrong})


def test_every_urgent_kind_is_one_that_there_is() -> None:
    said = "".join(path.read_text() for path in Path(kaja.__file__).parent.rglob("*.py") if path.name != "quiet.py")
    assert all(f'"{kind}"' in said for kind in URGENT)
