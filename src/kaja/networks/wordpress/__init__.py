"""WordPress. Facts and limits with their sources: docs/networks/wordpress.md."""

from kaja.networks.kit.connector import Connector
from kaja.networks.wordpress import changes, publisher, rules, site
from kaja.networks.wordpress.info import INFO

CONNECTOR = Connector(INFO, site, rules, publisher, editor=changes, remover=changes)

__all__ = ["CONNECTOR"]
