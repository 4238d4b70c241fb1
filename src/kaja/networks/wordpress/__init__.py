"""WordPress. Facts and limits with their sources: docs/networks/wordpress.md."""

from kaja.networks.kit.connector import Connector
from kaja.networks.wordpress import changes, moderator, publisher, reader, site
from kaja.networks.wordpress.info import INFO
from kaja.networks.wordpress.replies import ANSWERING
from kaja.networks.wordpress.rules import RULES

CONNECTOR = Connector(
    INFO,
    site,
    RULES,
    publisher,
    editor=changes,
    remover=changes,
    reader=reader.READER,
    history=reader.READER,
    rereader=reader,
    moderator=moderator,
    answering=ANSWERING,
)

__all__ = ["CONNECTOR"]
