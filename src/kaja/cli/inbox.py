"""`kaja inbox`: read and work conversations from a script."""

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from kaja.cli.context import acting, json_option, person_option, workspace_option
from kaja.cli.failures import BadSetting, CommandFailed
from kaja.cli.moments import parse_time
from kaja.cli.post import find_channels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from kaja.workspaces.actor import Actor
    from kaja.workspaces.models import Workspace

TO_DO = ("new", "open")
PRIORITIES = {"low": -1, "normal": 0, "high": 1, "urgent": 2}


@click.group()
def inbox() -> None:
    """The inbox: list, read, answer, settle."""


@contextmanager
def _entered(slug: str, email: str) -> "Iterator[tuple[Workspace, Actor]]":
    with acting(slug, email) as (workspace, actor):
        from django.db import transaction

        from kaja.kernel.tenancy import workspace_scope

        with workspace_scope(workspace.id), transaction.atomic():
            yield workspace, actor


def _print_json(shown: Any) -> None:
    click.echo(json.dumps(shown, ensure_ascii=False))


def _print_line(shown: dict[str, Any]) -> None:
    author = shown["author"] or {}
    who = author.get("handle") or author.get("name") or "–"
    whose = (shown["assignee"] or {}).get("name") or "–"
    click.echo(f"{shown['id']}  {shown['state']:<7}  {shown['last_at'][:16]}  {who}  {whose}  {shown['excerpt']}")


@inbox.command("list")
@workspace_option
@person_option
@click.option("--state", "states", multiple=True, type=click.Choice(["new", "open", "waiting", "done", "spam"]))
@click.option("--all", "everything", is_flag=True, help="Whatever their state; what is new or open otherwise.")
@click.option("--channel", "-c", "channels", multiple=True, help="Id, name or handle; repeat for several.")
@click.option("--mine", is_flag=True, help="Only what is given to the person who asks.")
@click.option("--label", "labels", multiple=True)
@click.option("--search", "text", default="")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@json_option
def show_all(
    slug: str,
    email: str,
    states: tuple[str, ...],
    everything: bool,
    channels: tuple[str, ...],
    mine: bool,
    labels: tuple[str, ...],
    text: str,
    limit: int,
    as_json: bool,
) -> None:
    """Conversations, by their newest message."""
    with _entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_page
        from kaja.inbox.queries import Filters

        filters = Filters(
            states=frozenset(() if everything else states or TO_DO),
            channel_ids=frozenset(find_channels(channels)),
            assignee="me" if mine else None,
            labels=frozenset(labels),
            text=text,
        )
        shown = render_page(actor, filters, limit=limit).model_dump(mode="json")["items"]
    if as_json:
        _print_json(shown)
        return
    for each in shown:
        _print_line(each)


@inbox.command("show")
@workspace_option
@person_option
@click.argument("conversation_id", type=click.UUID)
@json_option
def show(slug: str, email: str, conversation_id: "UUID", as_json: bool) -> None:
    """One conversation with its newest messages."""
    with _entered(slug, email):
        from kaja.api.routers.inbox import render_conversation

        shown = render_conversation(conversation_id).model_dump(mode="json")
    if as_json:
        _print_json(shown)
        return
    _print_line(shown)
    for each in shown["said"]:
        _print_message(each)
    if not shown["answer"]["possible"]:
        click.echo(f"No answer: {shown['answer']['problem']['message']}")


def _print_message(shown: dict[str, Any]) -> None:
    who = (shown["author"] or {}).get("handle") or (shown["member"] or {}).get("name") or "–"
    stands = (shown["delivery"] or {}).get("state") or ("" if shown["state"] == "there" else shown["state"])
    mark = {"in": "<", "out": ">", "note": "#"}[shown["direction"]]
    click.echo(f"  {mark} {shown['at'][:16]}  {who}  {shown['text']}{f'  [{stands}]' if stands else ''}")
    click.echo(f"      {shown['id']}")


@inbox.command("reply")
@workspace_option
@person_option
@click.argument("conversation_id", type=click.UUID)
@click.option("--text", required=True, help="The answer; “-” reads it from standard input.")
@click.option("--to", type=click.UUID, default=None, help="A message other than their newest.")
@click.option("--key", type=click.UUID, default=None, help="A UUIDv7: with the same one it goes out once.")
@click.option("--seen", type=click.IntRange(0), default=None, help="Refuse when a colleague answered since (see show).")
@json_option
def reply(
    slug: str,
    email: str,
    conversation_id: "UUID",
    text: str,
    to: "UUID | None",
    key: "UUID | None",
    seen: int | None,
    as_json: bool,
) -> None:
    """Answer. It goes out after ten seconds; until then `take-back` stops it."""
    words = sys.stdin.read() if text == "-" else text
    with _entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_message
        from kaja.inbox import answering
        from kaja.kernel.ids import new_id

        made = answering.reply(actor, conversation_id, words, key=key or new_id(), to=to, seen=seen)
        shown = render_message(made.id).model_dump(mode="json")
    _print_json(shown) if as_json else _print_message(shown)


@inbox.command("take-back")
@workspace_option
@person_option
@click.argument("message_id", type=click.UUID)
@json_option
def take_back(slug: str, email: str, message_id: "UUID", as_json: bool) -> None:
    """Not to send an answer after all."""
    with _entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_message
        from kaja.inbox import answering

        shown = render_message(answering.take_back(actor, message_id).id).model_dump(mode="json")
    _print_json(shown) if as_json else _print_message(shown)


@inbox.command("note")
@workspace_option
@person_option
@click.argument("conversation_id", type=click.UUID)
@click.option("--text", required=True, help="The note; “-” reads it from standard input.")
@json_option
def note(slug: str, email: str, conversation_id: "UUID", text: str, as_json: bool) -> None:
    """Write a note, which nobody outside sees."""
    words = sys.stdin.read() if text == "-" else text
    with _entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_message
        from kaja.inbox.actions import add_note

        shown = render_message(add_note(actor, conversation_id, words).id).model_dump(mode="json")
    _print_json(shown) if as_json else _print_message(shown)


@inbox.command("done")
@workspace_option
@person_option
@click.argument("conversation_ids", type=click.UUID, nargs=-1, required=True)
@json_option
def settle(slug: str, email: str, conversation_ids: "tuple[UUID, ...]", as_json: bool) -> None:
    """Settle conversations; the same as `set --state done`."""
    _work(slug, email, conversation_ids, {"state": "done"}, as_json)


@inbox.command("set")
@workspace_option
@person_option
@click.argument("conversation_ids", type=click.UUID, nargs=-1, required=True)
@click.option("--state", type=click.Choice(["open", "waiting", "done", "spam"]))
@click.option("--assign", default=None, help="A member's address, “me”, or “nobody”.")
@click.option("--priority", type=click.Choice(list(PRIORITIES)))
@click.option("--label", "labels", multiple=True, help="Put it on; repeat for several.")
@click.option("--unlabel", multiple=True, help="Take it off.")
@click.option("--snooze", default=None, help="ISO time (of the workspace without an offset), or “off”.")
@click.option("--remind", default=None, help="The same: tells you then, unless they have answered.")
@json_option
def change(
    slug: str,
    email: str,
    conversation_ids: "tuple[UUID, ...]",
    state: str | None,
    assign: str | None,
    priority: str | None,
    labels: tuple[str, ...],
    unlabel: tuple[str, ...],
    snooze: str | None,
    remind: str | None,
    as_json: bool,
) -> None:
    """Do the same with one or many conversations, all of it or nothing."""
    given: dict[str, Any] = {"add_labels": list(labels), "remove_labels": list(unlabel)}
    for name, value in (("state", state), ("assignee", assign), ("snooze_until", snooze), ("remind_at", remind)):
        if value is not None:
            given[name] = value
    if priority is not None:
        given["priority"] = PRIORITIES[priority]
    _work(slug, email, conversation_ids, given, as_json)


def _work(slug: str, email: str, ids: "tuple[UUID, ...]", given: dict[str, Any], as_json: bool) -> None:
    with _entered(slug, email) as (workspace, actor):
        from pydantic import ValidationError

        from kaja.api.conversations import ManyStepsIn
        from kaja.api.routers.inbox import render_steps, work

        zone = ZoneInfo(workspace.time_zone)
        for name in ("snooze_until", "remind_at"):
            if name in given:
                given[name] = None if given[name] == "off" else parse_time(given[name], zone)
        if "assignee" in given:
            given["assignee"] = _find_member(given["assignee"])
        try:
            step = ManyStepsIn(conversations=list(ids), **given)
        except ValidationError as error:
            raise BadSetting("; ".join(each["msg"] for each in error.errors())) from None
        shown = render_steps(work(actor, step.conversations, step)).model_dump(mode="json")
    _print_done(shown, as_json)


def _find_member(whom: str) -> "UUID | str | None":
    from kaja.workspaces.models import Member

    if whom in ("me", "nobody"):
        return whom if whom == "me" else None
    found = Member.objects.filter(user__email=whom.lower()).first()
    if found is None:
        raise CommandFailed(f"{whom} does not belong to this workspace.")
    return found.user_id


def _print_done(shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(shown)
        return
    for each in shown["changed"]:
        click.echo(each)
    click.echo(
        f"To take it back: kaja inbox undo {' '.join(shown['events'])}" if shown["events"] else "Nothing changed."
    )


@inbox.command("undo")
@workspace_option
@person_option
@click.argument("event_ids", type=click.UUID, nargs=-1, required=True)
@json_option
def undo(slug: str, email: str, event_ids: "tuple[UUID, ...]", as_json: bool) -> None:
    """Take steps back, as far as nobody has changed the same since."""
    with _entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_steps, undo_known

        shown = render_steps([undo_known(actor, list(event_ids))]).model_dump(mode="json")
    _print_done(shown, as_json)
