"""People: known, joined with undo, given out whole, and forgotten for good."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.delivery.events import DeliveryFailed
from kaja.delivery.models import Delivery
from kaja.inbox.actions import assign
from kaja.inbox.models import Conversation, Handle, Message, MessageAct, MessageVersion, Person
from kaja.inbox.people.actions import erase_person, join_people, parse_person, part_people, update_person
from kaja.inbox.people.queries import export_person, get_person, list_people
from kaja.kernel.events import publish
from kaja.kernel.problems import NotAllowed, NotFound, Refused
from kaja.networks.kit.reading import Author, Incoming
from kaja.reading.models import Item
from kaja.reading.streams import take_in
from kaja.workspaces.models import AuditEntry, Notice, Role, Workspace
from kaja.workspaces.tenant import TenantModel
from tests.people import actor, add_member

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
MARI = Author("did:mari", "marisecret", "Mari Secretova", url="https://x.example/marisecret")
BORIS = Author("did:boris", "boris", "Boris")
ASKED = Incoming("1", "comment", MARI, AT, "My secret is 4711", thread="1", publication="p1")


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="Bakery")


def person_of(author: Author) -> Person:
    return Handle.objects.get(remote_id=author.id).person


def test_what_is_known_is_written_down_and_a_consent_bears_its_moment(
    in_workspace: Workspace, channel: Channel
) -> None:
    take_in(channel.id, "comments", [ASKED])
    me = actor(in_workspace)
    form = parse_person({"name": "Mari S.", "notes": "Likes rye", "labels": ["regular"], "consent": "given"})
    person = update_person(me, person_of(MARI).id, form)
    assert (person.name, person.labels) == ("Mari S.", ["regular"])
    given = person.consent_at
    assert given is not None
    again = update_person(me, person.id, parse_person({**form.model_dump(), "notes": "Likes buns"}))
    assert again.consent_at == given
    gone = update_person(me, person.id, parse_person({"consent": "withdrawn"}))
    assert gone.consent_at is not None
    assert gone.consent_at > given
    # and nothing of it stands in the log, where it could not be forgotten
    assert "rye" not in json.dumps(list(AuditEntry.objects.values_list("before", "after")))


def test_two_are_joined_and_parted_again(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ASKED, replace(ASKED, id="2", thread="2", author=BORIS)])
    me, mari, boris = actor(in_workspace), person_of(MARI), person_of(BORIS)
    join_people(me, mari.id, boris.id)
    assert {handle.name for handle in get_person(mari.id).handles.all()} == {MARI.name, BORIS.name}
    assert get_person(boris.id).id == mari.id
    assert [row.id for row in list_people()] == [mari.id]
    # somebody new of the same network afterwards is not touched by the undo
    take_in(channel.id, "comments", [replace(ASKED, id="3", thread="3", author=replace(BORIS, name="Boris B."))])
    part_people(me, mari.id, boris.id)
    assert (person_of(MARI).id, person_of(BORIS).id) == (mari.id, boris.id)
    assert {row.id for row in list_people()} == {mari.id, boris.id}
    with pytest.raises(NotFound):
        part_people(me, mari.id, boris.id)
    with pytest.raises(Refused):
        join_people(me, mari.id, mari.id)


def test_somebody_is_found_by_a_part_of_any_name(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ASKED, replace(ASKED, id="2", thread="2", author=BORIS)])
    mari = person_of(MARI)
    for text in ("secretova", "MARISEC"):
        assert [row.id for row in list_people(text)] == [mari.id]
    update_person(actor(in_workspace), mari.id, parse_person({"name": "Aunt"}))
    assert [row.id for row in list_people("aunt")] == [mari.id]
    assert not list_people("nobody")


def test_everything_about_somebody_is_given_out(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ASKED, replace(ASKED, id="2", author=BORIS, text="not hers", parent="1")])
    edited = replace(ASKED, text="No secret", edited_at=AT + timedelta(minutes=5), state="edited")
    take_in(channel.id, "comments", [edited])
    found = export_person(person_of(MARI).id)
    assert json.loads(json.dumps(found)) == found
    [message] = found["messages"]
    assert (message["text"], message["earlier"][0]["text"]) == ("No secret", ASKED.text)
    assert found["handles"][0]["handle"] == MARI.handle
    assert len(found["conversations"]) == 1
    assert [item["text"] for item in found["as_read"]] == ["No secret"]
    assert "not hers" not in json.dumps(found)


def test_nothing_of_whoever_has_the_same_id_on_another_network_is_given_out(
    in_workspace: Workspace, channel: Channel
) -> None:
    take_in(channel.id, "comments", [ASKED])
    mari = person_of(MARI)
    other = Channel.objects.create(network="mastodon", account_id="1", name="Elsewhere")
    stranger = replace(BORIS, id=MARI.id)
    take_in(other.id, "comments", [replace(ASKED, author=stranger, text="not hers")])
    found = export_person(mari.id)
    assert [item["text"] for item in found["as_read"]] == [ASKED.text]
    assert "not hers" not in json.dumps(found)


def everything(workspace: Workspace) -> str:
    """Every row of every table of the workspace."""
    tables = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    return "".join(serializers.serialize("json", table.objects.all()) for table in tables)


def tell_of_failed_act(channel: Channel, message: Message) -> None:
    """Somebody wanted something done to a message, and hears, in its words, that it was not."""
    act = MessageAct.objects.create(message=message, act="hide")
    row = Delivery.objects.create(source_kind="act", source_id=act.id, channel=channel, kind="act", due_at=AT)
    publish(DeliveryFailed(row.id, "act", act.id, channel.id, None))
    assert Notice.objects.filter(kind="delivery.failed", params__text=message.text).exists()


def test_the_notices_of_all_conversations_of_somebody_go_in_one_statement(
    in_workspace: Workspace, channel: Channel
) -> None:
    me, maria = actor(in_workspace), add_member(in_workspace, "colleague@acme.test", Role.COMMUNITY_MANAGER)

    def count(author: Author, threads: range) -> int:
        pages = [replace(ASKED, id=f"{author.id}{nr}", thread=f"{author.id}{nr}", author=author) for nr in threads]
        take_in(channel.id, "comments", pages)
        for talk in Conversation.objects.filter(handle__remote_id=author.id):
            assign(me, [talk.id], maria.id)
        assert Notice.objects.count() == len(threads)
        with CaptureQueriesContext(connection) as found:
            erase_person(me, person_of(author).id)
        assert not Notice.objects.exists()
        return len(found)

    assert count(MARI, range(1)) == count(BORIS, range(5))


def test_who_is_erased_stands_nowhere_and_does_not_come_back(in_workspace: Workspace, channel: Channel) -> None:
    me = actor(in_workspace)
    take_in(channel.id, "comments", [ASKED, replace(ASKED, id="2", author=BORIS, text="hello", parent="1")])
    edited = replace(ASKED, text="The secret is 4712", edited_at=AT + timedelta(minutes=5), state="edited")
    take_in(channel.id, "comments", [edited])
    person = person_of(MARI)
    update_person(me, person.id, parse_person({"name": "Mari", "notes": "secret notes"}))
    maria = add_member(in_workspace, "colleague@acme.test", Role.COMMUNITY_MANAGER)
    assign(me, [Conversation.objects.get().id], maria.id)  # tells her, with the first words
    tell_of_failed_act(channel, Message.objects.get(remote_id="1"))
    before = everything(in_workspace)
    assert all(word in before for word in ("4711", "4712", "marisecret", "Secretova", "secret notes"))
    assert erase_person(me, person.id) == 1
    for word in ("4711", "4712", "marisecret", "Secretova", "secret notes", "did:mari"):
        assert word not in everything(in_workspace), word
    # what others said stays, and where it stands
    assert Message.objects.get(remote_id="2").text == "hello"
    assert Conversation.objects.count() == 1
    assert not MessageVersion.objects.exists()
    # it is read again, edited again, and they write anew
    for page in ([ASKED], [edited], [replace(ASKED, id="9", thread="9", text="4713")]):
        take_in(channel.id, "comments", page)
    assert "4713" not in everything(in_workspace)
    assert "4711" not in everything(in_workspace)
    assert Conversation.objects.count() == 1
    assert not Item.objects.filter(remote_id="9").exists()


def test_the_same_id_on_another_network_is_somebody_else(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ASKED])
    erase_person(actor(in_workspace), person_of(MARI).id)
    other = Channel.objects.create(network="mastodon", account_id="1", name="Elsewhere")
    take_in(other.id, "comments", [ASKED])
    assert Message.objects.get(channel=other).text == ASKED.text


def test_whoever_is_joined_is_erased_together(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ASKED, replace(ASKED, id="2", thread="2", author=BORIS, text="boris says")])
    me = actor(in_workspace)
    join_people(me, person_of(BORIS).id, person_of(MARI).id)
    assert erase_person(me, person_of(BORIS).id) == 2
    assert "boris says" not in everything(in_workspace)
    assert MARI.name not in everything(in_workspace)


@pytest.mark.parametrize(
    "given",
    [{"name": "x" * 201}, {"consent": "maybe"}, {"labels": ["x"] * 51}, {"labels": [""]}, {"more": 1}],
)
def test_what_cannot_be_kept_is_refused_in_words(given: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        parse_person(given)
    assert refused.value.problems[0].field in {"name", "consent", "labels", "more"}


def test_who_may_do_what(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ASKED])
    add_member(in_workspace, "maria@acme.test", Role.COMMUNITY_MANAGER)
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    person, form = person_of(MARI), parse_person({"name": "Mari"})
    with pytest.raises(NotAllowed):
        update_person(actor(in_workspace, "ana@acme.test"), person.id, form)
    update_person(actor(in_workspace, "maria@acme.test"), person.id, form)
    with pytest.raises(NotAllowed):
        erase_person(actor(in_workspace, "maria@acme.test"), person.id)


@pytest.mark.parametrize("odd", ["ma\x01ri\r", "mari\u0085", "m" * 900], ids=["controls", "line", "long"])
def test_an_account_with_an_odd_name_is_handed_out_and_forgotten_whole(
    in_workspace: Workspace, channel: Channel, odd: str
) -> None:
    asked = replace(ASKED, author=replace(MARI, id=odd))
    take_in(channel.id, "comments", [asked])
    person = Person.objects.get()
    assert [each["text"] for each in export_person(person.id)["as_read"]] == [ASKED.text]
    erase_person(actor(in_workspace), person.id)
    assert not Item.objects.exists()
    take_in(channel.id, "comments", [asked])
    assert not Item.objects.exists()
