"""Search is carried by its index, and answers all the same where the database may not have one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from kaja.content.search import INDEX_NAME, MAKE_INDEX
from kaja.kernel.ids import new_id
from kaja.kernel.postgres import Cluster
from tests.cli.conftest import Installation

ROWS = 30_000


@pytest.fixture
def owner(db: None) -> Iterator[psycopg.Connection[Any]]:
    """The tests' database as the owner of its tables sees it; what is done is rolled back."""
    params = connection.get_connection_params()
    kept = {name: params[name] for name in ("dbname", "password", "host", "port") if params.get(name)}
    with psycopg.connect(**kept, user="kaja_owner") as made:
        yield made
        made.rollback()


def fill(owner: psycopg.Connection[Any], workspace: UUID, *, indexed: bool = True) -> None:
    """Texts of words that are all different; one of the oldest holds “unicorns”, every second one “common”."""
    owner.execute(
        "INSERT INTO content_postsearch SELECT gen_random_uuid(), %s, concat_ws(' ', md5(n::text), md5((-n)::text),"
        " CASE WHEN n %% 2 = 0 THEN 'common' END, CASE WHEN n = 17 THEN 'unicorns' END)"
        " FROM generate_series(1, %s) n",
        [workspace, ROWS],
    )
    if indexed:
        owner.execute("SELECT gin_clean_pending_list(%s::regclass)", [INDEX_NAME])  # as the server does by and by
    owner.execute("ANALYZE content_postsearch")
    owner.execute("SELECT set_config('kaja.workspace_id', %s, true)", [str(workspace)])


def search(owner: psycopg.Connection[Any], workspace: UUID, words: str) -> tuple[int, int]:
    """How many are found, and how often the index was asked for it."""
    scans = "SELECT pg_stat_get_xact_numscans(%s::regclass)"
    before = owner.execute(scans, [INDEX_NAME]).fetchone()
    found = owner.execute("SELECT count(*) FROM content_search_posts(%s, %s, 1000)", [workspace, words]).fetchone()
    after = owner.execute(scans, [INDEX_NAME]).fetchone()
    assert None not in (before, found, after)
    return int(found[0]), int(after[0] - before[0])  # type: ignore[index]


@pytest.mark.parametrize(("words", "count"), [("unicorns", 1), ("uni corns", 1), ("no unicorns", 0), ("nowhere", 0)])
def test_a_rare_word_is_found_by_the_index_however_often_one_asks(
    owner: psycopg.Connection[Any], words: str, count: int
) -> None:
    workspace = new_id()
    fill(owner, workspace)
    # A prepared statement changes to a general plan after five times.
    for _ in range(8):
        assert search(owner, workspace, words) == (count, 1)


def test_a_frequent_word_needs_no_index_to_fill_a_page(owner: psycopg.Connection[Any]) -> None:
    workspace = new_id()
    fill(owner, workspace)
    assert search(owner, workspace, "common")[0] == 1000
    assert search(owner, new_id_scope(owner), "common")[0] == 0, "of another workspace"


def new_id_scope(owner: psycopg.Connection[Any]) -> UUID:
    other = new_id()
    owner.execute("SELECT set_config('kaja.workspace_id', %s, true)", [str(other)])
    return other


@pytest.mark.alone
def test_a_database_that_forbids_extensions_searches_all_the_same(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "pg", {"fsync": "off"})
    cluster.start()
    try:
        cluster.ensure_roles()
        admin = cluster.url("postgres")
        with psycopg.connect(admin, autocommit=True) as made:
            # The owner of the tables is not that of the database, so it may create no extension.
            made.execute("ALTER DATABASE kaja OWNER TO postgres")
            made.execute("REVOKE CREATE ON DATABASE kaja FROM PUBLIC")
            made.execute("GRANT CREATE, USAGE ON SCHEMA public TO kaja_owner")
        installation = Installation(tmp_path / "home")
        installation.settings = {
            "DATABASE_URL": cluster.url(), "KAJA_OWNER_DATABASE_URL": cluster.url("kaja_owner"),
        }  # fmt: skip
        installation.home.mkdir(mode=0o700)
        done = installation.kaja("migrate", "--quiet")
        assert done.returncode == 0, done.stderr
        assert "works without its index" in installation.kaja("doctor").stdout
        with psycopg.connect(cluster.url("kaja_owner"), autocommit=True) as made:
            with pytest.raises(psycopg.errors.UndefinedObject):
                made.execute("CREATE INDEX ON content_postsearch USING gin (body gin_trgm_ops)")
            with made.transaction():
                workspace = new_id()
                fill(made, workspace, indexed=False)
                count = made.execute("SELECT count(*) FROM content_search_posts(%s, 'unicorns', 9)", [workspace])
                assert count.fetchone() == (1,)
        # An administrator helps; the next `kaja migrate` makes the index.
        with psycopg.connect(admin, autocommit=True) as made:
            made.execute("CREATE EXTENSION pg_trgm")
        assert installation.kaja("migrate", "--quiet").returncode == 0
        assert "by its index" in installation.kaja("doctor").stdout
        with psycopg.connect(cluster.url("kaja_owner"), autocommit=True) as made:
            made.execute(MAKE_INDEX)
            assert made.execute("SELECT to_regclass(%s) IS NOT NULL", [INDEX_NAME]).fetchone() == (True,)
    finally:
        cluster.stop()
