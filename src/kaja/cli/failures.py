"""How the command line fails: one exit code per kind of trouble (they stand in docs/operations.md)."""

import click


class CommandFailed(click.ClickException):
    """The command could not do its work; the message says what happened and what to do."""

    exit_code = 1


class CommandRefused(CommandFailed):
    """An action said no. Which code that is stands on the refusal's class."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click says it per class; actions have several


class BadSetting(CommandFailed):
    """A setting is missing or unusable."""

    exit_code = 2


class AlreadyRunning(CommandFailed):
    """Another Kaja works on this data folder."""

    exit_code = 3


class PortTaken(CommandFailed):
    """Another program listens on the port."""

    exit_code = 4


class FolderUnusable(CommandFailed):
    """The data folder cannot be made, written or trusted, or its disk is full."""

    exit_code = 5


class DatabaseUnusable(CommandFailed):
    """The database does not start, does not answer, or is not fit for Kaja."""

    exit_code = 6
