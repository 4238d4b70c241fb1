"""A private reply, people who ask for it below a post, and what is planned for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery
from kaja.inbox.models import Message
from kaja.inbox.privately.actions import create_private, switch_private
from kaja.inbox.privately.forms import mark_of, parse_private
from kaja.inbox.privately.models import PrivateReply, PrivateSending
from kaja.kernel import clock
from kaja.kernel.locks import lock
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.reading import Author, Incoming
from kaja.reading.streams import take_in
from kaja.workspaces.models import Workspace
from tests.people import actor

PUBLIC = ("Look into your messages.", "It is on its way to you.", "Sent!")
GIVEN: Mapping[str, Any] = {
    "name": "Price list",
    "wanted": {"words": ["price*"]},
    "said": {"public": list(PUBLIC), "text": "Hello {first_name}, the prices: kaja.test/prices"},
    "limits": {"pause_least": 0, "pause_most": 0, "daily": 50},
}


def make_private(workspace: Workspace, channel: Channel, *, on: bool = True, **more: Any) -> PrivateReply:
    """One for all posts of the channel, switched on as it was tried. Each part that is given is added to the usual."""
    given: dict[str, Any] = {**GIVEN, "name": more.pop("name", GIVEN["name"])}
    given["wanted"] = {"channel_ids": [str(channel.id)], **given["wanted"]}
    for part, values in more.items():
        given[part] = {**given[part], **values}
    with workspace_scope(workspace.id):
        reply = create_private(actor(workspace), parse_private(given))
        if on:
            switch_private(actor(workspace), reply.id, True, tried=mark_of(reply.wanted, reply.said, reply.limits))
    return reply


def say(text: str, who: str = "mari", nr: int = 1, *, at: datetime | None = None, **more: Any) -> Incoming:
    """A comment below the post; `us` is the account itself."""
    author = Author(who, f"@{who}", who.title() + " Tamm", is_us=who == "us")
    moment = at or clock.now() + timedelta(milliseconds=nr)
    return Incoming(f"c{nr}", "comment", author, moment, text, **{"thread": f"c{nr}", "publication": "post1", **more})


def write(text: str, who: str = "mari", nr: int = 1, **more: Any) -> Incoming:
    """A direct message."""
    author = Author(who, f"@{who}", who.title() + " Tamm", is_us=who == "us")
    at = clock.now() + timedelta(milliseconds=nr)
    return Incoming(f"d{nr}", "direct", author, at, text, thread=f"dialogue-{more.pop('of', who)}", **more)


def take(workspace: Workspace, channel: Channel, *said: Incoming, stream: str = "comments") -> list[UUID]:
    """As a worker takes in a page; gives the ids of the messages that there are of it."""
    with workspace_scope(workspace.id):
        assert lock(Channel.objects.filter(id=channel.id)).first() is not None
        take_in(channel.id, stream, said)
        rows = Message.objects.filter(channel=channel, remote_id__in=[each.id for each in said])
        return list(rows.values_list("id", flat=True))


def lines(workspace: Workspace) -> list[tuple[str, str, str]]:
    """Who was planned for, how that stands, and why."""
    with workspace_scope(workspace.id):
        rows = PrivateSending.objects.select_related("handle").order_by("handle__remote_id", "at", "id")
        return [(row.handle.remote_id, row.state, (row.problem or {}).get("code", "")) for row in rows]


def deliveries(workspace: Workspace) -> Sequence[Delivery]:
    """All of the outbox that private replies have, in the order in which they are due."""
    with workspace_scope(workspace.id):
        return list(Delivery.objects.filter(source_kind="private").order_by("due_at", "id"))
