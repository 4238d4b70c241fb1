"""WordPress. Facts and limits with their sources: docs/networks/wordpress.md."""

from kaja.networks.kit.connector import Connector
from kaja.networks.wordpress import changes, publisher, site
from kaja.networks.wordpress.info import INFO
from kaja.networks.wordpress.rules import RULES

CONNECTOR = Connector(INFO, site, RULES, publisher, editor=changes, remover=changes)

__all__ = ["CONNECTOR"]
