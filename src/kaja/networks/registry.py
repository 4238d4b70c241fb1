"""Every network that Kaja speaks. Adding one is one folder and one line here."""

from kaja.networks import bluesky, mastodon, practice, wordpress
from kaja.networks.kit.connector import Connector

CONNECTORS: dict[str, Connector] = {
    "bluesky": bluesky.CONNECTOR,
    "mastodon": mastodon.CONNECTOR,
    "wordpress": wordpress.CONNECTOR,
    "practice": practice.CONNECTOR,
}


def get_connector(network: str) -> Connector:
    """The connector of a network; raises KeyError with its name when there is none."""
    return CONNECTORS[network]
