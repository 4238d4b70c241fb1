"""The inbox for scripts: the same lists, steps and refusals as on the screen."""

import json
from datetime import timedelta
from typing import Any

import pytest

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery, Publication, State
from kaja.inbox.actions import set_state
from kaja.inbox.models import AnswerWait, Conversation, ConversationEvent, ConversationState, Message, Person
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.reading import Author, Reaction
from kaja.reading.keeping import tell_reactions
from kaja.workspaces.models import Role, Workspace
from tests.api.conftest import ApiClient, member_of, token_for
from tests.api.world import World, build_world
from tests.needed import Answer
from tests.people import actor, add_member


@pytest.fixture
def world(workspace: Workspace) -> World:
    return build_world(workspace)


def read(answer: Answer, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return json.loads(answer.content)


def codes(answer: Answer, status: int) -> list[str]:
    return [problem["code"] for problem in read(answer, status)["problems"]]


def add_conversation(channel: Channel, thread: str, **more: Any) -> Conversation:
    moment = clock.now()
    given = {"kind": "mention", "last_at": moment, "excerpt": thread, **more}
    return Conversation.objects.create(channel=channel, thread=thread, **given)


def test_who_likes_and_follows_is_listed(client: ApiClient, workspace: Workspace, world: World) -> None:
    moment = clock.now()
    with workspace_scope(workspace.id):
        channel = Channel.objects.get(id=world.channel_id)
        author = Author("mari", "@mari", "Mari", url="https://network.test/mari")
        ref = Publication.objects.get(id=world.publication_id).remote_id
        Delivery.objects.filter(publication__id=world.publication_id).update(subject_id=world.post_id)
        tell_reactions(
            channel.id,
            [
                Reaction("1", "like", author, moment - timedelta(hours=1), ref),
                Reaction("2", "follow", author, moment),
                Reaction("3", "repost", author, moment - timedelta(days=2), "p9", gone_at=moment),
            ],
        )
        person = Person.objects.get(handles__remote_id="mari")

    def kinds(query: str) -> list[str]:
        return [each["kind"] for each in read(client.call("GET", f"/reactions?{query}"))["items"]]

    assert kinds("") == ["follow", "like", "repost"]
    assert kinds("there=true") == ["follow", "like"]
    assert kinds("kind=like&kind=repost") == ["like", "repost"]
    assert kinds(f"post={world.post_id}") == ["like"]
    assert kinds(f"channel={new_id()}") == []
    assert kinds(f"person={person.id}&since={(moment - timedelta(days=1)).isoformat()[:19]}Z") == ["follow", "like"]
    page = read(client.call("GET", "/reactions?limit=1"))
    [first] = page["items"]
    assert (first["author"]["name"], first["post_ref"], first["post"], first["taken_back_at"]) == (
        "Mari",
        "",
        None,
        None,
    )
    rest = read(client.call("GET", f"/reactions?cursor={page['next_cursor']}"))["items"]
    assert [each["kind"] for each in rest] == ["like", "repost"]
    assert (rest[0]["post"], rest[0]["post_ref"]) == (str(world.post_id), ref)
    assert rest[1]["taken_back_at"] is not None
    assert codes(client.call("GET", "/reactions?cursor=nonsense"), 422) == ["cursor_invalid"]


def test_filters_narrow_the_list(client: ApiClient, workspace: Workspace, world: World) -> None:
    user = member_of(workspace)[1]
    with workspace_scope(workspace.id):
        channel = Channel.objects.get(id=world.channel_id)
        other = Channel.objects.create(network="practice", account_id="2", name="Second")
        add_conversation(channel, "done", state="done")
        add_conversation(channel, "mine", assignee=user, priority=2)
        add_conversation(other, "elsewhere", kind="review", language="et")
        add_conversation(channel, "later", state="open", snoozed_until=clock.now() + timedelta(days=1))
    for query, expected in (
        ("state=done", {"done"}),
        ("state=done&state=new", {"done", "mine", "elsewhere"}),
        ("assignee=me", {"mine"}),
        (f"assignee={user.id}", {"mine"}),
        ("priority=2", {"mine"}),
        (f"channel={other.id}", {"elsewhere"}),
        ("kind=review", {"elsewhere"}),
        ("language=et", {"elsewhere"}),
        ("state=open&snoozed=true", {"later"}),
        ("waiting=true", {str(world.conversation_id)}),
        ("label=nobody-has-it", set()),
    ):
        items = read(client.call("GET", f"/conversations?{query}"))["items"]
        found = {each["id"] if each["id"] == str(world.conversation_id) else each["excerpt"] for each in items}
        assert found == expected, query
    assert codes(client.call("GET", "/conversations?state=gone"), 422) == ["invalid"]
    assert codes(client.call("GET", "/conversations?stat=done"), 422) == ["parameter_unknown"]


def test_what_is_due_is_shown_asked_for_and_ordered_by(client: ApiClient, workspace: Workspace, world: World) -> None:
    moment = clock.now()
    with workspace_scope(workspace.id):
        channel = Channel.objects.get(id=world.channel_id)
        for name, hours in (("late", -1), ("soon", 2), ("later", 72)):
            due_at = moment + timedelta(hours=hours)
            talk = add_conversation(channel, name, due_at=due_at)
            common = {"conversation": talk, "channel": channel, "begun_at": moment}
            AnswerWait.objects.create(**common, measure="first", due_at=due_at)
            AnswerWait.objects.create(**common, measure="resolution", due_at=due_at + timedelta(days=1))

    def found(query: str) -> list[str]:
        return [each["excerpt"] for each in read(client.call("GET", f"/conversations?{query}"))["items"]]

    assert found("due_first=true")[:3] == ["late", "soon", "later"]
    assert found("due=late") == ["late"]
    assert sorted(found("due=day")) == ["late", "soon"]
    items = {each["excerpt"]: each for each in read(client.call("GET", "/conversations"))["items"]}
    assert [each["what"] for each in items["soon"]["due"]] == ["first", "resolution"]
    assert items["soon"]["due_at"] == items["soon"]["due"][0]["at"]
    silent = next(each for each in items.values() if each["id"] == str(world.conversation_id))
    assert (silent["due_at"], silent["due"]) == (None, [])
    assert codes(client.call("GET", "/conversations?due=never"), 422) == ["invalid"]


def test_one_step_does_several_things_and_is_taken_back_as_one(
    client: ApiClient, workspace: Workspace, world: World
) -> None:
    address = f"/conversations/{world.conversation_id}"
    before = read(client.call("GET", address))
    step = {"state": "waiting", "assignee": "me", "priority": 1, "add_labels": ["refund"]}
    done = read(client.call("POST", f"{address}/steps", {**step, "version": before["version"]}))
    after = read(client.call("GET", address))
    assert (after["state"], after["priority"], after["labels"]) == ("waiting", 1, ["refund"])
    assert after["assignee"]["id"] == str(member_of(workspace)[1].id)
    assert done["changed"] == [str(world.conversation_id)]
    lines = read(client.call("GET", f"{address}/events"))["items"]
    assert {line["id"] for line in lines} >= set(done["events"])
    read(client.call("POST", "/conversations/undo", {"events": done["events"]}))
    again = read(client.call("GET", address))
    assert {**again, "version": 0} == {**before, "version": 0}


def test_what_is_refused_leaves_nothing_of_the_step(client: ApiClient, workspace: Workspace, world: World) -> None:
    address = f"/conversations/{world.conversation_id}/steps"
    wrong = {"state": "done", "snooze_until": "2020-01-01T00:00:00Z"}
    assert codes(client.call("POST", address, wrong), 422) == ["moment_wrong"]
    assert codes(client.call("POST", address, {}), 422) == ["step_empty"]
    unknown = {"events": [str(world.event_id), str(new_id())]}
    assert codes(client.call("POST", "/conversations/undo", unknown), 404) == ["steps_unknown"]
    with workspace_scope(workspace.id):
        assert Conversation.objects.get().state == "open"
        assert ConversationEvent.objects.count() == 1


def test_what_somebody_else_changed_is_not_written_over(client: ApiClient, workspace: Workspace, world: World) -> None:
    address = f"/conversations/{world.conversation_id}"
    seen = read(client.call("GET", address))["version"]
    add_member(workspace, "maria@acme.test", Role.COMMUNITY_MANAGER)
    with workspace_scope(workspace.id):
        set_state(actor(workspace, "maria@acme.test"), [world.conversation_id], ConversationState.DONE)
    late = client.call("POST", f"{address}/steps", {"state": "spam", "version": seen})
    assert codes(late, 409) == ["conversation_changed_meanwhile"]
    read(client.call("POST", f"{address}/steps", {"priority": 2, "version": seen}))  # nobody touched that


def test_many_are_worked_at_once(client: ApiClient, workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        channel = Channel.objects.get(id=world.channel_id)
        ids = [str(add_conversation(channel, str(n)).id) for n in range(3)]
    done = read(client.call("POST", "/conversations/steps", {"conversations": ids, "state": "done"}))
    assert sorted(done["changed"]) == sorted(ids)
    assert len(read(client.call("GET", "/conversations?state=done"))["items"]) == 3
    refused = client.call("POST", "/conversations/steps", {"conversations": [*ids, str(new_id())], "state": "open"})
    assert codes(refused, 404) == ["conversation_not_found"]


def test_an_answer_goes_out_once_and_can_be_taken_back(client: ApiClient, workspace: Workspace, world: World) -> None:
    address = f"/conversations/{world.conversation_id}"
    shown = read(client.call("GET", address))
    assert shown["answer"]["possible"] is True
    body = {"id": str(new_id()), "text": "At nine.", "seen": shown["answer"]["seen"]}
    first, second = (read(client.call("POST", f"{address}/replies", body), 201) for _ in range(2))
    assert first == second
    assert (first["direction"], first["delivery"]["state"]) == ("out", "scheduled")
    with workspace_scope(workspace.id):
        assert Delivery.objects.filter(source_id=body["id"]).count() == 1
    journal = read(client.call("GET", f"/deliveries/{first['delivery']['id']}"))
    assert journal["kind"] == "reply"
    colleague = client.call("POST", f"{address}/replies", {"text": "At ten.", "seen": shown["answer"]["seen"]})
    assert codes(colleague, 409) == ["answered_meanwhile"]
    back = read(client.call("POST", f"/messages/{body['id']}/take-back"))
    assert (back["state"], back["delivery"]["state"]) == ("deleted", "cancelled")
    assert read(client.call("GET", f"/messages/{body['id']}"))["text"] == "At nine."


def test_what_has_begun_to_go_out_cannot_be_taken_back(client: ApiClient, workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        Delivery.objects.filter(source_id=world.answer_id).update(state=State.PROCESSING)
    assert codes(client.call("POST", f"/messages/{world.answer_id}/take-back"), 409) == ["reply_begun"]
    assert codes(client.call("POST", f"/messages/{world.message_id}/take-back"), 404) == ["message_not_found"]


def test_an_act_is_one_that_the_message_says_it_can(client: ApiClient, workspace: Workspace, world: World) -> None:
    can = read(client.call("GET", f"/messages/{world.message_id}"))["can"]
    assert "like" in can
    first, second = (
        read(client.call("POST", f"/messages/{world.message_id}/acts", {"act": "like"}), 202) for _ in "12"
    )
    assert first["id"] == second["id"]
    assert codes(client.call("POST", f"/messages/{world.message_id}/acts", {"act": "burn"}), 422) == ["invalid"]


def test_a_note_stays_inside(client: ApiClient, workspace: Workspace, world: World) -> None:
    body = {"id": str(new_id()), "text": "Sam is a regular."}
    note = read(client.call("POST", f"/conversations/{world.conversation_id}/notes", body), 201)
    assert (note["direction"], note["delivery"]) == ("note", None)
    with workspace_scope(workspace.id):
        assert not Delivery.objects.filter(source_id=note["id"]).exists()
    said = read(client.call("GET", f"/conversations/{world.conversation_id}/messages"))["items"]
    assert said[0]["id"] == note["id"], "the newest first"


def test_scopes_of_a_token_are_permissions_of_the_screen(workspace: Workspace, world: World) -> None:
    answers, reads = (ApiClient(token_for(workspace, scopes)) for scopes in (("view", "answer"), ("view",)))
    address = f"/conversations/{world.conversation_id}/replies"
    assert codes(reads.call("POST", address, {"text": "x"}), 403) == ["not_allowed"]
    read(answers.call("POST", address, {"text": "x"}), 201)
    nothing = ApiClient(token_for(workspace, ("write",)))
    assert codes(nothing.call("GET", "/conversations"), 403) == ["not_allowed"]


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_takes_as_many_statements_for_twenty_as_for_one(
    client: ApiClient, workspace: Workspace, world: World, count: int, django_assert_num_queries: Any
) -> None:
    read(client.call("GET", "/workspace"))  # the token is noted as used
    with workspace_scope(workspace.id):
        channel = Channel.objects.get(id=world.channel_id)
        talk = Conversation.objects.select_related("handle").get()
        for n in range(count - 1):
            add_conversation(channel, str(n), handle=talk.handle)
            Message.objects.create(
                conversation=talk, channel=channel, direction="in", kind="comment", remote_id=str(n), at=clock.now(),
                handle=talk.handle,
            )  # fmt: skip
    with django_assert_num_queries(BY_THE_GATE + 1):
        assert len(read(client.call("GET", "/conversations"))["items"]) == count
    # the conversation; its messages with their words and deliveries; what was done to them
    with django_assert_num_queries(BY_THE_GATE + 3):
        read(client.call("GET", f"/conversations/{world.conversation_id}/messages"))


BY_THE_GATE = 13
"""Whose token it is, what it may still do this minute, and the scopes entered and left."""
