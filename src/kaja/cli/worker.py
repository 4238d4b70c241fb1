"""`kaja worker`: deliveries and background jobs."""

import click

from kaja.cli.failures import BadSetting
from kaja.config import environment


@click.command()
def worker() -> None:
    """Deliver posts and do background work. Any number of them may run, on any number of machines."""
    import django

    try:
        django.setup()
    except environment.Misconfigured as error:
        raise BadSetting(str(error)) from error
    from kaja.delivery.worker.main import main

    main()
