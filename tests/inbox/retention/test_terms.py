"""How long things are kept: nothing is deleted without a term, what a look counts is what the night deletes, a little
in each transaction, and what was deleted does not come again."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery, State
from kaja.inbox.actions import add_note
from kaja.inbox.leads.actions import hand_over, parse_lead
from kaja.inbox.models import (
    AnswerWait,
    Conversation,
    Handle,
    Message,
    MessageVersion,
    Person,
    RuleHit,
)
from kaja.inbox.people.actions import join_people
from kaja.inbox.retention import actions
from kaja.inbox.retention.actions import delete_due, set_terms
from kaja.inbox.retention.terms import Terms, count_due, mark_of, parse_terms, terms_of
from kaja.inbox.targets.actions import tell_of_late, warn_of_due
from kaja.inbox.targets.report import list_asked, report_backlog, report_times
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotAllowed, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.reading import Author, Incoming, Reaction
from kaja.reading.keeping import tell_reactions
from kaja.reading.models import Item
from kaja.reading.streams import take_in
from kaja.workspaces.models import AuditEntry, Notice, Role, Workspace
from tests.people import actor, add_member

US = Author("us", "bakery", "Bakery", is_us=True)


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="bakery")


def ago(days: float) -> timedelta:
    return timedelta(days=days)


def said(ref: str, days: float, thread: str = "", who: str = "mari", **more: object) -> Incoming:
    author = more.pop("author", None) or Author(who, f"@{who}", who.title())
    one = Incoming(ref, "comment", author, now() - ago(days), f"Words of {ref}", thread=thread or ref)  # type: ignore[arg-type]
    return replace(one, **more)  # type: ignore[arg-type]


def keep(workspace: Workspace, **days: int) -> None:
    terms = Terms(**{"deleted": 30, **days})
    set_terms(actor(workspace), terms, seen=mark_of(terms))


def test_nothing_has_a_term_but_words_that_were_deleted(in_workspace: Workspace, channel: Channel) -> None:
    assert terms_of(in_workspace) == Terms(deleted=30)
    take_in(channel.id, "comments", [said("1", 9_000)])
    Message.objects.update(deleted_at=None)
    assert delete_due() == 0
    assert Message.objects.count() == 1


def test_terms_are_set_after_a_look_by_who_manages_and_stand_in_the_log(in_workspace: Workspace) -> None:
    terms = Terms(messages=90, deleted=30)
    with pytest.raises(Refused) as refused:
        set_terms(actor(in_workspace), terms, seen=mark_of(Terms(messages=30)))
    assert refused.value.problems[0].code == "terms_unseen"
    add_member(in_workspace, "liis@acme.test", Role.COMMUNITY_MANAGER)
    with pytest.raises(NotAllowed):
        set_terms(actor(in_workspace, "liis@acme.test"), terms, seen=mark_of(terms))
    set_terms(actor(in_workspace), terms, seen=mark_of(terms))
    entry = AuditEntry.objects.get(action="workspace.keep")
    assert (entry.before["messages"], entry.after["messages"]) == (None, 90)
    set_terms(actor(in_workspace), terms, seen=mark_of(terms))
    assert AuditEntry.objects.filter(action="workspace.keep").count() == 1


@pytest.mark.parametrize("given", [{"messages": 0}, {"messages": -1}, {"audit": 40_000}, {"messages": "x"}, {"x": 1}])
def test_a_term_that_is_none_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(Refused):
        parse_terms(given)


def test_what_is_looked_at_is_what_the_night_deletes(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [said(f"old {n}", 100 - n / 9, thread=f"t{n % 3}") for n in range(9)])
    take_in(channel.id, "comments", [said("once old", 100, thread="alive"), said("new", 1, thread="alive")])
    terms = Terms(messages=90)
    assert count_due(terms, now())["messages"] == 9
    keep(in_workspace, messages=90)
    assert delete_due() == 9 + 3  # with their conversations
    assert set(Message.objects.values_list("remote_id", flat=True)) == {"once old", "new"}
    assert set(Item.objects.values_list("remote_id", flat=True)) == {"once old", "new"}
    assert Conversation.objects.get().messages_count == 2
    assert AuditEntry.objects.get(action="workspace.delete_due").after == {"messages": 12}
    assert (count_due(terms, now())["messages"], delete_due()) == (0, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT conversation_id) FROM inbox_search(%s, 'words', 50)", [in_workspace.id])
        assert cursor.fetchone() == (1,)


def test_what_is_over_does_not_come_again_with_history(in_workspace: Workspace, channel: Channel) -> None:
    old = said("1", 100)
    take_in(channel.id, "comments", [old, said("mine", 100, author=US)])
    keep(in_workspace, messages=90)
    delete_due()
    assert not Item.objects.exists()
    take_in(channel.id, "comments", [old, replace(old, text="", state="deleted"), said("2", 1)])
    assert [row.remote_id for row in Message.objects.all()] == ["2"]
    delete_due()
    assert [row.remote_id for row in Item.objects.all()] == ["2"]
    # A conversation that goes on takes in what belongs to it, however old.
    take_in(channel.id, "comments", [said("3", 95, thread="2")])
    assert Message.objects.count() == 2


def test_a_little_in_each_transaction(
    in_workspace: Workspace, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 10)
    one_thread = [said(f"m{n}", 100 + n / 99, thread="long") for n in range(35)]
    take_in(channel.id, "comments", one_thread)
    keep(in_workspace, messages=90)
    with CaptureQueriesContext(connection) as asked:
        assert delete_due() == 36
    steps = [each["sql"] for each in asked.captured_queries if each["sql"].startswith('DELETE FROM "inbox_message" ')]
    assert len(steps) == 4
    assert not Conversation.objects.exists()


def test_a_night_ends_and_the_next_goes_on(
    in_workspace: Workspace, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    monkeypatch.setattr(actions, "A_NIGHT", 2)
    take_in(channel.id, "comments", [said(f"m{n}", 100, thread="long") for n in range(6)])
    keep(in_workspace, messages=90)
    assert (delete_due(), Message.objects.count()) == (4, 2)
    assert (delete_due(), Message.objects.count()) == (3, 0)


def test_what_is_still_to_go_out_keeps_its_conversation(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [said("1", 100)])
    talk = Conversation.objects.get()
    waiting = Delivery.objects.create(
        source_kind="reply", source_id=new_id(), subject_id=talk.id, channel=channel, kind="reply", due_at=now(),
        state=State.UNCERTAIN,
    )  # fmt: skip
    keep(in_workspace, messages=90)
    assert delete_due() == 0
    Delivery.objects.filter(id=waiting.id).update(state=State.CANCELLED)
    assert delete_due() == 2


def test_figures_that_were_counted_stay_and_nobody_waits_any_more(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [said("1", 100, thread="a"), said("2", 99, thread="a", author=US)])
    take_in(channel.id, "comments", [said("3", 98, thread="b")])
    since, until = now() - ago(200), now()

    def figures() -> list[tuple[int, int, float | None]]:
        rows = report_times(list_asked("first", since, until), "all", ZoneInfo("UTC"))
        return [(row.asked, row.answered, row.clock.median) for row in rows]

    before = figures()
    assert before[0][:2] == (2, 1)
    assert report_backlog().waiting == 1
    keep(in_workspace, messages=90)
    delete_due()
    assert not Conversation.objects.exists()
    assert figures() == before
    assert report_backlog().waiting == 0
    assert not AnswerWait.objects.exclude(conversation=None, warn_at=None).exists()
    AnswerWait.objects.update(due_at=now() - ago(1), warn_at=now())
    assert tell_of_late() == 0
    warn_of_due()
    assert not Notice.objects.exists()


def test_notes_and_notices_go_with_their_conversation(in_workspace: Workspace, channel: Channel) -> None:
    add_member(in_workspace, "liis@acme.test", Role.COMMUNITY_MANAGER, "Liis")
    take_in(channel.id, "comments", [said("1", 100)])
    talk = Conversation.objects.get()
    add_note(actor(in_workspace), talk.id, "@Liis look at 4711")
    assert Notice.objects.exists()
    keep(in_workspace, messages=90)
    delete_due()
    assert not Message.objects.exists()
    assert not Notice.objects.exists()


def test_people_without_messages_go_and_whoever_is_needed_stays(in_workspace: Workspace, channel: Channel) -> None:
    names = ("gone", "lately", "agreed", "handed", "writes", "joined")
    for nr, name in enumerate(names):
        take_in(channel.id, "comments", [said(f"{name} 1", 5 if name == "lately" else 100 + nr, who=name)])
    people = {handle.remote_id: handle.person for handle in Handle.objects.select_related("person")}
    Person.objects.update(created_at=now() - ago(200))
    Person.objects.filter(id=people["agreed"].id).update(consent="given")
    Person.objects.filter(id=people["joined"].id).update(joined_to=people["gone"])
    Handle.objects.filter(remote_id="joined").update(person=people["gone"])
    form = parse_lead({"what": "Rye", "to_name": "Liis", "consent": True})
    hand_over(actor(in_workspace), people["handed"].id, form)
    Conversation.objects.exclude(handle__remote_id="writes").delete()
    assert count_due(Terms(people=60), now())["people"] == 1
    keep(in_workspace, people=60)
    assert delete_due() == 1
    assert set(Handle.objects.values_list("remote_id", flat=True)) == {"lately", "agreed", "handed", "writes"}
    assert set(Person.objects.values_list("id", flat=True)) == {people[n].id for n in names[1:5]}


@pytest.mark.parametrize("because", ["handed over", "agreed"])
def test_whoever_is_needed_keeps_those_to_whom_they_are_joined(
    in_workspace: Workspace, channel: Channel, because: str
) -> None:
    take_in(channel.id, "comments", [said("1", 100)])
    mari, other = Person.objects.get(), Person.objects.create(consent="given" if because == "agreed" else "")
    if because == "handed over":
        form = parse_lead({"what": "Rye", "to_name": "Liis", "consent": True})
        hand_over(actor(in_workspace), other.id, form)
    join_people(actor(in_workspace), mari.id, other.id)
    Person.objects.update(created_at=now() - ago(200))
    Conversation.objects.all().delete()
    assert count_due(Terms(people=60), now())["people"] == 0
    keep(in_workspace, people=60)
    assert delete_due() == 0
    assert Person.objects.count() == 2


def test_earlier_words_and_the_log_of_rules_go_after_their_term(in_workspace: Workspace, channel: Channel) -> None:
    one = said("1", 10)
    take_in(channel.id, "comments", [one, replace(one, text="Other words", state="edited", edited_at=now())])
    message = Message.objects.get()
    for days in (100, 5):
        RuleHit.objects.create(
            rule_name="x", message=message, conversation_id=message.conversation_id, at=now() - ago(days)
        )
    assert MessageVersion.objects.count() == 1
    MessageVersion.objects.update(until=now() - ago(100))
    assert count_due(Terms(versions=90, hits=90), now()) == dict.fromkeys(Terms.model_fields, 0) | {
        "versions": 1, "hits": 1,
    }  # fmt: skip
    keep(in_workspace, versions=90, hits=90)
    assert delete_due() == 2
    assert RuleHit.objects.count() == 1
    assert Message.objects.get().text == "Other words"


def test_likes_and_followers_go_after_their_term_and_their_people_with_theirs(
    in_workspace: Workspace, channel: Channel
) -> None:
    old, new = (Author(name, name=name) for name in ("Old", "New"))
    like = Reaction("1", "like", old, now() - ago(100), "p1")
    tell_reactions(channel.id, [like, replace(like, id="2", author=new, at=now() - ago(5))])
    Person.objects.update(created_at=now() - ago(200))
    assert count_due(Terms(people=60), now())["people"] == 0, "what they like is something of theirs"
    assert count_due(Terms(reactions=90), now())["reactions"] == 1
    keep(in_workspace, reactions=90, people=60)
    assert delete_due() == 2, "the like, and then whoever had nothing else"
    assert [each.name for each in Handle.objects.all()] == ["New"]
    tell_reactions(channel.id, [like])
    assert [each.name for each in Handle.objects.all()] == ["New"], "it is not taken in again"


def test_of_the_audit_log_who_did_what_and_when_stays(in_workspace: Workspace) -> None:
    keep(in_workspace, audit=365)
    AuditEntry.objects.update(at=now() - ago(400))
    before = list(AuditEntry.objects.order_by("id").values_list("id", "action", "actor_name", "at"))
    assert delete_due() == 1
    entry = AuditEntry.objects.get(action="workspace.keep")
    assert (entry.before, entry.after) == ({}, {})
    kept = AuditEntry.objects.exclude(action="workspace.delete_due").order_by("id")
    assert list(kept.values_list("id", "action", "actor_name", "at")) == before


def test_each_workspace_has_its_own_terms(workspace: Workspace, other_workspace: Workspace) -> None:
    for each in (workspace, other_workspace):
        with workspace_scope(each.id):
            channel = Channel.objects.create(network="practice", account_id="1", name="bakery")
            take_in(channel.id, "comments", [said("1", 100)])
    with workspace_scope(other_workspace.id):
        Workspace.objects.filter(id=other_workspace.id).update(keep_messages_days=1)
    assert delete_due() == 2
    for each, left in ((workspace, 1), (other_workspace, 0)):
        with workspace_scope(each.id):
            assert Message.objects.count() == left
