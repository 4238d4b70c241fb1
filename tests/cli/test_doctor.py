"""`kaja doctor` names what is wrong and how to fix it, and changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kaja.kernel.postgres import Cluster
from kaja.kernel.vault import KeyRing
from tests.cli.conftest import Installation

pytestmark = pytest.mark.alone


def examine(installation: Installation) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """The exit code, and the worst finding by name: level, what was found, how to fix it."""
    done = installation.kaja("doctor", "--json")
    order = ["ok", "warning", "broken"]
    findings: dict[str, tuple[str, str, str]] = {}
    for one in sorted(json.loads(done.stdout), key=lambda finding: order.index(finding["level"])):
        findings[one["name"]] = (one["level"], one["found"], one["fix"])
    assert all(fix for level, _, fix in findings.values() if level == "broken"), findings
    return done.returncode, findings


@pytest.mark.usefixtures("installed")
def test_healthy_installation_and_what_breaks_it(installation: Installation) -> None:
    installation.up()
    installation.wait_for(lambda: examine(installation)[0] == 0)
    _, found = examine(installation)
    healthy = {"python", "data folder", "disk", "keys", "database", "roles", "clock", "migrations", "search"}
    healthy |= {"credentials", "worker", "background jobs", "web", "practice network", "static files"}
    assert {name for name, (level, _, _) in found.items() if level == "ok"} >= healthy
    assert found["mail"][0] == "warning"
    level, reached, _ = found["reached from outside"]
    assert (level, reached.partition(":")[0]) == ("ok", "no"), "a Kaja at home lacks nothing"
    assert "is not https" in reached

    # A channel whose credentials were sealed with a key that is gone.
    made = installation.python("""
from kaja.channels.models import Channel
from kaja.channels.credentials import write_credentials
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.actions import create_workspace
from kaja.workspaces.models import User
workspace = create_workspace(User.objects.create_user("a@kaja.test", "x"), name="Kohvik")
with workspace_scope(workspace.id):
    channel = Channel(id=new_id(), network="bluesky", account_id="did:plc:x", name="Meie kohvik")
    channel.save()
    write_credentials(channel.id, {"app_password": "abcd-efgh-ijkl-mnop"})
""")
    assert made.returncode == 0, made.stderr
    keys = installation.home / "keys.json"
    right = keys.read_text()
    keys.write_text(KeyRing.generate("k2").render())
    keys.chmod(0o644)
    code, found = examine(installation)
    assert code == 1
    assert found["credentials"][0] == "broken"
    assert "Meie kohvik" in found["credentials"][1]
    assert "'k1'" in found["credentials"][1]
    assert "chmod 600" in found["data folder"][2]
    keys.write_text(right)
    keys.chmod(0o600)
    assert examine(installation)[0] == 0

    installation.home.chmod(0o755)
    code, found = examine(installation)
    assert code == 1
    assert "can be read by other users" in found["data folder"][1]
    installation.home.chmod(0o711)


def test_before_the_first_start(installation: Installation) -> None:
    code, found = examine(installation)
    assert code == 1
    assert found["data folder"][0] == "broken"
    assert "kaja up" in found["data folder"][2]
    assert not installation.home.exists()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "pg", {"fsync": "off"})
    made.start()
    made.ensure_roles()
    yield made
    made.stop()


def test_roles_of_an_external_database(installation: Installation, cluster: Cluster) -> None:
    app, owner = cluster.url(), cluster.url("kaja_owner")
    installation.home.mkdir(mode=0o700)
    (installation.home / "keys.json").write_text(KeyRing.generate().render())
    (installation.home / "keys.json").chmod(0o600)

    installation.settings = {"DATABASE_URL": app, "KAJA_OWNER_DATABASE_URL": owner}
    assert "the database is empty" in examine(installation)[1]["migrations"][1]
    assert installation.kaja("migrate", "--quiet").returncode == 0
    found = examine(installation)[1]
    assert found["roles"][0] == "ok"
    assert found["migrations"][0] == "ok"
    assert found["worker"] == ("broken", "no worker runs: nothing is sent", "kaja up, or kaja worker")
    assert found["background jobs"][0] == "ok"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
            " SELECT 'default', 'publishing.change_publication', 'failed' FROM generate_series(1, 2)"
        )
    level, said, fix = examine(installation)[1]["background jobs"]
    assert (level, said) == ("warning", "failed for good: publishing.change_publication (2)")
    assert "asked for again" in fix
    assert found["loops"] == ("ok", "0 run, none had an error in the last day", "")
    assert found["events"][0] == "ok"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO kernel_looprecord (key, name, host, process, failures, error, failed_at, well_at, updated_at)"
            " VALUES ('a/x', 'x', 'a', '1', 3, 'LookupError at y.py:1 z', now(), now() - interval '1 hour', now())"
        )
        connection.execute("ALTER DATABASE kaja SET default_transaction_read_only = on")
    found = examine(installation)[1]
    assert found["loops"][0] == "broken"
    assert "LookupError at y.py:1 z" in found["loops"][1]
    assert "only lets itself be read" in found["writing"][1]
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("ALTER DATABASE kaja RESET default_transaction_read_only")

    installation.settings = {"DATABASE_URL": owner}
    assert examine(installation)[1]["roles"][:2] == ("warning", "Kaja connects as kaja_owner, which owns its tables")

    installation.settings = {"DATABASE_URL": cluster.url("postgres")}
    level, said, fix = examine(installation)[1]["roles"]
    assert level == "broken"
    assert "a superuser: the wall between workspaces is off" in said
    assert "CREATE ROLE kaja_app" in fix

    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("ALTER ROLE kaja_app BYPASSRLS")
    installation.settings = {"DATABASE_URL": app, "KAJA_OWNER_DATABASE_URL": owner}
    assert "bypasses row-level security" in examine(installation)[1]["roles"][1]

    installation.settings = {"DATABASE_URL": app.replace("kaja_app:", "kaja_app:not-the-")}
    level, said, _ = examine(installation)[1]["database"]
    assert level == "broken"
    assert "refused the password of 'kaja_app'" in said
    assert "not-the-" not in said


def test_mail_server_that_is_not_there(installation: Installation) -> None:
    installation.settings = {
        "KAJA_SMTP_HOST": "127.0.0.1",
        "KAJA_SMTP_PORT": "1",
        "KAJA_SMTP_PASSWORD": "hunter2hunter2",
    }
    level, said, fix = examine(installation)[1]["mail"]
    assert level == "broken"
    assert "127.0.0.1:1 does not answer" in said
    assert "KAJA_SMTP_PORT" in fix
