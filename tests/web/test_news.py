"""What happens to deliveries and channels reaches the people: wiring from domain to domain."""

import pytest

from kaja.channels.events import ChannelConnected
from kaja.delivery.events import DeliveryEvent, DeliveryFailed, DeliveryMissed, DeliverySent, DeliveryUncertain
from kaja.delivery.models import State
from kaja.kernel.events import publish
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import POST, PostDelivery
from kaja.web.frame.navigation import COMPOSE, DESTINATIONS
from kaja.web.kit.page import address
from kaja.web.problems import problem_text
from kaja.workspaces.models import Notice, Workspace
from tests.web.test_needs_you import make_waiting


@pytest.mark.parametrize(
    ("event", "state", "words"),
    [
        (DeliveryFailed, State.FAILED, "could not be sent to Kohvik"),
        (DeliveryMissed, State.MISSED, "was too late for Kohvik"),
        (DeliveryUncertain, State.UNCERTAIN, "Nobody knows whether"),
    ],
)
def test_trouble_is_told_to_those_who_publish(
    workspace: Workspace, event: type[DeliveryEvent], state: str, words: str
) -> None:
    delivery = make_waiting(workspace, state)
    with workspace_scope(workspace.id):
        publish(event(delivery.id, delivery.source_kind, delivery.source_id, delivery.channel_id, None))
        [notice] = Notice.objects.all()
    assert words in problem_text(notice)
    assert "Winter menu" in problem_text(notice)
    assert notice.path == f"needs-you/#delivery-{delivery.id}"


def test_success_bothers_nobody(workspace: Workspace) -> None:
    delivery = make_waiting(workspace, State.FAILED)
    with workspace_scope(workspace.id):
        publish(DeliverySent(delivery.id, POST, delivery.source_id, delivery.channel_id, None))
        assert not Notice.objects.exists()


def test_what_waited_for_a_channel_goes_on_when_it_is_connected(workspace: Workspace) -> None:
    delivery = make_waiting(workspace, State.WAITING)
    with workspace_scope(workspace.id):
        publish(ChannelConnected(delivery.channel_id))
        woken = PostDelivery.objects.get()
    assert woken.next_at is not None


def test_every_place_of_the_frame_exists() -> None:
    assert [place.url_name for place in DESTINATIONS if not address(place.url_name, "acme")] == []
    assert address(COMPOSE, "acme") == "/w/acme/posts/new"
    keys = [place.key for place in DESTINATIONS]
    assert len(keys) == len(set(keys))
