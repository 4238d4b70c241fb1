"""A channel on a real network, read as a worker reads it; and what it then says of what was written there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kaja.channels.credentials import write_credentials
from kaja.channels.models import Channel
from kaja.channels.sessions import render_facts
from kaja.inbox.models import Message
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.connector import Connected
from kaja.networks.registry import CONNECTORS
from kaja.reading.looks import WHAT, plan_posts
from kaja.reading.models import Item, Poll
from kaja.reading.streams import past_of, topic_of
from kaja.workspaces.models import Workspace
from tests.reading.reading import look
from tests.waiting import wait_until


@dataclass(frozen=True)
class Ear:
    """What a workspace hears of one channel."""

    workspace: Workspace
    channel: Channel

    @property
    def streams(self) -> list[str]:
        reader = CONNECTORS[self.channel.network].reader
        assert reader is not None
        return [topic_of(stream) for stream in reader.streams]

    def read(self, *, past: bool = False) -> dict[str, dict[str, Any]]:
        """After one look at every stream: what was read, by its id."""
        before = [past_of(each.partition(".")[2]) for each in self.streams] if past else []
        look(self.workspace, *self.streams, *before)
        return self.items()

    def look_again(self, post: str = "") -> dict[str, dict[str, Any]]:
        """What is known, after every place (and `post`) was compared with what is there now."""
        if post:
            with workspace_scope(self.workspace.id):
                plan_posts(self.channel.id, [post], now(), at_once=True)
        look(self.workspace, WHAT)
        while self._is_under_way():
            look(self.workspace, WHAT)
        return self.items()

    def _is_under_way(self) -> bool:
        with workspace_scope(self.workspace.id):
            return any(set(poll.cursor) - {"place", "post", "since"} for poll in Poll.objects.filter(what=WHAT))

    def items(self) -> dict[str, dict[str, Any]]:
        with workspace_scope(self.workspace.id):
            return {item.remote_id: item.content for item in Item.objects.order_by("at")}

    def read_until(self, done: Callable[[dict[str, dict[str, Any]]], object]) -> dict[str, dict[str, Any]]:
        """Looks at the streams again and again: networks follow what is written to them a moment later."""
        wait_until(lambda: done(self.read()), seconds=120, every=0.3)
        return self.items()

    def check_inbox(self) -> None:
        """What was read stands in the inbox: each thing once, in its conversation, as theirs or as ours."""
        states = {"edited": "there"}
        wanted = sorted(
            (item["thread"], name, "out" if item["author"]["is_us"] else "in", states.get(item["state"], item["state"]))
            for name, item in self.items().items()
        )
        with workspace_scope(self.workspace.id):
            rows = Message.objects.filter(channel=self.channel).values_list(
                "conversation__thread", "remote_id", "direction", "state"
            )
            assert sorted(rows) == wanted

    def polls(self) -> dict[str, Poll]:
        with workspace_scope(self.workspace.id):
            return {poll.what: poll for poll in Poll.objects.filter(subject_id=None)}

    def count_changes(self) -> int:
        """Rows that were told of as changed since they were first read."""
        with workspace_scope(self.workspace.id):
            return Item.objects.exclude(changed_at=None).count()


def listen(workspace: Workspace, network: str, connected: Connected) -> Ear:
    """The account becomes a channel of the workspace, and its streams are to be read."""
    with workspace_scope(workspace.id):
        channel = Channel(
            network=network,
            account_id=connected.facts.account_id,
            base_url=connected.base_url,
            name=connected.facts.name,
            handle=connected.facts.handle,
            facts=render_facts(connected.facts),
        )
        channel.save()
        channel.grant = write_credentials(channel.id, connected.credentials)
        ear = Ear(workspace, channel)
        for what in ear.streams:
            Poll.objects.create(channel=channel, what=what, next_at=now())
    return ear
