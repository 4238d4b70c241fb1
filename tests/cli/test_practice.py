"""`kaja practice` against a running practice network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kaja.cli.practice import practice as command
from tests.practice.running import PracticeServer


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    (tmp_path / "practice").mkdir()
    server = PracticeServer(tmp_path / "practice")
    monkeypatch.setenv("KAJA_HOME", str(tmp_path))
    monkeypatch.setenv("KAJA_PRACTICE_URL", server.url)
    monkeypatch.delenv("KAJA_PRACTICE_KEY", raising=False)
    yield server
    server.stop()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_a_mood_is_set_and_said(network: PracticeServer) -> None:
    assert run("audience").output.startswith("off; seed 1;")
    set_to = run("audience", "--mood", "storm", "--share", "et=3", "--share", "ru=1", "--negative", "90", "--seed", "7")
    assert set_to.exit_code == 0, set_to.output
    assert set_to.output.startswith("storm until ")
    assert "seed 7; ru 1, et 3;" in set_to.output
    told = network.call("GET", "/admin/audience").json()
    assert (told["negative"], told["shares"]) == (0.9, {"ru": 1, "et": 3})


def test_a_past_is_made_up(network: PracticeServer) -> None:
    token = network.account("bakery")
    made = run("history", "bakery", "--count", "50", "--days", "7")
    assert made.output.startswith("12 posts, ")
    assert network.read(token)


def test_what_is_wrong_is_said(
    network: PracticeServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert "There is no account nobody." in run("history", "nobody").output
    assert "LANGUAGE=WEIGHT" in run("audience", "--mood", "calm", "--share", "et").output
    assert "shares" in run("audience", "--mood", "calm", "--share", "fr=1").output
    monkeypatch.setenv("KAJA_PRACTICE_URL", "http://127.0.0.1:1")
    away = run("audience")
    assert (away.exit_code, "`kaja up` starts it" in away.output) == (1, True)
    monkeypatch.setenv("KAJA_HOME", str(tmp_path_factory.mktemp("empty")))
    assert "`kaja up` makes it" in run("audience").output
