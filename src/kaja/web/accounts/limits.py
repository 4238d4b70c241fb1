"""How often anybody may try to get in, or make Kaja write to somebody: every limit of the account pages.

Three things hold together at the sign-in: an address has so many failed tries, an account has so many, and the two as
a pair. Strangers who use up an account's tries do not lock its owner out: a device that has signed in before keeps
tries of its own (`devices.py`), and a link to reset the password makes a device known.
"""

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils.translation import ngettext

from kaja.kernel.limits import Asked, Limit, caller_of, count_seconds, return_tries, take
from kaja.web.accounts.devices import find_device

MINUTE, HOUR, DAY = 60, 3600, 86400

# Failed tries only: a right password gives the try back. The day's number makes waits longer the longer it goes on.
CALLER = (Limit("sign-in: caller", 30, 10 * MINUTE), Limit("sign-in: caller, day", 300, DAY))
PAIR = (Limit("sign-in: pair", 6, 5 * MINUTE), Limit("sign-in: pair, day", 40, DAY))
ACCOUNT = (Limit("sign-in: account", 20, 20 * MINUTE), Limit("sign-in: account, day", 100, DAY))
DEVICE = (Limit("sign-in: device", 10, 10 * MINUTE), Limit("sign-in: device, day", 100, DAY))
CODE = (Limit("code: account", 5, 5 * MINUTE), Limit("code: account, day", 30, DAY))
CODE_DEVICE = (Limit("code: device", 5, 5 * MINUTE), Limit("code: device, day", 30, DAY))

RESET_MAILS = (Limit("reset: mail", 3, HOUR), Limit("reset: mail, day", 6, DAY))
"""Mails to one address; further ones are not sent, and nobody is told."""
PROOF_MAILS = (Limit("proof: mail", 3, HOUR), Limit("proof: mail, day", 6, DAY))

BY_CALLER: dict[str, Limit] = {
    "account_login": Limit("page: sign-in", 60, 10 * MINUTE),
    "account_signup": Limit("page: sign-up", 30, HOUR),
    "account_reset_password": Limit("page: reset", 20, HOUR),
    "account_reset_password_from_key": Limit("page: reset link", 30, HOUR),
    "account_confirm_email": Limit("page: proof link", 30, HOUR),
    "invitation": Limit("page: invitation", 60, HOUR),
    "mfa_authenticate": Limit("page: code", 60, 10 * MINUTE),
    "mfa_login_webauthn": Limit("page: passkey", 60, 10 * MINUTE),
}
"""What one address may send to a page; links that carry a secret are counted when they are merely opened, too."""
SECRET_LINKS = frozenset({"account_reset_password_from_key", "account_confirm_email", "invitation"})

BY_PERSON: dict[str, Limit] = {
    name: Limit(f"person: {name}", 20, 10 * MINUTE)
    for name in (
        "account_reauthenticate",
        "account_change_password",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_add_webauthn",
        "mfa_generate_recovery_codes",
        "account_review",
        "usersessions_list",
    )
}
"""What a signed-in person may send to a page that changes or asks for a secret."""


def of_page(request: HttpRequest, name: str) -> list[Asked]:
    """The limits that a request to the page `name` is counted in."""
    asked: list[Asked] = []
    if (limit := BY_CALLER.get(name)) and (request.method == "POST" or name in SECRET_LINKS):
        asked.append((limit, caller_of(request)))
    if (limit := BY_PERSON.get(name)) and request.method == "POST" and request.user.is_authenticated:
        asked.append((limit, str(request.user.pk)))
    return asked


def of_password(request: HttpRequest, email: str) -> list[Asked]:
    """The limits of one try of a password."""
    email = email.strip().lower()
    if device := find_device(request, email):
        return [(limit, f"{device} {email}") for limit in DEVICE]
    caller = caller_of(request)
    return [
        *((limit, caller) for limit in CALLER),
        *((limit, f"{caller} {email}") for limit in PAIR),
        *((limit, email) for limit in ACCOUNT),
    ]


def of_code(request: HttpRequest, email: str) -> list[Asked]:
    """The limits of one try of a code: who tries has the password already."""
    email = email.lower()
    if device := find_device(request, email):
        return [(limit, f"{device} {email}") for limit in CODE_DEVICE]
    return [(limit, email) for limit in CODE]


def try_once(request: HttpRequest, asked: Sequence[Asked]) -> str:
    """Take a try. Empty when there was one; else what to say, and the answer to the request will be a 429."""
    wait = take(*asked)
    if not wait:
        return ""
    request.retry_after = count_seconds(wait)  # type: ignore[attr-defined]  # LimitMiddleware reads it
    return say_wait(count_seconds(wait))


def take_back(asked: Sequence[Asked]) -> None:
    """The try was good, so it does not count."""
    return_tries(*asked)


def say_wait(seconds: int) -> str:
    """How long to wait, in words."""
    if seconds < 90:
        return ngettext(
            "There were too many attempts. Try again in %(n)d second.",
            "There were too many attempts. Try again in %(n)d seconds.",
            seconds,
        ) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext(
        "There were too many attempts. Try again in %(n)d minute.",
        "There were too many attempts. Try again in %(n)d minutes.",
        minutes,
    ) % {"n": minutes}
