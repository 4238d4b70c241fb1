from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaja.brandhealth.posts.counts import Counts, OpinionError
from kaja.brandhealth.posts.sidefiles import read_labels, read_pairs, read_population
from kaja.brandhealth.reading.surveyfile import read_survey
from kaja.brandhealth.worlds.simulate import Drawn


def bare(drawn: Drawn) -> Counts:
    return replace(drawn.counts, labels=None, population=None, pairs=None)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_labels_one_by_one_or_counted(drawn: Drawn, tmp_path: Path) -> None:
    one = write(
        tmp_path / "a.csv",
        "format,true,predicted\nformat 1,negative,neutral\nformat 1,neg,neutral\nformat 2,1,1\n",
    )
    two = write(
        tmp_path / "b.csv",
        "format,true,predicted,count\nformat 1,negative,neutral,2\nformat 2,positive,positive,1\n",
    )
    a, b = read_labels(one, bare(drawn)), read_labels(two, bare(drawn))
    assert a.labels is not None
    assert b.labels is not None
    assert np.array_equal(a.labels, b.labels)
    assert a.labels[0, 0, 1] == 2
    assert "format 3" in a.notes[0]  # the venue without labels is named


def test_classes_are_written_as_in_the_posts(drawn: Drawn, tmp_path: Path) -> None:
    """Whoever exports numbers writes -1.0 in both files."""
    head = "format,true,predicted\n"
    words = write(tmp_path / "words.csv", head + "format 1,negative,neutral\nformat 1,positive,positive\n")
    numbers = write(tmp_path / "numbers.csv", head + "format 1,-1.0,0.0\nformat 1, 1.0 ,+1\n")
    a, b = read_labels(words, bare(drawn)), read_labels(numbers, bare(drawn))
    assert np.array_equal(a.labels, b.labels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format,true,predicted\nformat 1,bad,neutral\n", "row 1, column true: 'bad'"),
        ("format,true,predicted\nformat 9,neutral,neutral\n", "row 1, column format: 'format 9'"),
        ("format,true\nformat 1,neutral\n", "no column 'predicted'"),
        ("format,true,predicted,count\nformat 1,neutral,neutral,many\n", "row 1, column count: 'many'"),
        ("format,true,predicted,count\nformat 1,neutral,neutral,0\n", "not one label"),
        ("format,true,predicted\n", "not a single row"),
    ],
)
def test_bad_labels_are_named(drawn: Drawn, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(OpinionError, match=words):
        read_labels(write(tmp_path / "l.csv", text), bare(drawn))


def test_population_is_scaled_to_one(drawn: Drawn, tmp_path: Path) -> None:
    c = read_population(write(tmp_path / "p.csv", "segment,share\nsegment 1,30\nsegment 2,10\n"), bare(drawn))
    assert c.population is not None
    assert np.allclose(c.population, [0.75, 0.25])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("segment,share\nsegment 7,1\n", "row 1, column segment: 'segment 7' has no votes"),
        ("segment,share\nsegment 1,-1\n", "row 1, column share: '-1'"),
        (
            "segment,share\nsegment 1,1\nsegment 1,1\n",
            "row 2, column segment: 'segment 1' stands there twice",
        ),
        ("segment,share\nsegment 1,0\n", "sum to 0"),
    ],
)
def test_bad_populations_are_named(drawn: Drawn, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(OpinionError, match=words):
        read_population(write(tmp_path / "p.csv", text), bare(drawn))


def test_a_survey_of_answers_or_of_means(drawn: Drawn, tmp_path: Path) -> None:
    week = drawn.counts.weeks[2]
    counts = read_survey(write(tmp_path / "a.csv", f"time,negative,neutral,positive\n{week},4,8,8\n"), bare(drawn))
    assert counts.mean[2] == pytest.approx(0.2)
    assert np.isnan(counts.mean[3])
    means = read_survey(write(tmp_path / "b.csv", f"time,mean,se\n{week},0.2,0.1\n{week},0.4,0.1\n"), bare(drawn))
    assert means.mean[2] == pytest.approx(0.3)
    assert means.variance[2] == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,mean,se\n1999-01-01,0.1,0.1\n", "no wave falls into"),
        ("time,mean,se\n2024-01-01,7,0.1\n", "row 1, column mean: 7 is above 1"),
        ("time,mean,se\n2024-01-01,0.1,0\n", "row 1, column se"),
        ("time,negative,neutral,positive\nsoon,1,1,1\n", "row 1, column time: 'soon'"),
        ("time,negative,neutral,positive\n1999-01-01,1,1,1\n", "no answer falls into"),
        ("time,opinion\n2024-01-01,1\n", "no column 'mean'"),
    ],
)
def test_bad_surveys_are_named(drawn: Drawn, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(OpinionError, match=words):
        read_survey(write(tmp_path / "s.csv", text), bare(drawn))


PAIR = "time,first_format,second_format,first_class,second_class,authors\n"


def test_pairs_are_read_from_either_side(drawn: Drawn, tmp_path: Path) -> None:
    c = read_pairs(write(tmp_path / "p.csv", PAIR + "2024-01-01,format 2,format 1,positive,negative,3\n"), bare(drawn))
    assert c.pairs is not None
    assert (c.pairs.first[0], c.pairs.second[0]) == (0, 1)
    assert c.pairs.n[0, 0, 2] == 3


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2024-01-01,format 1,format 1,positive,negative,3", "two different venue formats"),
        ("1999-01-01,format 1,format 2,positive,negative,3", "row 1, column time"),
        ("2024-01-01,format 1,elsewhere,positive,negative,3", "row 1, column second_format"),
        ("2024-01-01,format 1,format 2,positive,fine,3", "row 1, column second_class"),
        ("2024-01-01,format 1,format 2,positive,negative,-3", "row 1, column authors"),
    ],
)
def test_bad_pairs_are_named(drawn: Drawn, tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(OpinionError, match=words):
        read_pairs(write(tmp_path / "p.csv", PAIR + row + "\n"), bare(drawn))
