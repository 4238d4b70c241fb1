"""Posts: made, changed by two people at once, brought back, searched."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaja.channels.models import Channel
from kaja.content import actions, queries
from kaja.content.document import Document, Overrides, PartDocument
from kaja.content.errors import EditConflict
from kaja.content.events import PostChanged, PostsDeleted
from kaja.content.models import Post, PostState, Revision, Variant
from kaja.content.snapshot import VariantContent
from kaja.kernel import clock, events
from kaja.kernel.problems import NotAllowed, NotFound, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import AuditEntry, Role, Workspace
from tests.content.conftest import MakeActor, make_channel

DUE = datetime(2027, 3, 1, 7, tzinfo=UTC)


def text(*parts: str) -> Document:
    return Document(parts=tuple(PartDocument(text=p) for p in parts))


@pytest.fixture
def heard() -> Iterator[list[object]]:
    """The events that were published while the test ran."""
    seen: list[object] = []
    for kind in (PostChanged, PostsDeleted):
        events.subscribe(kind, seen.append)
    yield seen
    for kind in (PostChanged, PostsDeleted):
        events._handlers[kind].remove(seen.append)


def test_a_new_post_has_variants_history_audit_and_event(actor: Actor, channel: Channel, heard: list[Any]) -> None:
    post = actions.create_post(
        actor, text("Tere  hommikust,\nmaailm"), [channel.id], labels=["news", " news ", "kevad"]
    )
    again = queries.get_post(post.id)
    assert again.summary == "Tere hommikust, maailm"
    assert [v.channel_id for v in queries.list_active_variants(again)] == [channel.id]
    assert queries.list_labels_of(again) == ["kevad", "news"]
    assert [r.number for r in queries.list_revisions(again)] == [1]
    assert AuditEntry.objects.get(target_id=str(post.id)).action == "post.create"
    assert heard == [PostChanged(post.id, 1, frozenset({"content", "channels", "state"}))]


def test_the_second_of_two_editors_is_refused_with_both_versions(actor: Actor, make_actor: MakeActor) -> None:
    second = make_actor(name="Jaan")
    post = actions.create_post(actor, text("first"))
    actions.update_post(actor, post.id, 1, {"document": text("Mari's")})
    with pytest.raises(EditConflict) as caught:
        actions.update_post(second, post.id, 1, {"document": text("Jaan's")})
    conflict = caught.value
    assert (conflict.theirs.document, conflict.yours.document) == (text("Mari's"), text("Jaan's"))
    assert (conflict.revision, conflict.author_name) == (2, "Mari")
    assert queries.get_post(post.id).summary == "Mari's"
    actions.update_post(second, post.id, conflict.revision, {"document": text("both")})
    assert [r.author_name for r in queries.list_revisions(post)] == ["Jaan", "Mari", "Mari"]


def test_the_same_change_twice_is_no_conflict(actor: Actor) -> None:
    post = actions.create_post(actor, text("first"))
    actions.update_post(actor, post.id, 1, {"document": text("second")})
    assert actions.update_post(actor, post.id, 1, {"document": text("second")}).revision == 2


def test_plan_fields_make_no_revision_and_no_conflict(actor: Actor, heard: list[Any]) -> None:
    post = actions.create_post(actor, text("first"))
    heard.clear()
    assert actions.update_post(actor, post.id, 99, {"due_at": DUE, "labels": ["a"]}).revision == 1
    assert heard == [PostChanged(post.id, 1, frozenset({"due_at", "labels"}))]
    heard.clear()
    actions.update_post(actor, post.id, 1, {"due_at": DUE})
    assert heard == []


def test_autosaves_of_one_author_are_one_entry_until_minutes_pass(
    actor: Actor, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = actions.create_post(actor, text("a"))
    for n, words in enumerate(["ab", "abc", "abcd"], start=1):
        actions.autosave(actor, post.id, n, {"document": text(words)})
    assert [(r.number, r.snapshot["document"]["parts"][0]["text"]) for r in queries.list_revisions(post)] == [
        (4, "abcd"),
        (1, "a"),
    ]
    actions.autosave(make_actor(name="Jaan"), post.id, 4, {"document": text("Jaan")})
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    actions.autosave(actor, post.id, 5, {"document": text("x")})
    actions.autosave(actor, post.id, 6, {"document": text("y")})
    assert [r.number for r in queries.list_revisions(post)][:3] == [7, 6, 5]


def test_a_scheduled_posts_autosave_keeps_every_number(actor: Actor) -> None:
    post = actions.create_post(actor, text("a"))
    actions.set_plan(actor, post.id, PostState.SCHEDULED, DUE)
    actions.autosave(actor, post.id, 1, {"document": text("b")})
    actions.autosave(actor, post.id, 2, {"document": text("c")})
    assert [r.number for r in queries.list_revisions(post)] == [3, 2, 1]


def test_deleting_and_restoring(actor: Actor, heard: list[Any]) -> None:
    post = actions.create_post(actor, text("a"))
    actions.set_plan(actor, post.id, PostState.SCHEDULED, DUE)
    actions.delete_post(actor, post.id)
    assert heard[-1] == PostsDeleted([post.id])
    assert queries.list_posts().rows == []
    assert [p.id for p in queries.list_posts(queries.PostFilter(deleted=True)).rows] == [post.id]
    with pytest.raises(NotFound):
        queries.get_post(post.id)
    back = actions.restore_post(actor, post.id)
    assert (back.state, back.due_at) == (PostState.DRAFT, DUE)
    with pytest.raises(NotFound):
        actions.restore_post(actor, post.id)


def test_a_channel_taken_off_and_put_back_is_the_same_variant(actor: Actor, channel: Channel) -> None:
    post = actions.create_post(actor, text("a"), [channel.id])
    row = Variant.objects.get()
    actions.set_variant(actor, post.id, 1, channel.id, overrides=Overrides(language="et"))
    actions.set_channels(actor, post.id, 2, [])
    assert queries.list_active_variants(queries.get_post(post.id)) == []
    post = actions.set_channels(actor, post.id, 3, [channel.id])
    [again] = queries.list_active_variants(queries.get_post(post.id))
    assert (again.id, again.overrides) == (row.id, {})


def test_overrides_differ_and_reset(actor: Actor, channel: Channel) -> None:
    post = actions.create_post(actor, text("common"), [channel.id])
    actions.set_variant(actor, post.id, 1, channel.id, overrides=Overrides(parts=(PartDocument(text="own"),)))
    assert queries.draft_of(queries.list_active_variants(queries.get_post(post.id))[0]).parts[0].text == "own"
    actions.reset_variant(actor, post.id, 2, channel.id)
    assert queries.draft_of(queries.list_active_variants(queries.get_post(post.id))[0]).parts[0].text == "common"


def test_restoring_a_revision_is_a_new_revision(actor: Actor, channel: Channel) -> None:
    post = actions.create_post(actor, text("one"), [channel.id])
    actions.update_post(actor, post.id, 1, {"document": text("two"), "channels": []})
    restored = actions.restore_revision(actor, post.id, 1)
    assert restored.revision == 3
    again = queries.get_post(post.id)
    assert again.summary == "one"
    assert [v.channel_id for v in queries.list_active_variants(again)] == [channel.id]
    with pytest.raises(NotFound):
        actions.restore_revision(actor, post.id, 17)


def test_a_disconnected_channel_stays_but_does_not_come(actor: Actor, channel: Channel) -> None:
    post = actions.create_post(actor, text("a"), [channel.id])
    channel.disconnected_at = clock.now()
    channel.save()
    assert actions.update_post(actor, post.id, 1, {"document": text("b")}).revision == 2
    with pytest.raises(Refused) as caught:
        actions.create_post(actor, text("c"), [channel.id])
    assert caught.value.problems[0].code == "channel_disconnected"
    copy = actions.duplicate_post(actor, post.id)
    assert queries.list_active_variants(queries.get_post(copy.id)) == []


@pytest.mark.parametrize("role", [Role.ANALYST, Role.APPROVER])
def test_readers_write_nothing(actor: Actor, make_actor: MakeActor, channel: Channel, role: str) -> None:
    post = actions.create_post(actor, text("a"), [channel.id])
    reader = make_actor(role=role)
    call: Callable[[], object]
    for call in (
        lambda: actions.create_post(reader, text("b")),
        lambda: actions.update_post(reader, post.id, 1, {"document": text("b")}),
        lambda: actions.autosave(reader, post.id, 1, {"document": text("b")}),
        lambda: actions.delete_post(reader, post.id),
        lambda: actions.duplicate_post(reader, post.id),
        lambda: actions.save_as_idea(reader, post.id),
        lambda: actions.move_on_board(reader, post.id, None),
        lambda: actions.restore_revision(reader, post.id, 1),
        lambda: actions.set_channels(reader, post.id, 1, []),
    ):
        with pytest.raises(NotAllowed):
            call()
    assert (Post.objects.count(), Revision.objects.count()) == (1, 1)


def test_a_guest_does_not_change_what_is_scheduled(actor: Actor, make_actor: MakeActor) -> None:
    guest = make_actor(role=Role.GUEST)
    post = actions.create_post(guest, text("a"))
    with pytest.raises(NotAllowed):
        actions.set_plan(guest, post.id, PostState.SCHEDULED, DUE)
    actions.set_plan(actor, post.id, PostState.SCHEDULED, DUE)
    with pytest.raises(NotAllowed):
        actions.update_post(guest, post.id, 1, {"document": text("sneaky")})


def test_ids_of_another_workspace_do_not_exist(
    actor: Actor, make_actor: MakeActor, channel: Channel, other_workspace: Workspace
) -> None:
    stranger = make_actor(name="Jaan")
    post = actions.create_post(actor, text("secret"), [channel.id])
    file = Asset.objects.create(kind="image", file="x", filename="x", mime="image/png", size=1, width=1, height=1)
    with workspace_scope(other_workspace.id):
        own = actions.create_post(actor, text("own"), [make_channel("Rival").id])
        media = {"parts": [{"text": "", "media": [{"asset": str(file.id)}]}]}
        call: Callable[[], object]
        for call in (
            lambda: actions.update_post(actor, post.id, 1, {"document": text("b")}),
            lambda: actions.delete_post(actor, post.id),
            lambda: actions.restore_post(actor, post.id),
            lambda: actions.duplicate_post(actor, post.id),
            lambda: actions.save_as_idea(actor, post.id),
            lambda: actions.idea_to_draft(actor, post.id),
            lambda: actions.set_plan(actor, post.id, PostState.DRAFT, DUE),
            lambda: actions.move_on_board(actor, post.id, None),
            lambda: actions.restore_revision(actor, post.id, 1),
            lambda: actions.set_variant(actor, post.id, 1, channel.id, options={}),
            lambda: actions.attach_media(actor, post.id, 1, []),
            lambda: actions.detach_media(actor, post.id, 1, file.id),
            lambda: actions.reorder_media(actor, post.id, 1, []),
            lambda: actions.create_post(actor, text("b"), [channel.id]),
            lambda: actions.set_channels(actor, own.id, 1, [channel.id]),
            lambda: actions.create_post(actor, Document.model_validate(media)),
            lambda: actions.update_post(actor, own.id, 1, {"owner": stranger.user_id}),
            lambda: actions.update_post(actor, own.id, 1, {"campaign": post.id}),
            lambda: queries.get_post(post.id),
        ):
            with pytest.raises(NotFound):
                call()
    assert queries.get_post(post.id).revision == 1


def having(words: str) -> list[Any]:
    return list(Post.objects.filter(queries.having_words(words)).values_list("id", flat=True))


def test_search_cuts_nothing_off_before_the_other_filters_chose(actor: Actor) -> None:
    """The one with the label is older than a thousand others with the same word."""
    labelled = actions.create_post(actor, text("bread"), labels=["rare"])
    workspace_id = labelled.workspace_id
    document = {"parts": [{"text": "bread", "media": []}]}
    Post.objects.bulk_create(Post(workspace_id=workspace_id, document=document, summary="bread") for _ in range(1100))
    assert [p.id for p in queries.list_posts(queries.PostFilter(text="bread", label="rare")).rows] == [labelled.id]
    assert queries.filter_posts(queries.PostFilter(text="bread")).count() == 1101


def test_search_finds_all_words_here_only(actor: Actor, other_workspace: Workspace) -> None:
    both = actions.create_post(actor, text("Весенняя распродажа 50%", "вторая часть"))
    actions.create_post(actor, text("Весна"))
    chinese = actions.create_post(actor, text("春天的咖啡特價"))
    with workspace_scope(other_workspace.id):
        actions.create_post(actor, text("распродажа в другом месте"))
    assert having("РАСПРОДАЖА часть") == [both.id]
    assert having("50%") == [both.id]
    assert having("咖啡") == [chinese.id]
    assert having("_") == []
    found = queries.list_posts(queries.PostFilter(text="распродажа"))
    assert [p.id for p in found.rows] == [both.id]


def test_cursor_pages_show_every_post_once(actor: Actor) -> None:
    made = [actions.create_post(actor, text(str(n))).id for n in range(7)]
    seen, cursor = [], ""
    while True:
        page = queries.list_posts(cursor=cursor, limit=3)
        seen += [p.id for p in page.rows]
        if not (cursor := page.next_cursor):
            break
    assert seen == made[::-1]
    with pytest.raises(Refused):
        queries.list_posts(cursor="nonsense")


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_the_same_for_one_and_three(
    actor: Actor, channel: Channel, count: int, django_assert_num_queries: Any
) -> None:
    for n in range(count):
        actions.create_post(actor, text(str(n)), [channel.id], labels=["a"])
    with django_assert_num_queries(2):
        page = queries.list_posts()
        assert [[v.channel.name for v in queries.list_active_variants(p)] for p in page.rows] == [["Acme"]] * count


def test_unknown_networks_say_so(actor: Actor) -> None:
    odd = make_channel("Odd", "fax")
    post = actions.create_post(actor, text("a"), variants={odd.id: VariantContent(options={"colour": "blue"})})
    [problem] = queries.check_post(queries.get_post(post.id))[odd.id]
    assert problem.code == "network_unknown"
    assert "fax" in problem.text()


def test_the_board_keeps_its_order(actor: Actor) -> None:
    a, b, c = (actions.create_post(actor, text(n), state=PostState.IDEA) for n in "abc")
    actions.move_on_board(actor, c.id, None)
    assert [p.summary for p in queries.list_board(PostState.IDEA)[0]] == ["c", "a", "b"]
    for _ in range(80):  # more halvings than a float has room for
        actions.move_on_board(actor, b.id, c.id)
        actions.move_on_board(actor, a.id, c.id)
    assert [p.summary for p in queries.list_board(PostState.IDEA)[0]] == ["c", "a", "b"]
    some, number = queries.list_board(PostState.IDEA, limit=2)
    assert ([p.summary for p in some], number) == (["c", "a"], 3)
