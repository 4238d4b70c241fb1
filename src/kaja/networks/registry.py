"""Every network that Kaja speaks. Adding one is one folder: its package has a `CONNECTOR`."""

from importlib import import_module

from kaja.networks.folders import list_folders
from kaja.networks.kit.connector import Connector


def find_connectors() -> dict[str, Connector]:
    """The connectors of all folders by key, in the order in which people choose: by name, our own network last."""
    found = [import_module(f"kaja.networks.{name}").CONNECTOR for name in list_folders()]
    found.sort(key=lambda connector: (connector.info.practice, connector.info.name.casefold()))
    return {connector.info.key: connector for connector in found}


CONNECTORS: dict[str, Connector] = find_connectors()


def get_connector(network: str) -> Connector:
    """The connector of a network; raises KeyError with its name when there is none."""
    return CONNECTORS[network]


def is_practice(network: str) -> bool:
    """Whether that is the network that stands beside Kaja to be practised on."""
    return network in CONNECTORS and CONNECTORS[network].info.practice
