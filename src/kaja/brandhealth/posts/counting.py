"""Counting posts with DuckDB: files larger than memory, restartable, one vote per author, week and domain.

The posts are split into parts by week, a very large week also by a hash of its authors. Each part is counted in one
transaction in a small database beside the output, so that an interruption loses at most the part in progress, and
memory is bounded by the part. A Parquet in the order of time is read once in all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from kaja.brandhealth.posts.counts import CLASS_WORDS, Counts, OpinionError, parse_class
from kaja.brandhealth.posts.packing import (
    TABLES,
    TEXTS,
    Packing,
    Part,
    count_part,
    literal,
    make_packing,
    plan_parts,
    posts_per_week,
    read_packed,
)
from kaja.brandhealth.posts.tally import CountTable, build_counts

# Rows per part: the votes of this many rows fit in a gigabyte.
_ROWS_PER_PART: Final = 20_000_000
_MEMORY: Final = "1GB"

FIELDS: Final = ("time", "format", "domain", "topic", "segment", "language", "author", "class")
PROBABILITIES: Final = ("negative", "neutral", "positive")

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


def column_types(db: duckdb.DuckDBPyConnection, relation: str, path: Path) -> dict[str, str]:
    """Columns of a file and their types; a file that cannot be read at all becomes a clear error."""
    try:
        return {str(row[0]): str(row[1]) for row in db.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}  # noqa: S608
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
    db.execute("SET preserve_insertion_order = false")
    if row is not None:
        raise OpinionError(f"{path} row {row[0]}, column {column}: {row[1]!r} {message}")


def is_counts(found: dict[str, str]) -> bool:
    """Whether the file holds counts of votes (no class column, no author, three whole-number columns)."""
    return "class" not in found and all(name in found for name in PROBABILITIES)


def _time_sql(column: str, kind: str, timezone: str | None) -> tuple[str, str]:
    """Expressions for the UTC timestamp (null when unreadable) and for 'this time carries a zone'.

    ``kind`` is the column's type: only text has to be parsed, which costs more than all the rest.
    """
    shift = "" if timezone is None else f" AT TIME ZONE '{timezone}' AT TIME ZONE 'UTC'"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"({quoted(column)} AT TIME ZONE 'UTC')", "true"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"(CAST({quoted(column)} AS TIMESTAMP){shift})", "false"
    text = f"trim(CAST({quoted(column)} AS VARCHAR))"
    zoned = f"regexp_matches({text}, '(Z|z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') AND {text} LIKE '%:%'"
    plain = f"(try_cast({text} AS TIMESTAMP){shift})"
    return (
        f"CASE WHEN {zoned} THEN try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' ELSE {plain} END",
        zoned,
    )


def check_times(
    db: duckdb.DuckDBPyConnection, relation: str, column: str, kind: str, source: Source
) -> tuple[str, int]:
    """Check the time column; returns its SQL expression (a UTC timestamp) and the number of rows."""
    if source.timezone is not None:
        known = db.execute("SELECT count(*) FROM pg_timezone_names() WHERE name = ?", [source.timezone]).fetchone()
        if known is None or not known[0]:
            raise OpinionError(f"time zone {source.timezone!r} is not known; use a name such as Europe/Tallinn or UTC")
    stamp, zoned = _time_sql(column, kind, source.timezone)
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
    return stamp, int(total)


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
    """Expression for the class 0, 1, 2; words that are no class are refused by row."""
    if "class" in found:
        column = f"CAST({quoted(found['class'])} AS VARCHAR)"
        words = [row[0] for row in db.execute(f"SELECT DISTINCT {column} FROM {relation}").fetchall()]  # noqa: S608
        if any(parse_class(word) is None for word in words):
            names = ", ".join(f"'{name}'" for name in CLASS_WORDS)
            text = f"lower(trim({column}))"
            first_bad(
                db,
                relation,
                f"{text} IS NULL OR {text} NOT IN ({names})",
                found["class"],
                path,
                "is not a class; use negative, neutral, positive (or -1, 0, 1)",
            )
        whens = " ".join(f"WHEN {literal(word)} THEN {parse_class(word)}" for word in sorted(words))
        return f"(CASE {column} {whens} END)"
    neg, neu, pos = (f"try_cast({quoted(found[name])} AS DOUBLE)" for name in PROBABILITIES)
    return f"(CASE WHEN {neu} >= {neg} AND {neu} >= {pos} THEN 1 WHEN {pos} > {neg} THEN 2 ELSE 0 END)"


def _text(found: dict[str, str], name: str, default: str) -> str:
    if name not in found:
        return default
    return f"coalesce(nullif(trim(CAST({quoted(found[name])} AS VARCHAR)), ''), {default})"


def _texts(found: dict[str, str]) -> dict[str, str]:
    """Expressions for the five names of a post."""
    fmt = _text(found, "format", "'all'")
    return {
        "format": fmt,
        "domain": _text(found, "domain", fmt),
        "topic": _text(found, "topic", "'all'"),
        "segment": _text(found, "segment", "'all'"),
        "language": _text(found, "language", "''"),
    }


def _clean_names(db: duckdb.DuckDBPyConnection, relation: str, column: str) -> list[str]:
    """The sorted distinct values of a text column; none when one of them is missing, blank or padded."""
    rows = db.execute(f"SELECT DISTINCT {column} AS v FROM {relation}").fetchall()  # noqa: S608
    clean = all(value is not None and value != "" and value.strip() == value for (value,) in rows)
    return sorted(value for (value,) in rows) if clean else []


def _packing(
    db: duckdb.DuckDBPyConnection, relation: str, found: dict[str, str], stamp: str, instant: str | None, path: Path
) -> Packing:
    texts: dict[str, str] = _texts(found)
    names: dict[str, list[str]] = {}
    for name in TEXTS:
        if name in found:  # where nothing is blank or padded, the column itself is as good and much cheaper
            column = f"CAST({quoted(found[name])} AS VARCHAR)"
            if values := _clean_names(db, relation, column):
                texts[name], names[name] = column, values
                continue
        rows = db.execute(f"SELECT DISTINCT {texts[name]} AS v FROM {relation} ORDER BY v").fetchall()  # noqa: S608
        names[name] = [str(row[0]) for row in rows]
    author = None if "author" not in found else f"CAST({quoted(found['author'])} AS VARCHAR)"
    return make_packing(db, relation, names, texts, stamp, author, _class_sql(db, relation, found, path), instant)


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
    kinds = column_types(db, relation, source.path)
    found = find_columns(source, list(kinds))
    mark = _fingerprint(source)
    db.execute("CREATE TABLE IF NOT EXISTS job (mark VARCHAR, part INTEGER)")
    if db.execute("SELECT count(*) FROM job WHERE mark <> ?", [mark]).fetchone() != (0,):
        for name in ("job", "cells", *TABLES):
            db.execute(f"DROP TABLE IF EXISTS {name}")
        db.execute("CREATE TABLE job (mark VARCHAR, part INTEGER)")
    stamp, rows = check_times(db, relation, found["time"], kinds[found["time"]], source)
    if is_counts(found) and not check_probabilities(db, relation, found, source.path):
        return _count_counts(db, relation, found, stamp)
    instant = quoted(found["time"]) if kinds[found["time"]] == "TIMESTAMP WITH TIME ZONE" else None
    packing = _packing(db, relation, found, stamp, instant, source.path)
    whole = rows <= _ROWS_PER_PART
    parts = [Part()] if whole else plan_parts(posts_per_week(db, relation, stamp), _ROWS_PER_PART)
    done = {int(row[0]) for row in db.execute("SELECT part FROM job").fetchall()}
    for number, part in enumerate(parts):
        if number not in done:
            _count_part(db, packing, number, part, mark)
        if progress is not None:
            progress(number + 1, len(parts))
    return build_counts(CountTable(*read_packed(db, packing)))


def _count_part(db: duckdb.DuckDBPyConnection, packing: Packing, number: int, part: Part, mark: str) -> None:
    """Count one part in one transaction."""
    db.execute("BEGIN")
    try:
        count_part(db, packing, part)
        db.execute("INSERT INTO job VALUES (?, ?)", [mark, number])
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _count_counts(db: duckdb.DuckDBPyConnection, relation: str, found: dict[str, str], stamp: str) -> Counts:
    texts = ", ".join(f"{text} AS {name}" for name, text in _texts(found).items())
    sums = ", ".join(f"sum(try_cast({quoted(found[name])} AS DOUBLE)) AS {name}" for name in PROBABILITIES)
    cells = db.execute(
        f"SELECT CAST(date_trunc('week', {stamp}) AS DATE) AS week, {texts}, {sums} FROM {relation} GROUP BY ALL"  # noqa: S608
    ).fetchall()
    return build_counts(CountTable(cells, []))
