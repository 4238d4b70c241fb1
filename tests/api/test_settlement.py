"""A held workspace, seen and settled by a program."""

from datetime import timedelta

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery, Publication, Reckoning, State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import RemoteChange
from kaja.workspaces.models import Workspace
from tests.api.conftest import ApiClient
from tests.api.world import build_world


def test_what_is_held_is_listed_and_settled_once(client: ApiClient, workspace: Workspace) -> None:
    nothing = client.call("GET", "/settlement").json()
    assert nothing == {"held_at": None, "reason": "", "since": None, "due": [], "unknown": []}
    refused = client.call("POST", "/settlement", {"missing": "send", "unclear": "skip"})
    assert (refused.status_code, refused.json()["problems"][0]["code"]) == (409, "not_held")
    build_world(workspace)
    moment = clock.now()
    stranger = {"url": "https://x.test/9", "text": "Written since", "at": moment.isoformat()}
    with workspace_scope(workspace.id):
        RemoteChange.objects.all().delete()
        Publication.objects.all().delete()
        row = Delivery.objects.first()
        assert row is not None
        Delivery.objects.exclude(id=row.id).update(state=State.CANCELLED)
        Delivery.objects.filter(id=row.id).update(state=State.SCHEDULED, due_at=moment, needs_person=False)
        held = {"held_at": moment, "held_reason": "restore", "held_since": moment - timedelta(days=1)}
        Workspace.objects.filter(id=workspace.id).update(paused_at=moment, **held)
        Reckoning.objects.create(
            channel=Channel.objects.get(id=row.channel_id),
            looked_at=moment,
            found={},
            strangers=[stranger],
            complete=True,
        )
    assert client.call("GET", "/workspace").json()["held_at"] is not None
    told = client.call("GET", "/settlement").json()
    assert told["reason"] == "restore"
    assert [(each["delivery"], each["verdict"]) for each in told["due"]] == [(str(row.id), "missing")]
    assert [(each["channel"], [post["text"] for post in each["posts"]]) for each in told["unknown"]] == [
        (str(row.channel_id), ["Written since"])
    ]
    without_time = client.call("POST", "/settlement", {"missing": "later", "unclear": "skip"})
    assert (without_time.status_code, without_time.json()["problems"][0]["code"]) == (422, "time_in_past")
    invented = client.call("POST", "/settlement", {"missing": "skip", "unclear": "skip", "own": {str(row.id): "there"}})
    assert (invented.status_code, invented.json()["problems"][0]["code"]) == (422, "nothing_found")
    later = (moment + timedelta(hours=2)).isoformat()
    settled = client.call(
        "POST", "/settlement", {"missing": "skip", "unclear": "skip", "own": {str(row.id): "later"}, "later": later}
    )
    assert settled.json() == {"there": 0, "send": 0, "skip": 0, "later": 1}
    with workspace_scope(workspace.id):
        assert Delivery.objects.get(id=row.id).due_at.isoformat() == later
        assert Workspace.objects.get().paused_at is None
