"""`kaja crisis`: begin, pause what is scheduled, say what was approved, write down what was decided, end."""

import sys
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from kaja.cli.bodies import fill_body
from kaja.cli.context import entered, json_option, person_option, print_json, workspace_option
from kaja.cli.failures import BadSetting, CommandFailed
from kaja.cli.moments import parse_time
from kaja.cli.post import find_channels

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from kaja.api.crises import PauseIn
    from kaja.workspaces.actor import Actor

VERDICTS = ("resume", "keep", "delete")


@click.group()
def crisis() -> None:
    """Crisis mode: pause, statements, decisions, review."""


def _filter_options(command: "Callable[..., None]") -> "Callable[..., None]":
    command = click.option("--campaign", "campaigns", multiple=True, help="By name; without one: all.")(command)
    command = click.option("--label", "labels", multiple=True, help="Without one: all.")(command)
    return click.option("--channel", "-c", "channels", multiple=True, help="Id, name or handle; without one: all.")(
        command
    )


def _print(shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    until = f" – {shown['ended_at'][:16]}" if shown["ended_at"] else " – lasts"
    click.echo(f"{shown['id']}  {shown['began_at'][:16]}{until}  {shown['name']}")
    if "figures" not in shown:
        return
    figures = shown["figures"]
    click.echo(
        f"    {figures['conversations']} conversations of {figures['people']} people, {figures['answered']} answered, "
        f"{figures['waiting']} wait; posts: "
        + (", ".join(f"{number} {outcome}" for outcome, number in figures["posts"].items()) or "none")
    )
    click.echo(f"    Approve: {', '.join(each['name'] for each in shown['approvers']) or '–'}")
    for each in shown["statements"]:
        stands = f"approved by {each['approved_by']}" if each["approved_at"] else "draft"
        click.echo(f"    {each['id']}  version {each['version']}  {each['title']}  ({stands})")


def _current() -> "UUID":
    from kaja.crisis.queries import find_current

    if (row := find_current()) is None:
        raise CommandFailed("No crisis lasts. Begin one with `kaja crisis start --name …`, or see `kaja crisis list`.")
    return row.id


@crisis.command("list")
@workspace_option
@person_option
@json_option
def show_all(slug: str, email: str, as_json: bool) -> None:
    """All of them, the newest first."""
    with entered(slug, email):
        from kaja.api.crises import render_short_crisis
        from kaja.crisis.queries import page_crises

        shown = [render_short_crisis(row).model_dump(mode="json") for row in page_crises(limit=200).rows]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        _print(each, as_json=False)


@crisis.command("show")
@workspace_option
@person_option
@click.argument("crisis_id", type=click.UUID, required=False)
@json_option
def show(slug: str, email: str, crisis_id: "UUID | None", as_json: bool) -> None:
    """The one that lasts, or another; after its end this is the review."""
    with entered(slug, email):
        from kaja.api.routers.crises import render_crisis

        shown = render_crisis(crisis_id or _current()).model_dump(mode="json")
    _print(shown, as_json)


def _count(
    actor: "Actor", channels: tuple[str, ...], labels: tuple[str, ...], campaigns: tuple[str, ...]
) -> "tuple[PauseIn, dict[str, Any]]":
    """The filter, and what it finds."""
    from kaja.api.crises import PauseIn
    from kaja.api.routers.crises import render_planned
    from kaja.publishing.choices import list_choices

    known = {each.name: each.value for each in list_choices().campaign}
    if unknown := [each for each in campaigns if each not in known]:
        raise CommandFailed(f"“{unknown[0]}” is not a campaign of this workspace.")
    chosen = [known[each] for each in campaigns]
    wanted = fill_body(PauseIn, channels=find_channels(channels), labels=list(labels), campaigns=chosen, seen="")
    found = render_planned(actor, wanted.give()).model_dump(mode="json")
    return wanted.model_copy(update={"seen": found["seen"]}), found


def _print_planned(found: dict[str, Any]) -> None:
    for post in found["posts"]:
        click.echo(f"    {post['id']}  {(post['due_at'] or '–')[:16]}  {post['summary']}", err=True)
    more = f", {found['begun']} of which have begun to go out and cannot be stopped" if found["begun"] else ""
    click.echo(f"{found['count']} scheduled posts{more}.", err=True)


@crisis.command("preview")
@workspace_option
@person_option
@_filter_options
@json_option
def preview(
    slug: str,
    email: str,
    channels: tuple[str, ...],
    labels: tuple[str, ...],
    campaigns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Count what pausing would stop. Changes nothing."""
    with entered(slug, email) as (_, actor):
        found = _count(actor, channels, labels, campaigns)[1]
    print_json(found) if as_json else _print_planned(found)


@crisis.command("start")
@workspace_option
@person_option
@click.option("--name", required=True, help="What happened, in a few words: everybody sees it.")
@click.option("--why", default="", help="For the log.")
@click.option("--alarm", type=click.UUID, default=None, help="The alarm because of which it begins.")
@click.option("--key", type=click.UUID, default=None, help="A UUIDv7: with the same one it begins once.")
@json_option
def start(slug: str, email: str, name: str, why: str, alarm: "UUID | None", key: "UUID | None", as_json: bool) -> None:
    """Begin. Rules do nothing in public from now on; `pause` stops what is scheduled."""
    with entered(slug, email) as (_, actor):
        from kaja.api.crises import CrisisIn
        from kaja.api.routers.crises import start as begin

        body = fill_body(CrisisIn, id=key, name=name, why=why, alarm=alarm)
        shown = begin(actor, body).model_dump(mode="json")
    _print(shown, as_json)


@crisis.command("pause")
@workspace_option
@person_option
@_filter_options
@click.option("--yes", is_flag=True, help="Without asking.")
@json_option
def pause(
    slug: str,
    email: str,
    channels: tuple[str, ...],
    labels: tuple[str, ...],
    campaigns: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """Show what would be paused, ask, and pause it."""
    with entered(slug, email) as (_, actor):
        wanted, found = _count(actor, channels, labels, campaigns)
    if not yes:
        _print_planned(found)
        click.confirm("Pause them?", abort=True, err=True)
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.crises import pause as stop

        shown = stop(actor, _current(), wanted).model_dump(mode="json")
    print_json(shown) if as_json else click.echo(f"{shown['paused']} paused, {shown['begun']} had begun to go out.")


@crisis.command("write")
@workspace_option
@person_option
@click.option("--title", required=True)
@click.option("--text", "texts", multiple=True, required=True, help="en=…, ru=…; repeat for several languages.")
@click.option("--statement", type=click.UUID, default=None, help="Write this one anew; it is a draft again.")
@json_option
def write(slug: str, email: str, title: str, texts: tuple[str, ...], statement: "UUID | None", as_json: bool) -> None:
    """A statement, as a draft: it is offered once somebody who was named approves it."""
    if wrong := [each for each in texts if "=" not in each]:
        raise BadSetting(f"“{wrong[0]}” names no language: give --text en=….")
    with entered(slug, email) as (_, actor):
        from kaja.api.crises import StatementIn, render_statement
        from kaja.crisis.actions import write_statement

        body = fill_body(StatementIn, title=title, texts=dict(each.split("=", 1) for each in texts))
        row = write_statement(actor, _current(), body.title, body.give(), statement_id=statement)
        shown = render_statement(row).model_dump(mode="json")
    print_json(shown) if as_json else click.echo(f"{shown['id']}  version {shown['version']}  {shown['title']}")


@crisis.command("approve")
@workspace_option
@person_option
@click.argument("statement_id", type=click.UUID)
@click.option("--version", type=click.IntRange(1), required=True, help="As it was read (see show).")
def approve(slug: str, email: str, statement_id: "UUID", version: int) -> None:
    """Offer a statement to everybody who writes. Only who was named may."""
    with entered(slug, email) as (_, actor):
        from kaja.crisis.actions import approve_statement

        approve_statement(actor, _current(), statement_id, version)
    click.echo("Approved.")


@crisis.command("withdraw")
@workspace_option
@person_option
@click.argument("statement_id", type=click.UUID)
def withdraw(slug: str, email: str, statement_id: "UUID") -> None:
    """Offer it no more; what was sent of it stays."""
    with entered(slug, email) as (_, actor):
        from kaja.crisis.actions import withdraw_approval

        withdraw_approval(actor, _current(), statement_id)
    click.echo("Withdrawn.")


@crisis.command("decide")
@workspace_option
@person_option
@click.option("--text", required=True, help="What was decided; “-” reads it from standard input.")
@json_option
def decide(slug: str, email: str, text: str, as_json: bool) -> None:
    """Write a decision into the log, with its moment and your name."""
    words = sys.stdin.read() if text == "-" else text
    with entered(slug, email) as (_, actor):
        from kaja.api.crises import DecisionIn, render_crisis_line
        from kaja.crisis.actions import record_decision

        body = fill_body(DecisionIn, text=words)
        shown = render_crisis_line(record_decision(actor, _current(), body.text)).model_dump(mode="json")
    print_json(shown) if as_json else _print_line(shown)


def _print_line(shown: dict[str, Any]) -> None:
    click.echo(f"{shown['at'][:16]}  {shown['name']}  {shown['what']}  {shown['text']}")


@crisis.command("log")
@workspace_option
@person_option
@click.argument("crisis_id", type=click.UUID, required=False)
@json_option
def show_log(slug: str, email: str, crisis_id: "UUID | None", as_json: bool) -> None:
    """Who decided what, in the order of time."""
    with entered(slug, email):
        from kaja.api.crises import render_crisis_line
        from kaja.crisis.queries import get_crisis, list_lines

        rows = list_lines(get_crisis(crisis_id or _current()))
        shown = [render_crisis_line(row).model_dump(mode="json") for row in rows]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        _print_line(each)


@crisis.command("end")
@workspace_option
@person_option
@click.option("--posts", "usual", type=click.Choice(VERDICTS), default="keep", show_default=True)
@click.option("--own", multiple=True, help="POST=resume, =keep, =delete or =2026-12-01T09:00; repeat for several.")
@click.option("--lesson", default="", help="What was learnt.")
@json_option
def end(slug: str, email: str, usual: str, own: tuple[str, ...], lesson: str, as_json: bool) -> None:
    """End it, with what becomes of the paused posts, all of it or nothing; prints the review."""
    with entered(slug, email) as (workspace, actor):
        from kaja.api.crises import EndIn
        from kaja.api.routers.crises import end as finish

        choices: dict[str, dict[str, Any]] = {}
        for each in own:
            post, _, what = each.partition("=")
            at = None if what in VERDICTS else parse_time(what, ZoneInfo(workspace.time_zone))
            choices[post] = {"verdict": what, "at": None} if at is None else {"verdict": "resume", "at": at}
        body = fill_body(EndIn, usual=usual, own=choices, lesson=lesson)
        shown = finish(actor, _current(), body).model_dump(mode="json")
    _print(shown, as_json)
