"""Giving consent on a network's own site: a capability that a connector may have as `consent`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kaja.kernel.problems import Problem
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.grants import App, Tokens
from kaja.networks.kit.http import Session


@dataclass(frozen=True)
class Authorization:
    """Where to send the person, and what must be kept (sealed) until they come back."""

    url: str
    pending: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Offer:
    """One page, account, group or blog that a consent opens."""

    facts: Facts
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What only this one has, under names that the consent's tokens do not have (a page's token); may be empty."""
    base_url: str = ""
    problem: Problem | None = None
    """Why it cannot be connected; it is shown all the same."""


@dataclass(frozen=True)
class Granted:
    """What came of a consent. Where its tokens name no subject, it opens exactly one account."""

    tokens: Tokens
    offers: tuple[Offer, ...]


class Consent(Protocol):
    """A round trip to the network's site. `app` is the operator's developer app; None where the network wants none."""

    async def authorize(
        self, form: Mapping[str, str], back: str, state: str, app: App | None, session: Session
    ) -> Authorization:
        """The address to send the person to. `form` is what `info.form` asked, where consent is the network's only
        way. Raises ConnectRefused."""

    async def exchange(
        self, answer: Mapping[str, str], pending: Mapping[str, str], app: App | None, session: Session
    ) -> Granted:
        """What the person came back with, made into tokens and offers. `pending` is what `authorize` kept; for a
        practice network also what the installation itself shows. Raises ConnectRefused, TransportError."""

    async def renew(self, session: Session) -> Tokens:
        """Fresh tokens for those of the session (`session.credentials`), in the name of `await session.find_app()`.

        Raises ConnectRefused when only a person can give new ones, TransportError for trouble of the moment."""
