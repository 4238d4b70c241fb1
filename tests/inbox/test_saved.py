"""Saved replies and views."""

from dataclasses import replace

import pytest

from kaja.channels.models import Channel
from kaja.inbox import saved, views
from kaja.inbox.models import Conversation, SavedView
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotAllowed, NotFound, Refused
from kaja.networks.kit.reading import Author
from kaja.reading.streams import take_in
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Role, Workspace
from tests.inbox.test_steps import curator
from tests.inbox.test_taking import ONE, channel
from tests.people import actor, add_member

__all__ = ["channel", "curator"]


def test_a_saved_reply_comes_in_the_conversation_s_language_with_its_names(curator: Actor, channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    conversation = Conversation.objects.select_related("handle", "channel").get()
    english = "Dear {name} ({handle}), {channel} opens at 8. {agent} {other} {"
    saved.save_reply(curator, "Hours", {"en": english, "ru": "Мы открыты, {name}!"})
    conversation.language = "ru"
    assert saved.list_filled(conversation, "Kai", "et")[0].text == "Мы открыты, Mari!"
    conversation.language = "en-GB"
    expected = "Dear Mari (mari@example), bakery opens at 8. Kai {other} {"
    assert saved.list_filled(conversation, "Kai", "ru")[0].text == expected
    conversation.language = "zh-Hant"
    assert saved.list_filled(conversation, "Kai", "et")[0].text == expected


def test_what_a_name_brings_in_braces_is_not_filled(curator: Actor, channel: Channel) -> None:
    take_in(channel.id, "comments", [replace(ONE, author=Author("1", "@1", "{agent}"))])
    conversation = Conversation.objects.select_related("handle", "channel").get()
    saved.save_reply(curator, "x", {"en": "{name}"})
    assert saved.list_filled(conversation, "Kai", "en")[0].text == "{agent}"


def test_the_same_id_is_the_same_reply_and_a_title_is_there_once(curator: Actor) -> None:
    chosen = new_id()
    for _ in range(2):
        assert saved.save_reply(curator, "Hours", {"en": "x"}, new_id=chosen).id == chosen
    with pytest.raises(Refused):
        saved.save_reply(curator, " Hours ", {"en": "y"})
    saved.save_reply(curator, "Opening hours", {"en": "y"}, reply_id=chosen)
    assert [each.title for each in saved.list_replies().rows] == ["Opening hours"]
    saved.delete_reply(curator, chosen)
    with pytest.raises(NotFound):
        saved.delete_reply(curator, chosen)


@pytest.mark.parametrize(("title", "texts"), [("", {"en": "x"}), ("x", {}), ("x", {"en": " \n"})])
def test_a_saved_reply_that_is_none_is_refused(curator: Actor, title: str, texts: dict[str, str]) -> None:
    with pytest.raises(Refused):
        saved.save_reply(curator, title, texts)


def test_who_may_not_answer_saves_nothing_for_everybody(in_workspace: Workspace) -> None:
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    analyst = actor(in_workspace, "ana@acme.test")
    with pytest.raises(NotAllowed):
        saved.save_reply(analyst, "x", {"en": "x"})
    with pytest.raises(NotAllowed):
        views.save_view(analyst, "x", {}, everybody=True)
    assert views.save_view(analyst, "Mine", {"view": "mine"}).owner_id == analyst.user_id


def test_views_are_one_s_own_or_everybody_s(in_workspace: Workspace, curator: Actor) -> None:
    add_member(in_workspace, "kai@acme.test", Role.COMMUNITY_MANAGER)
    kai = actor(in_workspace, "kai@acme.test")
    assert curator.user_id
    assert kai.user_id
    own = views.save_view(curator, "Urgent", {"priority": "2", "empty": ""})
    shared = views.save_view(curator, "Urgent", {"view": "todo"}, everybody=True)
    assert own.query == {"priority": "2"}
    assert [each.id for each in views.list_views(kai.user_id)] == [shared.id]
    assert {each.id for each in views.list_views(curator.user_id)} == {own.id, shared.id}
    assert views.save_view(curator, "Urgent", {"priority": "1"}).id == own.id
    with pytest.raises(NotFound):
        views.delete_view(kai, own.id)
    views.delete_view(kai, shared.id)
    assert list(SavedView.objects.values_list("id", flat=True)) == [own.id]
    with pytest.raises(Refused):
        views.save_view(curator, " ", {})
