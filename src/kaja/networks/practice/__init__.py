"""The practice network: Kaja's own small server, reached over HTTP like every other network."""

from kaja.networks.kit.connector import Connector
from kaja.networks.practice import accounts, consent, moderator, publisher
from kaja.networks.practice.info import INFO
from kaja.networks.practice.reader import PracticeHooks, PracticeReader
from kaja.networks.practice.rules import RULES

READER = PracticeReader()
CONNECTOR = Connector(
    INFO,
    accounts,
    RULES,
    publisher,
    editor=publisher,
    remover=publisher,
    reader=READER,
    history=READER,
    moderator=moderator,
    answering=moderator.ANSWERING,
    hooks=PracticeHooks(),
    consent=consent,
    apps=consent,
)

__all__ = ["CONNECTOR"]
