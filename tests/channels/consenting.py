"""A person at the practice network's consent page, and the operator's app there."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from kaja.channels.actions import finish_authorization, start_authorization
from kaja.channels.consenting import get_back_address
from kaja.channels.developer_apps import bound_to
from kaja.channels.models import Channel, NetworkApp
from kaja.channels.vault import seal_values
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.workspaces.models import Workspace
from tests.people import actor
from tests.practice.running import PracticeServer


def send_form(server: PracticeServer, path: str, **fields: str) -> Any:
    """A form of one of its pages; the answer, whose redirects nobody follows."""
    body = urlencode(fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.url}
    return server.call("POST", path, body, headers=headers)


def make_app(server: PracticeServer, back: str = "") -> tuple[str, str]:
    """A developer app of Kaja's; id and secret."""
    page = send_form(server, "/apps", name="Kaja", back=back or get_back_address("practice")).text
    found = re.search(r'id="client-id">([^<]+)<.*?id="client-secret">([^<]+)<', page, re.DOTALL)
    assert found, page
    return html.unescape(found[1]), html.unescape(found[2])


def store_app(server: PracticeServer) -> NetworkApp:
    """The same, stored by the operator."""
    client_id, secret = make_app(server)
    row = NetworkApp(id=new_id(), network="practice", client_id=client_id, set_at=now(), set_by="operator")
    row.sealed = seal_values({"secret": secret, "webhook_secret": "hook-secret"}, bound_to(row.id))
    row.save()
    return row


def allow(server: PracticeServer, url: str, do: str = "allow", **chosen: str) -> dict[str, str]:
    """Answer the consent page that `url` leads to; what the person brings back."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    kept = {name: asked[name] for name in ("client_id", "redirect_uri", "state", "code_challenge")}
    answer = send_form(server, "/oauth/authorize", **{**kept, "person": "Blue Door", "do": do, **chosen})
    assert answer.status == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def consent(server: PracticeServer, workspace: Workspace, expected: Channel | None = None, **chosen: str) -> Any:
    """The whole round trip of the workspace's owner: channels, or the id of the choice."""
    who = actor(workspace)
    url = start_authorization(who, workspace, "practice", {}, expected=expected)
    return finish_authorization(who, workspace, "practice", allow(server, url, **chosen))


__all__ = ["allow", "consent", "make_app", "send_form", "store_app"]
