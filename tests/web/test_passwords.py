"""What a password may be, and what a code is good for."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client, override_settings

from kaja.content.models import Post
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import User, Workspace
from tests.people import PASSWORD, browser
from tests.web.test_accounts import sign_in, totp_code

CHANGE = "/account/password/change/"


def change(client: Client, new: str, old: str = PASSWORD) -> Any:
    return client.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new})


def test_the_form_says_in_one_sentence_what_a_good_password_is(workspace: Workspace) -> None:
    """allauth's own form lists Django's four rules, and calls a password differently in Estonian."""
    html = browser(workspace).get(CHANGE, headers={"Accept-Language": "en"}).content.decode()
    assert "At least ten characters; a few words in a row are good." in html
    assert "too similar" not in html
    assert [label.strip() for label in re.findall(r"<label[^>]*>([^<]+)", html)] == [
        "Current password", "New password", "New password, again",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "good",
    [
        "correct horse battery",
        "лошадь батарея скрепка",
        "1 7 3 9 2 8 4 6 5 0",
        "x" * 30 + "y" * 98,
        "äöü ÄÖÜ  two  gaps ",
    ],
)
def test_any_signs_and_any_length_make_a_password_and_it_is_taken_exactly(workspace: Workspace, good: str) -> None:
    client = browser(workspace)
    assert change(client, good).status_code == 302
    user = User.objects.get(email="owner@acme.test")
    assert user.check_password(good)
    for other in (good.strip() + ".", good.swapcase() + "?", good[:64] + "!"):
        assert not user.check_password(other)
    assert sign_in(Client(), good)["Location"] == "/"


@pytest.mark.parametrize(
    "bad", ["tiny-9", "password123", "1234567890", "Kaja-2026-kaja!", "localhost1234", "owner@acme.test"]
)
def test_short_common_and_nearby_passwords_are_refused(workspace: Workspace, bad: str) -> None:
    assert change(browser(workspace), bad).status_code == 200
    assert User.objects.get(email="owner@acme.test").check_password(PASSWORD)


def test_the_present_password_is_asked_for(workspace: Workspace) -> None:
    client = browser(workspace)
    assert change(client, "quite another phrase", old="wrong").status_code == 200
    assert User.objects.get(email="owner@acme.test").check_password(PASSWORD)


def test_words_of_the_installation_alone_make_no_password() -> None:
    with override_settings(BASE_URL="https://posts.kohvik-lummus.ee"):
        for bad in ("kohvik-lummus-1", "Lummus Lummus 2026", "welcome to kaja"):
            with pytest.raises(ValidationError, match="words that everybody tries"):
                validate_password(bad)
        validate_password("lummus under the old lime tree")
        validate_password("эхо под старой липой")


def test_password_fields_hide_what_is_typed_and_take_what_a_manager_fills_in(workspace: Workspace) -> None:
    for html in (Client().get("/account/login/").content.decode(), browser(workspace).get(CHANGE).content.decode()):
        fields = re.findall(r"<input[^>]*password[^>]*>", html)
        assert fields
        for field in fields:
            assert 'type="password"' in field
            assert 'autocomplete="off"' not in field
            assert "onpaste" not in field
    assert 'autocomplete="current-password"' in Client().get("/account/login/").content.decode()


def test_a_code_of_an_app_is_good_once(workspace: Workspace) -> None:
    secret = generate_totp_secret()
    TOTP.activate(User.objects.get(email="owner@acme.test"), secret)
    code = totp_code(secret)
    answers = []
    for _ in range(2):
        client = Client()
        sign_in(client)
        answers.append(client.post("/account/2fa/authenticate/", {"code": code}).status_code)
    assert answers == [302, 200]


@override_settings(SECOND_FACTOR="required")
def test_where_a_second_factor_is_required_nobody_works_without(workspace: Workspace) -> None:
    client = browser(workspace)
    assert client.get("/w/acme/channels/")["Location"] == "/account/2fa/"
    assert client.get("/account/2fa/").status_code == 200
    # Nor by a part of a page, by what changes something, or by what a page's script asks for.
    assert client.get("/w/acme/channels/", headers={"HX-Request-Type": "partial"}).status_code == 204
    for address in ("/w/acme/ideas/add", "/w/acme/posts/save", "/w/acme/settings/pause/", "/welcome/workspace/"):
        assert client.post(address, {"text": "Written"})["Location"] == "/account/2fa/"
    assert client.get("/w/acme/live")["Location"] == "/account/2fa/"
    with workspace_scope(workspace.id):
        assert not Post.objects.exists()
    user = User.objects.get(email="owner@acme.test")
    TOTP.activate(user, generate_totp_secret())
    assert client.get("/w/acme/channels/").status_code == 200
    assert Authenticator.objects.count() == 1


def test_no_account_is_there_from_the_start(db: None) -> None:
    assert not User.objects.exists()


def test_trace_is_not_answered_with_what_was_sent(workspace: Workspace) -> None:
    for address in ("/", "/account/login/", "/w/acme/channels/", "/api/v1/posts"):
        answer = browser(workspace).trace(address, headers={"X-Planted": "echo-me"})
        assert answer.status_code in {302, 401, 405}
        assert b"echo-me" not in answer.content
