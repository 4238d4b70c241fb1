"""What waits for a person, and the presses that settle it."""

from datetime import timedelta
from typing import Any

import pytest

from kaja.channels.models import Channel, Health
from kaja.content.models import Post, Variant
from kaja.delivery.models import Publication, State
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Member, Notice, Role, Workspace
from tests.needed import needs
from tests.people import add_member, browser
from tests.web.markup import tight


def make_waiting(workspace: Workspace, state: str, summary: str = "Winter menu", **more: Any) -> PostDelivery:
    with workspace_scope(workspace.id):
        channel, _ = Channel.objects.get_or_create(network="practice", account_id="a", defaults={"name": "Kohvik"})
        post = Post.objects.create(
            summary=summary, state="scheduled", due_at=now() - timedelta(hours=2),
            document={"parts": [{"text": summary, "media": []}]},
        )  # fmt: skip
        variant = Variant.objects.create(post=post, channel=channel)
        return PostDelivery.objects.create(
            variant=variant,
            channel=channel,
            state=state,
            due_at=needs(post.due_at),
            next_at=None,
            needs_person=True,
            **more,
        )


def state_of(workspace: Workspace, delivery: PostDelivery) -> PostDelivery:
    with workspace_scope(workspace.id):
        return PostDelivery.objects.get(id=delivery.id)


def press(workspace: Workspace, delivery: PostDelivery, who: str = "", **data: str) -> Any:
    return browser(workspace, who).post(f"/w/acme/needs-you/deliveries/{delivery.id}/", data)


def test_empty_page_says_what_will_be_here(workspace: Workspace) -> None:
    html = browser(workspace).get("/w/acme/needs-you/").content.decode()
    assert "Nothing waits for you" in html


def test_everything_is_listed_and_counted(workspace: Workspace, other_workspace: Workspace) -> None:
    make_waiting(workspace, State.FAILED, "One")
    make_waiting(workspace, State.MISSED, "Two")
    with workspace_scope(workspace.id):
        Channel.objects.create(network="bluesky", account_id="b", name="Broken", health=Health.RECONNECT)
        Channel.objects.create(
            network="bluesky", account_id="c", name="Let go", health=Health.RECONNECT, disconnected_at=now()
        )
        owner = Member.objects.get()
        Notice.objects.create(kind="test", message="The backup did not run.", member=owner)
        Notice.objects.create(kind="delivery.failed", message="Said above already.", member=owner)
    html = tight(browser(workspace).get("/w/acme/needs-you/").content.decode())
    assert all(text in html for text in ("One", "Two", "Broken", "The backup did not run."))
    assert "Let go" not in html
    assert "Said above already." not in html
    assert html.count('<span class="count">4</span>') == 2  # rail and phone
    assert "One" not in browser(other_workspace).get("/w/rival/needs-you/").content.decode()


def test_found_post_is_taken_for_ours(workspace: Workspace) -> None:
    found: dict[str, Any] = {
        "id": "at://7",
        "url": "https://net.test/7",
        "text": "Winter",
        "posted_at": None,
        "data": {},
    }
    delivery = make_waiting(workspace, State.UNCERTAIN, candidates=[found], uncertain_since=now())
    assert "https://net.test/7" in browser(workspace).get("/w/acme/needs-you/").content.decode()
    press(workspace, delivery, do="there", candidate="at://7")
    settled = state_of(workspace, delivery)
    assert (settled.state, settled.remote_id, settled.needs_person) == (State.SENT, "at://7", False)
    with workspace_scope(workspace.id):
        assert Publication.objects.get().remote_url == "https://net.test/7"


def test_address_that_is_none_changes_nothing(workspace: Workspace) -> None:
    delivery = make_waiting(workspace, State.UNCERTAIN, uncertain_since=now())
    answer = press(workspace, delivery, do="there", url="javascript:alert(1)")
    assert answer.status_code == 422
    assert "copy its address" in answer.content.decode()
    assert state_of(workspace, delivery).state == State.UNCERTAIN


@pytest.mark.parametrize(
    ("state", "do", "becomes"),
    [
        (State.UNCERTAIN, "send_again", State.WAITING),
        (State.UNCERTAIN, "leave", State.CANCELLED),
        (State.FAILED, "retry", State.SCHEDULED),
        (State.FAILED, "drop", State.CANCELLED),
        (State.MISSED, "send_now", State.SCHEDULED),
        (State.MISSED, "drop", State.CANCELLED),
    ],
)
def test_decision_is_carried_out_once(workspace: Workspace, state: str, do: str, becomes: str) -> None:
    delivery = make_waiting(workspace, state, uncertain_since=now() if state == State.UNCERTAIN else None)
    assert press(workspace, delivery, do=do)["Location"] == "/w/acme/needs-you/"
    settled = state_of(workspace, delivery)
    assert (settled.state, settled.needs_person) == (becomes, False)
    # The page was still open somewhere: the second press is refused and changes nothing.
    assert press(workspace, delivery, do=do).status_code in {409, 422}
    assert state_of(workspace, delivery).state == becomes


@pytest.mark.parametrize("do", ["", "explode"])
def test_unknown_decision_is_refused(workspace: Workspace, do: str) -> None:
    delivery = make_waiting(workspace, State.FAILED)
    assert press(workspace, delivery, do=do).status_code == 422
    assert state_of(workspace, delivery).state == State.FAILED


def test_who_may_not_publish_sees_but_does_not_settle(workspace: Workspace) -> None:
    add_member(workspace, "designer@acme.test", Role.DESIGNER)
    delivery = make_waiting(workspace, State.FAILED)
    html = browser(workspace, "designer@acme.test").get("/w/acme/needs-you/").content.decode()
    assert "Winter menu" in html
    assert 'value="retry"' not in html
    assert press(workspace, delivery, "designer@acme.test", do="retry").status_code == 403
    assert state_of(workspace, delivery).state == State.FAILED


def test_delivery_of_another_workspace_is_not_found(workspace: Workspace, other_workspace: Workspace) -> None:
    delivery = make_waiting(workspace, State.FAILED)
    answer = browser(other_workspace).post(f"/w/rival/needs-you/deliveries/{delivery.id}/", {"do": "retry"})
    assert answer.status_code == 404
    assert state_of(workspace, delivery).state == State.FAILED


@pytest.mark.parametrize("outside", ["https://evil.test/", "//evil.test/w/acme/", "/w/rival/channels/"])
def test_way_back_stays_in_the_workspace(workspace: Workspace, outside: str) -> None:
    delivery = make_waiting(workspace, State.FAILED)
    assert press(workspace, delivery, do="retry", next=outside)["Location"] == "/w/acme/needs-you/"


def test_notice_is_put_away_by_its_own_member(workspace: Workspace) -> None:
    add_member(workspace, "b@acme.test")
    with workspace_scope(workspace.id):
        from tests.people import member_of

        notice = Notice.objects.create(kind="test", message="For the owner.", member=member_of(workspace))
    browser(workspace, "b@acme.test").post(f"/w/acme/needs-you/notices/{notice.id}/read/")
    with workspace_scope(workspace.id):
        assert Notice.objects.get().read_at is None
    browser(workspace).post(f"/w/acme/needs-you/notices/{notice.id}/read/")
    with workspace_scope(workspace.id):
        assert Notice.objects.get().read_at is not None
