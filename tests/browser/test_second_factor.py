"""Passwords, passkeys, codes: the real way through all pages of them, looked at on the way.

Chromium's virtual authenticator stands in for the finger: https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/
(read 2026-11-22). Passkeys belong to a host name, so Kaja is opened as `localhost` here.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.album import Album
from tests.browser.conftest import OpenWindow, Watched
from tests.browser.looking import LARGE, NIGHT, look
from tests.browser.places import Place
from tests.browser.scenes import PASSWORD
from tests.browser.stack import Stack
from tests.web.test_accounts import totp_code

EMAIL = "mari.factor@lummus.test"
Look = Callable[[Page, str], None]


@pytest.fixture
def see(album: Album) -> Look:
    def look_at(page: Page, name: str) -> None:
        wrong = look(page, album, Place("", "", name=name), "factor", (LARGE, NIGHT))
        assert wrong == [], "\n".join(wrong)

    return look_at


def add_authenticator(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in(page: Page) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def prove(page: Page, see: Look) -> None:
    """The password once more, which a change of the protection asks for."""
    see(page, "account-reauthenticate-asked")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def test_codes_and_passkeys_are_set_up_and_open_the_door(kaja: Stack, open_window: OpenWindow, see: Look) -> None:
    kaja.plant("room", slug="factor")
    page = open_window(base_url=kaja.url.replace("127.0.0.1", "localhost"))
    add_authenticator(page)
    sign_in(page)
    page.wait_for_url(re.compile("/w/factor/"))

    page.goto("/account/2fa/totp/activate/")
    prove(page, see)
    see(page, "mfa-activate-totp")
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".field-error")).to_be_visible()
    page.get_by_text("The app cannot scan?").click()
    secret = page.locator("code").inner_text()
    page.get_by_label("Code", exact=True).fill(totp_code(secret))
    page.get_by_role("button", name="Switch it on").click()
    page.wait_for_url(re.compile("/recovery-codes/"))
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    see(page, "mfa-recovery-codes")
    page.get_by_role("link", name="Create new ones").click()
    see(page, "mfa-recovery-codes-again")

    page.goto("/account/2fa/webauthn/")
    see(page, "mfa-passkeys-none")
    page.get_by_role("link", name="Add a passkey").click()
    see(page, "mfa-passkey-add")
    page.get_by_label("Name").fill("Mari's phone")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(re.compile("/account/2fa/$"))
    see(page, "mfa-index-all")
    page.goto("/account/2fa/webauthn/")
    expect(page.locator("main li")).to_contain_text("Mari's phone")
    see(page, "mfa-passkeys")
    page.get_by_role("link", name="Rename").click()
    see(page, "mfa-passkey-rename")
    page.get_by_label("Name").fill("Old phone")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Remove “Old phone”?")
    see(page, "mfa-passkey-remove")
    page.goto("/account/2fa/totp/deactivate/")
    see(page, "mfa-switch-off")
    page.goto("/account/2fa/reauthenticate/")
    see(page, "mfa-reauthenticate-code")
    page.goto("/account/2fa/webauthn/reauthenticate/")
    see(page, "mfa-reauthenticate-passkey")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(lambda url: "reauthenticate" not in url)

    page.goto("/account/logout/")
    see(page, "account-logout")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page)
    page.wait_for_url(re.compile("/account/2fa/authenticate/"))
    see(page, "mfa-authenticate")
    page.get_by_label("Code", exact=True).fill("123456")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".field-error")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(re.compile("/w/factor/"))

    page.goto("/account/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/account/login/")
    see(page, "account-login-with-passkeys")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile("/w/factor/"))


def test_a_new_password_by_a_link(kaja: Stack, open_window: OpenWindow, see: Look, console: Watched) -> None:
    made = kaja.plant("forgotten", email="liis.forgotten@lummus.test")
    page = open_window()
    page.goto(made["path"])
    see(page, "account-new-password")
    page.get_by_label("New password", exact=True).fill("a new one of some length")
    page.get_by_label("New password, again").fill("a new one of some length")
    page.get_by_role("button", name="Save the new password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The new password is saved")
    see(page, "account-new-password-saved")
    page.goto(made["path"])
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work any more")
    see(page, "account-new-password-too-late")
