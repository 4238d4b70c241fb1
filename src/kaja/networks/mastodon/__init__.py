"""Mastodon and compatible servers. Facts and limits with their sources: docs/networks/mastodon.md."""

from kaja.networks.kit.connector import Connector
from kaja.networks.mastodon import changes, oauth, publisher, rules
from kaja.networks.mastodon.info import INFO

CONNECTOR = Connector(INFO, oauth, rules, publisher, editor=changes, remover=changes)

__all__ = ["CONNECTOR"]
