"""Connecting a bot to a channel, and how it is."""

from collections.abc import Mapping

from kaja.networks.discord.api import API, call

from kaja.networks.kit.answers import read_object
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import connecting, inspecting
from kaja.networks.kit.http import Session


@connecting()
async def connect(form: Mapping[str, str], shown: Mapping[str, str], session: Session) -> Connected:
    session.base_url = session.base_url or API
    session.use_credentials({"token": form.get("token", "").strip(), "channel": form.get("channel", "").strip()})
    return Connected(await inspect(session), dict(session.credentials), session.base_url)


@inspecting
async def inspect(session: Session) -> Facts:
    me = read_object(await call(session, "GET", "/users/@me"), "id", "username")
    channel = read_object(await call(session, "GET", f"/channels/{session.credentials['channel']}"), "id")
    return Facts(
        account_id=str(channel["id"]),
        handle=f"#{channel.get('name') or channel['id']}",
        name=str(me["username"]),
        url=f"https://discord.com/channels/{channel.get('guild_id') or '@me'}/{channel['id']}",
        limits={"user_id": str(me["id"])},
        permissions=("SEND_MESSAGES",),
    )
