"""Secrets of two-factor sign-in are sealed like the credentials of channels: a copy of the database opens nothing."""

import base64

from allauth.mfa.adapter import DefaultMFAAdapter

from kaja.channels.vault import get_vault

BOUND_TO = "account:second-factor"


class SealingAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth asks this before it stores the secret of an authenticator app or the seed of recovery codes."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(get_vault().seal(text.encode(), bound_to=BOUND_TO)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises VaultError under another key ring: never a guess that somebody could sign in with."""
        return get_vault().open(base64.b64decode(encrypted_text), bound_to=BOUND_TO).decode()
