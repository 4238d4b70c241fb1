"""Consent on the practice network's own page: what it opens is chosen in Kaja."""

from collections.abc import Mapping

from kaja.networks.kit import oauth
from kaja.networks.kit.answers import read_mapping, read_object
from kaja.networks.kit.consent import Authorization, Granted, Offer
from kaja.networks.kit.grants import App
from kaja.networks.kit.guards import inspecting
from kaja.networks.kit.http import Session
from kaja.networks.practice.answers import NETWORK, REST, TOKEN, parse_facts, renew
from kaja.networks.practice.info import WORDS

__all__ = ["authorize", "check", "exchange", "renew"]


async def authorize(form: Mapping[str, str], back: str, state: str, app: App | None, session: Session) -> Authorization:
    assert app is not None, "the info asks for one"
    described = await session.request("GET", "/.well-known/oauth-authorization-server", authorized=False)
    page = str(read_object(described, "authorization_endpoint")["authorization_endpoint"])
    return oauth.begin(page, app, back, state)


@inspecting
async def exchange(answer: Mapping[str, str], pending: Mapping[str, str], app: App | None, session: Session) -> Granted:
    assert app is not None, "the info asks for one"
    session.hide(pending.get("key", ""))
    shown = {"X-Practice-Key": pending.get("key", "")}
    workspace = pending.get("workspace", "")
    token = await oauth.exchange(TOKEN, NETWORK, app, answer, pending, session, headers=shown, workspace=workspace)
    tokens = oauth.read_tokens(token, session, str(token["subject"]))
    session.use_credentials(tokens.credentials)
    told = await REST.fetch(session, "/api/v1/offers", "offers")
    return Granted(tokens, tuple(_parse_offer(read_mapping(each), session) for each in told["offers"]))


def _parse_offer(told: Mapping[str, object], session: Session) -> Offer:
    facts = parse_facts(read_mapping(told["account"]))
    if not told["may_post"]:
        return Offer(facts, base_url=session.base_url, problem=WORDS.problem("practice_only_read"))
    page = str(told["page"])
    own = {"token": page} if page else {"account": facts.account_id}
    return Offer(facts, own, session.base_url)


async def check(slot: str, app: App, back: str, session: Session) -> None:
    await oauth.check_app(TOKEN, app, back, session)
