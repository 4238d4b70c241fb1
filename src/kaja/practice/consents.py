"""What the practice network remembers of developer apps, of consents, and of the tokens that came of them."""

import secrets
import time
from dataclasses import dataclass
from typing import Any

from kaja.practice.http import Refusal
from kaja.practice.network import Network
from kaja.practice.state import Account, App, Consent
from kaja.practice.store import digest


@dataclass(frozen=True)
class Code:
    """What a person allowed a moment ago; it opens once."""

    client_id: str
    back: str
    challenge: str
    person: str
    several: bool
    lasts: float
    renews: bool
    until: float


class Consents:
    """Apps and consents over the store's journal."""

    def __init__(self, network: Network) -> None:
        self.network, self.store = network, network.store
        self.codes: dict[str, Code] = {}

    def make_app(self, name: str, back: str) -> tuple[App, str]:
        """A new app and its secret, which is told once."""
        secret = f"practice-secret-{secrets.token_urlsafe(24)}"
        client_id = f"app{self.store.next_id()}"
        app = self.store.record("app", client_id=client_id, name=name, secret=digest(secret), back=back)
        return app, secret

    def get_app(self, client_id: str, secret: str | None = None) -> App:
        """The app, known by its secret where one is given."""
        app = self.store.apps.get(client_id)
        if app is None or (secret is not None and digest(secret) != app.secret):
            raise Refusal(401, "invalid_client", "This app is not known here, or its secret is another one.")
        return app

    def allow(self, code: Code) -> str:
        """The code that the person takes back to the app."""
        now = time.time()
        self.codes = {key: kept for key, kept in self.codes.items() if kept.until > now}
        made = secrets.token_urlsafe(24)
        self.codes[made] = code
        return made

    def exchange(self, app: App, code: str, back: str, challenge: str, workspace: str) -> Consent:
        """The consent that a code stands for."""
        kept = self.codes.pop(code, None)
        if kept is None or kept.until < time.time() or (kept.client_id, kept.back) != (app.client_id, back):
            raise Refusal(400, "invalid_grant", "This code is not known, was used, or is of another app or address.")
        if kept.challenge != challenge:
            raise Refusal(400, "invalid_grant", "The code verifier does not fit the challenge.")
        names = [(kept.person, "plain")]
        if kept.several:
            names += [(f"{kept.person} Shop", "keyed"), (f"Friends of {kept.person}", "plain")]
        accounts = [self.network.authorize(name, kind, workspace)[0].name for name, kind in names]
        archive = [f"{kept.person} Archive"] if kept.several else []
        readable = [self.network.authorize(name, "plain", workspace)[0].name for name in archive]
        known = [
            each
            for each in self.store.consents.values()
            if (each.client_id, each.person, each.workspace) == (app.client_id, kept.person, workspace)
        ]
        for old in known:
            self.end(old)
        consent: Consent = self.store.record(
            "consent",
            id=self.store.next_id(),
            client_id=app.client_id,
            person=kept.person,
            workspace=workspace,
            lasts=kept.lasts,
            renews=kept.renews,
            accounts=accounts,
            readable=readable,
        )
        return consent

    def give(self, consent: Consent, shown: str = "") -> dict[str, Any]:
        """Tokens for a consent; `shown` is the refresh token that was shown for them."""
        access, refresh = (f"practice-{kind}-{secrets.token_urlsafe(24)}" for kind in ("access", "refresh"))
        self.store.record(
            "tokens",
            consent=consent.id,
            access=digest(access),
            ends=time.time() + consent.lasts,
            refresh=digest(refresh) if consent.renews else "",
            before=digest(shown) if shown else "",
        )
        told = {"access_token": access, "token_type": "Bearer", "expires_in": consent.lasts, "subject": consent.person}
        return {**told, "refresh_token": refresh} if consent.renews else told

    def renew(self, app: App, refresh: str) -> dict[str, Any]:
        """Fresh tokens. Who shows one that was used up for good loses the consent: somebody has copied it."""
        key = digest(refresh)
        for consent in self.store.consents.values():
            if consent.client_id != app.client_id or consent.over:
                continue
            if key in (consent.refresh, consent.before):
                return self.give(consent, refresh)
            if key in consent.spent:
                self.end(consent)
        raise Refusal(400, "invalid_grant", "This refresh token opens nothing.")

    def end(self, consent: Consent) -> None:
        """A consent that is over takes its tokens along."""
        self.store.record("end", consent=consent.id)

    def find(self, token: str) -> Consent:
        """The consent of an access token."""
        key = digest(token)
        for consent in self.store.consents.values():
            ends = consent.access.get(key)
            if ends is not None and not consent.over:
                if ends < time.time():
                    raise Refusal(401, "token_over", "This token has ended.")
                if consent.before:
                    self.store.record("used", consent=consent.id)
                return consent
        raise Refusal(401, "bad_token", "This token is not known here, or it was revoked.")

    def get_account(self, token: str, account_id: str) -> Account:
        """An account that the consent of an access token opens."""
        consent = self.find(token)
        for name in consent.accounts:
            if self.store.accounts[name].id == account_id:
                return self.store.accounts[name]
        raise Refusal(403, "not_allowed", "The consent does not include this account.")
