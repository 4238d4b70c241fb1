"""Where a person is signed in, how that ends, and what is asked after a new password."""

from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client, override_settings

from kaja.api.tokens import create_token
from kaja.kernel import clock
from kaja.kernel.sessions import name_of
from kaja.kernel.tenancy import workspace_scope
from kaja.web.accounts import sessions
from kaja.workspaces.models import Review, User, Workspace
from tests.people import PASSWORD, actor, browser, prove

NEW = "quite another phrase"
OWNER = "owner@acme.test"
PAGE = "/w/acme/channels/"
MAIL = override_settings(EMAIL_HOST="mail.test", EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")


def signed_in(password: str = PASSWORD, agent: str = "") -> Client:
    client = Client(headers={"User-Agent": agent} if agent else {})
    assert client.post("/account/login/", {"login": OWNER, "password": password})["Location"] == "/"
    return client


def is_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def make_token(workspace: Workspace, name: str) -> str:
    with workspace_scope(workspace.id):
        return create_token(actor(workspace), name, ["view"])[1]


def opens(secret: str) -> bool:
    return Client().get("/api/v1/posts", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_sessions_are_listed_and_each_can_be_ended(workspace: Workspace) -> None:
    mine = signed_in(agent="Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/150.0")
    phone = signed_in(agent="Mozilla/5.0 (iPhone) AppleWebKit/605 Safari/604")
    other = signed_in()
    html = mine.get("/account/sessions/").content.decode()
    assert "Firefox, Linux" in html
    assert "Safari, iPhone" in html
    assert html.count("this device") == 1
    prove(mine)
    row = UserSession.objects.get(session_key=name_of(phone.cookies["kaja_session"].value))
    mine.post("/account/sessions/", {"session": str(row.pk)})
    assert (is_in(mine), is_in(phone), is_in(other)) == (True, False, True)
    mine.post("/account/sessions/")
    assert (is_in(mine), is_in(other)) == (True, False)
    assert Session.objects.count() == 1


def test_what_the_database_knows_of_a_session_opens_nothing(workspace: Workspace) -> None:
    mine = signed_in()
    for known in (Session.objects.get().session_key, UserSession.objects.get().session_key):
        thief = Client()
        thief.cookies["kaja_session"] = known
        assert not is_in(thief)
    assert is_in(mine)


def test_a_changed_password_renews_the_session_and_its_place_in_the_list(workspace: Workspace) -> None:
    mine, other = signed_in(), signed_in()
    prove(mine)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert mine.post("/account/password/change/", form).status_code == 302
    assert (is_in(mine), is_in(other)) == (True, False)
    assert UserSession.objects.get().session_key == name_of(mine.cookies["kaja_session"].value)


def test_nobody_ends_the_session_of_another_person(workspace: Workspace, other_workspace: Workspace) -> None:
    mine = signed_in()
    row = UserSession.objects.get(session_key=name_of(mine.cookies["kaja_session"].value))
    thief = Client()
    thief.post("/account/login/", {"login": "owner@rival.test", "password": PASSWORD})
    prove(thief)
    thief.post("/account/sessions/", {"session": str(row.pk)})
    assert is_in(mine)


def test_ending_sessions_asks_for_the_password_first(workspace: Workspace) -> None:
    mine, other = signed_in(), signed_in()
    assert mine.post("/account/sessions/")["Location"].startswith("/account/reauthenticate/")
    assert is_in(other)
    # Answered, it goes on with what was asked for.
    again = mine.post("/account/reauthenticate/?next=/account/sessions/", {"password": PASSWORD}, follow=True)
    assert again.redirect_chain[-1][0] == "/account/sessions/"
    assert not is_in(other)


def test_a_session_ends_without_visits_and_after_its_longest_time(workspace: Workspace, settings: Any) -> None:
    mine = signed_in()
    assert 6 < (Session.objects.get().expire_date - clock.now()) / timedelta(days=1) <= 7
    session = mine.session
    session[sessions.SEEN] -= 3600
    session.save()
    before = UserSession.objects.get().last_seen_at
    assert is_in(mine)
    assert UserSession.objects.get().last_seen_at > before
    session = mine.session
    session[sessions.SINCE] -= settings.SESSION_LONGEST + 1
    session.save()
    assert not is_in(mine)
    assert not Session.objects.filter(session_key=name_of(str(session.session_key))).exists()


def test_a_closed_account_is_signed_out_everywhere(workspace: Workspace) -> None:
    mine = signed_in()
    secret = make_token(workspace, "shop")
    User.objects.filter(email=OWNER).update(is_active=False)
    assert not is_in(mine)
    assert not opens(secret)


@MAIL
def test_a_changed_password_ends_other_sessions_and_asks_what_stays(workspace: Workspace) -> None:
    mine, other = signed_in(), signed_in()
    kept, lost = make_token(workspace, "shop"), make_token(workspace, "planted")
    data = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert mine.post("/account/password/change/", data)["Location"] == "/account/review/"
    assert not is_in(other)
    assert mine.get(PAGE)["Location"] == "/account/review/"
    html = mine.get("/account/review/").content.decode()
    assert "planted (Acme)" in html
    answers = {}
    with workspace_scope(workspace.id):
        from kaja.api.models import Token

        for token in Token.objects.all():
            answers[f"token-{token.id}"] = "remove" if token.name == "planted" else "keep"
    # A change by the person themselves stops no program meanwhile.
    assert opens(kept)
    assert mine.post("/account/review/", answers)["Location"] == "/"
    assert (opens(kept), opens(lost)) == (True, False)
    assert is_in(mine)


def reset(password: str = NEW) -> None:
    Client().post("/account/password/reset/", {"email": OWNER})
    [link] = [word for word in mail.outbox[-1].body.split() if "/password/reset/key/" in word]
    client = Client()
    form = client.get(link.removeprefix("http://localhost:8000"))["Location"]
    answer = client.post(form, {"password1": password, "password2": password})
    assert answer["Location"] == "/account/password/reset/key/done/"


@MAIL
def test_a_reset_ends_all_sessions_and_lets_factors_and_tokens_rest_until_chosen(workspace: Workspace) -> None:
    attacker = signed_in()
    secret = make_token(workspace, "planted")
    user = User.objects.get(email=OWNER)
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    code = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()[0]
    reset()
    assert not is_in(attacker)
    assert not opens(secret)
    # The reset does not get past the second factor.
    mine = Client()
    entered = mine.post("/account/login/", {"login": OWNER, "password": NEW})
    assert entered["Location"] == "/account/2fa/authenticate/"
    mine.post("/account/2fa/authenticate/", {"code": code})
    assert mine.get(PAGE)["Location"] == "/account/review/"
    html = mine.get("/account/review/").content.decode()
    assert "Authenticator app" in html
    assert "checked" not in html
    assert mine.post("/account/review/", {}).status_code == 422
    factor = Authenticator.objects.get(type="totp")
    with workspace_scope(workspace.id):
        from kaja.api.models import Token

        token = Token.objects.get()
    answers = {f"factor-{factor.pk}": "remove", f"token-{token.pk}": "remove"}
    assert mine.post("/account/review/", answers)["Location"] == "/"
    assert not Authenticator.objects.exists()
    assert not opens(secret)
    assert is_in(mine)
    assert not User.objects.get(email=OWNER).review


@MAIL
def test_after_a_reset_no_passkey_signs_in_by_itself(workspace: Workspace) -> None:
    from django.contrib.messages.middleware import MessageMiddleware
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.test import RequestFactory

    from kaja.web.accounts.adapter import AccountAdapter

    user = User.objects.get(email=OWNER)
    request = RequestFactory().post("/account/2fa/webauthn/login/")
    SessionMiddleware(lambda _: None).process_request(request)  # type: ignore[arg-type]
    MessageMiddleware(lambda _: None).process_request(request)  # type: ignore[arg-type]
    method = {"method": "mfa", "type": "webauthn", "passwordless": True, "at": 0}
    request.session["account_authentication_methods"] = [method]
    request.session["account_authentication_methods_user"] = str(user.pk)
    about = {"email_verification": "none", "signal_kwargs": None, "email": None, "signup": False, "redirect_url": None}
    assert AccountAdapter().pre_login(request, user, **about) is None
    user.review = Review.RESET
    answer = AccountAdapter().pre_login(request, user, **about)
    assert answer is not None
    assert answer["Location"] == "/account/login/"


@MAIL
def test_changes_of_factors_are_told_by_mail_without_naming_the_requests_host(
    workspace: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    from tests.web.test_accounts import totp_code

    mine = signed_in()
    prove(mine)
    mine.get("/account/2fa/totp/activate/")
    secret = mine.session["mfa.totp.secret"]
    with django_capture_on_commit_callbacks(execute=True):
        data = {"code": totp_code(secret)}
        answer = mine.post("/account/2fa/totp/activate/", data, headers={"Host": "127.0.0.1:6666"})
    assert answer["Location"] == "/account/2fa/recovery-codes/"
    told = mail.outbox[-1]
    assert told.to == [OWNER]
    assert "http://localhost:8000" in told.body
    assert "6666" not in f"{told.subject} {told.body}"
    mine.post("/account/2fa/totp/deactivate/")
    assert len(mail.outbox) == 2


def test_over_https_cookies_belong_to_this_host_alone() -> None:
    import os
    import subprocess
    import sys

    code = (
        "from kaja.config import settings as s; from kaja.web.accounts import devices\n"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE)"
    )
    environment = os.environ | {"KAJA_BASE_URL": "https://kaja.test", "DJANGO_SETTINGS_MODULE": "kaja.config.settings"}
    code = "import django; django.setup()\n" + code + "\nprint(devices.cookie_name())"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["__Host-kaja_session", "__Host-kaja_csrf", "True", "__Host-kaja_device"]


def test_the_list_is_for_the_signed_in(workspace: Workspace) -> None:
    for address in ("/account/sessions/", "/account/review/"):
        assert Client().get(address)["Location"].startswith("/account/login/")
    assert browser(workspace).get("/account/review/")["Location"] == "/"
