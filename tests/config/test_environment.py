"""Settings: what is unusable is refused by name, before it does harm."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kaja.config import environment
from kaja.config.environment import PRACTICE_MOODS, Misconfigured, get_practice_mood, parse_database_url
from kaja.practice.story import MOODS


def test_database_address_is_taken_apart() -> None:
    entry = parse_database_url("postgresql://ka%40ja:p%2Fw@db.example:6543/my%20base?sslmode=require")
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"]) == ("ka@ja", "p/w", "db.example", "6543")
    assert entry["NAME"] == "my base"
    assert entry["OPTIONS"] == {"connect_timeout": 5, "sslmode": "require"}


def test_socket_folder_is_a_host() -> None:
    entry = parse_database_url("postgresql:///kaja?host=/run/postgresql&port=5433")
    assert (entry["HOST"], entry["PORT"]) == ("/run/postgresql", "5433")


def test_pool_and_kept_connections_exclude_each_other() -> None:
    assert parse_database_url("postgresql://a@b/c", 4)["CONN_MAX_AGE"] == 0
    assert parse_database_url("postgresql://a@b/c")["CONN_MAX_AGE"] == 60


@pytest.mark.parametrize(
    "url",
    ["mysql://a@b/c", "sqlite:///x", "postgresql://a@b", "postgresql://a@b:notaport/c", "postgresql://[::1/c", ""],
)
def test_unusable_database_address(url: str) -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL"):
        parse_database_url(url)


@pytest.mark.parametrize("value", ["0", "65536", "eighty", "-1", "８０００"])
def test_unusable_port(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("KAJA_PORT", value)
    with pytest.raises(Misconfigured, match="KAJA_PORT"):
        environment.get_port()


def test_the_audience_has_known_moods(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(PRACTICE_MOODS) == list(MOODS)  # it is no part of the application
    monkeypatch.delenv("KAJA_PRACTICE_MOOD", raising=False)
    assert get_practice_mood() == "calm"
    monkeypatch.setenv("KAJA_PRACTICE_MOOD", "furious")
    with pytest.raises(Misconfigured, match="KAJA_PRACTICE_MOOD"):
        get_practice_mood()


def test_data_folder_follows_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KAJA_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert environment.get_home() == tmp_path / "kaja"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert environment.get_home() == tmp_path / ".local" / "share" / "kaja"


def read_settings(**given: str) -> dict[str, object]:
    """What settings become in a process with this environment."""
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "ALLOWED_HOSTS"]
    names += ["CSRF_TRUSTED_ORIGINS", "BASE_URL"]
    code = (
        f"import json; from kaja.config import settings as s; print(json.dumps({{n: getattr(s, n) for n in {names}}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **given}, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def test_https_address_turns_on_secure_cookies_and_hsts() -> None:
    found = read_settings(KAJA_BASE_URL="https://kaja.example.org/")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://kaja.example.org"]
    assert "kaja.example.org" in found["ALLOWED_HOSTS"]  # type: ignore[operator] # JSON


def test_plain_address_does_not_lock_anybody_out() -> None:
    found = read_settings()
    assert found["SESSION_COOKIE_SECURE"] is False
    assert found["SECURE_HSTS_SECONDS"] == 0
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "[::1]"]


def test_the_usual_address_is_one_for_which_browsers_make_passkeys() -> None:
    """A number is no domain: WebAuthn refuses it, and https is not asked of localhost only."""
    found = read_settings(KAJA_PORT="8123")
    assert found["BASE_URL"] == "http://localhost:8123"
    assert found["CSRF_TRUSTED_ORIGINS"] == ["http://localhost:8123"]
    assert "localhost" in found["ALLOWED_HOSTS"]  # type: ignore[operator] # JSON
