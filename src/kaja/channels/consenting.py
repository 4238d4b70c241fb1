"""A consent's round trip to the network's site: begun, found again by its state, ended, and what of it is connected.

The address to come back to is one for the whole installation (networks compare it with what was registered there), so
the state alone says which workspace began. Called outside a scope where a network is asked.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kaja.channels import practice
from kaja.channels.asking import ask, get_connector, require_fields
from kaja.channels.developer_apps import find_app
from kaja.channels.models import Channel, PendingConnection
from kaja.channels.offers import parse_granted, render_granted
from kaja.channels.sessions import make_session
from kaja.channels.storing import nothing_chosen, store_consent
from kaja.channels.vault import open_values, seal_values
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.networks.kit import oauth
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.consent import Authorization, Consent, Granted, Offer
from kaja.networks.kit.grants import App
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.policy import Permission, require
from kaja.workspaces.queries import hash_token

PENDING_LASTS = timedelta(minutes=20)
"""At the network's site."""
CHOICE_LASTS = timedelta(hours=1)
USED_KNOWN = timedelta(days=1)
"""How long a state that was used is known as such."""


def get_back_address(network: str) -> str:
    """Where a network sends people back to: one address of the installation, registered there letter by letter."""
    return f"{settings.BASE_URL.rstrip('/')}/connect/{network}/back"


def start_authorization(
    actor: Actor,
    workspace: Workspace,
    network: str,
    form: Mapping[str, str],
    *,
    expected: Channel | None = None,
    slot: str = "",
) -> str:
    """Begin a round trip; returns the network's address to send the person to. Raises Refused."""
    require(actor, Permission.CHANNELS)
    connector = get_connector(network)
    consent = _get_consent(connector)
    if connector.info.connect == "oauth":
        require_fields(connector, form)
    app = get_app(connector, slot)
    state = secrets.token_urlsafe(32)

    async def fetch() -> Authorization:
        session = make_session(network, "", {})
        return await consent.authorize(dict(form), get_back_address(network), state, app, session)

    authorization = ask(actor, workspace, fetch)
    assert actor.user_id is not None, "only a person can consent"
    with workspace_scope(workspace.id):
        _forget_old()
        row = PendingConnection(
            state_hash=hash_token(state), network=network, app=slot, user_id=actor.user_id, channel=expected,
            expires_at=now() + PENDING_LASTS,
        )  # fmt: skip
        row.sealed = seal_values(authorization.pending, bound_to(row.id))
        row.save()
    return authorization.url


def bound_to(pending_id: UUID) -> str:
    return f"pending:{pending_id}"


def _forget_old() -> None:
    PendingConnection.objects.filter(expires_at__lt=now() - USED_KNOWN).delete()


def find_workspace_of(state: str) -> UUID | None:
    """The workspace in which a consent was begun; None when nobody knows the state."""
    with system_scope(SystemPurpose.CONSENT):
        rows = PendingConnection.objects.filter(state_hash=hash_token(state), offers=False)
        return rows.values_list("workspace_id", flat=True).first()


def finish_authorization(
    actor: Actor, workspace: Workspace, network: str, answer: Mapping[str, str]
) -> list[Channel] | UUID:
    """End a round trip with what the network sent along. The state opens once, for the person who began.

    Gives the channels that are connected now, or, when there is something to choose, the id of the choice. Raises
    Refused; what was connected before goes on as it was.
    """
    require(actor, Permission.CHANNELS)
    connector = get_connector(network)
    consent = _get_consent(connector)
    expected, slot, pending = _take(actor, workspace, connector, answer)
    app = get_app(connector, slot)
    if connector.info.practice:
        pending |= practice.make_access(workspace)

    async def fetch() -> Granted:
        return await consent.exchange(dict(answer), pending, app, make_session(network, "", {}))

    granted = ask(actor, workspace, fetch)
    with workspace_scope(workspace.id):
        open_offers = [offer for offer in granted.offers if offer.problem is None]
        if (len(granted.offers) == 1 and open_offers) or expected is not None:
            chosen = {granted.offers[0].facts.account_id} if len(granted.offers) == 1 else set()
            return store_consent(actor, network, granted, chosen, expected=expected, app=slot)
        if not open_offers:
            raise Refused(*[offer.problem for offer in granted.offers if offer.problem] or [_nothing_there(connector)])
        return _keep_choice(actor, network, slot, granted)


def _take(
    actor: Actor, workspace: Workspace, connector: Connector, answer: Mapping[str, str]
) -> tuple[Channel | None, str, dict[str, str]]:
    """What was kept when the round trip began, used up with this. Only what is the person's own is used up."""
    with workspace_scope(workspace.id):
        rows = PendingConnection.objects.filter(state_hash=hash_token(answer.get("state", "")), offers=False)
        row = lock(rows).select_related("channel").first()
        if row is None:
            raise Refused(refuse_unknown_state())
        if row.user_id != actor.user_id:
            raise Refused(refuse_another_person())
        if row.network != connector.info.key:
            raise Refused(_another_network(connector))
        if row.used_at is not None:
            raise Refused(_used())
        if row.expires_at < now():
            raise Refused(_too_late())
        pending = open_values(bytes(row.sealed), bound_to(row.id))
        row.used_at, row.sealed = now(), b""
        row.save(update_fields=["used_at", "sealed"])
        found = row.channel, row.app, pending
    if answer.get("error"):
        raise Refused(oauth.refuse_consent(connector.info.name, answer))
    return found


# Choosing


@dataclass(frozen=True)
class Choice:
    """What a consent offers to a person who has to choose."""

    id: UUID
    network: str
    offers: tuple[Offer, ...]
    connected: Mapping[tuple[str, str], Channel]
    """The channels that these accounts are already, by base address and account id."""

    def count_open(self) -> int:
        """How many can be connected that are not."""
        return sum(
            offer.problem is None and (offer.base_url, offer.facts.account_id) not in self.connected
            for offer in self.offers
        )


def _keep_choice(actor: Actor, network: str, slot: str, granted: Granted) -> UUID:
    assert actor.user_id is not None
    _forget_old()
    row = PendingConnection(
        state_hash=hash_token(secrets.token_urlsafe(32)), network=network, app=slot, user_id=actor.user_id,
        offers=True, expires_at=now() + CHOICE_LASTS,
    )  # fmt: skip
    row.sealed = seal_values({"granted": json.dumps(render_granted(granted))}, bound_to(row.id))
    row.save()
    return row.id


def get_choice(actor: Actor, choice_id: UUID) -> Choice:
    """What there is to choose. Raises NotFound when it is another's, over, or done. Inside the workspace's scope."""
    require(actor, Permission.CHANNELS)
    row = _find_choice(actor, choice_id)
    granted = _open_choice(row)
    accounts = [offer.facts.account_id for offer in granted.offers]
    rows = Channel.objects.filter(network=row.network, account_id__in=accounts, disconnected_at=None)
    return Choice(
        row.id, row.network, granted.offers, {(channel.base_url, channel.account_id): channel for channel in rows}
    )


@transaction.atomic
def choose_channels(actor: Actor, choice_id: UUID, chosen: set[str]) -> list[Channel]:
    """Connect what was chosen (account ids), all in one go. The choice is over then. Inside the workspace's scope."""
    row = _find_choice(actor, choice_id)
    granted = _open_choice(row)
    unknown = chosen - {offer.facts.account_id for offer in granted.offers if offer.problem is None}
    if unknown or not chosen:
        raise Refused(nothing_chosen())
    channels = store_consent(actor, row.network, granted, chosen, app=row.app)
    row.delete()
    return channels


def _find_choice(actor: Actor, choice_id: UUID) -> PendingConnection:
    rows = PendingConnection.objects.filter(id=choice_id, offers=True, expires_at__gt=now())
    row = lock(rows).first()
    if row is None or row.user_id != actor.user_id:
        raise NotFound(
            Problem(
                "choice_over",
                gettext_noop("There is nothing to choose here any more: it was chosen, or an hour has passed."),
                fix=gettext_noop("Look at the list of channels; what is missing there can be connected again."),
            )
        )
    return row


def _open_choice(row: PendingConnection) -> Granted:
    return parse_granted(json.loads(open_values(bytes(row.sealed), bound_to(row.id))["granted"]))


# What is said


def _get_consent(connector: Connector) -> Consent:
    if connector.consent is None:
        raise Refused(
            Problem(
                "connect_by_form",
                gettext_noop("This network is connected with a form, not by giving consent on its site."),
                fix=gettext_noop("Open the channels page of the workspace and connect it there."),
            )
        )
    return connector.consent


def get_app(connector: Connector, slot: str) -> App | None:
    """The operator's developer app that a consent needs; None where the network wants none. Raises Refused."""
    slots = {each.key for each in connector.info.apps}
    if not slots and not slot:
        return None
    app = find_app(connector.info.key, slot) if slot in slots else None
    if app is None:
        raise Refused(
            Problem(
                "app_missing",
                gettext_noop("%(network)s can be connected when this Kaja has a developer app there."),
                fix=gettext_noop("The operator of this Kaja has to create one and store it in the settings."),
                params={"network": connector.info.name},
            )
        )
    return app


def refuse_unknown_state() -> Problem:
    """Nobody began it here, or so long ago that it was forgotten."""
    return Problem(
        code="oauth_state",
        message=gettext_noop("This consent was not asked for from here, was used already, or took over 20 minutes."),
        fix=gettext_noop("Start connecting again from the channels page, in the same browser."),
    )


def _used() -> Problem:
    return Problem(
        code="oauth_used",
        message=gettext_noop("This consent was used already; a page that is loaded again does not use it twice."),
        fix=gettext_noop("Look at the list of channels. Connect again when something is missing there."),
    )


def _too_late() -> Problem:
    return Problem(
        code="oauth_late",
        message=gettext_noop("The consent took over 20 minutes, so it was not used. Nothing was changed."),
        fix=gettext_noop("Start connecting again; what you allowed on the network's site may be allowed once more."),
    )


def refuse_another_person() -> Problem:
    """Whoever came back is not who began."""
    return Problem(
        code="oauth_person",
        message=gettext_noop("Somebody else began to connect this. Nothing was changed, and they can still finish."),
        fix=gettext_noop("Sign in as the person who began, or start connecting again yourself."),
    )


def _another_network(connector: Connector) -> Problem:
    return Problem(
        code="oauth_network",
        message=gettext_noop("This consent was begun for another network than %(network)s. Nothing was changed."),
        fix=gettext_noop("Start connecting again from the channels page."),
        params={"network": connector.info.name},
    )


def _nothing_there(connector: Connector) -> Problem:
    return Problem(
        code="nothing_offered",
        message=gettext_noop("The consent opens no account of %(network)s that Kaja could send to."),
        fix=gettext_noop("Connect again, and allow at least one page or account; or sign in there as somebody else."),
        params={"network": connector.info.name},
    )
