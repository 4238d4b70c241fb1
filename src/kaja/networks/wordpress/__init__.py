"""WordPress. Facts and limits with their sources: docs/networks/wordpress.md."""

from kaja.networks.kit.connector import Connector
from kaja.networks.wordpress import changes, moderator, publisher, site
from kaja.networks.wordpress.info import INFO
from kaja.networks.wordpress.replies import ANSWERING
from kaja.networks.wordpress.rules import RULES

CONNECTOR = Connector(
    INFO, site, RULES, publisher, editor=changes, remover=changes, moderator=moderator, answering=ANSWERING
)

__all__ = ["CONNECTOR"]
