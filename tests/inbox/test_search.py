"""Search finds word forms, parts of words, Chinese, and people; and nothing of another workspace."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, Message, Person
from kaja.inbox.queries import Filters, list_conversations
from kaja.kernel import clock
from kaja.kernel.postgres import APP, OWNER
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


def say_at(channel: Channel, **moments: timedelta) -> None:
    """Something about a samovar, so long ago."""
    said = [
        replace(ONE, id=name, thread=name, text="Samovar", at=clock.now() - ago, author=Author("p", "@p.example", "P"))
        for name, ago in moments.items()
    ]
    take_in(channel.id, "comments", said)


def search(workspace: Workspace, text: str, most: int) -> list[str]:
    """Threads as the function gives them, one for each message."""
    names = dict(Conversation.objects.values_list("id", "thread"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT conversation_id FROM inbox_search(%s, %s, %s)", [workspace.id, text, most])
        return [names[each] for (each,) in cursor.fetchall()]


WEEK = timedelta(days=7)
AGES = {
    "ahead": timedelta(days=-3), "now": timedelta(), "week": WEEK, "month": 5 * WEEK, "year": 52 * WEEK,
    "decade": 522 * WEEK, "oldest": 1500 * WEEK,
}  # fmt: skip


@pytest.mark.parametrize("most", range(1, len(AGES) + 1))
def test_the_newest_are_found_first_each_once_however_old(channel: Channel, most: int) -> None:
    say_at(channel, **AGES)
    workspace = Workspace.objects.get(id=channel.workspace_id)
    found = search(workspace, "samovars", most)  # a form of the word, so that no part of a word is looked for
    assert found == list(AGES)[:most]


def test_parts_of_words_are_looked_for_only_where_words_leave_room(channel: Channel) -> None:
    say_at(channel, now=timedelta(), week=WEEK)
    part = replace(ONE, id="part", thread="part", text="Supersamovar", at=clock.now(), author=Author("q", "@q", "Q"))
    take_in(channel.id, "comments", [part])
    workspace = Workspace.objects.get(id=channel.workspace_id)
    assert search(workspace, "samovar", 2) == ["now", "week"]
    assert set(search(workspace, "samovar", 3)) == {"now", "week", "part"}


def test_a_message_whose_time_is_corrected_is_found_in_its_week(channel: Channel) -> None:
    say_at(channel, now=timedelta(), year=52 * WEEK)
    Message.objects.filter(remote_id="now").update(at=clock.now() - 100 * WEEK)
    workspace = Workspace.objects.get(id=channel.workspace_id)
    assert search(workspace, "samovars", 5) == ["year", "now"]


@pytest.mark.django_db(transaction=True)
def test_messages_of_before_the_weeks_are_filled_in(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A little at a time, twice the same, as the owner does it."""
    migration = import_module("kaja.inbox.migrations.0017_search_by_weeks")
    monkeypatch.setattr(migration, "AT_ONCE", 4)
    with workspace_scope(workspace.id):
        say_at(Channel.objects.create(network="practice", account_id="1", name="bakery"), **AGES)
    with as_owner():
        before = read_words()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE inbox_messagesearch SET words = inbox_words(body)")
        assert not any("'@" in words for words in read_words())
        for _ in range(2):
            migration.fill(None, SimpleNamespace(connection=connection))
            assert read_words() == before


@contextmanager
def as_owner() -> Iterator[None]:
    connection.close()
    connection.settings_dict["USER"] = OWNER
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = APP


def read_words() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT words::text FROM inbox_messagesearch ORDER BY message_id")
        return [words for (words,) in cursor.fetchall()]
