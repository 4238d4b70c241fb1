"""The practice network: Kaja's own small server, reached over HTTP like every other network."""

from kaja.networks.kit.connector import Connector
from kaja.networks.practice import accounts, publisher, rules
from kaja.networks.practice.info import INFO
from kaja.networks.practice.reader import PracticeHooks, PracticeReader

CONNECTOR = Connector(
    INFO,
    accounts,
    rules,
    publisher,
    editor=publisher,
    remover=publisher,
    reader=PracticeReader(),
    hooks=PracticeHooks(),
)

__all__ = ["CONNECTOR"]
