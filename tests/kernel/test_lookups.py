"""`one_of` finds what `in` finds, with one parameter however many values there are."""

from uuid import uuid4

import pytest
from django.db.models import Q

from kaja.inbox.models import Conversation, Message
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db
HARD = ["plain", "a,b", '"quoted"', "back\\slash", "{braces}", "NULL", "", "naïve 肉桂", "%s", "it's"]


@pytest.fixture
def threads(workspace: Workspace) -> list[Conversation]:
    with workspace_scope(workspace.id):
        channel = make_channel()
        made = [make_conversation(channel, make_handle(f"P{n}")) for n in range(len(HARD))]
        for row, name in zip(made, HARD, strict=True):
            Conversation.objects.filter(id=row.id).update(thread=name)
        return made


@pytest.mark.parametrize("wanted", [[], HARD[:1], HARD[2:6], [*HARD, "nobody's"]], ids=len)
def test_it_finds_the_same_words(workspace: Workspace, threads: list[Conversation], wanted: list[str]) -> None:
    with workspace_scope(workspace.id):
        found = set(Conversation.objects.filter(thread__one_of=wanted))
        assert found == set(Conversation.objects.filter(thread__in=wanted))
        assert len(found) == len(set(wanted) & set(HARD))


def test_it_finds_ids_and_what_points_to_them_and_joins_other_questions(
    workspace: Workspace, threads: list[Conversation]
) -> None:
    ids = [row.id for row in threads[:3]] + [uuid4()]
    with workspace_scope(workspace.id):
        assert Conversation.objects.filter(id__one_of=ids).count() == 3
        assert Message.objects.filter(conversation__one_of=ids).count() == 3
        assert Message.objects.filter(conversation_id__one_of=ids).count() == 3
        assert Conversation.objects.filter(Q(id__one_of=ids) | Q(thread__one_of=[HARD[4]])).count() == 4
        assert Conversation.objects.exclude(id__one_of=ids).count() == len(HARD) - 3
        assert Conversation.objects.filter(Q(id__one_of=[]) | Q(thread__one_of=[HARD[4]])).count() == 1


def test_the_statement_is_as_long_for_many_as_for_one(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        one, many = (
            Message.objects.filter(remote_id__one_of=[str(n) for n in range(number)]).query.sql_with_params()
            for number in (1, 500)
        )
    assert one[0] == many[0]
    assert len(one[1]) == len(many[1])
