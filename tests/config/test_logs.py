"""No secret reaches a log line, wherever in the record it stands."""

import io
import logging
from pathlib import Path
from typing import Any

import pytest

from kaja.config.logs import RedactingFormatter, redact

SECRETS = [
    "Authorization: Bearer abcdef0123456789",
    "headers={'Authorization': 'Basic a2FqYTpzZWNyZXQ='}",
    "postgresql://kaja_app:abcdef0123456789@127.0.0.1/kaja",
    "https://user:abcdef0123456789@feed.example/rss",
    "https://mast.example/oauth?access_token=abcdef0123456789&x=1",
    '{"password": "abcdef0123456789"}',
    "{'refreshJwt': 'abcdef0123456789'}",
    "client_secret=abcdef0123456789",
    "code_verifier='abcdef0123456789'",
    "session eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmNkZWYwMTIzNDU2Nzg5In0.sig-nature_x",
    "login with abcd-efgh-2345-mnop failed",
    "login with AbCd eFgH 1234 iJkL mNoP 5678 failed",
]
TRACES = ["abcdef0123456789", "a2FqYTpzZWNyZXQ=", "eyJzdWIi", "abcd-efgh", "AbCd eFgH"]


def logger_into(stream: io.StringIO) -> logging.Logger:
    logger = logging.Logger("kaja.test")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger


@pytest.mark.parametrize("secret", SECRETS)
def test_planted_secret_is_hidden(secret: str) -> None:
    stream = io.StringIO()
    logger = logger_into(stream)
    logger.warning("told: %s", secret)
    logger.warning("told %r", {"value": secret})
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("it failed")
    written = stream.getvalue()
    assert written.count("[hidden]") >= 3
    assert not [trace for trace in TRACES if trace in written], written


def test_own_secrets_are_hidden_wherever_they_stand(settings: object) -> None:
    stream = io.StringIO()
    logger_into(stream).error("cannot sign with %s", "only-for-tests")
    assert "only-for-tests" not in stream.getvalue()


def test_the_key_of_the_practice_network_is_hidden(settings: Any, tmp_path: Path) -> None:
    settings.PRACTICE_KEY, settings.PRACTICE_KEY_FILE = "planted-practice-key", tmp_path / "key"
    settings.PRACTICE_KEY_FILE.write_text("planted-in-the-folder\n")
    stream = io.StringIO()
    logger_into(stream).warning("asked with planted-practice-key and planted-in-the-folder")
    assert "planted" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "answered GET /w/acme/calendar with 503",
        "delivery 0192a4b8-7c1e-7d2f-9a3b-111122223333 is uncertain",
        "postgresql://127.0.0.1:5432/kaja does not answer",
        "3 of 5 posts sent at 2026-11-22 06:00",
    ],
)
def test_innocent_line_stays_as_it_is(text: str) -> None:
    assert redact(text) == text
