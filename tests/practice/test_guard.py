"""Whatever a person's browser opens, a foreign page neither reads nor changes anything here."""

from pathlib import Path

import pytest

from kaja.practice.guard import open_key
from tests.practice.running import PracticeServer

ADMIN = [
    ("GET", "/admin/faults"), ("PUT", "/admin/faults"), ("GET", "/admin/truth"), ("GET", "/admin/log"),
    ("POST", "/admin/accounts/Mari/revoke"), ("POST", "/admin/reset"), ("POST", "/api/v1/accounts"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ADMIN)
@pytest.mark.parametrize("key", ["", "wrong", "é"])
def test_administration_and_accounts_need_the_key(practice: PracticeServer, method: str, path: str, key: str) -> None:
    token = practice.account("Mari")
    practice.post(token, "mine")
    refused = practice.call(method, path, {"name": "Eve"}, headers={"X-Practice-Key": key.encode().decode("latin-1")})
    assert (refused.status, refused.error()["code"]) == (401, "bad_key")
    assert [item["text"] for item in practice.truth()] == ["mine"]
    assert practice.call("GET", "/api/v1/account", token=token).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil", "[", "kaja@evil.test"]
)
@pytest.mark.parametrize("path", ["/", "/faults", "/admin/truth", "/api/v1/account"])
def test_a_name_that_somebody_let_lead_here_is_refused(practice: PracticeServer, host: str, path: str) -> None:
    assert practice.call("GET", path, headers={"Host": host}).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8001", "192.168.1.5:8001"])
def test_the_machines_own_names_are_taken(practice: PracticeServer, host: str) -> None:
    assert practice.call("GET", "/faults", headers={"Host": host}).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1"])
def test_a_form_of_another_page_changes_nothing(practice: PracticeServer, origin: str) -> None:
    practice.account("Mari")
    form = b"account=*&too_many.active=on&too_many.how_often=100"
    refused = practice.call("POST", "/faults", form, headers={"Origin": origin})
    assert refused.status == 403
    assert practice.call("GET", "/admin/faults").json()["active"] == {}
    own = {"Origin": practice.url, "Sec-Fetch-Site": "same-origin"}
    assert practice.call("POST", "/faults", form, headers=own).status == 303


def test_an_account_belongs_to_the_workspace_that_made_it(practice: PracticeServer) -> None:
    practice.account("Mari", workspace="acme")
    practice.account("Mari", workspace="acme")
    for other in ("rival", ""):
        body = {"name": "Mari", "kind": "plain", "workspace": other}
        refused = practice.call("POST", "/api/v1/accounts", body)
        assert (refused.status, refused.error()["code"]) == (409, "taken")


def test_owners_survive_and_accounts_from_before_them_get_one(tmp_path: Path) -> None:
    server = PracticeServer(tmp_path)
    server.account("old")
    server.account("old", workspace="acme")
    server.account("new", workspace="rival")
    key = server.key
    server.stop()
    again = PracticeServer(tmp_path)
    assert again.key == key
    for name in ("old", "new"):
        body = {"name": name, "kind": "plain", "workspace": "third"}
        assert again.call("POST", "/api/v1/accounts", body).status == 409
    again.stop()


def test_the_key_is_made_once_and_for_nobody_else_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAJA_PRACTICE_KEY", raising=False)
    key = open_key(tmp_path)
    assert len(key) > 30
    assert open_key(tmp_path) == key
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    monkeypatch.setenv("KAJA_PRACTICE_KEY", "given")
    assert open_key(tmp_path) == "given"
