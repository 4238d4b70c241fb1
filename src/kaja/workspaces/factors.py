"""How people prove who they are, beside their passwords. allauth keeps the rows; this is all that reads them."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from kaja.workspaces.models import User

SECOND = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_factor(user: User) -> bool:
    """Whether the person has a second factor."""
    return bool(Authenticator.objects.filter(user=user, type__in=SECOND).exists())


def list_factor_kinds(user: User) -> list[str]:
    """The kind of every factor, recovery codes among them."""
    return list(Authenticator.objects.filter(user=user).values_list("type", flat=True))


def list_factors(user: User) -> list[Authenticator]:
    """The oldest first, without recovery codes: these go with the last factor that they stand in for."""
    kept = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return list(kept.order_by("created_at"))


def is_proven(user: User) -> bool:
    """Whether the person has proven that they read their mailbox."""
    return bool(EmailAddress.objects.filter(user=user, verified=True).exists())
