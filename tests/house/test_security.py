"""`docs/security.md` is true: each requirement once, each named test there, and the numbers those of the code."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from kaja.kernel.codes import FIRST_ACCOUNT, LENGTH, LETTERS, is_same_code, make_code

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| (.+) \|$", PAGE, re.M)
# ASVS 5.0: the requirements of levels 1 and 2, by section, and how many each section has of them from its first on.
WANTED = {
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
}  # fmt: skip
SOURCE = ROOT / "src" / "kaja"


def test_every_requirement_has_its_row_once() -> None:
    wanted = [f"{section}.{number}" for section, count in WANTED.items() for number in range(1, count + 1)]
    assert [row[0] for row in ROWS] == wanted


@pytest.mark.parametrize(("number", "level", "what", "shown"), ROWS, ids=[row[0] for row in ROWS])
def test_every_row_names_a_test_that_exists_or_says_why_not(number: str, level: str, what: str, shown: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown)
    assert named or "does not apply: " in shown or "above" in shown
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in found, f"{number}: {file} has no {name}"


def test_the_numbers_of_this_page_are_those_of_the_code() -> None:
    days = 86400
    assert f"after {settings.SESSION_COOKIE_AGE // days} days without a visit" in PAGE
    assert f"after {settings.SESSION_LONGEST // days} days in any case" in PAGE
    validators: list[dict[str, Any]] = list(settings.AUTH_PASSWORD_VALIDATORS)  # type: ignore[arg-type]
    assert {"min_length": 10} in [each.get("OPTIONS") for each in validators]
    assert "Ten characters or more" in PAGE
    # Every setting that the page names is one that the operator's page explains.
    operations = (ROOT / "docs" / "operations.md").read_text()
    for name in set(re.findall(r"KAJA_[A-Z_]+", PAGE)):
        assert f"`{name}`" in operations


def test_no_password_expires() -> None:
    text = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    assert not re.search(r"password_(expires|changed_at|age)|PASSWORD_(EXPIR|MAX_AGE)", text)


def test_there_is_no_secret_question() -> None:
    text = "".join(path.read_text() for path in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html")])
    assert not re.search(r"(secret|security)[ _]question|password[ _]hint", text, re.I)


def test_no_secret_comes_from_the_ordinary_generator() -> None:
    """`random` spreads pauses and draws samples; what must not be guessed comes from `secrets` or a keyed hash."""
    rooms = [SOURCE / room for room in ("api", "channels", "web", "workspaces", "kernel", "config", "cli")]
    drawing = re.compile(r"^(import|from) random", re.M)
    users = {path for room in rooms for path in room.rglob("*.py") if drawing.search(path.read_text())}
    # When an open page is asked again whether its person still belongs.
    assert {str(path.relative_to(SOURCE)) for path in users} == {"web/live.py"}


def test_codes_are_long_enough() -> None:
    assert len(LETTERS) ** LENGTH >= 2**60
    code = make_code("a", FIRST_ACCOUNT)
    assert is_same_code(code, code)
    assert not is_same_code("", code)
    assert code != make_code("b", FIRST_ACCOUNT)
    from allauth.mfa import app_settings

    assert 10**app_settings.RECOVERY_CODE_DIGITS >= 2**20
    assert app_settings.TOTP_PERIOD == 30
    assert settings.MFA_TOTP_TOLERANCE == 1


def test_session_keys_are_random_and_long(db: None) -> None:
    from django.contrib.sessions.backends.base import VALID_KEY_CHARS

    from kaja.kernel.sessions import SessionStore

    assert settings.SESSION_ENGINE == "kaja.kernel.sessions"
    store: Any = SessionStore()
    keys = {store._get_new_session_key() for _ in range(20)}
    assert len(keys) == 20
    assert len(VALID_KEY_CHARS) ** min(len(key) for key in keys) >= 2**128


def test_every_frame_shows_the_way_out() -> None:
    assert "account_logout" in (SOURCE / "web" / "templates" / "frame.html").read_text()


def test_the_databases_passwords_are_random() -> None:
    text = (SOURCE / "kernel" / "postgres.py").read_text()
    assert "secrets.token_" in text
    assert not re.search(r"password\s*=\s*[\"']\w+[\"']", text)


def test_only_static_files_are_served_from_a_folder() -> None:
    """Nothing maps an address to a path but the collected static files and the media of a workspace, by their ids."""
    text = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    assert "django.views.static" not in text
    assert not getattr(settings, "WHITENOISE_INDEX_FILE", False)
    assert not getattr(settings, "WHITENOISE_ROOT", None)


def test_debug_is_off_and_cannot_be_switched_on() -> None:
    assert settings.DEBUG is False
    assert "DEBUG = False" in (SOURCE / "config" / "settings.py").read_text().splitlines()
