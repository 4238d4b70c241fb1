"""Noticing that another installation sends to our channel, where the network names the application of each post.

A copy with a database of its own, or another workspace, posts as Kaja does; what Kaja made and this workspace does not
know was made there.
"""

from datetime import timedelta
from uuid import UUID

from kaja.channels.queries import get_channel
from kaja.channels.sessions import facts_of, open_session, record_quota
from kaja.delivery.models import Delivery, Publication, State
from kaja.kernel.clock import now
from kaja.kernel.problems import gettext_noop
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.http import run_blocking
from kaja.networks.kit.results import CannotTell
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.models import AuditEntry, Workspace
from kaja.workspaces.notices import create_notice
from kaja.workspaces.policy import Permission

BACK = timedelta(minutes=70)
"""A little more than the time between two looks."""
_UNDER_WAY = (State.SENDING, State.PROCESSING, State.UNCERTAIN)
_TOLD = gettext_noop(
    "On %(channel)s stands a post that Kaja made, but not from here. Does a second installation send there, too?"
)


def list_watched() -> list[tuple[UUID, UUID]]:
    """Workspace and id of the channels on which another Kaja could be told apart."""
    from kaja.channels.models import Channel

    networks = [key for key, connector in CONNECTORS.items() if connector.info.names_maker]
    with system_scope(SystemPurpose.JOB_DISPATCH):
        rows = Channel.objects.filter(disconnected_at=None, network__in=networks, health_failures=0)
        return list(rows.values_list("workspace_id", "id"))


def look_for_others(workspace_id: UUID, channel_id: UUID) -> bool:
    """Ask the network once, and tell who looks after channels when another Kaja posts there. Called outside a scope."""
    with workspace_scope(workspace_id):
        channel = get_channel(channel_id)
        if channel.disconnected_at is not None or Workspace.objects.get(id=workspace_id).held_at is not None:
            return False  # a held workspace is shown all that it does not know
        since = max(now() - BACK, channel.created_at)
        settled = AuditEntry.objects.filter(action="workspace.settle", at__gt=since).order_by("-at").first()
        since = settled.at if settled else since
        try:
            session = open_session(channel)
        except VaultError:
            return False
        facts, publisher = facts_of(channel), CONNECTORS[channel.network].publisher
    if publisher is None:
        return False
    told = run_blocking(lambda: publisher.list_recent(since, facts, session))
    with workspace_scope(workspace_id):
        record_quota(channel, session.quotas.values())
        if isinstance(told, CannotTell):
            return False  # the channel's check says what is wrong
        if Delivery.objects.filter(channel_id=channel_id, state__in=_UNDER_WAY).exists():
            return False  # it may be ours; the next look knows
        made = {post.ref.id for post in told.posts if post.by_kaja and post.posted_at and post.posted_at >= since}
        ours = Publication.objects.filter(delivery__channel_id=channel_id, remote_id__in=made)
        others = made - set(ours.values_list("remote_id", flat=True))
        if others:
            path, name = f"channels/{channel_id}/", str(channel)
            create_notice("channel.others", _TOLD, {"channel": name}, path=path, permission=Permission.CHANNELS)
    return bool(others)
