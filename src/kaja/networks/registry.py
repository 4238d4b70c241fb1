"""Every network that Kaja speaks. Adding one is one folder and one line here."""

from kaja.networks import practice
from kaja.networks.kit.connector import Connector

CONNECTORS: dict[str, Connector] = {
    "practice": practice.CONNECTOR,
}


def get_connector(network: str) -> Connector:
    """The connector of a network; raises KeyError with its name when there is none."""
    return CONNECTORS[network]
