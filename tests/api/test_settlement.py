"""A held workspace, seen and settled by a program."""

from datetime import timedelta

from kaja.channels.models import Channel
from kaja.delivery.actions import hold_everything
from kaja.delivery.models import Delivery, Inventory, Publication, State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery, RemoteChange
from kaja.workspaces.models import Held, Workspace
from tests.api.conftest import ApiClient
from tests.api.world import build_world
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, later, plan_post


def test_what_is_held_is_listed_and_settled_once(client: ApiClient, workspace: Workspace) -> None:
    nothing = client.call("GET", "/settlement").json()
    assert (nothing["held_at"], nothing["due"], nothing["unknown"], nothing["next_cursor"]) == (None, [], [], "")
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
        Inventory.objects.create(
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


def test_what_is_due_comes_in_pages_and_the_networks_are_asked_again(
    client: ApiClient, workspace: Workspace, practice: PracticeServer
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    posts = [plan_post(workspace, [channel], f"Number {number}") for number in range(5)]
    with workspace_scope(workspace.id):
        rows = {str(each.variant.post_id): str(each.id) for each in PostDelivery.objects.select_related("variant")}
    wanted = [rows[str(post.id)] for post in posts]
    hold_everything(ACTOR, Held.RESTORE, later(-3600))
    first = client.call("GET", "/settlement?limit=2").json()
    assert (first["looked"], first["channels"]) == (0, 1), "no job ran"
    assert {each["verdict"] for each in first["due"]} == {"unclear"}
    found: list[str] = []
    cursor = ""
    while True:
        page = client.call("GET", f"/settlement?limit=2&cursor={cursor}").json()
        assert len(page["due"]) <= 2
        found += [each["delivery"] for each in page["due"]]
        if not (cursor := page["next_cursor"]):
            break
    assert found == wanted
    wrong = client.call("GET", "/settlement?cursor=0199aaaa000070008000000000000000")
    assert (wrong.status_code, wrong.json()["problems"][0]["code"]) == (422, "cursor_invalid")
    looked = client.call("POST", "/settlement/look").json()
    assert (looked["looked"], looked["channels"]) == (1, 1)
    assert [(each["delivery"], each["verdict"]) for each in looked["due"]] == [(each, "missing") for each in wanted]
