"""Bluesky and every other atproto server (PDS)."""

from kaja.networks.bluesky import moderator, reader
from kaja.networks.bluesky.account import Accounts
from kaja.networks.bluesky.info import INFO
from kaja.networks.bluesky.limits import DIRECTORY, RESOLVER
from kaja.networks.bluesky.publisher import Publisher
from kaja.networks.bluesky.replies import ANSWERING
from kaja.networks.bluesky.rules import RULES
from kaja.networks.kit.connector import Connector


def make_connector(resolver: str = RESOLVER, directory: str = DIRECTORY) -> Connector:
    """With the addresses of the public network, or of another. Its apps do not show changes, so there is no editor."""
    publisher = Publisher(resolver)
    return Connector(
        INFO,
        Accounts(resolver, directory),
        RULES,
        publisher,
        remover=publisher,
        reader=reader.READER,
        history=reader.READER,
        rereader=reader,
        moderator=moderator,
        answering=ANSWERING,
    )


CONNECTOR = make_connector()

__all__ = ["CONNECTOR", "make_connector"]
