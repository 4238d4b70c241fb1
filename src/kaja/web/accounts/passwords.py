"""Words that lie near when somebody chooses a password for Kaja: alone, or with some figures, they make none."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kaja.networks.registry import CONNECTORS

WORDS = (
    "kaja", "admin", "administrator", "curator", "manager", "marketer", "designer", "analyst", "guest", "workspace",
    "social", "media", "team", "channel", "post", "welcome", "password", "passwort",
    "secret", "login", "local", "host", "localhost", "www",
)  # fmt: skip
"""The documented list (docs/security.md); the networks' names and the host of `KAJA_BASE_URL` are added to it."""
LEAST_LEFT = 5


class ContextWords:
    """A validator of Django's: what is left without these words, figures and signs must be something."""

    def validate(self, password: str, user: object = None) -> None:
        host = re.split(r"[^a-z0-9]+", (urlsplit(settings.BASE_URL).hostname or "").lower())
        left = password.lower()
        named = {connector.info.name.lower() for connector in CONNECTORS.values() if not connector.info.practice}
        for word in sorted({*WORDS, *named, *(each for each in host if len(each) > 2)}, key=len, reverse=True):
            left = left.replace(word, "")
        # Letters of every script count; a sentence of figures or signs is judged by the others.
        letters = [sign for sign in password if sign.isalpha()]
        if letters and sum(sign.isalpha() for sign in left) < min(LEAST_LEFT, len(letters)):
            raise ValidationError(self.get_help_text(), code="password_of_context_words")

    def get_help_text(self) -> str:
        return _("This password is made of words that everybody tries first here. Add some of your own.")
