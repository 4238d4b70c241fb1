"""Background jobs: a worker knows all of them, and what is old is removed."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session

import kaja
from kaja.api.models import RememberedRequest, Token
from kaja.channels.models import PendingConnection
from kaja.config.jobs import sweep
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.people import member_of

SOURCE = Path(kaja.__file__).parent
# As a worker loads it: nothing else of Kaja is imported before.
FRESH = """
import django
django.setup()
from procrastinate.contrib.django import app
app.perform_import_paths()
print(*sorted(app.tasks), "|", *sorted(task.name for _, task in [
    (key, each.task) for key, each in app.periodic_registry.periodic_tasks.items()
]))
"""


def test_a_worker_knows_every_job_and_its_clock() -> None:
    jobs = {file: file.read_text() for file in SOURCE.rglob("jobs.py") if "@job(" in file.read_text()}
    assert len(jobs) >= 4
    modules = {".".join(("kaja", *file.relative_to(SOURCE).with_suffix("").parts)) for file in jobs}
    assert modules == set(settings.PROCRASTINATE_IMPORT_PATHS)
    known = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=False, timeout=120)
    assert known.returncode == 0, known.stderr
    tasks, periodic = (part.split() for part in known.stdout.split("|"))
    names = re.findall(r'@job\("([\w.]+)"', "".join(jobs.values()))
    clocks = re.findall(r'@job\("([\w.]+)"[^)]*every=', "".join(jobs.values()))
    assert len(names) >= 6
    assert set(names) <= set(tasks)
    assert sorted(clocks) == periodic


@pytest.fixture
def token(workspace: Workspace) -> Token:
    with workspace_scope(workspace.id):
        return Token.objects.create(user=member_of(workspace).user, name="script", prefix="kaja_x", token_hash=b"1")


def test_what_is_old_goes_and_what_is_young_stays(workspace: Workspace, token: Token) -> None:
    young, old = now() - timedelta(days=6), now() - timedelta(days=8)
    with workspace_scope(workspace.id):
        for key, made in (("young", young), ("old", old)):
            row = RememberedRequest.objects.create(token=token, key=key, fingerprint=b"1", body="{}")
            RememberedRequest.objects.filter(id=row.id).update(created_at=made)
        for number, expires_at in ((b"1", now() + timedelta(minutes=1)), (b"2", now() - timedelta(minutes=1))):
            PendingConnection.objects.create(
                state_hash=number, network="mastodon", user_id=token.user_id, sealed=b"x", expires_at=expires_at
            )
    for key, expires_at in (("over", now() - timedelta(hours=1)), ("open", now() + timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=expires_at)
    sweep(timestamp=0)  # type: ignore[operator]
    with workspace_scope(workspace.id):
        assert [row.key for row in RememberedRequest.objects.all()] == ["young"]
        assert [bytes(row.state_hash) for row in PendingConnection.objects.all()] == [b"1"]
    assert [row.session_key for row in Session.objects.all()] == ["open"]
