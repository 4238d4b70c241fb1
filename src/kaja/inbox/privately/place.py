"""How a comment is answered in private on its network, and in public: what the connector says of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.delivery.frozen import FrozenRef
from kaja.inbox.joining import ANSWER
from kaja.inbox.models import Conversation, Message
from kaja.inbox.saved import fill_texts
from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Answering, Connector, PrivateAnswering
from kaja.networks.kit.content import Draft, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.results import RemoteRef
from kaja.networks.registry import CONNECTORS


@dataclass(frozen=True)
class Way:
    """A network that has private replies."""

    connector: Connector
    answering: Answering
    private: PrivateAnswering


def find_way(channel: Channel) -> Way | None:
    """None where the network gives an app no private reply to a comment."""
    connector = CONNECTORS.get(channel.network)
    answering = connector.answering if connector else None
    if connector is None or answering is None or answering.private is None or not connector.can_send("message"):
        return None
    return Way(connector, answering, answering.private)


def ref_of(message: Message) -> RemoteRef:
    """A comment as an answer to it names it."""
    data = {name: value for name, value in message.data.items() if name != ANSWER}
    handle = message.handle.handle if message.handle else ""
    return RemoteRef(message.remote_id, message.url, {"handle": handle, **data} if handle else data)


def fit_texts(way: Way, texts: Iterable[str], target: RemoteRef, facts: Facts, *, private: bool) -> list[Problem]:
    """What the network's rules have against texts as they would be sent."""
    complete = way.private.complete if private else way.answering.complete
    found = []
    for text in texts:
        if text.strip():
            draft = Draft((Part(complete(text, target, facts)),))
            found += [each for each in way.answering.rules.check(draft, facts) if each.severity == "error"]
    return found


def fill(text: str, conversation: Conversation, message: Message) -> str:
    """Words for whoever wrote a comment, who need not be who began its thread."""
    about = Conversation(channel=message.channel, handle=message.handle, language=conversation.language)
    return fill_texts({"": text}, about, "", "")[0].strip()


def render_sent(way: Way, message: Message, text: str, *, private: bool) -> dict[str, Any]:
    """What is kept of one of the two when it is planned: every try sends the same."""
    ref, facts = ref_of(message), facts_of(message.channel)
    complete = way.private.complete if private else way.answering.complete
    options = {**way.answering.options(ref), **(way.private.options(ref) if private else {})}
    root = way.answering.root(ref)
    publication = message.conversation.publication
    if root is None and publication is not None:
        root = RemoteRef(publication.remote_id, publication.remote_url, publication.data)
    return {
        "to": _freeze(ref),
        "root": _freeze(root) if root else None,
        "text": complete(text, ref, facts),
        "options": dict(options),
    }


def _freeze(ref: RemoteRef) -> dict[str, Any]:
    return FrozenRef(id=ref.id, url=ref.url, data=dict(ref.data)).model_dump(mode="json")
