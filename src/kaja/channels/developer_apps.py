"""The operator's own developer apps at networks: one row for each that a network asks for, for all workspaces."""

from uuid import UUID

from kaja.channels.models import NetworkApp
from kaja.channels.vault import open_values
from kaja.networks.kit.grants import App


def bound_to(app_id: UUID) -> str:
    """What an app's sealed secrets are tied to."""
    return f"app:{app_id}:secrets"


def open_app(row: NetworkApp) -> App:
    """The app with its secrets. Raises VaultError."""
    return App(row.client_id, **open_values(bytes(row.sealed), bound_to(row.id)))


def find_app(network: str, slot: str = "") -> App | None:
    """The app that the operator has stored. Raises VaultError."""
    row = NetworkApp.objects.filter(network=network, slot=slot).first()
    return open_app(row) if row else None
