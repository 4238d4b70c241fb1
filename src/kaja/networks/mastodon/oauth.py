"""Connecting an account on any instance: an application of our own there, the person's consent, a token.

https://docs.joinmastodon.org/methods/oauth/ and /methods/apps/, read 2026-11-22.
"""

from collections.abc import Mapping

from kaja.networks.kit import oauth
from kaja.networks.kit.addresses import parse_server
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.consent import Authorization, Granted, Offer
from kaja.networks.kit.grants import App, Tokens
from kaja.networks.kit.http import Session
from kaja.networks.kit.outcome import reconnect_problem
from kaja.networks.mastodon.account import fetch_instance, inspect
from kaja.networks.mastodon.api import ALONE, NETWORK, REST
from kaja.networks.mastodon.info import WORDS

SCOPES = (
    "read:accounts read:notifications read:statuses "
    "write:blocks write:favourites write:media write:mutes write:reports write:statuses"
)
CLIENT_NAME = "Kaja"


def parse_instance(typed: str) -> str:
    """The base URL from what people type: a host, an address of a page, or a full handle. Raises ConnectRefused."""
    text = typed.strip()
    parts = parse_server(text if "/" in text else text.rsplit("@", 1)[-1])
    if parts is None:
        raise WORDS.refuse("instance_invalid", typed=typed[:100])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


async def authorize(form: Mapping[str, str], back: str, state: str, app: App | None, session: Session) -> Authorization:
    """Register an application with the instance and build the address of its consent page. Raises ConnectRefused."""
    base = (await fetch_instance(parse_instance(form.get("instance", "")), session)).base_url
    # One address as text: an array is understood only since Mastodon 4.3.
    wanted = {"client_name": CLIENT_NAME, "redirect_uris": back, "scopes": SCOPES}
    answer = await REST.request(session, "POST", f"{base}/api/v1/apps", json=wanted, authorized=False)
    made = answer.json_object()
    if not answer.ok or not made.get("client_id") or not made.get("client_secret"):
        raise ConnectRefused(oauth.refuse_connection(str(made.get("error") or answer.status)))
    own = {"instance": base, "client_id": str(made["client_id"]), "client_secret": str(made["client_secret"])}
    # Mastodon announces it since 4.3.
    pkce = oauth.has_pkce(await oauth.fetch_metadata(base, session, headers=ALONE))
    asked = oauth.begin(f"{base}/oauth/authorize", App(own["client_id"]), back, state, scopes=SCOPES, pkce=pkce)
    return Authorization(asked.url, {**asked.pending, **own})


async def exchange(answer: Mapping[str, str], pending: Mapping[str, str], app: App | None, session: Session) -> Granted:
    """Exchange the code that the person came back with, and look at the account. Raises ConnectRefused."""
    session.base_url = pending["instance"]
    own = App(pending["client_id"], pending["client_secret"])
    token = await oauth.exchange("/oauth/token", NETWORK, own, answer, pending, session, as_json=True, headers=ALONE)
    credentials = {
        "access_token": token["access_token"],
        "scope": str(token.get("scope") or SCOPES),
        "client_id": own.client_id,
        "client_secret": own.secret,
    }
    session.use_credentials(credentials)
    return Granted(Tokens(credentials), (Offer(await inspect(session), base_url=session.base_url),))


async def renew(session: Session) -> Tokens:
    """Tokens of Mastodon do not end by themselves (read 2026-11-30), so whoever asks needs the person."""
    raise ConnectRefused(reconnect_problem(NETWORK))
