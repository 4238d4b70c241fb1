"""Who asks for it is planned for: once, in the bounds that were said, and not at all where anything forbids it."""

import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.inbox.actions import set_state
from kaja.inbox.acts import do_act
from kaja.inbox.answering import reply
from kaja.inbox.models import Conversation, ConversationState, Handle, Message
from kaja.inbox.people.actions import erase_person, join_people
from kaja.inbox.people.queries import export_person
from kaja.inbox.privately.actions import (
    create_private,
    delete_private,
    stop_sendings,
    switch_private,
    try_private,
    update_private,
)
from kaja.inbox.privately.conditions import Wanted
from kaja.inbox.privately.forms import mark_of, parse_private
from kaja.inbox.privately.models import PrivateReply, PrivateSending
from kaja.inbox.privately.planning import choose_public, plan_private
from kaja.inbox.privately.questions import fetch_asked, find_stops
from kaja.inbox.targets.models import AnswerTarget
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotAllowed, Refused
from kaja.workspaces.models import AuditEntry, Role, Workspace
from tests.inbox.privately.saying import GIVEN, PUBLIC, deliveries, lines, make_private, say, take, write
from tests.people import actor, add_member
from tests.web.test_query_counts import CONTROL

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Tallinn")
"""Of the workspace."""


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="Bakery")


def ask(workspace: Workspace, channel: Channel, *said: Any) -> int:
    """What is said is taken in, and planned for."""
    return plan_private(take(workspace, channel, *said))


def test_a_word_below_a_post_plans_one_private_reply_and_nothing_in_public_yet(
    in_workspace: Workspace, channel: Channel
) -> None:
    make_private(in_workspace, channel)
    assert ask(in_workspace, channel, say("PRICES please?"), say("Nice bread", "ants", 2)) == 1
    assert lines(in_workspace) == [("mari", "waiting", "")]
    [row] = deliveries(in_workspace)
    sending = PrivateSending.objects.get()
    assert (row.kind, row.source_id, row.state) == ("message", sending.id, "scheduled")
    assert sending.text == "Hello Mari, the prices: kaja.test/prices"
    assert sending.public_text in PUBLIC
    assert sending.answer["private"]["to"]["id"] == "c1"


def test_it_is_off_until_it_was_tried_as_it_is(in_workspace: Workspace, channel: Channel) -> None:
    made = make_private(in_workspace, channel, on=False)
    ids = take(in_workspace, channel, say("price"))
    assert plan_private(ids) == 0
    person = actor(in_workspace)
    for mark in ("", "x", mark_of({"words": ["other"]}, {}, {})):
        with pytest.raises(Refused) as refused:
            switch_private(person, made.id, True, tried=mark)
        assert refused.value.problems[0].code == "private_untried"
    switch_private(person, made.id, True, tried=mark_of(made.wanted, made.said, made.limits))
    assert plan_private(ids) == 1
    # Another word, another text, another ceiling: off again, and what waits in the old words is stopped.
    form = parse_private({**GIVEN, "wanted": made.wanted, "said": {**made.said, "text": "Otherwise"}})
    assert update_private(person, made.id, form).on_since is None
    assert lines(in_workspace) == [("mari", "stopped", "private_off")]
    assert [row.state for row in deliveries(in_workspace)] == ["cancelled"]
    changed = AuditEntry.objects.filter(action="inbox.private").count()
    assert changed == 3  # made, switched on, changed


def test_trying_tells_whom_it_would_have_answered_and_changes_nothing(
    in_workspace: Workspace, channel: Channel
) -> None:
    said = [say("price" if nr % 3 else "hello", f"p{nr % 4}", nr) for nr in range(1, 13)]
    take(in_workspace, channel, *said)
    tried = try_private(Wanted(channel_ids=(channel.id,), words=("price",)))
    assert (tried.asked, tried.matched, tried.people) == (12, 8, 4)
    assert [message.remote_id for message in tried.shown] == ["c7", "c4", "c2", "c1"]  # of each the first
    assert not PrivateSending.objects.exists()
    assert not deliveries(in_workspace)


def test_only_comments_below_what_was_chosen_are_meant(in_workspace: Workspace, channel: Channel) -> None:
    other = Channel.objects.create(network="practice", account_id="2", name="Café")
    make_private(in_workspace, channel)
    assert ask(in_workspace, other, say("price")) == 0
    direct, mention = write("price"), say("price", nr=3, publication="")
    elsewhere = say("price", nr=4, post_url="https://other.test/1")
    assert ask(in_workspace, channel, direct, mention, elsewhere) == 0
    assert ask(in_workspace, channel, say("price", "ants", 5)) == 1


def test_who_had_it_is_never_planned_for_again(in_workspace: Workspace, channel: Channel) -> None:
    made = make_private(in_workspace, channel)
    assert ask(in_workspace, channel, say("price"), say("price again", nr=2)) == 1
    assert ask(in_workspace, channel, say("price"), say("price!", nr=3)) == 0
    stop_sendings(actor(in_workspace), [PrivateSending.objects.get().id])
    assert ask(in_workspace, channel, say("price", nr=4)) == 0
    # By another account that was joined to theirs, too.
    ask(in_workspace, channel, say("hello", "mari2", 5))
    first, second = (Handle.objects.get(remote_id=each).person_id for each in ("mari", "mari2"))
    join_people(actor(in_workspace), first, second)
    assert ask(in_workspace, channel, say("price", "mari2", 6)) == 0
    # Another private reply is another matter.
    make_private(in_workspace, channel, name="Hours", wanted={"words": ["hours"]})
    assert ask(in_workspace, channel, say("hours?", nr=7)) == 1
    delete_private(actor(in_workspace), made.id)
    assert [row.reply_name for row in PrivateSending.objects.order_by("at")] == ["Price list", "Hours"]


def test_the_database_holds_once_by_account_by_person_and_by_comment(in_workspace: Workspace, channel: Channel) -> None:
    made = make_private(in_workspace, channel)
    ask(in_workspace, channel, say("price"), say("hello", "ants", 2))
    sending = PrivateSending.objects.get()
    other = Handle.objects.get(remote_id="ants")
    values = {"reply": made, "reply_name": "x", "channel": channel, "conversation_id": new_id(), "at": clock.now()}
    rows = (
        PrivateSending(**values, handle=sending.handle, person_id=new_id()),
        PrivateSending(**values, handle=other, person_id=sending.person_id),
        PrivateSending(
            **{**values, "reply": None}, handle=other, person_id=other.person_id, message_id=sending.message_id
        ),
    )
    for row, name in zip(rows, ("per_account", "per_person", "per_message"), strict=True):
        with pytest.raises(IntegrityError, match=f"private_once_{name}"), transaction.atomic():
            row.save(force_insert=True)


def test_public_answers_vary_and_none_comes_twice_running(in_workspace: Workspace, channel: Channel) -> None:
    make_private(in_workspace, channel)
    ask(in_workspace, channel, *(say("price", f"p{nr:02}", nr) for nr in range(1, 31)))
    texts = list(PrivateSending.objects.order_by("handle__remote_id").values_list("public_text", flat=True))
    assert all(one != two for one, two in pairwise(texts))
    assert set(texts) == set(PUBLIC)  # 30 draws: that one of three never comes is not to be had by luck (< 1 in 10^8)
    ask(in_workspace, channel, say("price", "x", 31))
    assert PrivateSending.objects.get(handle__remote_id="x").public_text != texts[-1]  # from one page to the next, too
    chance = random.Random(7)
    assert {choose_public(("a", "b"), "a", chance) for _ in range(20)} == {"b"}
    assert choose_public((), "", chance) == ""


def test_a_pause_is_between_its_bounds(in_workspace: Workspace, channel: Channel) -> None:
    make_private(in_workspace, channel, limits={"pause_least": 600, "pause_most": 900})
    before = clock.now()
    ask(in_workspace, channel, *(say("price", f"p{nr}", nr) for nr in range(1, 21)))
    after = clock.now()
    due = [row.due_at for row in deliveries(in_workspace)]
    assert before + timedelta(seconds=600) <= min(due) < max(due) <= after + timedelta(seconds=900)
    assert len(set(due)) == 20


def test_no_more_of_them_in_a_day_and_the_rest_on_the_next_ones(in_workspace: Workspace, channel: Channel) -> None:
    make_private(in_workspace, channel, limits={"daily": 3})
    ask(in_workspace, channel, *(say("price", f"p{nr:02}", nr) for nr in range(1, 31)))
    states = [state for _, state, _ in lines(in_workspace)]
    # Today and as many days as the network takes a private reply after the comment; for the others there is no room.
    assert states.count("waiting") in (21, 24)
    assert {code for _, state, code in lines(in_workspace) if state == "stopped"} == {"private_no_room"}
    days = Counter(row.due_at.astimezone(ZONE).date() for row in deliveries(in_workspace))
    assert (days.total(), max(days.values())) == (states.count("waiting"), 3)


def test_outside_the_hours_it_waits_and_without_them_nothing_goes(in_workspace: Workspace, channel: Channel) -> None:
    tomorrow = (clock.now().astimezone(ZONE) + timedelta(days=1)).date()
    week = {str(tomorrow.weekday()): [[9 * 60, 17 * 60]]}
    target = AnswerTarget.objects.create(name="Shop", week=week, first_minutes=60)
    make_private(in_workspace, channel, limits={"target": str(target.id), "pause_most": 60})
    ask(in_workspace, channel, say("price"))
    [row] = deliveries(in_workspace)
    due = row.due_at.astimezone(ZONE)
    assert (due.date(), due.hour) == (tomorrow, 9)
    assert due.minute <= 1  # the pause is counted from the opening
    target.delete()
    ask(in_workspace, channel, say("price", "ants", 2))
    assert ("ants", "stopped", "private_no_hours") in lines(in_workspace)


@pytest.mark.parametrize(
    ("then", "code"),
    [
        ("writes", "private_wrote_back"),
        ("writes directly", "private_wrote_back"),
        ("deletes", "private_comment_gone"),
        ("is hidden there", "private_comment_gone"),
        ("takes the word back", "private_not_asked"),
        ("is answered there", "private_answered"),
        ("is answered from here", "private_answered"),
        ("is blocked", "private_blocked"),
        ("is called spam", "private_spam"),
        ("is to be hidden", "private_comment_gone"),
    ],
)
def test_what_forbids_it_stops_it_in_the_same_transaction(
    in_workspace: Workspace, channel: Channel, then: str, code: str
) -> None:
    make_private(in_workspace, channel)
    at = clock.now()
    ask(in_workspace, channel, say("price", at=at), say("price", "ants", 2))
    message = Message.objects.get(remote_id="c1")
    person = actor(in_workspace)
    later = at + timedelta(minutes=1)
    forms = {
        "writes": say("Never mind", nr=9, at=later, thread="c1"),
        "writes directly": write("price", nr=9),
        "deletes": say("", at=at, state="deleted"),
        "is hidden there": say("price", at=at, state="hidden", edited_at=later),
        "takes the word back": say("hello", at=at, state="edited", edited_at=later),
        "is answered there": say("Here it is", "us", 9, at=later, thread="c1", parent="c1", publication=""),
    }
    if then in forms:
        take(in_workspace, channel, forms[then])
    elif then == "is called spam":
        set_state(person, [message.conversation_id], ConversationState.SPAM)
    elif then == "is answered from here":
        reply(person, message.conversation_id, "Here you are", key=new_id())
    else:
        do_act(person, message.id, "block" if then == "is blocked" else "hide")
    assert lines(in_workspace) == [("ants", "waiting", ""), ("mari", "stopped", code)]
    states = {row.source_id: row.state for row in deliveries(in_workspace)}
    mine = PrivateSending.objects.get(handle__remote_id="mari")
    assert (states[mine.id], mine.open) == ("cancelled", False)


def test_asking_once_more_is_no_writing_back(in_workspace: Workspace, channel: Channel) -> None:
    make_private(in_workspace, channel)
    ask(in_workspace, channel, say("price"))
    take(in_workspace, channel, say("price please", nr=5))
    # Another who is answered in the same thread, is another.
    take(in_workspace, channel, say("me too", "ants", 6, thread="c1", parent="c1"))
    assert lines(in_workspace) == [("mari", "waiting", "")]


def test_spam_and_a_crisis_are_known_before_anything_is_planned(in_workspace: Workspace, channel: Channel) -> None:
    make_private(in_workspace, channel)
    ids = take(in_workspace, channel, say("price"), say("price", "ants", 2))
    talk = Conversation.objects.get(thread="c2")
    set_state(actor(in_workspace), [talk.id], ConversationState.SPAM)
    Workspace.objects.filter(id=in_workspace.id).update(crisis_at=clock.now())
    assert plan_private(ids) == 1
    assert lines(in_workspace) == [("mari", "stopped", "private_crisis")]
    assert not deliveries(in_workspace)


def test_what_waits_is_stopped_one_by_one_or_by_switching_off(in_workspace: Workspace, channel: Channel) -> None:
    made = make_private(in_workspace, channel)
    ask(in_workspace, channel, *(say("price", who, nr) for nr, who in enumerate(("a", "b", "c"), 1)))
    first = PrivateSending.objects.get(handle__remote_id="a")
    person = actor(in_workspace)
    assert [stop_sendings(person, [first.id]) for _ in range(2)] == [1, 0]
    assert AuditEntry.objects.filter(action="inbox.private_stop").count() == 1
    assert switch_private(person, made.id, False).on_since is None
    assert lines(in_workspace) == [
        ("a", "stopped", "private_undone"), ("b", "stopped", "private_off"), ("c", "stopped", "private_off"),
    ]  # fmt: skip
    assert {row.state for row in deliveries(in_workspace)} == {"cancelled"}


def test_what_was_said_to_somebody_is_exported_and_forgotten_with_them(
    in_workspace: Workspace, channel: Channel
) -> None:
    make_private(in_workspace, channel)
    ask(in_workspace, channel, say("price"))
    sending = PrivateSending.objects.get()
    [told] = export_person(sending.person_id)["private_replies"]
    assert (told["name"], told["state"], told["sent_at"]) == ("Price list", "waiting", None)
    assert "Hello Mari" in told["text"]
    erase_person(actor(in_workspace), sending.person_id)
    sending = fetch_asked(PrivateSending.objects.all()).get()
    assert (sending.text, sending.public_text, sending.answer) == ("", "", {})
    assert find_stops([sending])[sending.id].code == "private_comment_gone"


def test_only_who_manages_changes_them_and_only_who_answers_stops(in_workspace: Workspace, channel: Channel) -> None:
    made = make_private(in_workspace, channel)
    add_member(in_workspace, "ada@acme.test", Role.COMMUNITY_MANAGER)
    add_member(in_workspace, "eve@acme.test", Role.ANALYST)
    ada, eve = actor(in_workspace, "ada@acme.test"), actor(in_workspace, "eve@acme.test")
    form = parse_private({**GIVEN, "wanted": made.wanted})
    for change in (
        lambda: create_private(ada, form),
        lambda: update_private(ada, made.id, form),
        lambda: switch_private(ada, made.id, False),
        lambda: delete_private(ada, made.id),
        lambda: stop_sendings(eve, []),
    ):
        with pytest.raises(NotAllowed):
            change()
    assert stop_sendings(ada, []) == 0


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"wanted": {"channel_ids": []}}, {"private_without_place"}),
        ({"wanted": {"words": []}}, {"private_without_word"}),
        ({"wanted": {"pattern": "(a"}}, {"private_pattern_invalid"}),
        ({"wanted": {"publication_ids": ["01890000-0000-7000-8000-000000000000"]}}, {"private_post_gone"}),
        ({"said": {"text": " "}}, {"private_without_text"}),
        ({"said": {"public": ["One"]}}, {"private_one_public"}),
        ({"said": {"public": ["One", "One "]}}, {"private_same_public"}),
        ({"said": {"public": ["x" * 4000, "One"]}}, {"text_too_long"}),
        ({"said": {"text": "x" * 4000}}, {"text_too_long"}),
        ({"limits": {"pause_least": 9, "pause_most": 8}}, {"private_pauses"}),
        ({"limits": {"daily": 0}}, {"private_invalid"}),
        ({"limits": {"target": "01890000-0000-7000-8000-000000000000"}}, {"private_invalid"}),
        ({"name": ""}, {"private_invalid"}),
    ],
)
def test_what_is_none_is_refused_and_says_what_is_wrong(
    in_workspace: Workspace, channel: Channel, change: dict[str, Any], codes: set[str]
) -> None:
    with pytest.raises(Refused) as refused:
        make_private(in_workspace, channel, on=False, **change)
    assert {problem.code for problem in refused.value.problems} == codes
    assert not PrivateReply.objects.exists()


@pytest.mark.parametrize("network", ["bluesky", "wordpress"])
def test_a_network_without_private_replies_cannot_be_chosen(in_workspace: Workspace, network: str) -> None:
    channel = Channel.objects.create(network=network, account_id="1", name="Bakery")
    with pytest.raises(Refused) as refused:
        make_private(in_workspace, channel)
    [problem] = refused.value.problems
    assert (problem.code, problem.field) == ("private_unsupported", "channels")
    assert "no private reply to a comment" in problem.text()


def test_planning_asks_as_much_for_many_as_for_one(in_workspace: Workspace, channel: Channel) -> None:
    """But for the two lines of each person: how it stands, and its delivery."""
    make_private(in_workspace, channel)
    asked = []
    for many, first in ((1, 1), (9, 10)):
        ids = take(in_workspace, channel, *(say("price", f"p{nr}", nr) for nr in range(first, first + many)))
        with CaptureQueriesContext(connection) as found:
            assert plan_private(ids) == many
        asked.append(len([each for each in found.captured_queries if not each["sql"].startswith(CONTROL)]))
    assert asked == [17, 17 + 8 * 2]
