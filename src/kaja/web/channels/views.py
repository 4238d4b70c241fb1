"""The list of channels, and one channel: its health, its permissions, its quota, its history."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kaja.channels.actions import check_channel, disconnect_channel, follow_channel
from kaja.channels.following import find_new_address
from kaja.channels.models import Channel, Health, QuotaState
from kaja.channels.queries import get_channel, list_channels, list_quotas
from kaja.channels.sessions import facts_of
from kaja.kernel.clock import now
from kaja.kernel.problems import NotFound, Refused
from kaja.networks.kit.connector import Connector
from kaja.networks.registry import CONNECTORS
from kaja.publishing.progress import figures_of_channel
from kaja.web.flash import flash, flash_refusal
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.policy import Permission
from kaja.workspaces.queries import list_audit

SOON_DAYS = 7
FIGURES_DAYS = 30


def describe(channel: Channel) -> dict[str, object]:
    """What the list and the page say of a channel."""
    state = "disconnected" if channel.disconnected_at else channel.health
    days = (channel.expires_at - now()).days if channel.expires_at and not channel.disconnected_at else None
    return {
        "channel": channel,
        "state": state,
        "expires_soon": days is not None and days < SOON_DAYS,
        "practice": channel.network in CONNECTORS and CONNECTORS[channel.network].info.practice,
    }


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Every channel of the workspace; those that were let go stand below."""
    rows = [describe(channel) for channel in list_channels(disconnected=True)]
    return render_page(
        request,
        "channels/list.html",
        {
            "connected": [row for row in rows if row["state"] != "disconnected"],
            "former": [row for row in rows if row["state"] == "disconnected"],
        },
    )


@require_safe
@workspace_view()
def page(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    """One channel."""
    channel = get_channel(channel_id)
    facts = facts_of(channel)
    connector = CONNECTORS.get(channel.network)
    return render_page(
        request,
        "channels/page.html",
        describe(channel)
        | {
            "facts": facts,
            "limits": [(name, value) for name, value in facts.limits.items() if isinstance(value, int | str)],
            "info": connector.info if connector else None,
            "edits": connector is not None and connector.editor is not None,
            "deletes": connector is not None and connector.remover is not None,
            "abilities": _abilities(connector) if connector else (),
            "moved_to": find_new_address(channel),
            "quotas": [_as_of_now(quota) for quota in list_quotas(channel)],
            "figures": figures_of_channel(channel.id, now() - timedelta(days=FIGURES_DAYS)),
            "figures_days": FIGURES_DAYS,
            "history": list_audit(limit=20, target_id=str(channel.id)).rows,
        },
    )


def _as_of_now(quota: QuotaState) -> QuotaState:
    """What of the network's last word still holds: once its time is over, nobody knows how much is free."""
    moment = now()
    if quota.blocked_until and quota.blocked_until <= moment:
        quota.blocked_until = None
    if quota.resets_at and quota.resets_at <= moment:
        quota.remaining = quota.resets_at = None
    return quota


def _abilities(connector: Connector) -> list[str]:
    """What a channel of this network can carry."""
    able = (
        (True, _("text and pictures")),
        (connector.can_send("continuation"), _("threads")),
        (connector.can_send("comment"), _("first comment")),
        (connector.info.link_card, _("link cards")),
    )
    return [word for can, word in able if can]


@require_POST
@workspace_view(Permission.WRITE, scoped=False)
def check(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    """Ask the network now."""
    channel = check_channel(request.workspace.id, channel_id, request.actor)
    if channel.health == Health.OK and not channel.health_failures:
        flash(request, _("%(channel)s answers and works.") % {"channel": channel})
    else:
        flash(request, _("%(channel)s did not pass the check; the reason is below.") % {"channel": channel}, "warning")
    return redirect("channels:page", request.workspace.slug, channel_id)


@require_POST
@workspace_view(Permission.CHANNELS, scoped=False)
def follow(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    """Go on where the channel's server has moved to."""
    try:
        channel = follow_channel(request.actor, request.workspace.id, channel_id, request.POST.get("to", ""))
    except NotFound:
        raise
    except Refused as refused:
        flash_refusal(request, refused)
        return redirect("channels:page", request.workspace.slug, channel_id)
    text = _("%(channel)s goes on at %(address)s; what waited for it is sent now.")
    flash(request, text % {"channel": channel, "address": channel.base_url})
    return redirect("channels:page", request.workspace.slug, channel_id)


@require_POST
@workspace_view(Permission.CHANNELS)
def disconnect(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    """Let a channel go; it can be connected again with its history."""
    channel = disconnect_channel(request.actor, channel_id)
    flash(
        request,
        _(
            "%(channel)s is disconnected. Its scheduled posts stay in the calendar and are not sent: move them, "
            "or connect again."
        )
        % {"channel": channel},
    )
    return redirect("channels:list", request.workspace.slug)
