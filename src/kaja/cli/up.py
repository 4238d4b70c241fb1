"""`kaja up`: all of Kaja on this machine, with one command."""

import os
import socket
import sys
import time
import urllib.error
from urllib.parse import urlsplit

import click

from kaja.cli import prepared
from kaja.cli.database import (
    begin_embedded,
    check_external,
    embedded_cluster,
    is_prepared,
    migrate_in_child,
    wait_embedded,
)
from kaja.cli.dump import has_data
from kaja.cli.failures import BadSetting, CommandFailed, DatabaseUnusable, PortTaken
from kaja.cli.home import lock_home, prepare_home
from kaja.cli.nearby import open_nearby
from kaja.cli.supervisor import Part, Supervisor, say
from kaja.config import environment
from kaja.kernel.codes import FIRST_ACCOUNT, make_code
from kaja.kernel.postgres import Cluster, PostgresFailed

READY_WITHIN = 60.0


@click.command()
def up() -> None:
    """Start everything: database, practice network, web server, worker. Ctrl-C stops all of it."""
    try:
        port, practice_port = environment.get_port(), environment.get_practice_port()
        environment.get_practice_mood()
        environment.parse_database_url(environment.get_database_url())
        environment.store_of("media")
    except environment.Misconfigured as error:
        raise BadSetting(str(error)) from error
    home = prepare_home()
    with lock_home(home):
        # Before the database starts: nothing has to be undone when the port is taken.
        refuse_taken_port(environment.listen(), port, "KAJA_PORT")
        practice = [] if os.environ.get("KAJA_PRACTICE_URL") else [practice_part(practice_port)]
        cluster = None if environment.has_external_database() else embedded_cluster()
        supervisor = Supervisor([], cluster)
        supervisor.listen()
        try:
            _start(supervisor, practice, cluster, port)
            supervisor.watch()
        except PostgresFailed as error:
            raise DatabaseUnusable(f"The database cannot be started again:\n{error}") from error
        except CommandFailed:
            # Asked to stop, the preparation of the database was broken off; the next start goes on with it.
            if not supervisor.signals:
                raise
        finally:
            say("stopping ...")
            supervisor.stop()
            say("stopped.")


def _start(supervisor: Supervisor, practice: list[Part], cluster: Cluster | None, port: int) -> None:
    """Start the parts in the order in which the first page needs them."""
    command = [sys.executable, "-m", "kaja"]
    web = Part("web", [*command, "web"], grace=8.0)
    supervisor.parts.append(web)
    if cluster:
        begin_embedded(cluster)
    else:
        check_external(environment.get_database_url())
    if prepared.is_likely():
        # It loads for seconds before it needs the database, which starts meanwhile.
        web.start()
    if cluster:
        wait_embedded(cluster)
    if supervisor.signals:
        return
    if not is_prepared():
        # When it was likely and yet is not so, the folder's database is another, or an older copy.
        web.ask_to_end()
        web.end(lambda: False)
        migrate_in_child(lambda: supervisor.signals > 0)
    if supervisor.signals:
        return
    if not web.is_running():
        web.start()
    ready = wait_until_ready(supervisor, port)
    # Last: on a small machine they would keep the first page waiting.
    worker = Part("worker", [*command, "worker"], grace=30.0)
    for part in (worker, *practice):
        if not supervisor.signals:
            part.start()
            supervisor.parts.append(part)
    if ready:
        click.echo(banner())


def practice_part(port: int) -> Part:
    """The practice network on its own port; another one when that is taken."""
    if not port_is_free("127.0.0.1", port):
        raise PortTaken(
            f"Port {port} of the practice network is taken by another program. Set KAJA_PRACTICE_PORT to a free one."
        )
    folder = environment.get_home() / "practice"
    folder.mkdir(exist_ok=True, mode=0o700)
    # The web server and the worker read it from the environment.
    os.environ["KAJA_PRACTICE_URL"] = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "kaja.practice", "--port", str(port), "--data", str(folder)]
    # Somebody writes, now and then, so that a newcomer sees the whole job without any key.
    command += ["--mood", environment.get_practice_mood()]
    # What happens there is told at once; when nobody hears it, Kaja sees it when it looks.
    command += ["--hook-url", f"http://127.0.0.1:{environment.get_port()}/hooks/practice"]
    return Part("the practice network", command, quiet=True)


def port_is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def refuse_taken_port(host: str, port: int, setting: str) -> None:
    if not port_is_free(host, port):
        raise PortTaken(
            f"Port {port} is taken by another program, or needs more rights than this user has. "
            f"Start with another one, for example: {setting}={port + 10} kaja up"
        )


def wait_until_ready(supervisor: Supervisor, port: int) -> bool:
    """Whether the web server answered before its time was over or somebody asked to stop."""
    host = environment.listen() if environment.listen() not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
    if ":" in host:
        host = f"[{host}]"
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and not supervisor.signals:
        supervisor.tick()
        try:
            with open_nearby(f"http://{host}:{port}/healthz"):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    if not supervisor.signals:
        say(f"the web server does not answer yet after {READY_WITHIN:.0f} s; `kaja doctor` may know why")
    return False


def first_link() -> str:
    """Where the first account is made: who sees this terminal owns the installation."""
    code = make_code(environment.get_secret_key(), FIRST_ACCOUNT)
    return f"{environment.get_address()}/account/signup/?code={code}"


def banner() -> str:
    """What a person sees when all is ready."""
    base = environment.get_address()
    database = urlsplit(environment.get_database_url())
    where = "built in" if not environment.has_external_database() else f"{database.hostname or 'local socket'}"
    ready = base if has_data(environment.get_database_url()) else first_link()
    return (
        f"\n  Kaja is ready:  {ready}\n"
        f"\n  data folder     {environment.get_home()}"
        f"\n  database        PostgreSQL, {where}"
        f"\n  practice        {os.environ.get('KAJA_PRACTICE_URL', '')}"
        "\n\n  Ctrl-C stops it. `kaja doctor` says what is wrong when something is.\n"
    )
