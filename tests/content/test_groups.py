"""Campaigns, labels and slots."""

from datetime import date, time

import pytest

from kaja.channels.models import Channel
from kaja.channels.slots import list_slots, set_slots
from kaja.content.actions import groups
from kaja.content.models import Campaign, Label, Post, PostLabel
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotAllowed, NotFound, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.actor import Actor, make_system_actor
from kaja.workspaces.models import AuditEntry, Workspace

ACTOR = make_system_actor("test")
READER = Actor("user", "1", "reader", frozenset({"view"}))


def test_a_campaign_is_made_changed_and_archived(in_workspace: Workspace) -> None:
    made = groups.save_campaign(ACTOR, "  Spring   sale ", colour="green", starts_on=date(2027, 3, 1))
    assert made.name == "Spring sale"
    changed = groups.save_campaign(ACTOR, "Spring", campaign_id=made.id, ends_on=date(2027, 4, 1))
    assert (changed.id, changed.starts_on) == (made.id, None)
    assert groups.archive_campaign(ACTOR, made.id).archived_at is not None
    assert groups.archive_campaign(ACTOR, made.id, archived=False).archived_at is None
    entry = AuditEntry.objects.filter(action="campaign.save").latest("at")
    assert (entry.before["name"], entry.after["name"]) == ("Spring sale", "Spring")


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_campaign_needs_a_usable_name(in_workspace: Workspace, name: str) -> None:
    with pytest.raises(Refused):
        groups.save_campaign(ACTOR, name)
    assert not Campaign.objects.exists()


def test_a_name_is_taken_once_per_workspace(in_workspace: Workspace, other_workspace: Workspace) -> None:
    groups.save_campaign(ACTOR, "Spring")
    with pytest.raises(Refused, match="exists already"):
        groups.save_campaign(ACTOR, "Spring")
    with workspace_scope(other_workspace.id):
        groups.save_campaign(ACTOR, "Spring")
    with pytest.raises(Refused, match="ends after"):
        groups.save_campaign(ACTOR, "Backwards", starts_on=date(2027, 2, 1), ends_on=date(2027, 1, 1))


def test_a_campaign_of_another_workspace_is_not_found(in_workspace: Workspace, other_workspace: Workspace) -> None:
    with workspace_scope(other_workspace.id):
        theirs = groups.save_campaign(ACTOR, "Theirs")
    with pytest.raises(NotFound):
        groups.save_campaign(ACTOR, "Mine now", campaign_id=theirs.id)
    with pytest.raises(NotFound):
        groups.archive_campaign(ACTOR, theirs.id)


def test_labels_are_renamed_and_taken_off_every_post(in_workspace: Workspace) -> None:
    label = groups.create_label(ACTOR, "news")
    assert groups.create_label(ACTOR, " news ").id == label.id
    post = Post.objects.create()
    PostLabel.objects.create(post=post, label=label)
    groups.rename_label(ACTOR, label.id, "News!")
    assert [pl.label.name for pl in post.post_labels.all()] == ["News!"]
    groups.delete_label(ACTOR, label.id)
    assert not Label.objects.exists()
    assert Post.objects.filter(id=post.id).exists()


def test_a_reader_changes_nothing(in_workspace: Workspace) -> None:
    for attempt in (
        lambda: groups.create_label(READER, "x"),
        lambda: groups.save_campaign(READER, "x"),
        lambda: set_slots(READER, new_id(), []),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_slots_become_exactly_what_is_wanted(in_workspace: Workspace) -> None:
    channel = Channel.objects.create(network="practice", account_id="a", name="a")
    first = set_slots(ACTOR, channel.id, [(0, time(9)), (0, time(9, 0, 30)), (4, time(17, 30))])
    assert [(s.weekday, s.time) for s in first] == [(0, time(9)), (4, time(17, 30))]
    second = set_slots(ACTOR, channel.id, [(4, time(17, 30)), (6, time(12))])
    assert [(s.weekday, s.time) for s in second] == [(4, time(17, 30)), (6, time(12))]
    assert second[0].id == first[1].id
    with pytest.raises(Refused):
        set_slots(ACTOR, channel.id, [(7, time(9))])
    assert len(list_slots(channel.id)) == 2


def test_slots_of_another_workspaces_channel_are_out_of_reach(
    in_workspace: Workspace, other_workspace: Workspace
) -> None:
    with workspace_scope(other_workspace.id):
        theirs = Channel.objects.create(network="practice", account_id="a", name="a")
        set_slots(ACTOR, theirs.id, [(0, time(9))])
    with pytest.raises(NotFound):
        set_slots(ACTOR, theirs.id, [])
    assert list_slots(theirs.id) == []
