"""Whatever stands in a field, an address or a call: it is kept, or refused in words. Never an answer of 500.

A part of all combinations, chosen by a seed, so that every run tries the same; `KAJA_FUZZ=20000` tries that many.
"""

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

import kaja
from kaja.api.main import api
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.api.conftest import token_for
from tests.people import PASSWORD
from tests.walls.routes import OF_WORKSPACE, REQUESTS, ROUTES, Route, _fill
from tests.walls.world import Inhabited

TRIES = int(os.environ.get("KAJA_FUZZ", "250"))
SOURCE = Path(kaja.__file__).parent
ASKED = sorted(
    {name for path in SOURCE.rglob("*.py") for name in re.findall(r'GET\.get(?:list)?\("(\w+)"', path.read_text())}
)
"""Every name that some page reads from its address."""
HOSTILE: list[Any] = [
    "\x00", "a\x00b", "\ud800", "x\udfff", "￿", "x" * 300, "я" * 70_000, "", " ", "%", "'\"", "-1", "9" * 40, "1e400",
    "NaN", "0001-01-01", "9999-12-31T23:59", "2030-02-30", "[]", "{}", "null", "../../etc/passwd", "🏳️‍🌈" * 90,
    f"{'a' * 250}@acme.test", "00000000-0000-7000-8000-000000000000", "٣", "²",
]  # fmt: skip
JSON_ONLY: list[Any] = [None, True, -1, 10**400, 1.5, [], {}, ["\x00"], {"\x00": "\ud800"}, [[[[]]]]]


def _seeded(kind: str) -> random.Random:
    return random.Random(f"hostile {kind}")


def _tell(response: Any, what: object, wrong: list[str]) -> None:
    if response.status_code >= 500 and response.status_code != 503:
        wrong.append(f"{response.status_code} for {str(what)[:200]!r}")


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body at which something else may stand."""
    yield way
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*way, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _places(inner, (*way, number))


def _with(value: Any, way: tuple[Any, ...], other: Any) -> Any:
    if not way:
        return other
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[way[0]] = _with(value[way[0]], way[1:], other)
    return copied


@pytest.fixture
def client(acme: Inhabited) -> Client:
    return acme.browser(raise_request_exception=False)


def test_every_form_takes_or_refuses_whatever_stands_in_it(acme: Inhabited, client: Client) -> None:
    chance = _seeded("forms")
    wrong: list[str] = []
    addresses = {route.name: route for route in ROUTES}
    values = {**acme.ids, "slug": acme.slug}
    tries = []
    for name, sent in REQUESTS.items():
        body = _fill(sent.body, values)
        for way in _places(body):
            if way or sent.json:
                tries += [(name, sent.json, body, way, bad) for bad in HOSTILE + (JSON_ONLY if sent.json else [])]
    for name, as_json, body, way, bad in chance.sample(tries, min(TRIES, len(tries))):
        address = addresses[name].address(values)
        changed = _with(body, way, bad)
        if as_json:
            response = client.post(address, json.dumps(changed), content_type="application/json")
        else:
            text = urlencode(changed, doseq=True, errors="surrogatepass")
            response = client.post(address, text, content_type="application/x-www-form-urlencoded")
        _tell(response, (name, way, bad), wrong)
    assert wrong == []


def test_every_page_takes_or_refuses_whatever_stands_in_its_address(acme: Inhabited, client: Client) -> None:
    chance = _seeded("addresses")
    wrong: list[str] = []
    assert "q" in ASKED
    values = {**acme.ids, "slug": acme.slug}
    tries = [
        (route, name, bad) for route in OF_WORKSPACE for name in [*ASKED, "view", "label", "\x00"] for bad in HOSTILE
    ]
    for route, name, bad in chance.sample(tries, min(TRIES, len(tries))):
        if route.name == "live":
            continue  # a stream without an end
        text = quote(bad[:3000].encode("utf-8", "surrogatepass"))
        response = client.get(f"{route.address(values)}?{quote(name)}={text}")
        _tell(response, (route.name, name, bad), wrong)
        response.close()
    assert wrong == []


ENDS_OF_TIME = ("0001-01-01T00:00", "9999-12-31T23:59")


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("at", [f"{end}{offset}" for end in ENDS_OF_TIME for offset in ("", "+14:00", "-14:00")])
def test_a_moment_at_either_end_of_time_is_refused_or_kept(acme: Inhabited, client: Client, zone: str, at: str) -> None:
    """Seen from another zone it lies in a year that there is not."""
    with workspace_scope(acme.workspace.id):
        Workspace.objects.filter(id=acme.workspace.id).update(time_zone=zone)
    wrong: list[str] = []

    def ask(address: str, body: Any) -> None:
        as_form = isinstance(body, dict) and "missing" in body
        about: dict[str, Any] = {} if as_form else {"content_type": "application/json"}
        _tell(client.post(f"/w/{acme.slug}/{address}", body if as_form else json.dumps(body), **about), address, wrong)

    for address in ("posts/check", "posts/finish?then=publish"):
        ask(address, {"post": str(new_id()), "when": {"mode": "time", "local": at}})
    ask("calendar/move", {"post": acme.ids["post_id"], "to": at})
    ask("settle/decide/", {"missing": "later", "unclear": "later", "later": at})
    program: dict[str, Any] = {
        "headers": {"Authorization": f"Bearer {token_for(acme.workspace)}"},
        "content_type": "application/json",
    }
    due = at if at[16:] else f"{at}Z"
    _tell(client.post("/api/v1/posts", json.dumps({"text": "x", "due_at": due}), **program), ("API", due), wrong)
    _tell(client.get("/api/v1/posts", {"due_from": due, "due_to": due}, **program), ("API", due), wrong)
    assert wrong == []


def test_names_and_numbers_that_a_form_never_sends(acme: Inhabited, client: Client) -> None:
    wrong: list[str] = []
    decision = {"missing": "send", "unclear": "send", "own-nobody": "send"}
    _tell(client.post(f"/w/{acme.slug}/settle/decide/", decision), "own-nobody", wrong)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    for row in ("9" * 40, "9" * 5000, "nobody"):
        _tell(client.post("/account/sessions/", {"session": row}), row, wrong)
    assert wrong == []


OPEN_FORMS = {
    "account_login": {"login": "owner@acme.test", "password": "x"},
    "account_signup": {"email": "new@acme.test", "password1": "correct horse battery"},
    "account_reset_password": {"email": "owner@acme.test"},
    "onboarding:workspace": {"id": "", "name": "Second", "time_zone": "UTC", "language": "en"},
}


def test_the_forms_of_accounts_take_or_refuse_whatever_stands_in_them(acme: Inhabited) -> None:
    wrong: list[str] = []
    addresses: dict[str, Route] = {route.name: route for route in ROUTES}
    for name, fields in OPEN_FORMS.items():
        client = acme.browser(raise_request_exception=False) if ":" in name else Client(raise_request_exception=False)
        for field in fields:
            for bad in HOSTILE:
                text = urlencode({**fields, field: bad[:2000]}, errors="surrogatepass")
                response = client.post(
                    addresses[name].address({}), text, content_type="application/x-www-form-urlencoded"
                )
                _tell(response, (name, field, bad), wrong)
    assert wrong == []


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


BODIES: dict[str, Any] = {
    "createPost": {
        "text": "a", "channels": ["{channel_id}"], "campaign": "{campaign_id}", "labels": ["b"],
        "due_at": "2031-01-01T09:00:00Z", "variants": {"{channel_id}": {"options": {"title": "t"}}},
    },
    "updatePost": {"base_revision": 1, "document": {"parts": [{"text": "c"}]}, "labels": ["b"]},
    "schedulePost": {"due_at": "2031-01-01T09:00:00Z"},
    "connectChannel": {"network": "practice", "form": {"name": "a", "base_url": "http://127.0.0.1:1"}},
    "setSlots": {"slots": [{"weekday": 1, "time": "09:00"}]},
    "createCampaign": {"name": "a"},
    "createLabel": {"name": "a"},
    "settleDelivery": {"decision": "drop", "candidate": "a", "url": "b"},
    "resolveMissed": {"decision": "drop", "due_at": "2031-01-01T09:00:00Z"},
    "workConversation": {
        "state": "open", "assignee": "me", "priority": 1, "snooze_until": "2027-06-01T09:00:00Z", "version": 1,
        "remind_at": "2027-06-01T09:00:00Z", "add_labels": ["a"], "remove_labels": ["b"],
    },
    "workConversations": {"conversations": ["{conversation_id}"], "state": "done"},
    "undoSteps": {"events": ["{event_id}"]},
    "addNote": {"text": "a"},
    "replyTo": {"text": "a", "to": "{message_id}", "media": ["{asset_id}"], "seen": 1},
    "doAct": {"act": "like"},
    "createWebhook": {"name": "a", "address": "https://b.test/", "events": ["post.failed"]},
    "changeWebhook": {"name": "a", "address": "https://b.test/", "events": ["post.failed"]},
    "startCrisis": {
        "name": "a", "why": "b",
        "pause": {"channels": ["{channel_id}"], "labels": ["b"], "campaigns": ["{campaign_id}"], "seen": "c"},
    },
    "pausePlanned": {"channels": ["{channel_id}"], "labels": ["b"], "campaigns": ["{campaign_id}"], "seen": "c"},
    "writeStatement": {"title": "a", "texts": {"en": "b"}},
    "rewriteStatement": {"title": "a", "texts": {"en": "b"}},
    "approveStatement": {"version": 1},
    "chooseApprovers": {"approvers": ["{member_user}"]},
    "chooseAffected": {"since": "2026-01-01T00:00:00Z", "channels": ["{channel_id}"], "words": ["a"]},
    "recordDecision": {"text": "a"},
    "endCrisis": {"usual": "keep", "own": {"{post_id}": {"verdict": "keep"}}, "lesson": "a"},
}  # fmt: skip


def test_every_call_takes_or_refuses_whatever_stands_in_it(acme: Inhabited, client: Client, settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 10 * TRIES
    chance = _seeded("calls")
    wrong: list[str] = []
    secret = token_for(acme.workspace)
    values = {**acme.ids, "slug": acme.slug, "number": "1"}
    tries: list[tuple[str, str, Any, Any]] = []
    for method, path, operation in _operations():
        for name in values:
            path = path.replace("{" + name + "}", str(values[name]))
        body = _fill(BODIES.get(operation["operationId"], {}), values)
        for way in _places(body):
            tries += [(method, path, _with(body, way, bad), (way, bad)) for bad in HOSTILE + JSON_ONLY]
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                for bad in HOSTILE:
                    text = quote(bad[:3000].encode("utf-8", "surrogatepass"))
                    tries.append((method, f"{path}?{parameter['name']}={text}", body, (parameter["name"], bad)))
    for method, path, body, what in chance.sample(tries, min(TRIES, len(tries))):
        response = client.generic(
            method,
            path,
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        _tell(response, (method, path[:120], what), wrong)
    assert wrong == []
