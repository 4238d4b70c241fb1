"""A reading loop that runs beside the test, and an audience that writes."""

from contextlib import AbstractContextManager

from kaja.channels.models import Channel
from kaja.delivery.worker.main import get_address
from kaja.kernel.tenancy import workspace_scope
from kaja.reading.loop import ReadingLoop, ReadPace
from kaja.reading.models import Item, Poll
from kaja.reading.topics import Topics
from kaja.workspaces.models import Workspace
from tests.looping import running
from tests.practice.running import PracticeServer

QUICK = ReadPace(lease=8.0, ask=4.0, poll=0.5, busy=0.05, plan=0.5)


def running_reader(pace: ReadPace = QUICK, topics: Topics | None = None) -> AbstractContextManager[ReadingLoop]:
    """A reading loop beside the test."""
    return running(lambda: ReadingLoop(get_address(), pace, topics))


def comment(practice: PracticeServer, post: str, *texts: str) -> list[str]:
    """A visitor writes below a post; gives the comments' ids."""
    path = f"/api/v1/posts/{post}/comments"
    answers = [practice.call("POST", path, {"name": "Visitor", "text": text}) for text in texts]
    assert {answer.status for answer in answers} == {201}
    return [str(answer.json()["id"]) for answer in answers]


def read_ids(workspace: Workspace) -> list[str]:
    """What was kept."""
    with workspace_scope(workspace.id):
        return list(Item.objects.order_by("at", "remote_id").values_list("remote_id", flat=True))


def poll_of(workspace: Workspace, channel: Channel, what: str) -> Poll:
    with workspace_scope(workspace.id):
        return Poll.objects.get(channel=channel, what=what)
