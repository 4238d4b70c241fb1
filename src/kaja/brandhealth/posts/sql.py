"""The counting queries: from posts to cells and to author pairs, in SQL that three engines run.

The input is a table or view ``post`` with one row per post and the columns

    week (date, a Monday), time, format, domain, topic, segment, language, author (null: unknown), class (0,
    1, 2)

The text is the same for DuckDB, PostgreSQL and ClickHouse but for the hash that puts an author's venues in a
fair order, so that a
firehose is counted where it lies and only the counts travel.
"""

from __future__ import annotations

from typing import Final, Literal

from kaja.brandhealth.posts.counts import OpinionError

Dialect = Literal["duckdb", "postgres", "clickhouse"]

# One vote per author, week and domain: the first post of the week there. One post, not an average of several:
# a vote must
# carry the classifier's errors as a hand label does. Posts without an author stand for themselves.
VOTE: Final = """
SELECT week, format, domain, topic, segment, language, author, class FROM (
    SELECT week, format, domain, topic, segment, language, author, class,
           row_number() OVER (PARTITION BY author, week, format, domain
                              ORDER BY time, topic, segment, language, class) AS nth
    FROM post WHERE author IS NOT NULL) AS ranked
WHERE nth = 1
UNION ALL
SELECT week, format, domain, topic, segment, language, author, class FROM post WHERE author IS NULL
"""

CELL: Final = """
SELECT week, format, domain, topic, segment, language,
       sum(CASE WHEN class = 0 THEN 1 ELSE 0 END) AS negative,
       sum(CASE WHEN class = 1 THEN 1 ELSE 0 END) AS neutral,
       sum(CASE WHEN class = 2 THEN 1 ELSE 0 END) AS positive
FROM vote GROUP BY week, format, domain, topic, segment, language
"""

# An author seen in three or more formats in a week gives one pair, of two formats drawn by a hash: pairs stay
# independent.
PAIR: Final = """
WITH venue AS (
    SELECT week, author, format, language, class FROM (
        SELECT week, author, format, language, class,
               row_number() OVER (PARTITION BY author, week, format
                                  ORDER BY domain, topic, segment, language, class) AS nth
        FROM vote WHERE author IS NOT NULL) AS inside
    WHERE nth = 1),
ranked AS (
    SELECT week, author, format, language, class,
           row_number() OVER (PARTITION BY author, week ORDER BY {hash}, format) AS nth
    FROM venue)
SELECT one.week AS week, one.format AS first_format, two.format AS second_format,
       one.language AS first_language, two.language AS second_language,
       one.class AS first_class, two.class AS second_class, count(*) AS authors
FROM ranked AS one JOIN ranked AS two ON one.author = two.author AND one.week = two.week
WHERE one.nth <= 2 AND two.nth <= 2 AND one.format < two.format
GROUP BY one.week, one.format, two.format, one.language, two.language, one.class, two.class
"""

_HASH: Final[dict[str, str]] = {
    "duckdb": "md5(author || format)",
    "postgres": "md5(author || format)",
    "clickhouse": "cityHash64(concat(author, format))",
}


def build_counting_sql(dialect: Dialect) -> dict[str, str]:
    """The three queries by name: ``vote`` (reads ``post``), ``cell`` and ``pair`` (read ``vote``)."""
    if dialect not in _HASH:
        raise OpinionError(f"dialect {dialect!r} is not one of {', '.join(_HASH)}")
    return {"vote": VOTE, "cell": CELL, "pair": PAIR.format(hash=_HASH[dialect])}
