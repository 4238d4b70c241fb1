"""What the operator does about accounts without a browser."""

from typing import Any

from click.testing import CliRunner
from django.test import Client

from kaja.cli.up import banner
from kaja.cli.workspace import user
from kaja.workspaces.models import User, Workspace
from tests.people import PASSWORD, first_code

OWNER = "owner@acme.test"
NEW = "quite another phrase"


def kaja(*arguments: str) -> Any:
    return CliRunner().invoke(user, arguments)


def signed_in(password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/account/login/", {"login": OWNER, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/w/acme/channels/").status_code == 200


def test_the_operator_ends_sessions_and_closes_an_account(workspace: Workspace, other_workspace: Workspace) -> None:
    mine, other = signed_in(), Client()
    other.post("/account/login/", {"login": "owner@rival.test", "password": PASSWORD})
    assert kaja("sign-out", "--email", OWNER).output == "1 sessions ended.\n"
    assert not is_in(mine)
    assert other.get("/w/rival/channels/").status_code == 200
    mine = signed_in()
    assert kaja("sign-out", "--everybody").exit_code == 0
    assert not is_in(mine)
    assert other.get("/w/rival/channels/").status_code == 302
    mine = signed_in()
    assert kaja("close", "--email", OWNER).exit_code == 0
    assert not is_in(mine)
    assert not is_in(signed_in())
    kaja("close", "--email", OWNER, "--open")
    assert is_in(signed_in())
    for wrong in (("sign-out",), ("sign-out", "--email", OWNER, "--everybody"), ("close", "--email", "who@acme.test")):
        assert kaja(*wrong).exit_code > 0


def test_without_a_mail_server_the_operator_hands_over_a_link(workspace: Workspace) -> None:
    link = kaja("reset-link", "--email", OWNER).output.strip()
    assert link.startswith("http://localhost:8000/account/password/reset/key/")
    client = Client()
    form = client.get(link.removeprefix("http://localhost:8000"))["Location"]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert is_in(signed_in(NEW))
    # It opens once.
    assert "does not work any more" in Client().get(link.removeprefix("http://localhost:8000")).content.decode()


def test_the_start_prints_where_the_first_account_is_made_until_there_is_one(db: None, monkeypatch: Any) -> None:
    found = {"accounts": False}
    monkeypatch.setattr("kaja.cli.up.has_data", lambda url: found["accounts"])
    assert f"Kaja is ready:  http://localhost:8000/account/signup/?code={first_code()}\n" in banner()
    found["accounts"] = True
    assert "Kaja is ready:  http://localhost:8000\n" in banner()
    assert User.objects.count() == 0
