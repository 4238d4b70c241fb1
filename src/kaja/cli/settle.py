"""`kaja settle`: what may have gone out without this database knowing, and one decision about it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from kaja.cli.application import application
from kaja.cli.context import json_option
from kaja.cli.failures import BadSetting

if TYPE_CHECKING:
    from kaja.workspaces.models import Workspace

CHOICES = click.Choice(["send", "skip"])


@click.command()
@click.option("--workspace", "-w", "slug", default="", help="Only this workspace; all held ones otherwise.")
@click.option("--missing", type=CHOICES, help="What is not on the network: send it now, or leave it out.")
@click.option("--unclear", type=CHOICES, help="What nobody can tell about: the same.")
@click.option("--later", default="", help="With “send”: at this time (2026-12-01T09:00+02:00) instead of now.")
@click.option("--look/--no-look", default=True, help="Ask the networks anew first.")
@json_option
def settle(slug: str, missing: str | None, unclear: str | None, later: str, look: bool, as_json: bool) -> None:
    """Show what was due and what the networks have of it; with --missing and --unclear, decide and go on sending.

    What was found for certain is marked as sent. Until this is done, nothing is sent.
    """
    at = _parse_time(later)
    if (missing is None) != (unclear is None):
        raise BadSetting("Give both --missing and --unclear: one decision settles everything.")
    shown: list[dict[str, Any]] = []
    with application(), _held(slug) as workspaces:
        for workspace in workspaces:
            if look:
                _look(workspace)
            shown.append(_show(workspace))
            if missing and unclear:
                shown[-1]["settled"] = _settle(workspace, missing, unclear, at)
    if as_json:
        click.echo(json.dumps(shown, indent=1))
        return
    if not shown:
        click.echo("Nothing is held: everything goes on.")
    for each in shown:
        _print(each)
    if shown and not missing:
        click.echo("\nNothing is sent until you decide: kaja settle --missing send|skip --unclear send|skip")


def _parse_time(later: str) -> datetime | None:
    if not later:
        return None
    try:
        at = datetime.fromisoformat(later)
    except ValueError as error:
        raise BadSetting(f"“{later}” is not a time like 2026-12-01T09:00+02:00.") from error
    if at.tzinfo is None:
        raise BadSetting("Give the time with its offset, like 2026-12-01T09:00+02:00.")
    return at


@contextmanager
def _held(slug: str) -> "Iterator[list[Workspace]]":
    from kaja.kernel.tenancy import SystemPurpose, system_scope
    from kaja.workspaces.models import Workspace

    with system_scope(SystemPurpose.MAINTENANCE):
        rows = Workspace.objects.filter(held_at__isnull=False).order_by("slug")
        found = list(rows.filter(slug=slug) if slug else rows)
    yield found


def _look(workspace: "Workspace") -> None:
    from kaja.channels.models import Channel
    from kaja.delivery.actions import look_at_channel
    from kaja.kernel.tenancy import workspace_scope

    with workspace_scope(workspace.id):
        ids = list(Channel.objects.values_list("id", flat=True))
    for channel_id in ids:
        look_at_channel(workspace.id, channel_id)


def _show(workspace: "Workspace") -> dict[str, Any]:
    from kaja.delivery.holds import list_strangers, list_unsettled
    from kaja.kernel.tenancy import workspace_scope

    with workspace_scope(workspace.id):
        due = [
            {
                "channel": str(each.delivery.channel),
                "post": each.subject.title[:80],
                "due_at": each.delivery.due_at.isoformat(),
                "verdict": each.verdict,
                "url": (each.post or {}).get("url", ""),
            }
            for each in list_unsettled(workspace)
        ]
        unknown = [
            {"channel": str(each.channel), "problem": (each.problem or {}).get("code", ""), "posts": each.strangers}
            for each in list_strangers()
        ]
    since = workspace.held_since.isoformat() if workspace.held_since else None
    about = {"workspace": workspace.slug, "reason": workspace.held_reason, "since": since}
    return {**about, "due": due, "unknown": unknown}


def _settle(workspace: "Workspace", missing: str, unclear: str, at: datetime | None) -> dict[str, int]:
    from kaja.delivery.actions import Settlement, settle_workspace
    from kaja.kernel.tenancy import workspace_scope
    from kaja.workspaces.actor import make_system_actor

    def choice(word: str) -> Any:
        return "later" if word == "send" and at is not None else word

    with workspace_scope(workspace.id):
        decision = Settlement(choice(missing), choice(unclear), at)
        return settle_workspace(make_system_actor("kaja settle"), decision)


WORDS = {"there": "stands there", "missing": "not there", "unclear": "nobody can tell"}


def _print(each: dict[str, Any]) -> None:
    click.echo(f"{each['workspace']}: held ({each['reason']}), settling what was due; memory ends {each['since']}")
    for row in each["due"]:
        click.echo(f"  {row['channel']:<20}  {row['due_at']}  {WORDS[row['verdict']]:<15}  {row['post']}  {row['url']}")
    if not each["due"]:
        click.echo("  Nothing was due.")
    for channel in each["unknown"]:
        if channel["problem"]:
            click.echo(f"  {channel['channel']}: could not be looked at ({channel['problem']})")
        for post in channel["posts"]:
            at, words = post["at"] or "?", post["text"][:60]
            click.echo(f"  {channel['channel']:<20}  {at}  unknown to Kaja  {words}  {post['url']}")
    if "settled" in each:
        done = ", ".join(f"{number} {word}" for word, number in each["settled"].items() if number)
        click.echo(f"  Settled: {done or 'nothing to do'}. It goes on.")
