"""Every address of the screen, tried by people who have no business there."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kaja.api.main import api
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Member, Role
from tests.walls.routes import API, OF_API, OF_WORKSPACE, OTHER_IDS, PERSONAL, REQUESTS, ROUTES, Route, Sent, data, form
from tests.walls.world import MARK, TENANT_MODELS, Inhabited, count_rows, everything_of

WITH_OBJECTS = [route for route in OF_WORKSPACE if route.objects]
METHODS = ("GET", "POST")
POSTED = [route for route in OF_WORKSPACE if route.name in REQUESTS]
REFUSED_BY_STATE = {"needs_you:settle", "composer:card", "composer:upload", "calendar:move", "ideas:move",
                    "channels:connect_network", "channels:reconnect", "settling:decide", "app:test_device"}  # fmt: skip
"""What even the owner is refused here: the delivery is out already, no file is sent, nobody listens at the address."""

PUBLIC = {
    "home", "invitation", "account_login", "account_logout", "account_inactive", "account_signup",
    "account_email_verification_sent", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "account_confirm_email",
    "account_confirm_login_code", "mfa_authenticate", "mfa_login_webauthn", "app:manifest", "app:worker", "app:offline",
    "app:take_share",
}  # fmt: skip
"""Addresses that are for people who are not signed in."""


def ids(routes: list[Route]) -> list[Any]:
    return [pytest.param(route, id=route.name) for route in routes]


def body_of(response: Any) -> str:
    return "" if response.streaming else response.content.decode(errors="replace")


def ids_for(route: Route, world: Inhabited) -> dict[str, str]:
    """The world's ids under the names of the route's parameters."""
    return {**world.ids, **{name: world.ids[other] for name, other in OTHER_IDS.get(route.name, {}).items()}}


def send(client: Client, route: Route, method: str, values: dict[str, str], **headers: Any) -> Any:
    address = route.address(values)
    if method == "GET":
        return client.get(address, **headers)
    return REQUESTS.get(route.name, form()).post(client, address, values, **headers)


def test_the_walk_finds_the_addresses_and_somebody_said_what_is_sent_to_each(acme: Inhabited) -> None:
    assert len(OF_WORKSPACE) > 50
    assert len(ROUTES) > 80
    curator = acme.browser()
    takes_post = {route.name for route in OF_WORKSPACE if curator.post(route.address(acme.ids)).status_code != 405}
    assert takes_post == set(REQUESTS), "an address that takes a POST needs a line in tests/walls/routes.py"
    assert set(PERSONAL) <= takes_post


def test_every_operation_of_the_api_is_in_its_document() -> None:
    """tests/api/test_isolation.py walks the document: an address outside it would stay untried."""
    described = {"/" + API, *(reverse(f"api:{name}") for name in ("openapi-json", "api-root"))}
    described |= set(api.get_openapi_schema()["paths"])
    bare = {re.sub(r"<\w+:(\w+)>", r"{\1}", "/" + route.pattern) for route in OF_API}
    assert bare <= described
    assert len(bare) > 20


def test_both_worlds_have_a_row_of_every_kind(acme: Inhabited, rival: Inhabited) -> None:
    for world in (acme, rival):
        counted = count_rows(world.workspace)
        assert set(counted) == {model.__name__ for model in TENANT_MODELS}
        assert not [name for name, count in counted.items() if not count], "fill it in tests/walls/world.py"


@pytest.mark.parametrize("route", ids([r for r in ROUTES if r.name not in PUBLIC]))
def test_nobody_is_let_in_without_signing_in(route: Route, rival: Inhabited) -> None:
    before = everything_of(rival.workspace)
    for method in METHODS:
        response = send(Client(), route, method, rival.ids)
        if response.status_code == 302:
            assert response["Location"].startswith(("/account/login/", "/account/2fa/", "/account/signup"))
        else:
            assert response.status_code in {401, 404, 405}, response.content
        assert MARK not in body_of(response)
    assert everything_of(rival.workspace) == before


@pytest.mark.parametrize("route", ids(OF_WORKSPACE))
def test_a_workspace_of_others_does_not_exist(route: Route, acme: Inhabited, rival: Inhabited) -> None:
    before = everything_of(rival.workspace)
    client = acme.browser()
    for method in METHODS:
        response = send(client, route, method, rival.ids)
        nowhere = send(client, route, method, {**rival.ids, "slug": "no-such-workspace"})
        told_apart = (response.status_code, body_of(response)) != (nowhere.status_code, body_of(nowhere))
        assert not told_apart
        assert response.status_code in {404, 405}
        assert MARK not in body_of(response)
    assert everything_of(rival.workspace) == before


@pytest.mark.parametrize("route", ids(WITH_OBJECTS))
def test_an_id_of_another_workspace_is_not_found(route: Route, acme: Inhabited, rival: Inhabited) -> None:
    before = everything_of(rival.workspace)
    client = acme.browser()
    mine, theirs = ids_for(route, acme), ids_for(route, rival)
    for method in METHODS:
        answers = []
        # Each id by itself too: a page of one's own post does not show another's delivery.
        for values in ({**theirs, "slug": "acme"}, *({**mine, name: theirs[name]} for name in route.objects)):
            response = send(client, route, method, values)
            answers.append(response.status_code)
            assert MARK not in body_of(response)
        assert set(answers) in ({404}, {405}), answers
    assert everything_of(rival.workspace) == before


@pytest.mark.parametrize("route", ids(OF_WORKSPACE))
def test_who_belongs_does_see_it(route: Route, rival: Inhabited) -> None:
    """What is refused above is refused for the reason above: the same request works for the owner."""
    client = rival.browser()
    shown = send(client, route, "GET", ids_for(route, rival))
    assert shown.status_code in {200, 302, 405}
    if route.name in REQUESTS:
        done = send(client, route, "POST", ids_for(route, rival))
        expected = {400, 409, 422} if route.name in REFUSED_BY_STATE else {200, 204, 302}
        assert done.status_code in expected, body_of(done)[:500]


def test_the_mark_would_be_seen(rival: Inhabited) -> None:
    """Pages of the owner carry the text whose absence is tested above."""
    client = rival.browser()
    marked = {r.name for r in OF_WORKSPACE if MARK in body_of(send(client, r, "GET", rival.ids))}
    assert {"calendar:index", "channels:page", "post:page", "post:journal", "groups:campaign", "settings:tokens",
            "settings:members", "settings:audit", "needs_you:list", "composer:edit"} <= marked  # fmt: skip


FOREIGN = [
    ("calendar:move", REQUESTS["calendar:move"]),
    *[
        ("calendar:bulk", data(do=do, posts=["{post_id}"], days=1, day="2031-01-01", label="x", campaign=None))
        for do in ("shift", "day", "slots", "unschedule", "delete", "campaign", "label", "unlabel", "publish")
    ],
    ("calendar:bulk", data(do="campaign", posts=["{own_post}"], campaign="{campaign_id}")),
    ("calendar:copy_slots", form(to=["{channel_id}"])),
    *[
        (name, Sent(body, json=True))
        for name in ("composer:check", "composer:save", "composer:finish")
        for body in (
            {"post": "{post_id}", "revision": 1, "document": {"parts": [{"text": "stolen"}]}},
            {"document": {"parts": [{"text": "x"}]}, "channels": ["{channel_id}"]},
            {"document": {"parts": [{"text": "x"}]}, "campaign": "{campaign_id}"},
            {"document": {"parts": [{"text": "x", "media": [{"asset": "{asset_id}"}]}]}},
            {"document": {"parts": [{"text": "x"}], "link_card": {"url": "https://x.test", "image": "{asset_id}"}}},
            {
                "document": {"parts": [{"text": "x"}]},
                "channels": ["{own_channel}"],
                "variants": {
                    "{own_channel}": {
                        "overrides": {"parts": [{"text": "y", "media": [{"asset": "{asset_id}"}]}]},
                    }
                },
            },
        )
    ],
    ("composer:cut", data(text="x", channels=["{channel_id}"])),
    ("settings:tokens", form(do="revoke", token="{token_id}")),
    ("ideas:move", data(state="draft", after="{post_id}")),
    *[
        ("inbox:work", form(conversation=["{conversation_id}"], do=do))
        for do in ("state:done", "assign:me", "priority:2", "label:x", "unlabel:x", "snooze:hour")
    ],
    ("inbox:reply", data(text="x", to="{message_id}")),
    ("inbox:reply", data(text="x", media=[{"asset": "{asset_id}"}])),
    ("inbox:check", data(text="x", to="{message_id}", media=[{"asset": "{asset_id}"}])),
    ("inbox:save_reply", form(reply="{saved_reply_id}", title="Stolen", text_en="stolen")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sent"), [pytest.param(*each, id=f"{n}-{each[0]}") for n, each in enumerate(FOREIGN)])
def test_a_body_cannot_name_things_of_others(name: str, sent: Sent, acme: Inhabited, rival: Inhabited) -> None:
    route = next(each for each in OF_WORKSPACE if each.name == name)
    before = everything_of(rival.workspace)
    own = {"own_post": acme.ids["post_id"], "own_channel": acme.ids["channel_id"]}
    response = sent.post(acme.browser(), route.address(acme.ids), {**rival.ids, **own})
    assert response.status_code < 500
    assert everything_of(rival.workspace) == before
    stored = everything_of(acme.workspace)
    assert not [label for label, value in rival.ids.items() if label.endswith("_id") and value in stored]
    rivals = [value for label, value in rival.ids.items() if label.endswith("_id")]
    assert not [value for value in rivals if f"/{value}" in body_of(response)], "an address of another's thing is shown"


@pytest.mark.parametrize("route", ids([r for r in OF_WORKSPACE if not r.objects]))
def test_no_list_and_no_search_shows_another_workspace(route: Route, acme: Inhabited, rival: Inhabited) -> None:
    client = acme.browser()
    asked = {"channel": "channel_id", "campaign": "campaign_id", "label": "label_id", "post": "post_id",
             "owner": "member_id", "before": "notice_id"}  # fmt: skip
    query = {name: rival.ids[value] for name, value in asked.items()}
    for extra in ({}, {"q": "OF-THE-RIVAL"}, {"view": "month"}, {"view": "list"}, query, {"text": "x", "idea": "1"}):
        response = client.get(route.address(acme.ids), extra)
        assert response.status_code in {200, 302, 400, 404, 405}, (extra, response.status_code)
        assert MARK not in body_of(response)


@pytest.mark.parametrize("route", ids(POSTED))
def test_who_may_only_look_changes_nothing(route: Route, rival: Inhabited) -> None:
    before = everything_of(rival.workspace)
    response = send(rival.browser("analyst"), route, "POST", rival.ids)
    if route.name in PERSONAL:
        assert response.status_code in {200, 302, 404}
        return
    if route.name == "settings:member_remove":
        assert response.status_code == 403, "an analyst removes nobody but themselves"
    assert response.status_code == 403, body_of(response)[:300]
    assert everything_of(rival.workspace) == before


@pytest.mark.parametrize("role", [role.value for role in Role if role not in {Role.CURATOR}])
def test_only_a_curator_manages(role: str, rival: Inhabited) -> None:
    with workspace_scope(rival.workspace.id):
        Member.objects.filter(user__email="analyst@rival.test").update(role=role)
    before = everything_of(rival.workspace)
    for route in OF_WORKSPACE:
        managed = route.name.startswith("settings:") and route.name in REQUESTS and route.name not in PERSONAL
        if managed:
            assert send(rival.browser("analyst"), route, "POST", rival.ids).status_code == 403, route.name
    assert everything_of(rival.workspace) == before


def test_a_removed_member_is_out_at_once(rival: Inhabited) -> None:
    client = rival.browser("analyst")
    address = reverse("channels:list", args=["rival"])
    assert client.get(address).status_code == 200
    with workspace_scope(rival.workspace.id):
        Member.objects.filter(user__email="analyst@rival.test").delete()
    assert client.get(address).status_code == 404


def test_nobody_touches_another_persons_passkey(acme: Inhabited, rival: Inhabited) -> None:
    from allauth.mfa.models import Authenticator

    key = Authenticator.objects.create(user=rival.person(), type="webauthn", data={"name": "SECRET"})
    client = acme.browser()
    client.post("/account/login/", {"login": "owner@acme.test", "password": "correct horse battery"})
    for name in ("mfa_remove_webauthn", "mfa_edit_webauthn"):
        route = next(each for each in ROUTES if each.name == name)
        for method in ("GET", "POST"):
            response = send(client, route, method, {"pk": str(key.pk)})
            assert response.status_code in {302, 404}
            assert MARK not in body_of(response)
            if response.status_code == 302:
                assert "reauthenticate" in response["Location"]
    assert Authenticator.objects.filter(pk=key.pk).exists()
