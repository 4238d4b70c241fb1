"""A law changes between planning and sending: what was planned by the clock on the wall stays there."""

import shutil
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tzdata  # type: ignore[import-untyped]
from django.utils import timezone

from kaja.content.actions import create_post
from kaja.content.actions.laws import follow_laws
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post, PostState
from kaja.delivery.models import Delivery
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.zones import find_system_version, use_newest
from kaja.publishing.actions import schedule_post
from kaja.workspaces.models import Notice, Workspace
from tests.people import actor
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice

pytestmark = pytest.mark.django_db(transaction=True)
PLACE = "Test/Land"
OLD, NEW = "Etc/GMT+8", "Etc/GMT+7"
"""Eight hours behind, until the parliament decides that it shall be seven."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    server = PracticeServer(Path(tmp_path_factory.mktemp("practice")))
    yield server
    assert server.stop() == 0


class Land:
    """A country of the tests; its law is a file that Python reads zones from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "Test").mkdir()
        self.pass_law(OLD)

    def pass_law(self, like: str) -> None:
        source = Path(tzdata.__file__).parent / "zoneinfo" / like
        shutil.copy(source, self.folder / PLACE)
        ZoneInfo.clear_cache()


@pytest.fixture
def land(tmp_path: Path) -> Iterator[Land]:
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(tmp_path), *before])
    yield Land(tmp_path)
    zoneinfo.reset_tzpath(to=before)
    ZoneInfo.clear_cache()


@pytest.fixture
def there(workspace: Workspace, land: Land) -> Workspace:
    with workspace_scope(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(time_zone=PLACE)
    workspace.time_zone = PLACE
    return workspace


def nine(days: int = 30) -> datetime:
    """09:00 there, by the law that holds now."""
    day = (now() + timedelta(days=days)).date()
    return datetime(day.year, day.month, day.day, 9, tzinfo=ZoneInfo(PLACE)).astimezone(UTC)


def test_a_planned_post_keeps_its_wall_clock_time_and_its_owner_is_told(
    there: Workspace, land: Land, running: PracticeServer
) -> None:
    channel = connect_practice(running, there, "bakery")
    who = actor(there)
    with workspace_scope(there.id), timezone.override(ZoneInfo(PLACE)):
        post = create_post(who, Document(parts=(PartDocument(text="Morning"),)), [channel.id])
        draft = create_post(who, Document(parts=(PartDocument(text="Perhaps"),)), due_at=nine())
        schedule_post(who, post, nine())
    assert follow_laws() == 0, "by the same law nothing moves"
    old = nine()
    land.pass_law(NEW)
    assert nine() == old - timedelta(hours=1)
    assert follow_laws() == 2
    with workspace_scope(there.id):
        for row in Post.objects.filter(id__in=(post.id, draft.id)):
            assert row.due_at == nine(), row.state
            assert (row.due_zone, row.due_wall[11:16]) == (PLACE, "09:00")
        assert Post.objects.get(id=post.id).state == PostState.SCHEDULED
        assert [each.due_at for each in Delivery.objects.all()] == [nine()]
        notices = Notice.objects.filter(kind="post.law")
        assert {each.params["post"] for each in notices} == {"Morning", "Perhaps"}
    assert follow_laws() == 0, "once is enough"


def test_what_an_older_version_planned_gets_its_wall_clock_time_and_what_is_past_stays(
    there: Workspace, land: Land
) -> None:
    who = actor(there)
    with workspace_scope(there.id):
        coming = create_post(who, Document(parts=(PartDocument(text="Coming"),)), due_at=nine())
        past = create_post(who, Document(parts=(PartDocument(text="Past"),)), due_at=now() - timedelta(days=1))
        Post.objects.update(due_wall="", due_zone="")
    assert follow_laws() == 0
    with workspace_scope(there.id):
        assert Post.objects.get(id=coming.id).due_wall[11:16] == "09:00"
        assert Post.objects.get(id=past.id).due_zone == ""
    land.pass_law(NEW)
    assert follow_laws() == 1


def test_either_instant_of_a_doubled_hour_may_have_been_meant(workspace: Workspace) -> None:
    """Tallinn, the last Sunday of October: half past three comes twice, and the second one was chosen."""
    year = now().year + 1
    last = max(day for day in range(25, 32) if datetime(year, 10, day).weekday() == 6)
    second = datetime(year, 10, last, 3, 30, tzinfo=ZoneInfo("Europe/Tallinn"), fold=1).astimezone(UTC)
    with workspace_scope(workspace.id), timezone.override(ZoneInfo("Europe/Tallinn")):
        post = create_post(actor(workspace), Document(parts=(PartDocument(text="Night"),)), due_at=second)
    assert follow_laws() == 0
    with workspace_scope(workspace.id):
        assert Post.objects.get(id=post.id).due_at == second


def test_the_newest_data_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, land: Any) -> None:
    (tmp_path / "tzdata.zi").write_text("# version 1999a\nR d 1916 o - Jun 14 23s 1 S\n")
    assert find_system_version((str(tmp_path),)) == "1999a"
    assert find_system_version((str(tmp_path / "nowhere"),)) == ""
    monkeypatch.delenv("PYTHONTZPATH", raising=False)
    assert use_newest() == max(tzdata.IANA_VERSION, find_system_version())
    winter = datetime(2026, 12, 1, 9, tzinfo=ZoneInfo("America/Vancouver"))
    assert winter.astimezone(UTC).hour == 16, "British Columbia stays on summer time since 2026"
