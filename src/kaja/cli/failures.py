"""How the command line fails: one exit code per kind of trouble (they stand in docs/operations.md)."""

import click


class CommandFailed(click.ClickException):
    """The command could not do its work; the message says what happened and what to do."""

    exit_code: int = 1


class CommandRefused(CommandFailed):
    """An action said no. Which code that is stands on the refusal's class."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class BadSetting(CommandFailed):
    """A setting is missing or unusable."""

    exit_code: int = 2


class AlreadyRunning(CommandFailed):
    """Another Kaja works on this data folder."""

    exit_code: int = 3


class PortTaken(CommandFailed):
    """Another program listens on the port."""

    exit_code: int = 4


class FolderUnusable(CommandFailed):
    """The data folder cannot be made, written or trusted, or its disk is full."""

    exit_code: int = 5


class DatabaseUnusable(CommandFailed):
    """The database does not start, does not answer, or is not fit for Kaja."""

    exit_code: int = 6
