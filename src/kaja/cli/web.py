"""`kaja web`: the web server."""

import gc
import os
import resource
from typing import Any

import click

from kaja.cli.failures import BadSetting
from kaja.config import environment
from kaja.kernel.collector import settle_collector

MOST_FILES = 65_536


@click.command()
@click.option("--host", default=None, help="Address to listen on (default: KAJA_LISTEN or 127.0.0.1).")
@click.option("--port", type=int, default=None, help="Port to listen on (default: KAJA_PORT or 8000).")
def web(host: str | None, port: int | None) -> None:
    """Serve the pages and the API. Any number of them may run against one database."""
    # Threads of this process share these connections.
    os.environ.setdefault("KAJA_DATABASE_POOL", "10")
    try:
        application = load_application()
        import uvicorn

        raise_file_limit()
        uvicorn.run(application, **server_options(host, port))
    except environment.Misconfigured as error:
        raise BadSetting(str(error)) from error


def server_options(host: str | None = None, port: int | None = None) -> dict[str, Any]:
    """How uvicorn is run."""
    # Not at the top: other commands need no web server.
    from kaja.config.lines import Line

    proxies = environment.list_trusted_proxies()
    return {
        "http": Line,
        "host": host or environment.listen(),
        "port": port or environment.get_port(),
        "loop": "auto",
        "lifespan": "off",
        "access_log": False,  # a query string may carry what nobody should log
        "log_config": None,  # Django's logging, which redacts
        "server_header": False,
        "timeout_graceful_shutdown": 5,  # open event streams do not end by themselves
        # Whoever may say where a call came from decides whose tries are counted: only the operator's own proxies.
        "proxy_headers": bool(proxies),
        "forwarded_allow_ips": proxies,
    }


def raise_file_limit() -> None:
    """As many open files as this process may have: every open page is one, and systems begin with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def load_application() -> Any:
    """Import Kaja and its addresses now, not at the first request.

    The collector would run hundreds of times while modules are loaded; once is enough, and later it need not look at
    them again.
    """
    gc.disable()
    from django.urls import get_resolver

    from kaja.config.asgi import application

    get_resolver().url_patterns  # noqa: B018 - imports every view
    settle_collector()
    return application
