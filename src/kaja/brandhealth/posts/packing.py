"""Counting in DuckDB: every post packed into three integers, so that votes are found in a hash table of numbers.

:mod:`~kaja.brandhealth.posts.sql` says what is counted, in queries that three engines run. Those rank strings
in windows; over 10^8 posts that is mostly sorting. Here an author is a 64-bit hash, a place is week, format and
domain in one number, and what was said is the time within the week, topic, segment, language and class in
another, so that "the first post" is a minimum. ``tests/brandhealth/posts/test_counting.py`` holds the two against
each other. Two authors of 10^8 share a hash with a probability below .001; they would then count as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import duckdb

from kaja.brandhealth.posts.tally import CellRow, PairRow

TEXTS: Final = ("format", "domain", "topic", "segment", "language")
TABLES: Final = ("packed_cells", "packed_pairs")

# Weeks are counted from long before any post, because integer division of negative numbers rounds up.
_SHIFT_WEEKS: Final = 100_000
_WEEK: Final = 604_800_000_000
# 1970-01-01 was a Thursday: microseconds from the Monday of that week.
_MONDAY: Final = 3 * 86_400_000_000
_FIRST_MONDAY: Final = date(1969, 12, 29)


def literal(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Part:
    """What is counted in one go: weeks ``first`` to before ``end`` (from that of 1969-12-29; None: all), and of a week
    too large for one go only the authors with hash ``share`` modulo ``shares``.
    """

    first: int | None = None
    end: int | None = None
    share: int = 0
    shares: int = 1


def plan_parts(weekly: list[tuple[int, int]], most: int) -> list[Part]:
    """Parts of about ``most`` posts from posts per week. A vote and an author pair never leave their week."""
    out: list[Part] = []
    first, held = None, 0
    for week, posts in sorted(weekly):
        if first is not None and held + posts > most:
            out.append(Part(first, week))
            first, held = None, 0
        if posts > most:
            shares = -(-posts // most)
            out += [Part(week, week + 1, share, shares) for share in range(shares)]
        else:
            first = week if first is None else first
            held += posts
    return out if first is None else [*out, Part(first, max(week for week, _ in weekly) + 1)]


def posts_per_week(db: duckdb.DuckDBPyConnection, relation: str, stamp: str) -> list[tuple[int, int]]:
    """Posts in each week, counted from that of 1969-12-29."""
    moment = f"epoch_us({stamp}) + {_MONDAY + _SHIFT_WEEKS * _WEEK}"
    rows = db.execute(f"SELECT ({moment}) // {_WEEK} AS week, count(*) FROM {relation} GROUP BY week").fetchall()  # noqa: S608
    return [(int(week) - _SHIFT_WEEKS, int(posts)) for week, posts in rows]


@dataclass(frozen=True)
class Packing:
    """How posts are packed: sorted ``names`` of each of :data:`TEXTS`, and ``view``: who, place, packed of every post.

    ``anonymous``: some posts have no author. ``time`` is what a part's weeks are chosen by, as near to the file's own
    column as can be, so that a Parquet's statistics can skip the rest; ``zoned``: it carries a time zone.
    """

    names: dict[str, list[str]]
    view: str
    anonymous: bool
    time: str
    zoned: bool

    def posts(self, part: Part) -> str:
        """The view of one part's weeks."""
        if part.first is None or part.end is None:
            return self.view
        mondays = (_FIRST_MONDAY + timedelta(weeks=week) for week in (part.first, part.end))
        kind, zone = ("TIMESTAMPTZ", " 00:00:00+00") if self.zoned else ("TIMESTAMP", " 00:00:00")
        first, end = (f"{kind} '{monday}{zone}'" for monday in mondays)
        return f"{self.view} WHERE {self.time} >= {first} AND {self.time} < {end}"

    @property
    def said(self) -> int:
        """Number of combinations of topic, segment, language and class."""
        return len(self.names["topic"]) * len(self.names["segment"]) * len(self.names["language"]) * 3

    @property
    def venues(self) -> int:
        """Number of combinations of format and domain in a place."""
        return len(self.names["format"]) * len(self.names["domain"])


def make_packing(
    db: duckdb.DuckDBPyConnection,
    relation: str,
    names: dict[str, list[str]],
    texts: dict[str, str],
    stamp: str,
    author: str | None,
    label: str,
    instant: str | None = None,
) -> Packing:
    """Build the view; ``texts``, ``stamp`` and ``label`` are SQL expressions over ``relation``, ``author`` a column.

    ``instant`` is the column behind ``stamp`` where it holds times with their zone.
    """
    code = {}
    for name in TEXTS:
        code[name] = "0"
        if len(names[name]) > 1:
            db.execute(f"DROP TYPE IF EXISTS kaja_{name}")
            db.execute(f"CREATE TYPE kaja_{name} AS ENUM ({', '.join(literal(n) for n in names[name])})")
            code[name] = f"enum_code(CAST({texts[name]} AS kaja_{name}))::BIGINT"
    f, d, s, lang = (len(names[name]) for name in ("format", "domain", "segment", "language"))
    said = len(names["topic"]) * s * lang * 3
    wide = "HUGEINT" if _WEEK * said >= 2**63 else "BIGINT"
    who, anonymous = _who(db, relation, author)
    moment = f"(epoch_us({stamp}) + {_MONDAY + _SHIFT_WEEKS * _WEEK})"
    view = (
        f"SELECT {who} AS who, "  # noqa: S608
        f"({moment} // {_WEEK} * {f} + {code['format']}) * {d} + {code['domain']} AS place, "
        f"({moment} % {_WEEK})::{wide} * {said} + (({code['topic']} * {s} + {code['segment']}) * {lang} "
        f"+ {code['language']}) * 3 + {label} AS packed FROM {relation}"
    )
    return Packing(names, view, anonymous, instant or stamp, instant is not None)


def _who(db: duckdb.DuckDBPyConnection, relation: str, author: str | None) -> tuple[str, bool]:
    """Expression for an author's hash (null without one), and whether there are posts without an author.

    Trimming 10^8 names costs more than hashing them, so it is left out where no name is blank or padded: a blank or
    a name with a space before it sorts before '!'.
    """
    if author is None:
        return "NULL::UBIGINT", True
    row = db.execute(
        f"SELECT coalesce(min({author}) >= '!', true) AND count_if(ends_with({author}, ' ')) = 0, "  # noqa: S608
        f"count(*) > count({author}) FROM {relation}"
    ).fetchone()
    clean, missing = row if row is not None else (False, True)
    if clean and not missing:
        return f"hash({author})", False
    name = author if clean else f"nullif(trim({author}), '')"
    return f"CASE WHEN {name} IS NULL THEN NULL ELSE hash({name}) END", True


def count_part(db: duckdb.DuckDBPyConnection, packing: Packing, part: Part) -> None:
    """Count one part; its first share also counts the posts without an author, each for itself."""
    said, d, venues = packing.said, len(packing.names["domain"]), packing.venues
    f = len(packing.names["format"])
    posts = packing.posts(part)
    chosen = "" if part.shares == 1 else f" AND who % {part.shares} = {part.share}"
    db.execute("CREATE TABLE IF NOT EXISTS packed_cells (place BIGINT, said BIGINT, votes BIGINT)")
    db.execute(
        "CREATE TABLE IF NOT EXISTS packed_pairs (week BIGINT, one BIGINT, two BIGINT, said_one BIGINT, "
        "said_two BIGINT, authors BIGINT)"
    )
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE packed_vote AS SELECT who, place, (min(packed) % {said})::BIGINT AS said "  # noqa: S608
        f"FROM ({posts}) WHERE who IS NOT NULL{chosen} GROUP BY who, place"
    )
    db.execute("INSERT INTO packed_cells SELECT place, said, count(*) FROM packed_vote GROUP BY ALL")
    if part.share == 0 and packing.anonymous:
        db.execute(
            f"INSERT INTO packed_cells SELECT place, (packed % {said})::BIGINT AS said, count(*) "  # noqa: S608
            f"FROM ({posts}) WHERE who IS NULL GROUP BY ALL"
        )
    if f == 1:
        return
    db.execute(
        f"""INSERT INTO packed_pairs
        WITH several AS (
            SELECT who, place // {venues} AS week FROM packed_vote GROUP BY ALL
            HAVING min(place // {d} % {f}) <> max(place // {d} % {f})),
        venue AS (
            SELECT vote.who AS who, several.week AS week, place // {d} % {f} AS format,
                   min(place % {d} * {said} + said) % {said} AS said
            FROM packed_vote AS vote JOIN several ON vote.who = several.who AND vote.place // {venues} = several.week
            GROUP BY ALL),
        ranked AS (
            SELECT who, week, format, said,
                   row_number() OVER (PARTITION BY who, week ORDER BY hash(who, format), format) AS nth
            FROM venue)
        SELECT one.week, one.format, two.format, one.said % {3 * len(packing.names["language"])},
               two.said % {3 * len(packing.names["language"])}, count(*)
        FROM ranked AS one JOIN ranked AS two ON one.who = two.who AND one.week = two.week
        WHERE one.nth <= 2 AND two.nth <= 2 AND one.format < two.format
        GROUP BY ALL"""  # noqa: S608
    )
    db.execute("DROP TABLE packed_vote")


def read_packed(db: duckdb.DuckDBPyConnection, packing: Packing) -> tuple[list[CellRow], list[PairRow]]:
    """The counted cells and pairs with their names."""
    names, d, venues = packing.names, len(packing.names["domain"]), packing.venues
    f, s, lang = len(names["format"]), len(names["segment"]), len(names["language"])
    monday = f"DATE '1969-12-29' + 7 * (week - {_SHIFT_WEEKS})::INTEGER"
    cells: list[CellRow] = []
    for week, venue, said, negative, neutral, positive in db.execute(
        f"""SELECT CAST({monday} AS DATE), venue, said, sum(votes) FILTER (class = 0)::DOUBLE,
        sum(votes) FILTER (class = 1)::DOUBLE, sum(votes) FILTER (class = 2)::DOUBLE
        FROM (SELECT place // {venues} AS week, place % {venues} AS venue, said // 3 AS said, said % 3 AS class, votes
              FROM packed_cells) GROUP BY week, venue, said"""  # noqa: S608
    ).fetchall():
        about, language = divmod(said, lang)
        topic, segment = divmod(about, s)
        cells.append(
            (
                week,
                names["format"][venue // d % f],
                names["domain"][venue % d],
                names["topic"][topic],
                names["segment"][segment],
                names["language"][language],
                negative or 0.0,
                neutral or 0.0,
                positive or 0.0,
            )
        )
    pairs: list[PairRow] = [
        (
            week,
            names["format"][one],
            names["format"][two],
            names["language"][said_one // 3],
            names["language"][said_two // 3],
            said_one % 3,
            said_two % 3,
            authors,
        )
        for week, one, two, said_one, said_two, authors in db.execute(
            f"SELECT CAST({monday} AS DATE), one, two, said_one, said_two, sum(authors)::DOUBLE "  # noqa: S608
            "FROM packed_pairs GROUP BY week, one, two, said_one, said_two"
        ).fetchall()
    ]
    return cells, pairs
