"""`kaja practice`: the invented audience of the practice network, for trainers and demonstrations."""

import json
import os
import urllib.error
import urllib.request
from typing import Any

import click

from kaja.cli.failures import BadSetting, CommandFailed, CommandRefused
from kaja.cli.nearby import open_nearby
from kaja.config import environment

SECONDS = 120.0
"""A long past is made up in one call."""


@click.group()
def practice() -> None:
    """The practice network's audience: how it is, and what it said before."""


@practice.command("audience")
@click.option("--mood", type=click.Choice(environment.PRACTICE_MOODS), help="How it is from now on.")
@click.option("--share", "shares", multiple=True, help="LANGUAGE=WEIGHT (en, ru, et, zh-Hant); repeat for several.")
@click.option("--negative", type=click.FloatRange(0, 100), help="How much is against the account, in percent.")
@click.option("--per-minute", type=click.FloatRange(0, 6000), help="How much is said.")
@click.option("--minutes", type=click.IntRange(0), help="After so many minutes the day is calm again; 0: never.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same number tells the same story.")
def audience(
    mood: str | None,
    shares: tuple[str, ...],
    negative: float | None,
    per_minute: float | None,
    minutes: int | None,
    seed: int,
) -> None:
    """Set the audience's mood, and begin its story anew; without --mood, say how it is."""
    if mood is None:
        told = _ask("GET", "/admin/audience")
    else:
        wanted = {
            "mood": mood,
            "seed": seed,
            "shares": dict(map(_parse_share, shares)) or None,
            "negative": None if negative is None else negative / 100,
            "per_minute": per_minute,
            "minutes": minutes,
        }
        told = _ask("PUT", "/admin/audience", wanted)
    until = f" until {told['until']}" if told["until"] else ""
    spoken = ", ".join(f"{language} {weight:g}" for language, weight in told["shares"].items())
    click.echo(f"{told['mood']}{until}; seed {told['seed']}; {spoken}; {told['told']} deeds told")


@practice.command("history")
@click.argument("account")
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True)
@click.option("--count", type=click.IntRange(1, 100_000), default=300, show_default=True, help="How much was said.")
@click.option("--posts", type=click.IntRange(0, 200), default=12, show_default=True, help="For an account without any.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same number makes up the same past.")
def history(account: str, days: int, count: int, posts: int, seed: int) -> None:
    """Make up a past of ACCOUNT: what was said, and what was answered, before today."""
    wanted = {"account": account, "days": days, "count": count, "posts": posts, "seed": seed}
    made = _ask("POST", "/admin/audience/history", wanted)
    click.echo(f"{made['posts']} posts, {made['entries']} things said, {made['answers']} answers")


def _parse_share(given: str) -> tuple[str, float]:
    language, _, weight = given.partition("=")
    try:
        return language, float(weight)
    except ValueError:
        raise BadSetting(f"“{given}” is not LANGUAGE=WEIGHT.") from None


def _ask(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The practice network's answer. Raises CommandFailed."""
    url = os.environ.get("KAJA_PRACTICE_URL") or f"http://127.0.0.1:{environment.get_practice_port()}"
    key = os.environ.get("KAJA_PRACTICE_KEY")
    if not key:
        try:
            key = (environment.get_home() / "practice" / "key").read_text().strip()
        except OSError:
            raise CommandFailed("There is no key of a practice network yet: `kaja up` makes it.") from None
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, content, {"X-Practice-Key": key}, method=method)  # noqa: S310 - ours
    try:
        with open_nearby(request, SECONDS) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except urllib.error.HTTPError as error:
        raise CommandRefused(_read_refusal(error), 1) from error
    except (OSError, ValueError) as error:
        raise CommandFailed(f"The practice network does not answer at {url}; `kaja up` starts it.") from error


def _read_refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The practice network refused it (HTTP {error.code})."
