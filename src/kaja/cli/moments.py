"""Moments as they are written on a command line."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from kaja.cli.failures import BadSetting


def parse_time(text: str, zone: ZoneInfo) -> datetime:
    """An instant from ISO 8601; a time without an offset is wall-clock time of the workspace."""
    from kaja.kernel.times import resolve_local

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadSetting(f"“{text}” is not a time such as 2026-11-27T09:00 or 2026-11-27T09:00+02:00.") from None
    if moment.tzinfo is not None:
        return moment
    resolved = resolve_local(moment, zone)
    if resolved.kind != "exact":
        why = "is skipped" if resolved.kind == "skipped" else "comes twice"
        click.echo(f"{text} {why} in {zone.key}; taken as {resolved.local.isoformat()}.", err=True)
    return resolved.instant
