"""`kaja inbox`: read and work conversations from a script."""

import sys
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import click

from kaja.cli.bodies import fill_body
from kaja.cli.context import entered, json_option, person_option, print_json, workspace_option
from kaja.cli.failures import CommandFailed
from kaja.cli.moments import parse_time
from kaja.cli.post import find_channels

if TYPE_CHECKING:
    from uuid import UUID

TO_DO = ("new", "open")
PRIORITIES = {"low": -1, "normal": 0, "high": 1, "urgent": 2}


@click.group()
def inbox() -> None:
    """The inbox: list, read, answer, settle."""


def _print_line(shown: dict[str, Any]) -> None:
    author = shown["author"] or {}
    who = author.get("handle") or author.get("name") or "–"
    whose = (shown["assignee"] or {}).get("name") or "–"
    due = "".join(f"  due {each['at'][:16]} ({each['what']})" for each in shown["due"][:1])
    click.echo(f"{shown['id']}  {shown['state']:<7}  {shown['last_at'][:16]}  {who}  {whose}{due}  {shown['excerpt']}")


@inbox.command("list")
@workspace_option
@person_option
@click.option("--state", "states", multiple=True, type=click.Choice(["new", "open", "waiting", "done", "spam"]))
@click.option("--all", "everything", is_flag=True, help="Whatever their state; what is new or open otherwise.")
@click.option("--channel", "-c", "channels", multiple=True, help="Id, name or handle; repeat for several.")
@click.option("--mine", is_flag=True, help="Only what is given to the person who asks.")
@click.option("--label", "labels", multiple=True)
@click.option("--due", type=click.Choice(["late", "hour", "day"]), help="Late, or due within an hour or a day.")
@click.option("--due-first", is_flag=True, help="In the order of what is due first.")
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
    due: Literal["late", "hour", "day"] | None,
    due_first: bool,
    text: str,
    limit: int,
    as_json: bool,
) -> None:
    """Conversations, by their newest message or by what is due first."""
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_page
        from kaja.inbox.queries import Filters

        filters = Filters(
            states=frozenset(() if everything else states or TO_DO),
            channel_ids=frozenset(find_channels(channels)),
            assignee="me" if mine else None,
            labels=frozenset(labels),
            due=due or "",
            due_first=due_first,
            text=text,
        )
        shown = render_page(actor, filters, limit=limit).model_dump(mode="json")["items"]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        _print_line(each)


@inbox.command("activity")
@workspace_option
@person_option
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["like", "repost", "quote", "follow"]))
@click.option("--channel", "-c", "channels", multiple=True, help="Id, name or handle; repeat for several.")
@click.option("--post", "post_id", type=click.UUID, help="Only around this post.")
@click.option("--there", is_flag=True, help="Without what was taken back.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", default="", help="Where the page before ended (`next_cursor`).")
@json_option
def show_activity(
    slug: str,
    email: str,
    kinds: tuple[str, ...],
    channels: tuple[str, ...],
    post_id: "UUID | None",
    there: bool,
    limit: int,
    cursor: str,
    as_json: bool,
) -> None:
    """Who likes, shares, quotes and follows, the newest first."""
    with entered(slug, email):
        from kaja.api.routers.reactions import render_reactions
        from kaja.inbox.reactions.queries import ReactionFilters

        filters = ReactionFilters(frozenset(kinds), frozenset(find_channels(channels)), post_id, there=there)
        shown = render_reactions(filters, cursor, limit).model_dump(mode="json")
    if as_json:
        print_json(shown)
        return
    for each in shown["items"]:
        who = each["author"]["handle"] or each["author"]["name"] or "–"
        gone = "  taken back" if each["taken_back_at"] else ""
        click.echo(f"{each['at'][:16]}  {each['kind']:<6}  {who}  {each['post_ref'] or '–'}{gone}")


@inbox.command("show")
@workspace_option
@person_option
@click.argument("conversation_id", type=click.UUID)
@json_option
def show(slug: str, email: str, conversation_id: "UUID", as_json: bool) -> None:
    """One conversation with its newest messages."""
    with entered(slug, email):
        from kaja.api.routers.inbox import render_conversation

        shown = render_conversation(conversation_id).model_dump(mode="json")
    if as_json:
        print_json(shown)
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
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_message
        from kaja.inbox import answering
        from kaja.kernel.ids import new_id

        made = answering.reply(actor, conversation_id, words, key=key or new_id(), to=to, seen=seen)
        shown = render_message(made.id).model_dump(mode="json")
    print_json(shown) if as_json else _print_message(shown)


@inbox.command("take-back")
@workspace_option
@person_option
@click.argument("message_id", type=click.UUID)
@json_option
def take_back(slug: str, email: str, message_id: "UUID", as_json: bool) -> None:
    """Not to send an answer after all."""
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_message
        from kaja.inbox import answering

        shown = render_message(answering.take_back(actor, message_id).id).model_dump(mode="json")
    print_json(shown) if as_json else _print_message(shown)


@inbox.command("note")
@workspace_option
@person_option
@click.argument("conversation_id", type=click.UUID)
@click.option("--text", required=True, help="The note; “-” reads it from standard input.")
@json_option
def note(slug: str, email: str, conversation_id: "UUID", text: str, as_json: bool) -> None:
    """Write a note, which nobody outside sees."""
    words = sys.stdin.read() if text == "-" else text
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_message
        from kaja.inbox.actions import add_note

        shown = render_message(add_note(actor, conversation_id, words).id).model_dump(mode="json")
    print_json(shown) if as_json else _print_message(shown)


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
    with entered(slug, email) as (workspace, actor):
        from kaja.api.conversations import ManyStepsIn
        from kaja.api.routers.inbox import render_steps, work

        zone = ZoneInfo(workspace.time_zone)
        for name in ("snooze_until", "remind_at"):
            if name in given:
                given[name] = None if given[name] == "off" else parse_time(given[name], zone)
        if "assignee" in given:
            given["assignee"] = _find_member(given["assignee"])
        step = fill_body(ManyStepsIn, conversations=list(ids), **given)
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
        print_json(shown)
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
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.inbox import render_steps, undo_known

        shown = render_steps([undo_known(actor, list(event_ids))]).model_dump(mode="json")
    _print_done(shown, as_json)


@inbox.command("targets")
@workspace_option
@person_option
@json_option
def show_targets(slug: str, email: str, as_json: bool) -> None:
    """How soon answers are promised, in order: the first that fits a conversation counts."""
    with entered(slug, email):
        from kaja.api.routers.desk import render_targets

        shown = [each.model_dump(mode="json") for each in render_targets()]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        soon = [f"{what} {each[f'{what}_minutes'] or '–'}" for what in ("first", "next", "resolution")]
        click.echo(f"{each['id']}  {each['name']}  {', '.join(soon)} min")


@inbox.command("rules")
@workspace_option
@person_option
@json_option
def show_rules(slug: str, email: str, as_json: bool) -> None:
    """The rules in order, and how often each was for a message in the last 30 days."""
    with entered(slug, email):
        from kaja.api.routers.desk import render_rules

        shown = [each.model_dump(mode="json") for each in render_rules()]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        click.echo(f"{each['id']}  {'on ' if each['on_since'] else 'off'}  {each['hits']:>5}  {each['name']}")


@inbox.command("quality")
@workspace_option
@person_option
@click.option("--weeks", type=click.IntRange(1, 52), default=13, show_default=True)
@json_option
def show_quality(slug: str, email: str, weeks: int, as_json: bool) -> None:
    """What the ratings of answers say, together and by member."""
    with entered(slug, email) as (workspace, _):
        from kaja.api.routers.desk import render_quality

        shown = render_quality(ZoneInfo(workspace.time_zone), weeks).model_dump(mode="json")
    if as_json:
        print_json(shown)
        return
    for name, each in [("all", shown["whole"]), *((each["member"] or "–", each) for each in shown["members"])]:
        said = ", ".join(f"{aspect} {_percent(each[aspect]['value'])}" for aspect in ("correct", "tone", "solved"))
        click.echo(f"{name}  rated {each['rated']} of {each['drawn']}  {said}")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{round(100 * share)} %"
