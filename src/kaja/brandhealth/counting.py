"""Counting posts with DuckDB: files larger than memory, restartable, one vote per author, week and domain.

The authors are split into parts by a hash. Each part is counted in one transaction in a small database beside
the output, so
that an interruption loses at most the part in progress, and memory is bounded by the part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from kaja.brandhealth.counts import Counts, OpinionError
from kaja.brandhealth.sql import counting_sql
from kaja.brandhealth.tally import CountTable, PairRow, build_counts

# Rows per part: a window over this many rows fits in a few hundred megabytes.
_ROWS_PER_PART: Final = 8_000_000
_MEMORY: Final = "1GB"

FIELDS: Final = ("time", "format", "domain", "topic", "segment", "language", "author", "class")
PROBABILITIES: Final = ("negative", "neutral", "positive")
_CLASS: Final = {
    "negative": 0,
    "neg": 0,
    "-1": 0,
    "neutral": 1,
    "neu": 1,
    "0": 1,
    "positive": 2,
    "pos": 2,
    "1": 2,
    "+1": 2,
    "-1.0": 0,
    "0.0": 1,
    "1.0": 2,
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Source:
    """What to read and how: ``columns`` maps a field of :data:`FIELDS` or :data:`PROBABILITIES` to the file's
    column.

    ``timezone`` is assumed for times without a zone; without it, a file that mixes both is refused.
    """

    path: Path
    columns: dict[str, str] = field(default_factory=dict)
    timezone: str | None = None


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def reader(path: Path) -> str:
    """The DuckDB table function for a file, by its suffix; CSV and JSONL columns stay text, so that errors
    can name them.
    """
    text = str(path).replace("'", "''")
    kind = "".join(path.suffixes[-2:]).lower().removesuffix(".gz")
    if not path.exists():
        raise OpinionError(f"{path}: no such file")
    if kind.endswith((".csv", ".tsv")):
        return f"read_csv('{text}', all_varchar = true, header = true)"
    if kind.endswith((".jsonl", ".ndjson", ".json")):
        return f"read_json('{text}', format = 'newline_delimited')"
    if kind.endswith(".parquet"):
        return f"read_parquet('{text}')"
    raise OpinionError(f"{path}: the name must end in .csv, .tsv, .jsonl or .parquet (or .csv.gz, .jsonl.gz)")


def column_names(db: duckdb.DuckDBPyConnection, relation: str, path: Path) -> list[str]:
    """Columns of a file; a file that cannot be read at all becomes a clear error."""
    try:
        return [str(row[0]) for row in db.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]  # noqa: S608
    except duckdb.Error as error:
        raise OpinionError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error


def find_columns(source: Source, present: list[str]) -> dict[str, str]:
    """The file's column for each known field: as mapped, else of the same name."""
    known = (*FIELDS, *PROBABILITIES)
    for name, column in source.columns.items():
        if name not in known:
            raise OpinionError(f"field {name!r} is not one of {', '.join(known)}")
        if column not in present:
            raise OpinionError(f"{source.path}: no column {column!r} for {name}; there are {', '.join(present)}")
    found = {name: source.columns.get(name, name) for name in known if source.columns.get(name, name) in present}
    if "time" not in found:
        raise OpinionError(f"{source.path}: no column 'time'; map one of {', '.join(present)} to it")
    if "class" not in found and not all(name in found for name in PROBABILITIES):
        raise OpinionError(f"{source.path}: neither a column 'class' nor 'negative', 'neutral' and 'positive'")
    return found


def first_bad(
    db: duckdb.DuckDBPyConnection, relation: str, condition: str, column: str, path: Path, message: str
) -> None:
    """Raise for the first row (1 is the first data row) where ``condition`` holds."""
    db.execute("SET preserve_insertion_order = true")  # so that row numbers are the file's
    row = db.execute(
        f"SELECT n, CAST({quoted(column)} AS VARCHAR) FROM "  # noqa: S608
        f"(SELECT row_number() OVER () AS n, * FROM {relation}) "
        f"WHERE {condition} ORDER BY n LIMIT 1"
    ).fetchone()
    if row is not None:
        raise OpinionError(f"{path} row {row[0]}, column {column}: {row[1]!r} {message}")


def is_counts(found: dict[str, str]) -> bool:
    """Whether the file holds counts of votes (no class column, no author, three whole-number columns)."""
    return "class" not in found and all(name in found for name in PROBABILITIES)


def _time_sql(column: str, timezone: str | None) -> tuple[str, str]:
    """Expressions for the UTC timestamp (null when unreadable) and for 'this text carries a zone'."""
    text = f"trim(CAST({quoted(column)} AS VARCHAR))"
    zoned = f"regexp_matches({text}, '(Z|z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') AND {text} LIKE '%:%'"
    shift = "" if timezone is None else f" AT TIME ZONE '{timezone}' AT TIME ZONE 'UTC'"
    plain = f"(try_cast({text} AS TIMESTAMP){shift})"
    return (
        f"CASE WHEN {zoned} THEN try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' ELSE {plain} END",
        zoned,
    )


def check_times(db: duckdb.DuckDBPyConnection, relation: str, column: str, source: Source) -> str:
    """Check the time column and return its SQL expression (a UTC timestamp)."""
    if source.timezone is not None:
        known = db.execute("SELECT count(*) FROM pg_timezone_names() WHERE name = ?", [source.timezone]).fetchone()
        if known is None or not known[0]:
            raise OpinionError(f"time zone {source.timezone!r} is not known; use a name such as Europe/Tallinn or UTC")
    stamp, zoned = _time_sql(column, source.timezone)
    row = db.execute(
        f"SELECT count(*), count_if({stamp} IS NULL), count_if({zoned}) FROM {relation}"  # noqa: S608
    ).fetchone()
    total, bad, with_zone = row if row is not None else (0, 0, 0)
    if total == 0:
        raise OpinionError(f"{source.path}: there is not a single row")
    if bad:
        first_bad(
            db,
            relation,
            f"({stamp}) IS NULL",
            column,
            source.path,
            "is not a time such as 2024-05-31T14:00:00Z",
        )
    if 0 < with_zone < total and source.timezone is None:
        first_bad(
            db,
            relation,
            f"NOT ({zoned})",
            column,
            source.path,
            "has no time zone while other rows have one; say which with --timezone",
        )
    return stamp


def check_probabilities(db: duckdb.DuckDBPyConnection, relation: str, found: dict[str, str], path: Path) -> bool:
    """Check the three numeric columns; True when they are class probabilities of single posts, False when
    counts.
    """
    value = {name: f"try_cast({quoted(found[name])} AS DOUBLE)" for name in PROBABILITIES}
    for name in PROBABILITIES:
        bad = f"{value[name]} IS NULL OR NOT isfinite({value[name]}) OR {value[name]} < 0"
        first_bad(db, relation, bad, found[name], path, "is not a number >= 0")
    whole = " AND ".join(f"{v} = round({v})" for v in value.values())
    total = " + ".join(value.values())
    row = db.execute(f"SELECT bool_and({whole}) AND max({total}) > 1 FROM {relation}").fetchone()  # noqa: S608
    if row is not None and row[0]:
        return False
    first_bad(
        db,
        relation,
        f"abs({total} - 1) > 0.01",
        found["negative"],
        path,
        "and its two neighbours are class probabilities that do not sum to 1",
    )
    return True


def _class_sql(db: duckdb.DuckDBPyConnection, relation: str, found: dict[str, str], path: Path) -> str:
    if "class" in found:
        text = f"lower(trim(CAST({quoted(found['class'])} AS VARCHAR)))"
        names = ", ".join(f"'{name}'" for name in _CLASS)
        bad = f"{text} IS NULL OR {text} NOT IN ({names})"
        first_bad(
            db,
            relation,
            bad,
            found["class"],
            path,
            "is not a class; use negative, neutral, positive (or -1, 0, 1)",
        )
        whens = " ".join(f"WHEN '{name}' THEN {k}" for name, k in _CLASS.items())
        return f"CASE {text} {whens} END"
    neg, neu, pos = (f"try_cast({quoted(found[name])} AS DOUBLE)" for name in PROBABILITIES)
    return f"CASE WHEN {neu} >= {neg} AND {neu} >= {pos} THEN 1 WHEN {pos} > {neg} THEN 2 ELSE 0 END"


def _text(found: dict[str, str], name: str, default: str) -> str:
    if name not in found:
        return default
    return f"coalesce(nullif(trim(CAST({quoted(found[name])} AS VARCHAR)), ''), {default})"


def _fingerprint(source: Source) -> str:
    stat = source.path.stat()
    text = repr(
        (
            str(source.path.resolve()),
            stat.st_size,
            stat.st_mtime_ns,
            sorted(source.columns.items()),
            source.timezone,
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()


def count_posts(source: Source, work: Path, progress: Progress | None = None, threads: int = 2) -> Counts:
    """Count a file of posts (or of counts) into cells and author pairs.

    ``work`` is a folder for the counting database; parts already counted there for the same file, columns and
    time zone are not
    counted again. ``progress`` is called with (parts done, parts). Raises OpinionError naming row and column.
    """
    work.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect(str(work / "counting.duckdb"))
    try:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(f"SET threads = {int(threads)}")
        db.execute(f"SET memory_limit = '{_MEMORY}'")
        # seen with DuckDB 2.0.0: with its bar on, fetching after a long query returned no rows
        db.execute("SET enable_progress_bar = false")
        db.execute("SET preserve_insertion_order = false")
        db.execute(f"SET temp_directory = '{str(work / 'spill').replace(chr(39), chr(39) * 2)}'")
        return _count(db, source, progress)
    finally:
        db.close()


def _count(db: duckdb.DuckDBPyConnection, source: Source, progress: Progress | None) -> Counts:
    relation = reader(source.path)
    found = find_columns(source, column_names(db, relation, source.path))
    mark = _fingerprint(source)
    db.execute("CREATE TABLE IF NOT EXISTS job (mark VARCHAR, part INTEGER)")
    if db.execute("SELECT count(*) FROM job WHERE mark <> ?", [mark]).fetchone() != (0,):
        for name in ("job", "cells", "pairs"):
            db.execute(f"DROP TABLE IF EXISTS {name}")
        db.execute("CREATE TABLE job (mark VARCHAR, part INTEGER)")
    stamp = check_times(db, relation, found["time"], source)
    if is_counts(found) and not check_probabilities(db, relation, found, source.path):
        _count_counts(db, relation, found, stamp)
        return _result(db)
    post = _post_sql(db, relation, found, stamp, source.path)
    rows = db.execute(f"SELECT count(*) FROM {relation}").fetchone()  # noqa: S608
    parts = max(1, -(-(rows[0] if rows else 0) // _ROWS_PER_PART))
    sql = counting_sql("duckdb")
    db.execute(f"CREATE OR REPLACE TEMP VIEW every_post AS {post}")
    done = {int(row[0]) for row in db.execute("SELECT part FROM job").fetchall()}
    for part in range(parts):
        if part not in done:
            _count_part(db, sql, part, parts, mark)
        if progress is not None:
            progress(part + 1, parts)
    return _result(db)


def _count_part(db: duckdb.DuckDBPyConnection, sql: dict[str, str], part: int, parts: int, mark: str) -> None:
    """Count one part of the authors in one transaction."""
    where = "" if parts == 1 else f"WHERE hash(coalesce(author, CAST(time AS VARCHAR))) % {parts} = {part}"
    db.execute("BEGIN")
    try:
        post = f"SELECT * FROM every_post {where}"  # noqa: S608
        db.execute(f"CREATE OR REPLACE TEMP TABLE vote AS WITH post AS ({post}) {sql['vote']}")
        for table, query in (("cells", sql["cell"]), ("pairs", sql["pair"])):
            db.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * FROM ({query}) LIMIT 0")  # noqa: S608
            db.execute(f"INSERT INTO {table} {query}")
        db.execute("INSERT INTO job VALUES (?, ?)", [mark, part])
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _post_sql(db: duckdb.DuckDBPyConnection, relation: str, found: dict[str, str], stamp: str, path: Path) -> str:
    fmt = _text(found, "format", "'all'")
    author = (
        f"nullif(trim(CAST({quoted(found['author'])} AS VARCHAR)), '')"
        if "author" in found
        else "CAST(NULL AS VARCHAR)"
    )
    return (
        f"SELECT CAST(date_trunc('week', {stamp}) AS DATE) AS week, {stamp} AS time, {fmt} AS format, "  # noqa: S608
        f"{_text(found, 'domain', fmt)} AS domain, {_text(found, 'topic', chr(39) + 'all' + chr(39))} AS "
        "topic, "
        f"{_text(found, 'segment', chr(39) + 'all' + chr(39))} AS segment, "
        f"{_text(found, 'language', chr(39) * 2)} AS language, {author} AS author, "
        f"{_class_sql(db, relation, found, path)} AS class FROM {relation}"
    )


def _count_counts(db: duckdb.DuckDBPyConnection, relation: str, found: dict[str, str], stamp: str) -> None:
    fmt = _text(found, "format", "'all'")
    sums = ", ".join(f"sum(try_cast({quoted(found[name])} AS DOUBLE)) AS {name}" for name in PROBABILITIES)
    db.execute(
        f"CREATE OR REPLACE TABLE cells AS SELECT "  # noqa: S608
        f"CAST(date_trunc('week', {stamp}) AS DATE) AS week, {fmt} AS format, "
        f"{_text(found, 'domain', fmt)} AS domain, {_text(found, 'topic', chr(39) + 'all' + chr(39))} AS "
        "topic, "
        f"{_text(found, 'segment', chr(39) + 'all' + chr(39))} AS segment, "
        f"{_text(found, 'language', chr(39) * 2)} AS language, {sums} FROM {relation} GROUP BY ALL"
    )


def _result(db: duckdb.DuckDBPyConnection) -> Counts:
    cells = db.execute(
        "SELECT week, format, domain, topic, segment, language, sum(negative)::DOUBLE, sum(neutral)::DOUBLE, "
        "sum(positive)::DOUBLE FROM cells GROUP BY ALL"
    ).fetchall()
    pairs: list[PairRow] = []
    if db.execute("SELECT count(*) FROM information_schema.tables WHERE table_name = 'pairs'").fetchone() == (1,):
        pairs = db.execute(
            "SELECT week, first_format, second_format, first_language, second_language, first_class, "
            "second_class, "
            "sum(authors)::DOUBLE FROM pairs GROUP BY ALL"
        ).fetchall()
    return build_counts(CountTable(cells, pairs))
