"""Search finds word forms, parts of words, Chinese, and people; and nothing of another workspace."""

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, Message, Person
from kaja.inbox.queries import Filters, list_conversations
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.reading import Author
from kaja.reading.streams import take_in
from kaja.workspaces.models import Workspace
from tests.inbox.test_taking import ONE, channel

__all__ = ["channel"]

SAID = {
    "en": "The deliveries were running late, 50%_off",
    "ru": "Мы заказывали булочки с корицей",
    "et": "Kas raamatud on müügil?",
    "zh": "我們想訂五個肉桂捲",
    "ja": "パンが好きです",
    "long": "Donaudampfschifffahrtsgesellschaft",
}


def find(text: str) -> set[str]:
    return set(list_conversations(Filters(text=text), UUID(int=0)).values_list("thread", flat=True))


@pytest.fixture
def said(channel: Channel) -> Channel:
    take_in(
        channel.id,
        "comments",
        [
            replace(
                ONE, id=name, thread=name, text=text, author=Author(name, f"@{name}.example", f"Name {name.title()}x")
            )
            for name, text in SAID.items()
        ],
    )
    return channel


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("delivery", {"en"}),
        ("run late", {"en"}),
        ("булочка", {"ru"}),
        ("корица заказывать", {"ru"}),
        ("raamatud", {"et"}),
        ("dampfschiff", {"long"}),
        ("肉桂", {"zh"}),
        ("桂捲", {"zh"}),
        ("捲", {"zh"}),
        ("訂五", {"zh"}),
        ("桂肉", set()),
        ("我們 肉桂", {"zh"}),
        ("好き", {"ja"}),
        ("50%_off", {"en"}),
        ("50x_off", set()),
        ("name ru", {"ru"}),
        ("@et.example", {"et"}),
        ("nobody said this", set()),
        ("   ", set(SAID)),
        ("'; DROP TABLE inbox_message; --", set()),
        ("& | ! ( :*", set()),
        ("\\", set()),
    ],
)  # fmt: skip
def test_what_is_found(said: Channel, text: str, found: set[str]) -> None:
    assert find(text) == found


def test_estonian_forms_are_found_where_the_server_knows_them(said: Channel) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_ts_config WHERE cfgname = 'estonian')")
        knows = cursor.fetchone()[0]
    assert find("raamat") == {"et"}, "as a part of the word, at least"
    assert find("raamatuid") == ({"et"} if knows else set())


def test_edits_and_deletions_are_followed(said: Channel) -> None:
    message = Message.objects.get(remote_id="en")
    message.text = "Something else"
    message.save()
    assert (find("delivery"), find("something")) == (set(), {"en"})
    message.delete()
    assert find("something") == set()


def test_a_person_is_found_by_the_name_that_the_team_gave(said: Channel) -> None:
    conversation = Conversation.objects.select_related("handle").get(thread="ru")
    assert conversation.handle is not None
    Person.objects.filter(id=conversation.handle.person_id).update(name="Baker's aunt")
    assert find("aunt") == {"ru"}


def test_nothing_of_another_workspace_is_found(said: Channel, workspace: Workspace, other_workspace: Workspace) -> None:
    with workspace_scope(other_workspace.id):
        assert find("delivery") == set()
        outside = pytest.raises(DatabaseError, match="outside the entered workspace")
        with outside, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM inbox_search(%s, 'delivery', 10)", [workspace.id])


@pytest.mark.parametrize("table", ["inbox_messagesearch", "inbox_handlesearch"])
def test_the_tables_of_the_search_are_nobody_s(said: Channel, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)
