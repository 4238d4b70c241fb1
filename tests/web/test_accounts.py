"""Making accounts, signing in, and what a browser keeps of it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client, override_settings

from kaja.kernel.models import Bucket
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.actions import invite
from kaja.workspaces.jobs import mail_invitation
from kaja.workspaces.models import Invitation, Member, Role, User, Workspace
from tests.people import PASSWORD, actor, add_member, browser, first_code


def bring_code(client: Client) -> Client:
    """A browser that has opened the address which `kaja up` printed."""
    assert 'name="password1"' in client.get("/account/signup/", {"code": first_code()}).content.decode()
    return client


OWNER = {"name": "Mari", "email": "Mari@Kohvik.test", "password1": PASSWORD}


def test_first_person_owns_the_installation_and_nobody_follows(db: None) -> None:
    client = Client()
    assert client.get("/")["Location"] == "/account/signup/"
    bring_code(client)
    answer = client.post("/account/signup/", OWNER, follow=True)
    assert answer.redirect_chain[-1][0] == "/welcome/workspace/"
    user = User.objects.get()
    assert (user.name, user.email) == ("Mari", "mari@kohvik.test")

    late = Client()
    assert late.get("/")["Location"] == "/account/login/"
    closed = late.get("/account/signup/")
    assert "by invitation" in closed.content.decode()
    assert 'name="password1"' not in closed.content.decode()
    late.post("/account/signup/", OWNER | {"email": "late@kohvik.test"})
    assert User.objects.count() == 1


def test_without_the_printed_code_nobody_owns_the_installation(db: None) -> None:
    client = Client()
    assert 'name="code"' in client.get("/account/signup/").content.decode()
    assert "not the code" in client.get("/account/signup/", {"code": "ABCD-EFGH-JKMN"}).content.decode()
    client.post("/account/signup/", OWNER)
    client.post("/account/signup/", OWNER | {"code": "guess"})
    assert not User.objects.exists()
    # Written small, with other gaps and the usual mistakes, it is the code.
    typed = first_code().replace("-", " ").replace("0", "o").replace("1", "l").lower()
    assert 'name="password1"' in client.get("/account/signup/", {"code": typed}).content.decode()


def test_the_code_cannot_be_guessed_for_long(db: None) -> None:
    def tried(n: int) -> None:
        Client().get("/account/signup/", {"code": f"ABCD-EFGH-{n:04}"}, REMOTE_ADDR=f"198.51.100.{n % 7}")

    for n in range(40):
        tried(n)
    assert Bucket.objects.filter(purpose="first code: caller").count() == 7
    # Thirty were looked at; now the right one waits, too.
    late = Client().get("/account/signup/", {"code": first_code()}, REMOTE_ADDR="203.0.113.1")
    assert 'name="password1"' not in late.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_four_first_accounts_at_once_one_is_made() -> None:
    clients = [bring_code(Client()) for _ in range(4)]
    ready = Barrier(4)

    def sign_up(number: int) -> int:
        try:
            ready.wait(120)
            data = OWNER | {"email": f"owner{number}@kohvik.test"}
            return clients[number].post("/account/signup/", data).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(sign_up, range(4)))
    # Who comes while the first one is made is sent on, who comes after it finds the page that says it is closed.
    assert 302 in answers
    assert set(answers) <= {200, 302}
    owner = User.objects.get()
    assert owner.is_staff
    assert EmailAddress.objects.get(user=owner).verified


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password1": "tiny-9"}, "too short"),
        ({"password1": "password123"}, "too common"),
        ({"email": "mari"}, "valid email"),
        ({"name": ""}, "required"),
    ],
)
def test_bad_sign_up_keeps_what_was_typed_but_the_password(db: None, wrong: dict[str, str], said: str) -> None:
    html = bring_code(Client()).post("/account/signup/", OWNER | wrong).content.decode()
    assert said in html
    assert (OWNER | wrong)["password1"] not in html
    if "name" not in wrong:
        assert 'value="Mari"' in html
    assert not User.objects.exists()


def make_link(workspace: Workspace) -> str:
    with workspace_scope(workspace.id):
        return f"/account/invitation/{invite(actor(workspace), email='jaan@kohvik.test', role=Role.DESIGNER)[1]}/"


def test_invitation_leads_a_stranger_to_membership(workspace: Workspace) -> None:
    link = make_link(workspace)
    client = Client()
    shown = client.get(link).content.decode()
    assert "Join Acme" in shown
    assert "Designer" in shown
    assert "(Europe/Tallinn)" in shown
    page = client.get("/account/signup/").content.decode()
    assert 'value="jaan@kohvik.test"' in page
    # Whatever address is sent, the account is for the invited one.
    data = {"name": "Jaan", "email": "thief@kohvik.test", "password1": PASSWORD, "next": link}
    assert client.post("/account/signup/", data)["Location"] == link
    assert "Join as Jaan" in client.get(link).content.decode()
    assert client.post(link)["Location"] == "/w/acme/"
    with workspace_scope(workspace.id):
        assert Member.objects.get(user__email="jaan@kohvik.test").role == Role.DESIGNER
    assert client.get(link).status_code == 404
    # The key that opened the sign-up page is used up.
    other = Client()
    other.get(link)
    assert "by invitation" in other.get("/account/signup/").content.decode()


def test_an_invitation_is_for_its_address_only(workspace: Workspace, other_workspace: Workspace) -> None:
    link = make_link(workspace)
    thief = browser(other_workspace)
    answer = thief.post(link, follow=True)
    assert "jaan@kohvik.test" in answer.content.decode()
    with workspace_scope(workspace.id):
        assert Member.objects.count() == 1
        assert Invitation.objects.get().accepted_at is None


MAIL = override_settings(
    EMAIL_HOST="mail.test",
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    ACCOUNT_EMAIL_VERIFICATION="mandatory",
)


def sign_up_invited(workspace: Workspace, query: str) -> Client:
    client = Client()
    link = make_link(workspace)
    client.get(link + query)
    client.post("/account/signup/", {"name": "Jaan", "password1": PASSWORD, "next": link})
    return client


@MAIL
def test_an_address_counts_only_when_it_is_proven(workspace: Workspace) -> None:
    """Whoever has the link from elsewhere than the mail is not signed in before the mailbox has answered."""
    client = sign_up_invited(workspace, "?proof=guess")
    assert client.get("/welcome/workspace/").status_code == 302
    assert sign_in(Client(), email="jaan@kohvik.test")["Location"] == "/account/confirm-email/"
    assert client.get("/account/2fa/webauthn/add/").status_code == 302
    [first, *_] = mail.outbox
    assert first.to == ["jaan@kohvik.test"]
    [link] = [line for line in first.body.split() if line.startswith("http://localhost:8000/account/confirm-email/")]
    path = link.removeprefix("http://localhost:8000")
    assert "jaan@kohvik.test" in Client().get(path).content.decode()
    assert not EmailAddress.objects.get().verified
    client.post(path)
    assert EmailAddress.objects.get().verified
    assert sign_in(Client(), email="jaan@kohvik.test")["Location"] == "/"


@MAIL
def test_the_link_that_only_the_mail_carries_proves_the_address(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        made, token = invite(actor(workspace), email="jaan@kohvik.test", role=Role.DESIGNER)
    mail_invitation.func(  # type: ignore[attr-defined]  # the task behind the job
        workspace_id=str(workspace.id), invitation_id=str(made.id), language="en"
    )
    [link] = [word for word in mail.outbox[0].body.split() if token in word]
    client = Client()
    client.get(link.removeprefix("http://localhost:8000"))
    client.post("/account/signup/", {"name": "Jaan", "password1": PASSWORD})
    assert EmailAddress.objects.get().verified
    assert sign_in(Client(), email="jaan@kohvik.test")["Location"] == "/"


def test_without_a_mail_server_the_handed_link_is_the_proof(workspace: Workspace) -> None:
    sign_up_invited(workspace, "")
    assert EmailAddress.objects.get().verified


@MAIL
def test_mailed_links_ignore_the_host_that_a_request_names(workspace: Workspace) -> None:
    Client().post("/account/password/reset/", {"email": "owner@acme.test"}, headers={"Host": "127.0.0.1:6666"})
    assert Client().get("/", headers={"Host": "evil.test"}).status_code == 400
    [message] = mail.outbox
    assert "http://localhost:8000/account/password/reset/key/" in message.body
    assert ":6666" not in f"{message.subject} {message.body}"
    owner = browser(workspace)
    data = {"email": "x@acme.test", "role": "guest"}
    page = owner.post("/w/acme/settings/members/invite/", data, headers={"Host": "127.0.0.1:6666"})
    assert "http://localhost:8000/account/invitation/" in page.content.decode()
    assert ":6666" not in page.content.decode()


@MAIL
@override_settings(SIGN_UP="open", WORKSPACE_MAKERS="everybody")
def test_an_open_sign_up_proves_the_address_and_tells_nobody_who_has_an_account(workspace: Workspace) -> None:
    new, known = Client(), Client()
    for client, email in ((new, "new@acme.test"), (known, "owner@acme.test")):
        answer = client.post("/account/signup/", OWNER | {"email": email})
        assert answer["Location"] == "/account/confirm-email/"
        assert client.get("/welcome/workspace/").status_code == 302
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    ("makers", "role", "may"),
    [
        ("curators", Role.CURATOR, True), ("curators", Role.GUEST, False), ("everybody", Role.GUEST, True),
        ("nobody", Role.CURATOR, False),
    ],
)  # fmt: skip
def test_who_may_make_workspaces_is_the_operators_choice(
    workspace: Workspace, settings: Any, makers: str, role: str, may: bool
) -> None:
    settings.WORKSPACE_MAKERS = makers
    add_member(workspace, "some@acme.test", role)
    client = browser(workspace, "some@acme.test")
    assert ("/welcome/workspace/" in client.get("/w/acme/channels/").content.decode()) is may
    data = {"name": "New", "time_zone": "UTC", "language": "en"}
    assert client.post("/welcome/workspace/", data).status_code == (302 if may else 403)


def test_looking_at_an_invitation_does_not_join(workspace: Workspace, other_workspace: Workspace) -> None:
    link = make_link(workspace)
    browser(other_workspace).get(link)
    with workspace_scope(workspace.id):
        assert Member.objects.count() == 1
        assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00"])
def test_unknown_invitation_is_closed(db: None, token: str) -> None:
    answer = Client().get(f"/account/invitation/{token}/")
    assert answer.status_code == 404


def sign_in(client: Client, password: str = PASSWORD, email: str = "owner@acme.test") -> Any:
    return client.post("/account/login/", {"login": email, "password": password})


def test_session_is_renewed_at_sign_in_and_its_cookie_is_closed(workspace: Workspace) -> None:
    client = Client()
    client.get("/account/login/")
    # Somebody planted a session before.
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["kaja_session"] = str(session.session_key)
    answer = sign_in(client)
    assert answer["Location"] == "/"
    cookie = answer.cookies["kaja_session"]
    assert cookie.value != session.session_key
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    token = Client().get("/account/login/").cookies["csrftoken"]
    assert (token["httponly"], token["samesite"]) == (True, "Lax")


def test_wrong_password_says_the_same_for_known_and_unknown(workspace: Workspace) -> None:
    known = sign_in(Client(), "wrong").content.decode()
    unknown = sign_in(Client(), "wrong", "nobody@acme.test").content.decode()
    errors = [html.split('role="alert"')[1].split("</div>")[0] for html in (known, unknown)]
    assert errors[0] == errors[1]
    assert "not correct" in errors[0]
    assert "wrong" not in known.split("<form")[1].split('name="password"')[1].split(">")[0]


def test_many_wrong_passwords_are_slowed_and_said(workspace: Workspace) -> None:
    client = Client()
    texts = [sign_in(client, f"wrong {n}").content.decode() for n in range(12)]
    assert "too many attempts" in texts[-1]
    # Even the right password waits then.
    assert sign_in(client).status_code != 302


def test_sign_out_ends_the_session_for_good(workspace: Workspace) -> None:
    client = Client()
    sign_in(client)
    key = client.cookies["kaja_session"].value
    assert client.get("/w/acme/channels/").status_code == 200
    client.post("/account/logout/")
    thief = Client()
    thief.cookies["kaja_session"] = key
    assert thief.get("/w/acme/channels/").status_code == 302


def test_sign_in_leads_back_only_into_kaja(workspace: Workspace) -> None:
    for outside in ("https://evil.test/", "//evil.test/", "javascript:alert(1)"):
        answer = Client().post("/account/login/", {"login": "owner@acme.test", "password": PASSWORD, "next": outside})
        assert answer["Location"] == "/"


PERSONAL = [
    "/account/password/change/", "/account/2fa/", "/account/2fa/totp/activate/", "/account/2fa/webauthn/",
    "/account/2fa/webauthn/add/", "/account/2fa/recovery-codes/generate/", "/account/reauthenticate/",
]  # fmt: skip


@pytest.mark.parametrize("address", PERSONAL)
def test_security_pages_are_in_our_frame_and_for_the_signed_in(workspace: Workspace, address: str) -> None:
    assert Client().get(address).status_code == 302
    client = Client()
    sign_in(client)
    answer = client.get(address, follow=True)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert 'class="wordmark"' in html
    assert "style=" not in html
    assert "<script>" not in html


@pytest.mark.parametrize(
    "address",
    ["email/", "confirm-email/", "confirm-email/abc:def/", "password/set/", "login/code/confirm/"],
)
def test_addresses_without_a_page_lead_on_and_do_nothing(workspace: Workspace, address: str) -> None:
    client = Client()
    assert client.get(f"/account/{address}")["Location"] == "/account/login/"
    sign_in(client)
    sent = {"email": "thief@evil.test", "action_add": "1", "password1": "another one", "password2": "another one"}
    for answer in (client.get(f"/account/{address}"), client.post(f"/account/{address}", sent)):
        assert answer["Location"] == "/w/acme/"
    assert not EmailAddress.objects.filter(email="thief@evil.test").exists()
    assert User.objects.get(email="owner@acme.test").check_password(PASSWORD)


def test_person_language_holds_on_every_page(workspace: Workspace) -> None:
    User.objects.update(language="et")
    client = browser(workspace)
    assert '<html lang="et"' in client.get("/w/acme/channels/").content.decode()
    assert '<html lang="et"' in client.get("/account/password/change/").content.decode()


def totp_code(secret: str, steps: int = 0) -> str:
    """RFC 6238, by the standard library: six digits, thirty seconds, SHA-1; of now, or that many steps later."""
    import base64
    import hmac
    import struct
    import time

    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, "sha1").digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_authenticator_app_is_asked_for_after_the_password(workspace: Workspace) -> None:
    client = Client()
    sign_in(client)
    here = "/account/2fa/totp/activate/"
    assert client.get(here)["Location"].startswith("/account/reauthenticate/"), "a session alone changes no protection"
    assert client.post("/account/reauthenticate/", {"password": PASSWORD, "next": here})["Location"] == here
    html = client.get(here).content.decode()
    secret = html.split("<code>")[1].split("</code>")[0]
    wrong = client.post("/account/2fa/totp/activate/", {"code": "000000"}).content.decode()
    assert 'id="id_code_error"' in wrong
    assert f"<code>{secret}</code>" in wrong, "the app that was set up already stays right"
    done = client.post("/account/2fa/totp/activate/", {"code": totp_code(secret)}, follow=True)
    assert "Recovery" in done.content.decode()
    assert "on</span>" in client.get("/w/acme/settings/security/").content.decode()

    other = Client()
    assert sign_in(other)["Location"].startswith("/account/2fa/authenticate/")
    assert other.get("/w/acme/channels/").status_code == 302, "the password alone opens nothing"
    assert "style=" not in other.get("/account/2fa/authenticate/").content.decode()
    # The code of now was used above, and each is good once.
    assert other.post("/account/2fa/authenticate/", {"code": totp_code(secret, 1)}).status_code == 302
    assert other.get("/w/acme/channels/").status_code == 200


def test_forgotten_password_without_a_mail_server_says_so(workspace: Workspace, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    html = Client().get("/account/password/reset/").content.decode()
    assert "sends no e-mail" in html
    assert 'name="email"' not in html
    assert Client().post("/account/password/reset/", {"email": "owner@acme.test"}).status_code in {200, 302}
