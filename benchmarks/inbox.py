"""Taking in, listing and searching an inbox: `python -m benchmarks.inbox [--sizes 100000 1000000] [--ingest 20000]`.

Taking in goes the whole way of what was read (`take_in`, a transaction for each page of 100), by some workers at once
for the goal, then by one, beside a bare COPY and a bare INSERT of the same rows into a table without anything else, in
the same run. Lists and search are asked for in workspaces of several sizes that stand in one database, in turns, so
that a busy machine slows all of them alike.
"""

import argparse
import multiprocessing
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.calendar_month import p95, prepare

PAGE = 100
PER_SECOND_WANTED, MS_ALLOWED, RATIO_ALLOWED = 2000.0, 50.0, 2.0
AT = datetime(2026, 11, 1, tzinfo=UTC)
SAID = """
    the order came late again and nobody answered my question about the cinnamon buns that we wanted for Friday
    доставка опоздала и булочки были холодные но кофе очень вкусный спасибо большое за ответ kas te olete
    pühapäeval avatud ja kas raamatud on müügil ning millal tellimus kohale jõuab
"""
WORDS = SAID.split()

# Every tenth message speaks of coffee, every hundredth of a refund, every thousandth of a unicorn, and so on.
TEXT = """
    (SELECT string_agg(
        (%(words)s::text[])[1 + (hashint8(n * 31 + k) & 2147483647) %% cardinality(%(words)s::text[])], ' ')
     FROM generate_series(1, 12) k)
    || CASE WHEN n %% 10 = 3 THEN ' coffee' ELSE '' END || CASE WHEN n %% 100 = 7 THEN ' refund' ELSE '' END
    || CASE WHEN n %% 1000 = 11 THEN ' unicorn' ELSE '' END || CASE WHEN n %% 10000 = 13 THEN ' zeppelins' ELSE '' END
    || CASE WHEN n %% 50 = 9 THEN ' 我們想訂肉桂捲' ELSE '' END || ' ' || n
"""
HANDLES = """
INSERT INTO inbox_person (id, workspace_id, name, notes, created_at)
SELECT md5(%(workspace)s::text || 'p' || n)::uuid, %(workspace)s, '', '', now()
FROM generate_series(0, %(handles)s - 1) n;
INSERT INTO inbox_handle (id, workspace_id, person_id, network, remote_id, handle, name, url, avatar, first_at, seen_at)
SELECT md5(%(workspace)s::text || 'h' || n)::uuid, %(workspace)s, md5(%(workspace)s::text || 'p' || n)::uuid,
    'practice', n::text, '@somebody' || n, 'Name' || n || ' Surname' || n %% 997, '', '', now(), now()
FROM generate_series(0, %(handles)s - 1) n
"""
CONVERSATIONS = """
INSERT INTO inbox_conversation (id, workspace_id, channel_id, thread, kind, post_ref, post_url, handle_id, state,
    by_hand, priority, assignee_id, language, excerpt, messages_count, first_in_at, last_in_at, waiting_since, last_at,
    version, created_at)
SELECT md5(%(workspace)s::text || 'c' || n)::uuid, %(workspace)s,
    (%(channels)s::uuid[])[1 + n %% cardinality(%(channels)s::uuid[])],
    n::text, (ARRAY['comments', 'mention', 'direct'])[1 + n %% 3], 'post ' || n / 20, '',
    md5(%(workspace)s::text || 'h' || (hashint8(n) & 2147483647) %% %(handles)s)::uuid,
    CASE WHEN n >= %(conversations)s - 2000 THEN (ARRAY['new', 'open'])[1 + n %% 2]
         WHEN n %% 50 = 0 THEN 'waiting' WHEN n %% 97 = 0 THEN 'spam' ELSE 'done' END, false, (n %% 4) - 1,
    CASE WHEN n %% 5 = 0 THEN %(user)s::uuid END, (ARRAY['en', 'ru', 'et', 'zh'])[1 + n %% 4], 'Words ' || n, 4,
    now(), now(), now(), timestamptz '2026-11-30' - (%(conversations)s - n) * interval '1 minute', 0, now()
FROM generate_series(0, %(conversations)s - 1) n
"""
MESSAGES = f"""
INSERT INTO inbox_message (id, workspace_id, conversation_id, channel_id, direction, kind, remote_id, parent_ref,
    handle_id, text, media, language, url, data, state, at, arrived_at)
SELECT gen_random_uuid(), %(workspace)s, md5(%(workspace)s::text || 'c' || n / 4)::uuid,
    (%(channels)s::uuid[])[1 + (n / 4) %% cardinality(%(channels)s::uuid[])],
    CASE WHEN n %% 4 = 3 THEN 'out' ELSE 'in' END,
    'comment', n::text, '', md5(%(workspace)s::text || 'h' || (hashint8(n / 4) & 2147483647) %% %(handles)s)::uuid,
    {TEXT}, '[]', 'en', '', '{{}}', 'there',
    timestamptz '2026-11-30' - (%(conversations)s - n / 4) * interval '1 minute' + n %% 4 * interval '9 seconds', now()
FROM generate_series(%(first)s, %(last)s) n
"""


def fill(workspace: Any, user: Any, messages: int) -> None:
    from django.db import connection

    from kaja.channels.models import Channel
    from kaja.kernel.tenancy import workspace_scope

    with workspace_scope(workspace.id):
        channels = [Channel.objects.create(network="practice", account_id=f"{workspace.slug} {n}").id for n in range(6)]
    values = {
        "workspace": workspace.id, "user": user.id, "channels": channels, "words": WORDS, "handles": messages // 20,
        "conversations": messages // 4,
    }  # fmt: skip
    for statement in (*HANDLES.split(";"), CONVERSATIONS):
        with workspace_scope(workspace.id), connection.cursor() as cursor:
            cursor.execute(statement, values)
    for first in range(0, messages, 50_000):
        with workspace_scope(workspace.id), connection.cursor() as cursor:
            cursor.execute(MESSAGES, values | {"first": first, "last": min(first + 50_000, messages) - 1})


def make_pages(messages: int) -> list[list[Any]]:
    """What a network would give: threads of some ten, every fifth message ours, people who come again."""
    from kaja.networks.kit.reading import Author, Incoming

    us = Author("us", "bakery", "Bakery", is_us=True)
    made = []
    for n in range(messages):
        words = " ".join(WORDS[(n * 7 + k * k) % len(WORDS)] for k in range(16))
        author = us if n % 5 == 4 else Author(f"p{n % 3000}", f"@p{n % 3000}", f"Person {n % 3000}")
        made.append(
            Incoming(
                f"m{n}",
                "reply" if n % 10 else "comment",
                author,
                AT + timedelta(seconds=n),
                f"{words} {n}",
                thread=f"t{n // 10}",
                parent=f"m{n - 1}" if n % 10 else "",
                publication=f"post{n // 200}",
                url=f"https://network.example/m{n}",
                language="en",
            )
        )
    return [made[first : first + PAGE] for first in range(0, messages, PAGE)]


def read_store_seconds() -> float:
    """Processor seconds that our connection's process of PostgreSQL has used, on this machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_together(workspace: Any, messages: int, workers: int) -> float:
    """Messages per second by the clock of so many workers, each of them with a channel of its own."""
    from django.db import connection

    from kaja.channels.models import Channel
    from kaja.kernel.tenancy import workspace_scope
    from kaja.reading.streams import take_in

    with workspace_scope(workspace.id):
        channels = [Channel.objects.create(network="practice", account_id=f"w{n}").id for n in range(workers)]
    pages = make_pages(messages // workers)
    connection.close()

    def work(channel_id: UUID, ready: Connection) -> None:
        with workspace_scope(workspace.id):
            take_in(channel_id, "comments", [])  # what is opened once
        ready.send(None)
        ready.recv()
        for page in pages:
            with workspace_scope(workspace.id):
                take_in(channel_id, "comments", page)
        connection.close()

    fork = multiprocessing.get_context("fork")
    pipes = [fork.Pipe() for _ in channels]
    children = [fork.Process(target=work, args=(each, pipe[1])) for each, pipe in zip(channels, pipes, strict=True)]
    for child in children:
        child.start()
    for here, _ in pipes:
        here.recv()
    begun = time.perf_counter()
    for here, _ in pipes:
        here.send(None)
    for child in children:
        child.join()
    taken = time.perf_counter() - begun
    assert not any(child.exitcode for child in children)
    return len(pages) * PAGE * workers / taken


def measure_ingest(workspace: Any, messages: int) -> tuple[float, float, float, float, float]:
    """Messages per second: taken in, by COPY, by INSERT of 100 rows; and what one of the first takes of the processor,
    in milliseconds: ours and the store's."""
    from django.db import connection

    from kaja.channels.models import Channel
    from kaja.kernel.tenancy import workspace_scope
    from kaja.reading.streams import take_in

    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="practice", account_id="ingest", name="ingest")
    pages = make_pages(messages)
    before = read_store_seconds()
    begun, busy = time.perf_counter(), time.process_time()
    for page in pages:
        with workspace_scope(workspace.id):
            take_in(channel.id, "comments", page)
    taken, busy = time.perf_counter() - begun, time.process_time() - busy
    store = read_store_seconds() - before
    columns = (
        "id, workspace_id, conversation_id, channel_id, direction, kind, remote_id, parent_ref, handle_id, text, at"
    )
    with workspace_scope(workspace.id), connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM inbox_message WHERE channel_id = %s", [channel.id])
        rows = cursor.fetchall()
        assert len(rows) == messages, len(rows)
        cursor.execute(f"CREATE TEMPORARY TABLE bare AS SELECT {columns} FROM inbox_message LIMIT 0")
        cursor.execute("CREATE UNIQUE INDEX ON bare (channel_id, remote_id)")
        begun = time.perf_counter()
        with cursor.copy(f"COPY bare ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        copied = time.perf_counter() - begun
        cursor.execute("TRUNCATE bare")
        begun = time.perf_counter()
        place = "(" + ", ".join(["%s"] * 11) + ")"
        for first in range(0, len(rows), PAGE):
            part = rows[first : first + PAGE]
            cursor.execute(
                f"INSERT INTO bare ({columns}) VALUES " + ", ".join([place] * len(part)),
                [value for row in part for value in row],
            )
        inserted = time.perf_counter() - begun
    return messages / taken, messages / copied, messages / inserted, busy * 1000 / messages, store * 1000 / messages


def list_questions(user_id: UUID, channel_id: UUID) -> dict[str, Callable[[], Any]]:
    from kaja.inbox.queries import Filters, count_conversations, page_conversations

    todo = frozenset({"new", "open"})
    views = [
        Filters(states=todo), Filters(states=todo, assignee="me"), Filters(states=todo, assignee="nobody"),
        Filters(states=frozenset({"waiting"})), Filters(states=todo, snoozed=True),
    ]  # fmt: skip

    def page(**filters: Any) -> Callable[[], Any]:
        return lambda: page_conversations(Filters(**filters), user_id).rows

    return {
        "to do": page(states=todo),
        "all": page(),
        "mine": page(states=todo, assignee="me"),
        "one channel, done": page(states=frozenset({"done"}), channel_ids=frozenset({channel_id})),
        "spam": page(states=frozenset({"spam"})),
        "counts of five views": lambda: count_conversations(views, user_id),
        "word in 1 of 10": page(text="coffee"),
        "word in 1 of 100": page(text="refunds"),
        "word in 1 of 1,000": page(text="unicorns"),
        "word in 1 of 10,000": page(text="zeppelin"),
        "two words": page(text="coffee булочка"),
        "part of a word": page(text="eppeli"),
        "Chinese": page(text="肉桂"),
        "nothing": page(text="nowhereatall"),
        "a person": page(text="surname431"),
    }


def measure_questions(worlds: dict[int, tuple[Any, Any]], times: int) -> dict[str, dict[int, list[float]]]:
    from kaja.channels.models import Channel
    from kaja.kernel.tenancy import workspace_scope

    taken: dict[str, dict[int, list[float]]] = {}
    for turn in range(times + 3):
        for size, (workspace, user) in worlds.items():
            with workspace_scope(workspace.id):
                channel = Channel.objects.order_by("id").values_list("id", flat=True)[0]
                for name, question in list_questions(user.id, channel).items():
                    begun = time.perf_counter()
                    question()
                    if turn >= 3:
                        taken.setdefault(name, {}).setdefault(size, []).append((time.perf_counter() - begun) * 1000)
    return taken


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000])
    options.add_argument("--ingest", type=int, default=20_000)
    options.add_argument("--workers", type=int, default=2, help="that take in side by side")
    options.add_argument("--times", type=int, default=60)
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
        good = run(chosen, OWNER, APP)
    finally:
        from django.db import connection

        connection.close()
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(not good)


def run(chosen: argparse.Namespace, owner: str, app: str) -> bool:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from kaja.kernel.tenancy import SystemPurpose, system_scope
    from kaja.workspaces.models import Member, Role, User, Workspace

    def become(who: str) -> None:
        connection.close()
        connection.settings_dict["USER"] = who

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {app}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO {app}")
        cursor.execute(f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {app}")
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {app}")
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    become(app)

    def make(name: str) -> tuple[Any, Any]:
        user = User.objects.create_user(f"{name}@bench.test", "x" * 12)
        with system_scope(SystemPurpose.CREATE_WORKSPACE):
            workspace = Workspace.objects.create(name=name, slug=name)
            Member.objects.create(workspace=workspace, user=user, role=Role.CURATOR)
        return workspace, user

    print(f"machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}, PostgreSQL {version}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    good = True
    if chosen.ingest:
        together = measure_together(make("together")[0], chosen.ingest, chosen.workers)
        print(
            f"taken in by {chosen.workers} workers: {together:,.0f} messages/s; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        taken, copied, inserted, ours, store = measure_ingest(make("ingest")[0], chosen.ingest)
        print(f"taken in: {taken:,.0f} messages/s, each {ours:.2f} ms of our processor time and {store:.2f} ms of the "
              "store's; the same rows bare: "
              f"COPY {copied:,.0f}/s, INSERT {inserted:,.0f}/s; ratios {copied / taken:.1f}, {inserted / taken:.1f}; "
              f"load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
        good = together >= PER_SECOND_WANTED
    worlds = {}
    for size in chosen.sizes:
        begun = time.monotonic()
        worlds[size] = make(f"size-{size}")
        fill(*worlds[size], size)
        print(f"filled {size:,} messages in {time.monotonic() - begun:.0f} s", flush=True)
    become(owner)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    become(app)
    results = measure_questions(worlds, chosen.times)
    for name, by_size in results.items():
        figures = ", ".join(
            f"{size:,}: {statistics.median(values):.1f} / {p95(values):.1f}" for size, values in by_size.items()
        )
        medians = [statistics.median(values) for values in by_size.values()]
        print(f"{name:>22}: median / p95 ms at {figures}; ratio {medians[-1] / medians[0]:.2f}")
        good = good and all(p95(values) <= MS_ALLOWED for values in by_size.values())
        good = good and (medians[-1] / medians[0] <= RATIO_ALLOWED or medians[-1] < 5)
    print("within the limits" if good else "NOT within the limits", f"(load {os.getloadavg()[0]:.1f})")
    return good


if __name__ == "__main__":
    main()
