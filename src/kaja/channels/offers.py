"""A consent as it waits, sealed, until a person has chosen of what it offers."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from kaja.channels.sessions import parse_facts, render_facts
from kaja.kernel.problems import parse_problem, render_problem
from kaja.networks.kit.consent import Granted, Offer
from kaja.networks.kit.grants import Tokens


def render_granted(granted: Granted) -> dict[str, Any]:
    """JSON-able."""
    tokens = granted.tokens
    times = {name: _render(value) for name, value in (("expires_at", tokens.expires_at), ("renew_at", tokens.renew_at))}
    return {
        "tokens": {**asdict(tokens), **times},
        "offers": [
            {
                "facts": render_facts(offer.facts),
                "expires_at": _render(offer.facts.expires_at),
                "credentials": dict(offer.credentials),
                "base_url": offer.base_url,
                "problem": render_problem(offer.problem) if offer.problem else None,
            }
            for offer in granted.offers
        ],
    }


def parse_granted(stored: Mapping[str, Any]) -> Granted:
    """The inverse."""
    given = stored["tokens"]
    tokens = Tokens(given["credentials"], _parse(given["expires_at"]), _parse(given["renew_at"]), given["subject"])
    return Granted(tokens, tuple(_parse_offer(each) for each in stored["offers"]))


def _parse_offer(stored: Mapping[str, Any]) -> Offer:
    facts = replace(parse_facts(stored["facts"], "", "", ""), expires_at=_parse(stored["expires_at"]))
    problem = parse_problem(stored["problem"]) if stored["problem"] else None
    return Offer(facts, stored["credentials"], stored["base_url"], problem)


def _render(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _parse(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
