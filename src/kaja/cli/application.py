"""The application as a command needs it: database running, schema of this version, Django loaded."""

from collections.abc import Iterator
from contextlib import contextmanager

from kaja.cli.database import prepare_database, running_database
from kaja.cli.failures import CommandRefused


@contextmanager
def application() -> Iterator[None]:
    """Everything a command needs to call actions and queries; import models only inside.

    What an action refuses becomes the command's error message. In a process where Django is loaded already (a test)
    the database is taken as it is.
    """
    from django.apps import apps

    if apps.ready:
        with _refusals():
            yield
        return
    with running_database():
        prepare_database()
        import django

        django.setup()
        with _refusals():
            yield


@contextmanager
def _refusals() -> Iterator[None]:
    from kaja.kernel.problems import Refused

    try:
        yield
    except Refused as error:
        lines = [f"{problem.text()} {problem.fix % problem.params}".strip() for problem in error.problems]
        raise CommandRefused("\n".join(lines), error.exit_code) from error
