"""Likes, shares and followers go the way of everything that is read: once, whoever reads, and taken back."""

import pytest

from kaja.inbox.models import Conversation
from kaja.inbox.reactions.queries import ReactionFilters, list_reactions
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.practice.reader import REACTIONS
from kaja.reading.models import Item, Poll
from kaja.reading.streams import topic_of
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice
from tests.reading.reading import look

pytestmark = pytest.mark.django_db(transaction=True)
WHAT = topic_of(REACTIONS)


def told(workspace: Workspace) -> list[tuple[str, str, bool]]:
    with workspace_scope(workspace.id):
        rows = list_reactions(ReactionFilters()).order_by("handle__remote_id", "kind")
        return [(row.handle.remote_id, row.kind, row.is_there) for row in rows]


def test_they_are_read_once_and_taken_back_where_the_network_says_so(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    token = practice.account("bakery")
    practice.post(token, "Fresh rye")
    with workspace_scope(workspace.id):
        Poll.objects.create(channel=channel, what=WHAT, next_at=channel.created_at)
    practice.sign("bakery", {"kind": "like", "person": "p1"}, {"kind": "share", "person": "p2"})
    practice.sign("bakery", {"kind": "follow", "person": "p1"})
    look(workspace, WHAT)
    assert told(workspace) == [("p1", "follow", True), ("p1", "like", True), ("p2", "repost", True)]
    look(workspace, WHAT)
    practice.sign("bakery", {"kind": "like", "person": "p1", "gone": True})
    look(workspace, WHAT)
    assert told(workspace) == [("p1", "follow", True), ("p1", "like", False), ("p2", "repost", True)]
    with workspace_scope(workspace.id):
        assert not Item.objects.exists(), "they have no words to keep"
        assert not Conversation.objects.exists()
        assert Poll.objects.get(what=WHAT).complete_until is not None
