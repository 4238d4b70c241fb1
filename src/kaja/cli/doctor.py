"""`kaja doctor`: what is wrong here, and how to fix it."""

import json
from dataclasses import asdict

import click

from kaja.cli.checks import Finding, Level, examine

MARKS = {Level.OK: ("ok", "green"), Level.WARNING: ("look", "yellow"), Level.BROKEN: ("BROKEN", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def doctor(as_json: bool) -> None:
    """Look at everything Kaja stands on. Ends with code 1 when something is broken; changes nothing."""
    findings = examine()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            show(finding)
        broken = sum(finding.level == Level.BROKEN for finding in findings)
        warnings = sum(finding.level == Level.WARNING for finding in findings)
        click.echo(f"\n{len(findings)} checks, {broken} broken, {warnings} to look at.")
    if any(finding.level == Level.BROKEN for finding in findings):
        raise SystemExit(1)


def show(finding: Finding) -> None:
    word, color = MARKS[finding.level]
    click.echo(f"{click.style(f'{word:7}', fg=color)} {finding.name}: {finding.found}")
    if finding.fix:
        click.echo(f"        -> {finding.fix}")
