"""`kaja post`: write, plan and watch posts from a script."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from kaja.cli.context import acting, json_option, person_option, workspace_option
from kaja.cli.failures import CommandFailed
from kaja.cli.moments import parse_time

if TYPE_CHECKING:
    from uuid import UUID

    from kaja.workspaces.actor import Actor
    from kaja.workspaces.models import Workspace


@click.group()
def post() -> None:
    """Posts: write, plan, watch."""


def find_channels(wanted: tuple[str, ...]) -> "list[UUID]":
    """Channels by id, name or handle."""
    from kaja.channels.queries import list_channels

    rows = list(list_channels())
    found = []
    for each in wanted:
        matches = [row for row in rows if each in {str(row.id), row.name, row.handle, row.handle.lstrip("@")}]
        if len(matches) != 1:
            known = ", ".join(sorted(row.name for row in rows)) or "none; connect one with `kaja channel connect`"
            trouble = "is not a channel of this workspace" if not matches else "is the name of several channels"
            raise CommandFailed(f"“{each}” {trouble}. Channels: {known}.")
        found.append(matches[0].id)
    return found


def _upload(actor: "Actor", workspace: "Workspace", files: tuple[Path, ...], alts: tuple[str, ...]) -> list[Any]:
    from kaja.media.item import MediaItem
    from kaja.media.upload import upload_asset

    items = []
    for number, path in enumerate(files):
        alt = alts[number] if number < len(alts) else ""
        with path.open("rb") as file:
            asset = upload_asset(actor, workspace.id, file, path.name, path.stat().st_size, alt)
        items.append(MediaItem(asset=asset.id, alt=alt))
    return items


@post.command("create")
@workspace_option
@person_option
@click.option("--channel", "-c", "channels", multiple=True, help="Id, name or handle; repeat for several.")
@click.option("--text", required=True, help="The text; “-” reads it from standard input.")
@click.option("--title", default="", help="For networks whose posts have one.")
@click.option("--media", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--alt", "alts", multiple=True, help="The description of each --media, in order.")
@click.option("--at", "when", default="", help="ISO time (of the workspace without an offset), “now” or “next-slot”.")
@json_option
def create(
    slug: str,
    email: str,
    channels: tuple[str, ...],
    text: str,
    title: str,
    files: tuple[Path, ...],
    alts: tuple[str, ...],
    when: str,
    as_json: bool,
) -> None:
    """Write a post; with --at, plan it. Without --at it stays a draft."""
    words = sys.stdin.read() if text == "-" else text
    with acting(slug, email) as (workspace, actor):
        from kaja.kernel.tenancy import workspace_scope

        with workspace_scope(workspace.id):
            ids = find_channels(channels)
        media = tuple(_upload(actor, workspace, files, alts))
        with workspace_scope(workspace.id):
            shown = _create(workspace, actor, ids, words, title, media, when)
    _print(shown, as_json)


def _create(
    workspace: "Workspace",
    actor: "Actor",
    ids: "list[UUID]",
    text: str,
    title: str,
    media: tuple[Any, ...],
    when: str,
) -> dict[str, Any]:
    from kaja.channels.models import Channel
    from kaja.content.actions import create_post
    from kaja.content.document import Document, PartDocument
    from kaja.content.plan.slots import find_free_slot
    from kaja.kernel import clock
    from kaja.networks.registry import get_connector
    from kaja.publishing.actions import publish_now, schedule_post

    zone = ZoneInfo(workspace.time_zone)
    options: dict[UUID, dict[str, str]] = {}
    if title:
        for row in Channel.objects.filter(id__in=ids):
            if any(option.name == "title" for option in get_connector(row.network).info.options):
                options[row.id] = {"title": title}
    made = create_post(actor, Document(parts=(PartDocument(text=text, media=media),)), ids, options=options)
    if when and not ids:
        raise CommandFailed("A post needs a channel before it can be planned: give --channel.")
    if when == "now":
        publish_now(actor, made)
    elif when == "next-slot":
        slot = find_free_slot(ids, clock.now(), zone)
        if slot is None:
            raise CommandFailed("These channels have no free slot within a year; add slots, or give a time.")
        schedule_post(actor, made, slot.instant)
    elif when:
        schedule_post(actor, made, parse_time(when, zone))
    return _shown(made.id)


def _shown(post_id: "UUID") -> dict[str, Any]:
    """The post as the API shows it."""
    from kaja.api.routers.posts import render_one

    return render_one(post_id).model_dump(mode="json")


def _print(shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    click.echo(f"{shown['id']}  {shown['standing']:<9}  {shown['due_at'] or '–'}  {shown['summary']}")
    for delivery in shown["deliveries"]:
        end = delivery["remote_url"] or (delivery["problem"] or {}).get("message", "")
        mark = "  needs you" if delivery["needs_person"] else ""
        click.echo(f"    {delivery['kind']:<12}  {delivery['state']:<10}  {end}{mark}")


@post.command("list")
@workspace_option
@person_option
@click.option("--state", type=click.Choice(["idea", "draft", "scheduled"]))
@click.option("--search", "text", default="")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@json_option
def show_all(slug: str, email: str, state: str | None, text: str, limit: int, as_json: bool) -> None:
    """Posts, newest first."""
    with acting(slug, email) as (workspace, _):
        from kaja.api.render import render_posts
        from kaja.content.queries import PostFilter, list_posts
        from kaja.kernel.tenancy import workspace_scope

        with workspace_scope(workspace.id):
            page = list_posts(PostFilter(states=(state,) if state else (), text=text), limit=limit)
            shown = [each.model_dump(mode="json") for each in render_posts(page.rows)]
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for each in shown:
        _print(each, as_json=False)


@post.command("show")
@workspace_option
@person_option
@click.argument("post_id", type=click.UUID)
@json_option
def show(slug: str, email: str, post_id: "UUID", as_json: bool) -> None:
    """One post, and where each of its deliveries stands."""
    with acting(slug, email) as (workspace, _):
        from kaja.kernel.tenancy import workspace_scope

        with workspace_scope(workspace.id):
            shown = _shown(post_id)
    _print(shown, as_json)
