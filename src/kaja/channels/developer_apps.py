"""The operator's own developer apps at networks: one row for each that a network asks for, for all workspaces."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.channels.models import NetworkApp
from kaja.channels.vault import open_values, seal_values
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotAllowed, NotFound, Problem, Refused, gettext_noop
from kaja.kernel.vault import VaultError
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.grants import App, AppSlot
from kaja.networks.registry import CONNECTORS
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import User

LOCKED = Problem(
    "app_locked",
    gettext_noop("The secrets of this app cannot be opened with this installation's keys."),
    fix=gettext_noop("Store the app again, or put the key file back."),
)


@dataclass(frozen=True)
class Wanted:
    """A developer app that a network asks for, and what is stored of it."""

    connector: Connector
    slot: AppSlot
    row: NetworkApp | None
    app: App | None
    """None also when its secrets cannot be opened any more."""

    @property
    def problem(self) -> dict[str, Any] | None:
        """What is wrong with it, as rows keep problems."""
        return asdict(LOCKED) if self.row and self.app is None else self.row.problem if self.row else None


def bound_to(app_id: UUID) -> str:
    """What an app's sealed secrets are tied to."""
    return f"app:{app_id}:secrets"


def open_app(row: NetworkApp) -> App:
    """The app with its secrets. Raises VaultError."""
    return App(row.client_id, **open_values(bytes(row.sealed), bound_to(row.id)))


def read_app(row: NetworkApp | None) -> App | None:
    """The same; None without a row, and where this installation's keys open it no more: it has to be stored again."""
    try:
        return open_app(row) if row else None
    except VaultError:
        return None


def find_app(network: str, slot: str = "") -> App | None:
    """The app that the operator has stored, if it can be opened."""
    return read_app(NetworkApp.objects.filter(network=network, slot=slot).first())


def list_apps(network: str) -> list[App]:
    """Every stored app of a network that can be opened."""
    rows = NetworkApp.objects.filter(network=network).order_by("slot")
    return [app for row in rows if (app := read_app(row)) is not None]


def list_wanted(network: str = "") -> list[Wanted]:
    """Every app that networks (or one) ask for, in the order in which people choose networks."""
    rows = {(row.network, row.slot): row for row in NetworkApp.objects.all()}
    return [
        Wanted(connector, slot, row := rows.get((key, slot.key)), read_app(row))
        for key, connector in CONNECTORS.items()
        for slot in connector.info.apps
        if network in ("", key)
    ]


def is_operator(actor: Actor) -> bool:
    """Whether the person looks after the installation itself: apps are for all workspaces."""
    return actor.user_id is not None and User.objects.filter(id=actor.user_id, is_staff=True).exists()


def require_operator(actor: Actor) -> None:
    """Raise NotAllowed for everybody else."""
    if not is_operator(actor):
        raise NotAllowed(
            Problem(
                "not_operator",
                gettext_noop("Only an operator of this installation may do this."),
                fix=gettext_noop("Ask whoever set this Kaja up."),
            )
        )


def _get_slot(network: str, slot: str) -> AppSlot:
    connector = CONNECTORS.get(network)
    found = next((each for each in connector.info.apps if each.key == slot), None) if connector else None
    if found is None:
        raise NotFound(
            Problem(
                "app_unasked",
                gettext_noop("This network asks for no such developer app."),
                fix=gettext_noop("Choose one of the listed networks."),
            )
        )
    return found


@transaction.atomic
def store_app(
    actor: Actor, network: str, slot: str, client_id: str, secret: str = "", webhook_secret: str = ""
) -> NetworkApp:
    """Keep an app, or replace it. A secret that is left empty stays as it is while the app is the same. Inside the
    workspace's scope, in whose audit log it is noted."""
    require_operator(actor)
    _get_slot(network, slot)
    client_id, secret, webhook_secret = client_id.strip(), secret.strip(), webhook_secret.strip()
    row = lock(NetworkApp.objects.filter(network=network, slot=slot)).first()
    kept = (read_app(row) if row and row.client_id == client_id else None) or App()
    app = App(client_id, secret or kept.secret, webhook_secret or kept.webhook_secret)
    missing = [name for name, value in (("client_id", app.client_id), ("secret", app.secret)) if not value]
    if missing:
        fill_in = gettext_noop("Fill it in.")
        raise Refused(*[Problem("required", gettext_noop("This is needed."), name, fill_in) for name in missing])
    before = {"client_id": row.client_id} if row else {}
    row = row or NetworkApp(network=network, slot=slot)
    row.client_id, row.set_at, row.set_by = app.client_id[:300], now(), actor.name[:200]
    row.checked_at = row.problem = None
    row.sealed = seal_values({"secret": app.secret, "webhook_secret": app.webhook_secret}, bound_to(row.id))
    row.save()
    audit.record(actor, "app.store", row, before, {"name": name_app(network, slot), "client_id": row.client_id})
    return row


@transaction.atomic
def remove_app(actor: Actor, network: str, slot: str) -> None:
    """Forget an app. What was connected through it works until it has to be renewed."""
    require_operator(actor)
    row = lock(NetworkApp.objects.filter(network=network, slot=slot)).first()
    if row is not None:
        audit.record(actor, "app.remove", row, {"name": name_app(network, slot), "client_id": row.client_id}, {})
        row.delete()


def keep_check(network: str, slot: str, app: App, problem: Problem | None) -> None:
    """What a look at the app found; nothing when it was replaced meanwhile."""
    rows = NetworkApp.objects.filter(network=network, slot=slot, client_id=app.client_id)
    rows.update(checked_at=now(), problem=asdict(problem) if problem else None)


def name_app(network: str, slot: str) -> str:
    """What the audit log calls it."""
    return f"{CONNECTORS[network].info.name} {slot}".strip()
