"""Every page: headers that hold even when a template is wrong, no inline code, no form without its token."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.people import PASSWORD
from tests.walls.routes import OF_WORKSPACE, REQUESTS, ROUTES, Route, form
from tests.walls.world import Inhabited

EVENT = re.compile(r"on[a-z]+$")


class InlineCode(HTMLParser):
    """Collects what a strict policy would block, and forms that post without a token."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.elements = 0
        self.forms = 0
        self._posting: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        given = dict(attrs)
        kind = given.get("type") or ""
        if tag == "style" or (tag == "script" and "src" not in given and kind != "application/json"):
            self.found.append(f"inline <{tag}>")
        for name, value in attrs:
            if name == "style" or EVENT.match(name) or name.startswith(("hx-on", "data-hx-on")):
                self.found.append(f"{tag} {name}={value}")
            if (value or "").strip().lower().startswith(("javascript:", "vbscript:")):
                self.found.append(f"{tag} {name}={value}")
            if name in {"src", "href"} and tag in {"script", "link"} and not (value or "").startswith("/"):
                self.found.append(f"{tag} from elsewhere: {value}")
        if tag == "form" and (given.get("method") or "").lower() == "post":
            self.forms += 1
            self._posting = {"action": given.get("action"), "token": False}
        if tag == "input" and given.get("name") == "csrfmiddlewaretoken" and self._posting is not None:
            self._posting["token"] = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._posting is not None:
            if not self._posting["token"]:
                self.found.append(f"form without a token: {self._posting['action']}")
            self._posting = None


def inspect(html: str) -> InlineCode:
    parser = InlineCode()
    parser.feed(html)
    return parser


def assert_guarded(response: Any) -> None:
    """The headers that every answer carries, whatever it is."""
    policy = response.headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";") if " " in rule.strip())
    assert "unsafe" not in policy
    assert rules["default-src"] in {"'self'", "'none'"}
    if rules["default-src"] == "'self'":
        assert rules["script-src"] == rules["style-src"] == "'self'"
        assert rules["frame-ancestors"] == rules["object-src"] == rules["base-uri"] == "'none'"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


def is_page(response: Any) -> bool:
    return not response.streaming and response.headers.get("Content-Type", "").startswith("text/html")


def values_for(route: Route, world: Inhabited) -> dict[str, str]:
    values = dict(world.ids)
    if route.name == "invitation":
        values["token"] = world.ids["invitation_token"]
    return values


def test_the_parser_sees_what_it_is_there_for() -> None:
    html = (
        '<style>a{}</style><script>x()</script><p style="a" onclick="x()"><a href=" JavaScript:x()">'
        '<script src="https://evil.test/x.js"></script><form method="post" action="/x"></form>'
        '<script type="application/json">{}</script><form method=post><input name=csrfmiddlewaretoken></form>'
    )
    assert len(inspect(html).found) == 7


@pytest.mark.parametrize("route", [pytest.param(route, id=route.name) for route in ROUTES])
def test_every_page_is_guarded_and_has_no_inline_code(route: Route, rival: Inhabited) -> None:
    values = values_for(route, rival)
    signed_in = rival.browser(raise_request_exception=False)
    answers = [signed_in.get(route.address(values)), Client().get(route.address(values))]
    if route.name in REQUESTS:
        # Forms that come back with what is wrong in them.
        answers.append(signed_in.post(route.address(values), {"do": "create"}))
    for response in answers:
        assert response.status_code < 500
        assert_guarded(response)
        if is_page(response) and response.content:
            found = inspect(response.content.decode())
            assert found.found == [], route.name


def test_pages_of_errors_are_guarded_too(rival: Inhabited) -> None:
    client = rival.browser(raise_request_exception=False)
    with workspace_scope(rival.workspace.id):
        Workspace.objects.update(time_zone="No/Where")
    strict = Client(enforce_csrf_checks=True)
    answers = {
        404: client.get("/no/such/page"),
        500: client.get("/w/rival/calendar/"),
        403: strict.post("/account/login/", {}),
        400: client.get("/account/login/", headers={"host": "evil.test"}),
    }
    for status, response in answers.items():
        assert response.status_code == status
        assert_guarded(response)
        assert inspect(response.content.decode()).found == []
        assert "Traceback" not in response.content.decode()
        assert "evil.test" not in response.content.decode()


SIGNED = {"hooks:receive": 401}
"""Addresses that networks call: a signature over the body says who calls, in place of a form's token."""
WRITES_NOTHING = {"app:take_share": 302}
"""Addresses that a device's own form is sent to: they lead to a page that it fills (tests/web/app/test_sharing.py)."""


@pytest.mark.parametrize("route", [pytest.param(route, id=route.name) for route in ROUTES])
def test_no_post_without_the_token_of_the_form(route: Route, rival: Inhabited) -> None:
    client = rival.browser(enforce_csrf_checks=True)
    response = REQUESTS.get(route.name, form()).post(client, route.address(values_for(route, rival)), rival.ids)
    if route.name in SIGNED:
        assert response.status_code == SIGNED[route.name], "an address that takes a call without a signature"
        return
    if route.name in WRITES_NOTHING:
        assert response.status_code == WRITES_NOTHING[route.name]
        return
    assert response.status_code == 403, "an address that takes a POST from anywhere"
    assert b"csrf" in response.content.lower() or b"form" in response.content


def test_pages_of_a_workspace_are_not_kept_by_anybody(rival: Inhabited) -> None:
    client, seen = rival.browser(), 0
    for route in OF_WORKSPACE:
        response = client.get(route.address(rival.ids))
        if response.status_code == 200 and is_page(response):
            seen += 1
            assert "no-store" in response.headers["Cache-Control"], route.name
        elif route.name.startswith("media:"):
            # A file may stay in its reader's own browser; an answer to a script stays nowhere.
            assert response.headers["Cache-Control"].startswith(("private", "no-store")), route.name
    assert seen > 15


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/account/login/", {"login": email, "password": password, **more})


def test_a_new_password_ends_every_other_session(acme: Inhabited) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        sign_in(client, "owner@acme.test")
        assert client.get("/w/acme/channels/").status_code == 200
    new = "another long pass phrase"
    changed = here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    if changed.status_code == 302 and "reauthenticate" in changed["Location"]:
        here.post(changed["Location"], {"password": PASSWORD})
        here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    # Here the person is still in, and asked which of their tokens stay.
    assert here.get("/w/acme/channels/")["Location"] == "/account/review/"
    assert here.get("/account/review/").status_code == 200
    assert elsewhere.get("/w/acme/channels/")["Location"].startswith("/account/login/")
    assert sign_in(Client(), "owner@acme.test").status_code == 200, "the old one opens nothing"
    cache.clear()
    assert sign_in(Client(), "owner@acme.test", new).status_code == 302


def test_a_switched_off_person_is_out_at_once(acme: Inhabited) -> None:
    client = acme.browser()
    assert client.get("/w/acme/channels/").status_code == 200
    person = acme.person()
    person.is_active = False
    person.save()
    assert client.get("/w/acme/channels/").status_code == 302


OUTSIDE = [
    "https://evil.test/",
    "//evil.test/",
    "/\\evil.test/",
    "https:evil.test",
    "javascript:alert(1)",
    "\thttps://evil.test",
]


@pytest.mark.parametrize("outside", OUTSIDE)
def test_no_address_leads_out_of_kaja(outside: str, acme: Inhabited) -> None:
    cache.clear()
    targets = [sign_in(Client(), "owner@acme.test", next=outside)]
    client = acme.browser()
    targets += [
        client.get("/account/login/", {"next": outside}),
        client.post("/account/logout/", {"next": outside}),
    ]
    client = acme.browser()
    settle = f"/w/acme/needs-you/deliveries/{acme.ids['delivery_id']}/"
    targets += [
        client.post(settle, {"do": "retry", "next": outside}),
        client.post(f"/w/acme/undo/{acme.ids['post_id']}", headers={"referer": outside}),
        client.post(f"/w/acme/undo/{acme.ids['post_id']}", headers={"referer": "http://testserver/w/acme/@evil.test"}),
    ]
    for response in targets:
        location = response.headers.get("Location", "")
        assert location == "" or location.startswith(("/", "http://testserver/"))
        assert not location.startswith(("//", "/\\"))


@pytest.mark.parametrize("header", ["host", "x-forwarded-host"])
def test_a_forged_host_makes_no_links(header: str, acme: Inhabited) -> None:
    response = acme.browser().get("/w/acme/settings/members/", headers={header: "evil.test"})
    assert response.status_code == (400 if header == "host" else 200)
    assert "evil.test" not in response.content.decode()
