"""Consent on the practice network: developer apps, the page that asks a person, tokens, and what they open.

As OAuth 2 has it (RFC 6749, with PKCE and refresh tokens that rotate), so that what Kaja does with other networks can
be tried here.
"""

import base64
import hashlib
import time
from urllib.parse import urlencode, urlsplit

from kaja.practice.api import Api, error_answer
from kaja.practice.consents import Code, Consents
from kaja.practice.guard import Guard
from kaja.practice.html import Child, Translate, get_translation, tag
from kaja.practice.http import Refusal, Request, Response, Routes, answer, gettext_noop
from kaja.practice.network import Network
from kaja.practice.pages import Pages
from kaja.practice.rules import MAX_NAME, check_name, check_text
from kaja.practice.state import Account, Consent
from kaja.practice.store import digest

CODE_LASTS = 600.0
LASTS = {"hour": (3600.0, True), "minutes": (120.0, True), "days": (5 * 86400.0, False)}
"""How long a sign-in lasts, and whether it can be renewed."""
_KEPT = ("client_id", "redirect_uri", "state", "code_challenge")


class OAuth:
    """Handlers of the pages and of the addresses for programs."""

    def __init__(self, network: Network, guard: Guard, pages: Pages, consents: Consents, api: Api) -> None:
        self.network, self.guard, self.pages, self.consents, self.api = network, guard, pages, consents, api

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", "/.well-known/oauth-authorization-server", self.describe)
        routes.add("GET", "/apps", self.apps)
        routes.add("POST", "/apps", self.make_app)
        routes.add("GET", "/oauth/authorize", self.ask)
        routes.add("POST", "/oauth/authorize", self.decide)
        routes.add("POST", "/oauth/token", self.token)
        routes.add("GET", "/api/v1/offers", self.offers)

    async def describe(self, request: Request) -> Response:
        """RFC 8414."""
        base = self.network.base(request)
        return answer(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/oauth/authorize",
                "token_endpoint": f"{request.origin()}/oauth/token",
                "code_challenge_methods_supported": ["S256"],
            }
        )

    # Apps

    async def apps(self, request: Request) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        return self.pages.show(request, _("Developer apps"), self._apps(_), "/apps")

    def _apps(self, _: Translate, *made: Child) -> Child:
        rows = [
            tag(
                "li",
                tag("strong", app.name),
                " ",
                tag("code", app.client_id),
                " ",
                tag("span", app.back, class_="small"),
            )
            for app in self.consents.store.apps.values()
        ]
        form = tag(
            "form",
            _field(_("Name of the app"), "name", "Kaja"),
            _field(_("Address that people are sent back to"), "back", "", type="url"),
            tag("button", _("Create an app")),
            method="post",
        )
        return [
            tag("h1", _("Developer apps")),
            tag("p", _("Real networks let only registered apps ask people for consent. Here you can practise that.")),
            *made,
            tag("ul", rows, class_="rows") if rows else None,
            form,
        ]

    async def make_app(self, request: Request) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        back = check_text(request.form.get("back", ""), "back", 500).strip()
        parts = urlsplit(back)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise Refusal(422, "bad_address", gettext_noop("This is not the address of a page."), "back")
        app, secret = self.consents.make_app(check_name(request.form.get("name", "")), back)
        told = tag(
            "section",
            tag("h2", _("The app is created. Its secret is shown only now.")),
            tag("dl", tag("dt", _("App id")), tag("dd", tag("code", app.client_id, id="client-id"))),
            tag("dl", tag("dt", _("App secret")), tag("dd", tag("code", secret, id="client-secret"))),
        )
        return self.pages.show(request, _("Developer apps"), self._apps(_, told), "/apps")

    # The person

    def _check(self, given: dict[str, str]) -> None:
        app = self.consents.store.apps.get(given.get("client_id", ""))
        if app is None:
            raise Refusal(400, "unknown_app", gettext_noop("The app that sent you here is not known."))
        if given.get("redirect_uri") != app.back:
            raise Refusal(
                400, "other_address", gettext_noop("The app asks to send you back to an address that is not its own.")
            )

    async def ask(self, request: Request) -> Response:
        """Who comes from an app says here what it may do."""
        given = request.query
        self._check(given)
        _ = get_translation(request.header(b"accept-language"))[1]
        if given.get("response_type") != "code" or given.get("code_challenge_method") != "S256":
            raise Refusal(400, "bad_request", gettext_noop("The app asks in a way that is not safe enough."))
        app = self.consents.store.apps[given["client_id"]]
        kept = [tag("input", type="hidden", name=name, value=given.get(name, "")) for name in _KEPT]
        opens = (("several", _("pages and groups, several")), ("one", _("one page")))
        lasts = (
            ("hour", _("an hour, renewed by the app")),
            ("minutes", _("two minutes, renewed by the app")),
            ("days", _("five days, then it ends")),
        )
        form = tag(
            "form",
            kept,
            _field(_("Your name here"), "person", "Blue Door"),
            _select(_("What it opens"), "opens", opens),
            _select(_("How long it lasts"), "lasts", lasts),
            tag("button", _("Allow"), name="do", value="allow"),
            " ",
            tag("button", _("Do not allow"), name="do", value="deny"),
            method="post",
        )
        title = _("May %s post for you?") % app.name
        shown = self.pages.show(request, title, [tag("h1", title), form])
        # The answer leads to the app; browsers hold the form's rule against that, too.
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(app.back)).encode()
        shown.headers = [
            (name, value.replace(b"form-action 'self'", b"form-action 'self' " + origin))
            for name, value in shown.headers
        ]
        return shown

    async def decide(self, request: Request) -> Response:
        given = request.form
        self._check(given)
        told = {"state": given.get("state", "")}
        if given.get("do") == "allow":
            lasts, renews = LASTS.get(given.get("lasts", ""), LASTS["hour"])
            person = check_name(given.get("person", ""))
            check_name(f"Friends of {person}")
            code = Code(
                given["client_id"],
                given["redirect_uri"],
                given.get("code_challenge", ""),
                person,
                given.get("opens") != "one",
                lasts,
                renews,
                time.time() + CODE_LASTS,
            )
            told["code"] = self.consents.allow(code)
        else:
            told |= {"error": "access_denied", "error_description": "The person did not allow it."}
        back = given["redirect_uri"]
        address = f"{back}{'&' if '?' in back else '?'}{urlencode(told)}"
        return Response(303, headers=[(b"location", address.encode())])

    # Programs

    async def token(self, request: Request) -> Response:
        """Codes and refresh tokens for access tokens. Errors as RFC 6749 has them."""
        form = request.form
        try:
            app = self.consents.get_app(form.get("client_id", ""), form.get("client_secret", ""))
            if form.get("grant_type") == "refresh_token":
                return answer(self.consents.renew(app, form.get("refresh_token", "")))
            if form.get("grant_type") != "authorization_code":
                raise Refusal(400, "unsupported_grant_type", "Only codes and refresh tokens are taken.")
            self.guard.require_key(request)  # whose the accounts will be says only Kaja
            challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            consent = self.consents.exchange(
                app,
                form.get("code", ""),
                form.get("redirect_uri", ""),
                base64.urlsafe_b64encode(challenge).decode().rstrip("="),
                check_text(form.get("workspace", ""), "workspace", MAX_NAME),
            )
            return answer(self.consents.give(consent))
        except Refusal as refusal:
            return answer({"error": refusal.code, "error_description": refusal.message}, refusal.status)

    async def offers(self, request: Request) -> Response:
        """What the consent of an access token opens. Pages have tokens of their own, groups are used with this one."""
        try:
            consent = self.consents.find(request.header(b"authorization").partition(" ")[2].strip())
        except Refusal as refusal:
            return error_answer(refusal)
        names = [*consent.accounts, *consent.readable]
        return answer({"offers": [self._offer(request, consent, self.consents.store.accounts[name]) for name in names]})

    def _offer(self, request: Request, consent: Consent, account: Account) -> dict[str, object]:
        shown = {
            "account": self.api.show_account(request, account),
            "page": "",
            "may_post": account.name in consent.accounts,
        }
        if account.name in consent.accounts and not account.name.startswith("Friends of "):
            token = f"practice-page-{digest(consent.id + account.id + self.guard.key)[:40]}"
            if digest(token) not in self.consents.store.tokens:
                self.consents.store.record("page_token", consent=consent.id, account=account.name, digest=digest(token))
            shown["page"] = token
        return shown


def _field(label: str, name: str, value: str, **more: str) -> Child:
    return tag(
        "p", tag("label", label, for_=name), " ", tag("input", id=name, name=name, value=value, required=True, **more)
    )


def _select(label: str, name: str, choices: tuple[tuple[str, str], ...]) -> Child:
    options = [tag("option", text, value=value) for value, text in choices]
    return tag("p", tag("label", label, for_=name), " ", tag("select", options, id=name, name=name))
