"""The whole practice network as one ASGI application."""

from kaja.practice.admin import Admin
from kaja.practice.api import Api, error_answer
from kaja.practice.audience import Audience, Hooks
from kaja.practice.consents import Consents
from kaja.practice.guard import Guard
from kaja.practice.http import Application, Refusal, Request, Response, Routes
from kaja.practice.network import Network
from kaja.practice.oauth import OAuth
from kaja.practice.pages import Pages
from kaja.practice.store import Store


def create_application(store: Store, guard: Guard, public_url: str = "", hook_url: str = "") -> Application:
    """`public_url` stands in the addresses of posts where the caller's own address would be wrong.

    `hook_url` is told of comments.
    """
    network = Network(store, public_url)
    routes = Routes()
    pages = Pages(network)
    audience = Audience(network, guard, Hooks(guard.key, hook_url))
    api = Api(network, guard)
    consents = Consents(network)
    network.open_account = consents.get_account
    # The pages come last: their addresses take what no other wants.
    for part in (api, Admin(network, guard), audience, OAuth(network, guard, pages, consents, api), pages):
        part.add_to(routes)

    def refused(request: Request, refusal: Refusal) -> Response:
        if request.path.startswith(("/api/", "/admin/")):
            return error_answer(refusal)
        return pages.refused(request, refusal)

    return Application(routes, refused, guard.check)
