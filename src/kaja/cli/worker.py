"""`kaja worker`: deliveries and background jobs."""

import click


@click.command()
def worker() -> None:
    """Deliver posts and do background work. Any number of them may run, on any number of machines."""
    import django

    django.setup()
    from kaja.delivery.worker.main import main

    main()
