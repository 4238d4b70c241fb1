"""The whole practice network as one ASGI application."""

from kaja.practice.admin import Admin
from kaja.practice.api import Api, error_answer
from kaja.practice.audiencepages import AudiencePages
from kaja.practice.consents import Consents
from kaja.practice.conversations import Conversations
from kaja.practice.directing import Direction
from kaja.practice.guard import Guard
from kaja.practice.hooks import Hooks
from kaja.practice.http import Application, Refusal, Request, Response, Routes
from kaja.practice.network import Network
from kaja.practice.oauth import OAuth
from kaja.practice.pages import Pages
from kaja.practice.player import Player
from kaja.practice.store import Store
from kaja.practice.streams import Streams


def create_application(
    store: Store, guard: Guard, public_url: str = "", hook_url: str = "", mood: str = "off"
) -> tuple[Application, Player]:
    """`public_url` stands in the addresses of posts where the caller's own address would be wrong.

    `hook_url` is told of what the audience says; `mood` is how it is until somebody says otherwise. It begins when
    `Player.begin` is called.
    """
    network = Network(store, public_url)
    routes = Routes()
    conversations = Conversations(network)
    pages = Pages(network, conversations)
    streams = Streams(network, guard, conversations, Hooks(network, guard.key, hook_url))
    api = Api(network, guard, streams)
    consents = Consents(network)
    network.open_account = consents.get_account
    # The pages come last: their addresses take what no other wants.
    player = Player(conversations, mood)
    admin = Admin(network, guard)
    direction = Direction(admin, conversations, player)
    theirs = AudiencePages(pages, conversations, player, direction)
    for part in (api, admin, direction, streams, theirs, OAuth(network, guard, pages, consents, api), pages):
        part.add_to(routes)

    def refused(request: Request, refusal: Refusal) -> Response:
        if request.path.startswith(("/api/", "/admin/")):
            return error_answer(refusal)
        return pages.refused(request, refusal)

    return Application(routes, refused, guard.check), player
