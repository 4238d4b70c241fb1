"""A workspace in which everybody writes, and is called, what is given; and every page that shows something of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import resolve

from kaja.channels.models import Channel
from kaja.inbox.actions import add_note
from kaja.inbox.models import Alarm, Conversation, Direction, Handle, Message
from kaja.inbox.rules.actions import apply_rules, create_rule, parse_rule
from kaja.inbox.rules.models import Rule
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.reading import Author, Incoming, RemoteMedia
from kaja.reading.streams import take_in
from kaja.workspaces.models import Role, Workspace
from tests.people import actor, add_member, browser
from tests.web.inbox.hostile import stored_text
from tests.web.inbox.hostile_beside import fill_beside, list_beside

SCRIPT: dict[str, Any] = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}
IN_A_THREAD = 99
AT = datetime(2026, 11, 1, tzinfo=UTC)


def incoming(number: int, text: str, thread: str) -> Incoming:
    """The text in every field of something that is read."""
    short = text[:1500]
    author = Author(f"{number} {short}"[:480], short, short, url=short, avatar=short)
    media = (RemoteMedia("image", short, short, short), RemoteMedia("video", short, "", short))
    return Incoming(
        f"{thread[:9]} {number} {short}", "comment", author, AT + timedelta(minutes=number), text, thread=thread,
        post_url=short, url=short, language=short, media=media if number % 3 else (), data={"x": short},
        more={short: text}, publication=f"p {thread}",
    )  # fmt: skip


class World:
    """In threads of 99, and each once more in a conversation of its own, where every fifth was edited."""

    def __init__(self, workspace: Workspace, texts: Sequence[str]) -> None:
        self.workspace, self.texts = workspace, texts
        self.client = browser(workspace)
        self.desk = f"/w/{workspace.slug}/inbox/"
        self.liis = f"liis@{workspace.slug}.test"
        add_member(workspace, self.liis, Role.COMMUNITY_MANAGER, "Liis")
        with workspace_scope(workspace.id):
            self.long = Channel.objects.create(network="practice", account_id="1", name="Bakery")
            self.single = Channel.objects.create(network="practice", account_id="2", name="Café")
            for first in range(0, len(texts), IN_A_THREAD):
                some = list(enumerate(texts[first : first + IN_A_THREAD], first))
                take_in(self.long.id, "comments", [incoming(nr, text, f"t{first}") for nr, text in some])
                take_in(self.single.id, "comments", [self._alone(nr) for nr, _ in some])
            take_in(self.single.id, "comments", [self._edited(nr) for nr in range(0, len(texts), 5)])
            self.threads = list(Conversation.objects.filter(channel=self.long).order_by("first_in_at", "id"))
            came = Message.objects.filter(channel=self.single, direction=Direction.IN).order_by("at", "id")
            self.singles: list[tuple[UUID, UUID]] = list(came.values_list("id", "conversation_id"))
        self._write_notes()
        self._make_rules()
        self.beside = fill_beside(self)
        self.walked: set[str] = set()
        """Names of the addresses whose pages were asked for."""

    def _alone(self, number: int) -> Incoming:
        return incoming(number, self.texts[number], f"{number} {self.texts[number][:450]}")

    def _edited(self, number: int) -> Incoming:
        said = self._alone(number)
        return replace(said, text=self.words_of(number), state="edited", edited_at=AT + timedelta(days=20))

    def words_of(self, number: int) -> str:
        """What the message in its own conversation says now."""
        return self.texts[number] if number % 5 else f"Now {self.texts[number]}"

    def _write_notes(self) -> None:
        """In a thread of their own; every tenth names the curator, who is told."""
        liis = actor(self.workspace, self.liis)
        with workspace_scope(self.workspace.id):
            self.notes = Conversation.objects.create(channel=self.long, thread="notes", kind="comments", last_at=now())
            # As a form gives them: no browser sends half of a surrogate pair.
            fitting = [text for text in map(stored_text, self.texts[::9]) if 0 < len(text.strip()) < 9_000]
            self.noted = [f"@owner {text}" if nr % 10 == 7 else text for nr, text in enumerate(fitting[:90])]
            for text in self.noted:
                add_note(liis, self.notes.id, text)

    def _make_rules(self) -> None:
        """One that was for everything, one that told of the first sixty; and an alarm of the first hundred."""
        when, moment = {"channel_ids": [str(self.single.id)]}, now()
        with workspace_scope(self.workspace.id):
            me = actor(self.workspace)
            self.rule = create_rule(me, parse_rule({"name": "All", "when": when, "then": {"priority": 1}}))
            Rule.objects.update(on_since=AT)  # as if it had been on when they came
            for first in range(0, len(self.singles), 200):
                apply_rules([message for message, _ in self.singles[first : first + 200]])
            Rule.objects.update(on_since=None)
            told = create_rule(me, parse_rule({"name": "Tell", "when": when, "then": {"notify": True}}))
            Rule.objects.filter(id=told.id).update(on_since=AT)
            apply_rules([message for message, _ in self.singles[:60]])
            self.alarm = Alarm.objects.create(
                kind="volume", began_at=moment, last_at=moment, count=5, channel=self.single,
                messages=[str(message) for message, _ in self.singles[:100]],
            )  # fmt: skip

    def get(self, address: str, sent: dict[str, str] | None = None, **more: Any) -> str:
        answer = self.client.get(address, sent, **more)
        self.walked.add(resolve(address.partition("?")[0]).view_name)
        assert answer.status_code == 200, (address, sent, answer.status_code)
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy, policy
        return str(answer.content.decode())

    def walk(self, address: str) -> list[str]:
        """A list from its first page to its last."""
        pages, base = [self.get(address)], address.partition("?")[0]
        while following := re.search(r'<a class="button button-small" href="([^"]*)" rel="next"', pages[-1]):
            found = following[1].replace("&amp;", "&")
            pages.append(self.get(base + found if found.startswith("?") else found))
            assert len(pages) < 200, "the list does not end"
        return pages

    def list_pages(self) -> dict[str, list[str]]:
        """Every page that shows something of somebody outside, by what it is."""
        some = [talk for _, talk in self.singles[:: max(1, len(self.singles) // 12)]]
        with workspace_scope(self.workspace.id):
            known = list(Handle.objects.order_by("first_at", "id").values_list("person_id", flat=True))
        people = known[:: max(1, len(known) // 12)]
        ids = ",".join(map(str, some))
        period = "by=all&measure=first&from=2026-10-01&to=2026-12-30"
        return {
            "thread": [self.get(f"{self.desk}{each.id}/?view=all") for each in self.threads],
            "notes": [self.get(f"{self.desk}{self.notes.id}/?view=all")],
            "opened": [self.get(f"{self.desk}{each}/?view=all", **SCRIPT) for each in some],
            "about": [self.get(f"{self.desk}{each}/about", **SCRIPT) for each in some],
            "live": [self.get(f"{self.desk}rows?view=all&ids={ids}", **SCRIPT)],
            "list": self.walk(f"{self.desk}?view=all&channel={self.single.id}"),
            "people": self.walk(f"{self.desk}people/"),
            "person": [self.get(f"{self.desk}people/{each}/") for each in people],
            "log": self.walk(f"{self.desk}rules/log/"),
            "trial": [self.get(f"{self.desk}rules/{self.rule.id}/"), self.get(f"{self.desk}rules/")],
            "alarm": [self.get(f"{self.desk}alarms/"), self.get(f"{self.desk}alarms/{self.alarm.id}/")],
            "report": [self.get(f"{self.desk}report/")],
            "asked": self.walk(f"{self.desk}report/conversations?{period}"),
            "needs you": self.walk(f"/w/{self.workspace.slug}/needs-you/"),
            "audit": [self.get(f"/w/{self.workspace.slug}/settings/audit/")],
            "messages": [self.get(f"{self.desk}{self.threads[0].id}/messages", **SCRIPT)],
            **dict(list_beside(self)),
            "search": list(self._search()),
        }

    def _search(self) -> Iterator[str]:
        """By the text, on a channel that the network calls so, too."""
        for text in self.texts[:: max(1, len(self.texts) // 15)]:
            clean = stored_text(text)
            with workspace_scope(self.workspace.id):
                Channel.objects.filter(id=self.single.id).update(name=clean[:100], handle=clean[:100])
            for address in (self.desk, f"{self.desk}people/"):
                yield self.get(address, {"q": clean[:190], "view": "all"})
