"""The `kaja` command: one group whose parts are loaded only when they are called."""

import importlib
import locale
import os
import sys
from typing import cast

import click

# Name on the command line -> where the click command stands. A new command is one line here.
COMMANDS = {
    "up": "kaja.cli.up:up",
    "web": "kaja.cli.web:web",
    "worker": "kaja.cli.worker:worker",
    "migrate": "kaja.cli.migrate:migrate",
    "doctor": "kaja.cli.doctor:doctor",
    "service": "kaja.cli.systemd:service",
    "backup": "kaja.cli.backup:backup",
    "restore": "kaja.cli.restore:restore",
    "media": "kaja.cli.media:media",
    "settle": "kaja.cli.settle:settle",
    "workspace": "kaja.cli.workspace:workspace",
    "user": "kaja.cli.workspace:user",
    "channel": "kaja.cli.channel:channel",
    "post": "kaja.cli.post:post",
    "inbox": "kaja.cli.inbox:inbox",
    "webhook": "kaja.cli.webhook:webhook",
    "crisis": "kaja.cli.crisis:crisis",
    "practice": "kaja.cli.practice:practice",
    "token": "kaja.cli.token:token",
    "opinion": "kaja.cli.main:opinion",
}


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is asked for, so that `kaja up` does not wait for Django."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        return cast(click.Command, getattr(importlib.import_module(module), attribute))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kaja")
def kaja() -> None:
    """Kaja, the open workplace of a social media team.

    Start it with `kaja up`; `kaja doctor` says what is wrong when something is.
    """


@click.command(
    "opinion",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    help="Underlying brand opinion: fit, validate, simulate (see `kaja opinion --help`).",
)
@click.pass_context
def opinion(ctx: click.Context) -> None:
    # A statistical library with a command line of its own: it must not wait for the application to load.
    from kaja.cli.opinion import main as run

    ctx.exit(run(ctx.args))


def _begin_in_utf8() -> None:
    """Begin again in Python's UTF-8 mode where the terminal's language is of another encoding: the names of folders,
    the files that are read and what is printed are then the same everywhere, in the processes we start, too."""
    if sys.flags.utf8_mode or locale.getencoding().lower().replace("-", "") == "utf8":
        return
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves, with our own words


def main() -> None:
    """The entry point of the installed command."""
    _begin_in_utf8()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaja.config.settings")
    try:
        kaja.main(prog_name="kaja")
    except BrokenPipeError:  # `kaja post list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
