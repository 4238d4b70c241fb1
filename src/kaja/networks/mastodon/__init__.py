"""Mastodon and compatible servers. Facts and limits with their sources: docs/networks/mastodon.md."""

from kaja.networks.kit.connector import Connector
from kaja.networks.mastodon import account, changes, moderator, oauth, publisher, reader
from kaja.networks.mastodon.info import INFO
from kaja.networks.mastodon.replies import ANSWERING
from kaja.networks.mastodon.rules import RULES

CONNECTOR = Connector(
    INFO,
    account,
    RULES,
    publisher,
    editor=changes,
    remover=changes,
    reader=reader.READER,
    history=reader.READER,
    rereader=reader,
    moderator=moderator,
    answering=ANSWERING,
    consent=oauth,
)

__all__ = ["CONNECTOR"]
