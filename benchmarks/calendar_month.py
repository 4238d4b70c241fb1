"""Calendar month of 500 posts, in a small and a full workspace: `python benchmarks/calendar_month.py [--posts N]`.

Both workspaces stand in one database; the pages are asked for through the whole application as the application's
role, so row-level security and its indexes are what a user gets. The figures of both are taken in turns, so that a
busy machine slows both alike.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

IN_MONTH, CHANNELS = 500, 12
QUERIES_ALLOWED, MS_ALLOWED, RATIO_ALLOWED = 20, 50.0, 2.0
MONTH = "2027-05-01"
ADDRESS = "calendar/?view=month&date=" + MONTH

# Five hundred posts in May 2027; what else there is lies in the 14 years around it, none in that month's weeks.
FILL = """
INSERT INTO content_post (id, workspace_id, state, document, summary, due_at, campaign_id, owner_id, created_by_id,
                          revision, position, created_at, updated_at, deleted_at)
SELECT gen_random_uuid(), %(workspace)s, CASE WHEN n %% 5 = 0 THEN 'draft' ELSE 'scheduled' END,
       jsonb_build_object('parts', jsonb_build_array(jsonb_build_object(
           'text', repeat('The words of post ' || n || ' ', 12), 'media', '[]'::jsonb))),
       'The words of post ' || n || ', as they stand on its card',
       CASE WHEN n <= %(in_month)s THEN timestamptz '2027-05-01 06:00+00' + n * interval '85 minutes'
            WHEN n %% 2 = 0 THEN timestamptz '2027-04-20 00:00+00' - n * interval '7 minutes'
            ELSE timestamptz '2027-06-10 00:00+00' + n * interval '7 minutes' END,
       NULL, NULL, NULL, 1, 0, now(), now(), NULL
FROM generate_series(1, %(posts)s) n
"""
VARIANTS = """
INSERT INTO content_variant (id, workspace_id, post_id, channel_id, overrides, options, removed_at)
SELECT gen_random_uuid(), p.workspace_id, p.id, c.id, '{}', '{}', NULL
FROM content_post p JOIN (
    SELECT id, row_number() OVER (ORDER BY id) AS k FROM channels_channel WHERE workspace_id = %(workspace)s
) c ON c.k IN (1 + hashtext(p.id::text) & 7, 9 + hashtext(p.id::text) & 3)
WHERE p.workspace_id = %(workspace)s
"""
DELIVERIES = """
INSERT INTO publishing_delivery (id, workspace_id, variant_id, channel_id, kind, position, state, due_at, next_at,
    fence, stage, checkpoint, post_revision, attempts_made, tries,
    needs_person, candidates, remote_id, remote_url, announce,
    created_at, updated_at)
SELECT gen_random_uuid(), v.workspace_id, v.id, v.channel_id, 'post', 0,
       CASE WHEN p.due_at < timestamptz '2027-05-10' THEN 'sent' ELSE 'scheduled' END, p.due_at, NULL, 0, '', '{}', 1,
       0, 0, false, '[]', CASE WHEN p.due_at < timestamptz '2027-05-10' THEN 'r' ELSE '' END, '', '', now(), now()
FROM content_variant v JOIN content_post p ON p.id = v.post_id
WHERE v.workspace_id = %(workspace)s AND p.state = 'scheduled'
"""


def prepare(folder: str, given: str) -> tuple[Any, str]:
    """A PostgreSQL of its own, or a database on a given one; the owner's address."""
    import psycopg

    from kaja.kernel.postgres import APP, OWNER, Cluster, ensure_roles

    cluster = None
    if not given:
        cluster = Cluster(Path(folder) / "postgres", {"fsync": "off", "shared_buffers": "256MB"})
        cluster.start()
        given = cluster.url("postgres", "postgres")
    server = urlsplit(given)
    name = f"kaja_bench_{os.getpid()}"
    with psycopg.connect(given, autocommit=True) as connection:
        ensure_roles(connection, dict.fromkeys((OWNER, APP), server.password or ""))
        connection.execute(f"CREATE DATABASE {name} OWNER {OWNER}")
    address = f"{server.hostname}:{server.port}/{name}"
    return cluster, f"postgresql://{OWNER}:{server.password}@{address}"


def fill(workspace: Any, posts: int) -> None:
    from django.db import connection

    from kaja.channels.models import Channel
    from kaja.kernel.tenancy import workspace_scope

    with workspace_scope(workspace.id):
        for number in range(CHANNELS):
            Channel.objects.create(network="practice", account_id=str(number), name=f"Channel {number}")
        values = {"workspace": workspace.id, "posts": posts, "in_month": IN_MONTH}
        with connection.cursor() as cursor:
            for statement in (FILL, VARIANTS, DELIVERIES):
                cursor.execute(statement, values)


def count_queries(client: Any, address: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as found:
        client.get(address)
    control = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return sum(not each["sql"].startswith(control) for each in found.captured_queries)


def explain(workspace: Any) -> None:
    """The plan of the one query that could look through everything."""
    from datetime import UTC, datetime

    from django.db import connection

    from kaja.content.models import Post
    from kaja.kernel.tenancy import workspace_scope

    with workspace_scope(workspace.id), connection.cursor() as cursor:
        rows = Post.objects.filter(
            deleted_at__isnull=True,
            due_at__gte=datetime(2027, 4, 25, tzinfo=UTC), due_at__lt=datetime(2027, 6, 6, tzinfo=UTC),
        )  # fmt: skip
        sql, values = rows.order_by("due_at", "id").values_list("id", "due_at").query.sql_with_params()
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF) " + sql, values)
        for (line,) in cursor.fetchall():
            print("   ", line)


def measure(pages: dict[str, Any], times: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds of the clock, and of the processor: on a busy machine only the latter tells.

    A process remembers the cards that it made; `new` is the small workspace's page with none of them remembered.
    """
    from kaja.kernel.collector import settle_collector
    from kaja.web.calendar.cards import card_of

    taken: dict[str, list[float]] = {name: [] for name in (*pages, "new")}
    worked: dict[str, list[float]] = {name: [] for name in taken}
    for turn in range(times + 5):
        if turn == 5:
            settle_collector()  # as `kaja web` does once everything is loaded
        for name in taken:
            if name == "new":
                card_of.cache_clear()
            elif name == "small":
                pages["full"][0].get(pages["full"][1])  # whose cards went with the others
            client, address = pages.get(name, pages["small"])
            begun, busy = time.perf_counter(), time.process_time()
            answer = client.get(address)
            seconds, busy = time.perf_counter() - begun, time.process_time() - busy
            assert answer.content.count(b'class="cal-card') == IN_MONTH, (name, answer.status_code)
            if turn >= 5:
                taken[name].append(seconds * 1000)
                worked[name].append(busy * 1000)
    return taken, worked


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--posts", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=100)
    options.add_argument("--postgres", default="", help="a superuser's address; without it one is started")
    chosen = options.parse_args()
    folder = tempfile.mkdtemp(prefix="kaja-bench-")
    os.environ |= {"KAJA_HOME": folder, "KAJA_SECRET_KEY": "only-for-measuring"}
    (Path(folder) / "static").mkdir()
    from kaja.kernel.postgres import APP, OWNER
    from kaja.kernel.vault import KeyRing

    os.environ["KAJA_KEYS"] = KeyRing.generate().render()
    cluster, owner = prepare(folder, chosen.postgres)
    try:
        os.environ["DATABASE_URL"] = owner
        os.environ["DJANGO_SETTINGS_MODULE"] = "kaja.config.settings"
        run(chosen, OWNER, APP)
    finally:
        from django.db import connection

        connection.close()
        if cluster is not None:
            cluster.stop()
        else:
            import psycopg

            with psycopg.connect(chosen.postgres, autocommit=True) as admin:
                admin.execute(f"DROP DATABASE {urlsplit(owner).path[1:]} WITH (FORCE)")
        shutil.rmtree(folder, ignore_errors=True)


def run(chosen: argparse.Namespace, owner: str, app: str) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from kaja.kernel.tenancy import SystemPurpose, system_scope
    from kaja.workspaces.models import Member, Role, User, Workspace

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {app}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}")
        cursor.execute(f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {app}")
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {app}")
    connection.close()
    connection.settings_dict["USER"] = app
    pages = {}
    workspaces = {}
    begun = time.monotonic()
    for name, posts in (("small", IN_MONTH), ("full", chosen.posts)):
        user = User.objects.create_user(f"{name}@bench.test", "x" * 12)
        with system_scope(SystemPurpose.CREATE_WORKSPACE):
            workspace = Workspace.objects.create(name=name, slug=name, time_zone="Europe/Tallinn")
            # Not a newcomer: the list of first steps was put away long ago.
            Member.objects.create(
                workspace=workspace, user=user, role=Role.CURATOR, first_steps_hidden_at=timezone.now()
            )
        fill(workspace, posts)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        pages[name] = (client, f"/w/{name}/{ADDRESS}")
        workspaces[name] = workspace
    connection.close()
    connection.settings_dict["USER"] = owner
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    connection.close()
    connection.settings_dict["USER"] = app
    print(f"machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}, PostgreSQL {version}")  # fmt: skip
    print(f"filled {chosen.posts:,} posts in {time.monotonic() - begun:.0f} s")
    queries = {name: count_queries(*page) for name, page in pages.items()}
    queries["new"] = queries["small"]
    taken, worked = measure(pages, chosen.times)
    for name, values in taken.items():
        print(
            f"{name:>6}: {queries[name]} queries, median {statistics.median(values):.1f} ms, p95 {p95(values):.1f} ms, "
            f"processor {statistics.median(worked[name]):.1f} ms; load {os.getloadavg()[0]:.1f}"
        )
    ratio = statistics.median(taken["full"]) / statistics.median(taken["small"])
    print(f"ratio of the medians, full to small: {ratio:.2f}")
    explain(workspaces["full"])
    good = (
        max(queries.values()) <= QUERIES_ALLOWED
        and p95(taken["small"]) <= MS_ALLOWED
        and p95(taken["full"]) <= RATIO_ALLOWED * MS_ALLOWED
        and ratio <= RATIO_ALLOWED
    )
    print("within the limits" if good else "NOT within the limits")
    sys.exit(not good)


if __name__ == "__main__":
    main()
