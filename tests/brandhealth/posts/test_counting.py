import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaja.brandhealth.posts import counting
from kaja.brandhealth.posts.counting import Source, count_posts
from kaja.brandhealth.posts.counts import Counts, OpinionError
from kaja.brandhealth.posts.packing import plan_parts
from kaja.brandhealth.posts.sql import build_counting_sql
from kaja.brandhealth.posts.tally import CountTable, build_counts

HEADER = "time,format,domain,topic,segment,author,class"
ROWS = [
    "2024-01-01T09:00:00Z,forum,a.example,price,new,ann,negative",
    "2024-01-02T09:00:00Z,forum,a.example,price,new,ann,positive",  # ann again: still one vote
    "2024-01-03T09:00:00Z,blog,b.example,price,new,ann,positive",  # ann in a second venue
    "2024-01-03T10:00:00Z,forum,a.example,design,old,bob,neutral",
    "2024-01-09T10:00:00Z,forum,a.example,price,old,bob,0",
    "2024-01-23T10:00:00Z,blog,b.example,price,old,,positive",
]


def write(path: Path, rows: list[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def same(one: Counts, two: Counts) -> bool:
    cells = all(np.array_equal(getattr(one, k), getattr(two, k)) for k in ("week", "domain", "topic", "segment", "n"))
    pairs = (one.pairs is None) == (two.pairs is None)
    if one.pairs is not None and two.pairs is not None:
        pairs = np.array_equal(one.pairs.n, two.pairs.n)
    return cells and pairs and one.domains == two.domains and one.weeks == two.weeks


def test_votes_cells_and_pairs(tmp_path: Path) -> None:
    c = count_posts(Source(write(tmp_path / "posts.csv", ROWS)), tmp_path / "work")
    assert c.votes == 5
    assert [str(w) for w in c.weeks] == ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22"]
    assert c.formats == ("blog", "forum")
    assert c.domains == ("blog/b.example", "forum/a.example")
    assert c.pairs is not None
    assert c.pairs.total == 1
    assert c.pairs.n[0, 2, 0] == 1  # positive on the blog, negative (the first post) in the forum


def test_all_kinds_of_file_agree(tmp_path: Path) -> None:
    expected = count_posts(Source(write(tmp_path / "posts.csv", ROWS)), tmp_path / "w1")
    records = [dict(zip(HEADER.split(","), row.split(","), strict=True)) for row in ROWS]
    (tmp_path / "posts.jsonl").write_text("\n".join(json.dumps(r) for r in records))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "posts.parquet")
    for name in ("posts.jsonl", "posts.parquet"):
        assert same(expected, count_posts(Source(tmp_path / name), tmp_path / f"w-{name}"))


@settings(max_examples=8, deadline=None)
@given(
    st.permutations(ROWS[:-1] + ROWS[:3])
)  # a post without an author stands for itself, so its duplicate would count
def test_order_and_duplicates_do_not_matter(shuffled: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = count_posts(Source(write(folder / "a.csv", ROWS[:-1])), folder / "w1")
        two = count_posts(Source(write(folder / "b.csv", shuffled)), folder / "w2")
    assert same(one, two)


def test_parts_give_the_same_counts_as_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows = [
        f"2024-01-{rng.integers(1, 29):02d}T10:00:00Z,{rng.choice(['forum', 'blog', 'micro'])},"
        f"d{rng.integers(3)},"
        f"t{rng.integers(2)},s,u{rng.integers(60)},{rng.choice(['negative', 'neutral', 'positive'])}"
        for _ in range(500)
    ]
    posts = write(tmp_path / "posts.csv", rows)
    whole = count_posts(Source(posts), tmp_path / "w1")
    monkeypatch.setattr(counting, "_ROWS_PER_PART", 60)
    parts: list[int] = []
    assert same(whole, count_posts(Source(posts), tmp_path / "w2", lambda done, total: parts.append(total)))
    assert len(parts) == parts[0] > 9


@given(st.lists(st.tuples(st.integers(2700, 2900), st.integers(1, 50)), min_size=1, unique_by=lambda week: week[0]))
def test_every_post_is_in_one_part(weekly: list[tuple[int, int]]) -> None:
    parts = plan_parts(weekly, 20)
    for week, posts in weekly:
        of_week = [p for p in parts if p.first is not None and p.end is not None and p.first <= week < p.end]
        assert [p.share for p in of_week] == list(range(of_week[0].shares))
        assert len({p.shares for p in of_week}) == 1
        assert -(-posts // of_week[0].shares) <= 20
    for part in parts:
        held = sum(n for week, n in weekly if part.first is not None and part.first <= week < (part.end or 0))
        assert held <= 20 * part.shares


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.string()])
def test_parts_by_week_are_the_weeks_of_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: pa.DataType) -> None:
    """The last second of a Sunday and the first of a Monday, with a post without an author in each week."""
    moments = [datetime(2024, 1, 7, 23, 59, 59, tzinfo=UTC), datetime(2024, 1, 8, tzinfo=UTC)] * 3
    times = pa.array(moments, pa.timestamp("us", "UTC")).cast(kind)
    authors = ["ann", "ann", "bob", "bob", None, " "]
    pq.write_table(pa.table({"time": times, "author": authors, "class": [1] * 6}), tmp_path / "p.parquet")
    monkeypatch.setattr(counting, "_ROWS_PER_PART", 2)
    for zone in (None, "UTC"):
        c = count_posts(Source(tmp_path / "p.parquet", timezone=zone), tmp_path / f"work-{zone}")
        assert c.n.tolist() == [[0, 0, 3], [0, 0, 3]]


def test_an_interruption_loses_only_the_part_in_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"2024-01-01T10:00:00Z,forum,d,t,s,u{i},positive" for i in range(100)]
    posts = write(tmp_path / "posts.csv", rows)
    monkeypatch.setattr(counting, "_ROWS_PER_PART", 20)

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        count_posts(Source(posts), tmp_path / "work", stop)
    counted: list[int] = []
    real = counting._count_part

    def count(db: Any, sql: Any, part: Any, *rest: Any) -> None:
        counted.append(part)
        real(db, sql, part, *rest)

    monkeypatch.setattr(counting, "_count_part", count)
    assert count_posts(Source(posts), tmp_path / "work").votes == 100
    assert counted == [3, 4]
    # another file in the same folder starts afresh
    counted.clear()
    other = write(tmp_path / "other.csv", rows[:30])
    assert count_posts(Source(other), tmp_path / "work").votes == 30
    assert counted == [0, 1]


def replaced(row: int, old: str, new: str) -> list[str]:
    return [r.replace(old, new, 1) if i == row else r for i, r in enumerate(ROWS)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (replaced(3, "neutral", "angry"), "row 4, column class: 'angry' is not a class"),
        (replaced(1, "2024-01-02T09:00:00Z", "yesterday"), "row 2, column time: 'yesterday' is not a time"),
        (
            replaced(2, "2024-01-03T09:00:00Z", "2024-01-03T09:00:00"),
            "row 3, column time: .* has no time zone",
        ),
        ([], "not a single row"),
        (replaced(0, "2024-01-01T09:00:00Z", "1970-01-01T00:00:00Z"), "one of these dates looks wrong"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, rows: list[str], words: str) -> None:
    with pytest.raises(OpinionError, match=words):
        count_posts(Source(write(tmp_path / "posts.csv", rows)), tmp_path / "work")


def test_a_time_zone_settles_mixed_times(tmp_path: Path) -> None:
    rows = ["2024-01-07T23:30:00Z,forum,a,t,s,ann,positive", "2024-01-08T01:30:00,forum,a,t,s,bob,positive"]
    posts = write(tmp_path / "posts.csv", rows)
    c = count_posts(Source(posts, timezone="Europe/Tallinn"), tmp_path / "work")
    assert len(c.weeks) == 1  # 01:30 on Monday in Tallinn is 23:30 on Sunday in UTC
    with pytest.raises(OpinionError, match="Europe/Talin"):
        count_posts(Source(posts, timezone="Europe/Talin"), tmp_path / "work")


def test_columns_can_be_mapped(tmp_path: Path) -> None:
    posts = write(tmp_path / "p.csv", ["2024-01-01,x,1"], "created at,site,label")
    columns = {"time": "created at", "format": "site", "class": "label"}
    assert count_posts(Source(posts, columns), tmp_path / "work").formats == ("x",)
    for bad, words in (
        ({"time": "when"}, "no column 'when'"),
        ({"tone": "label"}, "field 'tone'"),
        ({}, "no column 'time'"),
    ):
        with pytest.raises(OpinionError, match=words):
            count_posts(Source(posts, bad), tmp_path / "work")


def test_class_probabilities(tmp_path: Path) -> None:
    header = "time,negative,neutral,positive"
    good = write(
        tmp_path / "p.csv",
        ["2024-01-01,0.7,0.2,0.1", "2024-01-01,0.1,0.2,0.7", "2024-01-02,0.2,0.5,0.3"],
        header,
    )
    assert count_posts(Source(good), tmp_path / "w1").n.sum(axis=0).tolist() == [1, 1, 1]
    bad = write(tmp_path / "b.csv", ["2024-01-01,0.7,0.2,0.1", "2024-01-01,0.7,0.2,0.3"], header)
    with pytest.raises(OpinionError, match=r"row 2, column negative: .* do not sum to 1"):
        count_posts(Source(bad), tmp_path / "w2")
    odd = write(tmp_path / "o.csv", ["2024-01-01,0.7,nan,0.3"], header)
    with pytest.raises(OpinionError, match="row 1, column neutral"):
        count_posts(Source(odd), tmp_path / "w3")


def test_a_file_of_counts_with_a_billion_in_one_cell(tmp_path: Path) -> None:
    header = "time,format,negative,neutral,positive"
    posts = write(tmp_path / "c.csv", ["2024-01-01,forum,1000000000,2,3", "2024-01-03,forum,1,0,0"], header)
    c = count_posts(Source(posts), tmp_path / "work")
    assert c.n.tolist() == [[1_000_000_001, 2, 3]]


@pytest.mark.parametrize("name", ["posts.xlsx", "missing.csv"])
def test_unreadable_files_are_refused(tmp_path: Path, name: str) -> None:
    if name.endswith("xlsx"):
        (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(OpinionError, match=r"no such file|must end in"):
        count_posts(Source(tmp_path / name), tmp_path / "work")


def documented(posts: Path) -> Counts:
    """The counts by the documented queries, word for word, over the table that they ask for."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(
            "CREATE TABLE post AS SELECT CAST(date_trunc('week', t) AS DATE) AS week, t AS time, format, domain, "
            "topic, segment, '' AS language, nullif(author, '') AS author, "
            "CASE class WHEN 'negative' THEN 0 WHEN 'neutral' THEN 1 ELSE 2 END AS class "
            f"FROM (SELECT *, CAST(time AS TIMESTAMP) AS t FROM read_csv('{posts}', all_varchar = true, header = true))"
        )
        sql = build_counting_sql("duckdb")
        db.execute(f"CREATE TABLE vote AS {sql['vote']}")
        cells = [(*row[:6], *map(float, row[6:])) for row in db.execute(sql["cell"]).fetchall()]
        pairs = [(*row[:7], float(row[7])) for row in db.execute(sql["pair"]).fetchall()]
    return build_counts(CountTable(cells, pairs))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_packed_counting_says_what_the_documented_queries_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = rng.integers(1, 29, size=300)
    rows = [
        f"2024-01-{day:02d}T{rng.integers(10, 13)}:00:00,{'forum' if where < 3 else 'blog'},d{where},"
        f"t{rng.integers(3)},s{rng.integers(2)},{rng.choice(['', 'a', 'b', 'c', 'd', 'e', 'f'])},"
        f"{rng.choice(['negative', 'neutral', 'positive'])}"
        for day, where in zip(days, rng.integers(5, size=300), strict=True)
    ]
    with tempfile.TemporaryDirectory() as name:
        posts = write(Path(name) / "posts.csv", rows)
        assert same(documented(posts), count_posts(Source(posts), Path(name) / "work"))


def test_blank_and_padded_names_are_the_same_name(tmp_path: Path) -> None:
    header = "time,format,domain,topic,author,class"
    rows = [
        "2024-01-01,forum,,price,ann,negative",
        "2024-01-01, forum ,forum,,bob,negative",
        "2024-01-01,forum,forum, price,cem,POSITIVE",
    ]
    c = count_posts(Source(write(tmp_path / "p.csv", rows, header)), tmp_path / "work")
    assert (c.formats, c.domains, c.topics) == (("forum",), ("forum",), ("all", "price"))
    assert c.votes == 3


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date32(), pa.string()])
def test_times_are_read_whatever_their_type(tmp_path: Path, kind: pa.DataType) -> None:
    times = pa.array([datetime(2024, 1, 7, tzinfo=UTC), datetime(2024, 1, 8, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"time": times.cast(kind), "class": [-1, 1]}), tmp_path / "p.parquet")
    c = count_posts(Source(tmp_path / "p.parquet"), tmp_path / "work")
    assert [str(week) for week in c.weeks] == ["2024-01-01", "2024-01-08"]
    assert c.n.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_the_queries_differ_between_engines_by_the_hash_only() -> None:
    texts = [build_counting_sql(dialect) for dialect in ("duckdb", "postgres", "clickhouse")]
    assert texts[0] == texts[1]
    assert texts[0]["vote"] == texts[2]["vote"]
    assert texts[0]["cell"] == texts[2]["cell"]
    assert texts[0]["pair"].replace("md5(author || format)", "cityHash64(concat(author, format))") == texts[2]["pair"]
    with pytest.raises(OpinionError, match="oracle"):
        build_counting_sql("oracle")  # type: ignore[arg-type]
