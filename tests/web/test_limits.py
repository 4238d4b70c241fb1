"""How often anybody may try to get in: together, from behind a proxy, and without locking the owner out."""

import asyncio
import socket
import threading
from typing import Any

import pytest
import uvicorn
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend as LocalMemory
from django.test import Client, override_settings
from django.urls import get_resolver

from kaja.cli.web import server_options
from kaja.kernel.limits import Limit, take
from kaja.kernel.models import Bucket
from kaja.kernel.outside import check_waiting
from kaja.web.accounts import limits
from kaja.workspaces.models import User, Workspace
from kaja.workspaces.often import INVITATIONS, LINK_CARDS
from tests.people import PASSWORD, browser

OWNER = "owner@acme.test"


def sign_in(client: Client, password: str = PASSWORD, email: str = OWNER, caller: str = "192.0.2.1") -> Any:
    return client.post("/account/login/", {"login": email, "password": password}, REMOTE_ADDR=caller)


def test_an_account_has_so_many_wrong_passwords_from_all_addresses_together(workspace: Workspace) -> None:
    answers = [sign_in(Client(), "wrong", caller=f"198.51.100.{n}") for n in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert "too many attempts" in answers[-1].content.decode()
    # The right password of a stranger's device waits, too.
    assert sign_in(Client(), caller="203.0.113.9").status_code == 429


def test_one_address_has_so_many_wrong_passwords_for_all_accounts_together(workspace: Workspace) -> None:
    answers = [sign_in(Client(), "wrong", f"{n}@acme.test") for n in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert sign_in(Client(), caller="203.0.113.9").status_code == 302


def test_strangers_cannot_lock_out_a_device_that_was_signed_in_before(workspace: Workspace) -> None:
    mine = Client()
    assert sign_in(mine).status_code == 302
    mine.post("/account/logout/")
    for n in range(30):
        sign_in(Client(), "wrong", caller=f"198.51.100.{n}")
    assert sign_in(Client(), caller="203.0.113.9").status_code == 429
    assert sign_in(mine).status_code == 302


def test_a_known_device_has_few_tries_too_and_knows_nobody_after_a_new_password(workspace: Workspace) -> None:
    mine = Client()
    sign_in(mine)
    mine.post("/account/logout/")
    assert [sign_in(mine, "wrong").status_code for _ in range(11)] == [200] * 10 + [429]
    user = User.objects.get(email=OWNER)
    user.set_password("quite another phrase")
    user.save()
    request = type("R", (), {"COOKIES": {name: each.value for name, each in mine.cookies.items()}, "META": {}})()
    assert next(limit.purpose for limit, _ in limits.of_password(request, OWNER)) == "sign-in: caller"


def test_right_passwords_do_not_count(workspace: Workspace) -> None:
    for n in range(40):
        assert sign_in(Client(), caller=f"198.51.100.{n % 3}").status_code == 302


def test_codes_are_counted_for_the_account_whatever_the_address(workspace: Workspace) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    user = User.objects.get(email=OWNER)
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    answers = []
    for n in range(6):
        client = Client()
        sign_in(client, caller=f"198.51.100.{n}")
        answers.append(client.post("/account/2fa/authenticate/", {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{n}"))
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]


@override_settings(EMAIL_HOST="mail.test", EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")
def test_an_address_gets_few_mails_and_the_page_does_not_tell(workspace: Workspace) -> None:
    for n in range(6):
        caller = f"198.51.100.{n}"
        answer = Client().post("/account/password/reset/", {"email": OWNER}, REMOTE_ADDR=caller)
        unknown = Client().post("/account/password/reset/", {"email": "who@acme.test"}, REMOTE_ADDR=caller)
        assert answer["Location"] == unknown["Location"] == "/account/password/reset/done/"
    assert [message.to for message in mail.outbox] == [[OWNER]] * 3


class WaitingMailbox(LocalMemory):
    """A mail server: whoever sends waits for it."""

    def send_messages(self, messages: Any) -> int:
        check_waiting()
        return super().send_messages(messages)


@override_settings(
    EMAIL_HOST="mail.test", EMAIL_BACKEND="tests.web.test_limits.WaitingMailbox", SIGN_UP="open",
    ACCOUNT_EMAIL_VERIFICATION="mandatory",
)  # fmt: skip
def test_who_has_an_account_gets_few_mails_of_others_who_sign_up_with_the_address(workspace: Workspace) -> None:
    for n in range(5):
        data = {"name": "Mari", "email": OWNER, "password1": PASSWORD}
        answer = Client().post("/account/signup/", data, REMOTE_ADDR=f"198.51.100.{n}")
        assert answer["Location"] == "/account/confirm-email/"
    assert [message.to for message in mail.outbox] == [[OWNER]] * 3
    assert User.objects.count() == 1


def test_links_that_carry_a_secret_cannot_be_guessed_for_long(workspace: Workspace) -> None:
    client = Client()
    answers = [client.get(f"/account/invitation/{'a' * 40}{n}/").status_code for n in range(61)]
    assert answers == [404] * 60 + [429]


def test_every_page_that_takes_a_secret_has_a_limit() -> None:
    """A new page of accounts is listed here or limited."""
    free = {
        "account_logout", "account_inactive", "account_email", "account_set_password", "account_confirm_login_code",
        "account_email_verification_sent", "account_reset_password_done", "account_reset_password_from_key_done",
        "mfa_index", "mfa_view_recovery_codes", "mfa_download_recovery_codes", "mfa_list_webauthn",
        "mfa_edit_webauthn", "mfa_remove_webauthn",
    }  # fmt: skip
    found: set[str] = set()

    def walk(patterns: Any, prefix: str = "") -> None:
        for each in patterns:
            if hasattr(each, "url_patterns"):
                walk(each.url_patterns, prefix + str(each.pattern))
            elif (prefix + str(each.pattern)).startswith("account/"):
                found.add(each.name)

    walk(get_resolver().url_patterns)
    assert found - free == set(limits.BY_CALLER) | set(limits.BY_PERSON)


def serve(headers: list[dict[str, str]], **environment: str) -> list[str]:
    """Whom the application sees as the caller, behind the real web server as `kaja web` runs it."""
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with pytest.MonkeyPatch.context() as patch, socket.socket() as listener:
        for name, value in environment.items():
            patch.setenv(name, value)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(application, **server_options("127.0.0.1", port) | {"loop": "asyncio"}))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        import http.client

        for each in headers:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request("GET", "/", headers=each)
            connection.getresponse().read()
            connection.close()
        server.should_exit = True
        thread.join()
    return seen


FORGED = [{"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.2, 198.51.100.7"}]


def test_forwarded_addresses_are_believed_from_trusted_proxies_only() -> None:
    assert serve(FORGED) == ["127.0.0.1", "127.0.0.1"]
    assert serve(FORGED, KAJA_TRUSTED_PROXIES="192.0.2.0/24") == ["127.0.0.1", "127.0.0.1"]
    # What the proxy itself saw stands last; what a client wrote before it is worth nothing.
    assert serve(FORGED, KAJA_TRUSTED_PROXIES="127.0.0.0/8") == ["203.0.113.1", "198.51.100.7"]
    assert serve(FORGED, KAJA_BASE_URL="https://kaja.test") == ["203.0.113.1", "198.51.100.7"]


def test_rotating_forwarded_addresses_wins_no_tries(workspace: Workspace) -> None:
    def forged(n: int) -> Any:
        data = {"login": OWNER, "password": "wrong"}
        return Client().post("/account/login/", data, headers={"X-Forwarded-For": f"203.0.113.{n}"})

    assert [forged(n).status_code for n in range(8)] == [200] * 6 + [429] * 2
    assert Bucket.objects.filter(purpose="sign-in: caller").count() == 1


def test_one_person_makes_so_many_invitations_and_link_cards(workspace: Workspace) -> None:
    client, person = browser(workspace), str(User.objects.get(email=OWNER).pk)

    def use_up(allowed: tuple[Limit, ...]) -> None:
        while not take(*((limit, person) for limit in allowed)):
            pass

    data = {"email": "friend@x.test", "role": "guest"}
    use_up(INVITATIONS)
    assert client.post("/w/acme/settings/members/invite/", data).status_code == 422
    ask: dict[str, Any] = {
        "path": "/w/acme/posts/card",
        "data": {"url": "http://127.0.0.1:1/"},
        "content_type": "application/json",
    }
    assert client.post(**ask).status_code == 422
    use_up(LINK_CARDS)
    refused = client.post(**ask)
    assert refused.status_code == 429
    assert refused.json()["problems"][0]["code"] == "too_often"
