"""Connecting and reconnecting a channel: choose the network, do what it asks, come back."""

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kaja.channels.actions import connect_channel, start_authorization
from kaja.channels.developer_apps import list_wanted
from kaja.channels.models import Channel
from kaja.channels.queries import get_channel
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.iri import show_host
from kaja.networks.registry import CONNECTORS
from kaja.web.channels.consent import say_connected
from kaja.web.channels.forms import make_connect_form
from kaja.web.flash import flash_refusal
from kaja.web.workspace import WorkspaceRequest, add_problems, render_page, workspace_view
from kaja.workspaces.policy import Permission


@require_safe
@workspace_view(Permission.CHANNELS)
def choose(request: WorkspaceRequest) -> HttpResponse:
    """Which network?"""
    infos = [connector.info for connector in CONNECTORS.values()]
    real = [info for info in infos if not info.practice]
    practice = [info for info in infos if info.practice]
    return render_page(request, "channels/choose.html", {"real": real, "practice": practice})


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.CHANNELS, scoped=False)
def connect(request: WorkspaceRequest, network: str) -> HttpResponse:
    """One network's form."""
    return _connect(request, network, None)


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.CHANNELS, scoped=False)
def reconnect(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    """The same form for a channel that exists; its row and history stay."""
    with workspace_scope(request.workspace.id):
        channel = get_channel(channel_id)
    return _connect(request, channel.network, channel)


def _connect(request: WorkspaceRequest, network: str, channel: Channel | None) -> HttpResponse:
    connector = CONNECTORS.get(network)
    if connector is None:
        raise Http404
    info = connector.info
    initial = {name: getattr(channel, own) for name, own in info.known_again.items()} if channel else {}
    if info.practice:
        initial["base_url"] = settings.PRACTICE_URL
    form = make_connect_form(info, request.POST or None, initial)
    # Some networks have both ways; then a second button of the page asks for the network's own site.
    by_site = info.connect == "oauth" or "consent" in request.POST
    status = 200
    if request.method == "POST" and ((by_site and info.connect == "form") or form.is_valid()):
        values = {} if info.connect == "form" and by_site else _values(form)
        try:
            if by_site:
                slot = request.POST.get("slot", "")
                url = start_authorization(
                    request.actor, request.workspace, network, values, expected=channel, slot=slot
                )
                return _leave(request, url)
            connected = connect_channel(request.actor, request.workspace, network, values, expected=channel)
            return say_connected(request, [connected])
        except Refused as refused:
            if by_site and info.connect == "form":
                flash_refusal(request, refused)
                return redirect(request.path)
            add_problems(form, refused)
    if form.errors:
        status = 422
    context = {
        "form": form,
        "info": info,
        "guide": [_(line) for line in info.guide],
        "channel": channel,
        "practice": info.practice,
        "consent_button": _(info.consent_button) if info.consent_button else "",
        "by_form": info.connect == "form",
    }
    with workspace_scope(request.workspace.id):
        context["consents"] = list_wanted(network) if info.apps else []
        return render_page(request, "channels/connect.html", context, status=status)


def _values(form: Form) -> dict[str, str]:
    return {name: str(value) for name, value in form.cleaned_data.items()}


def _leave(request: WorkspaceRequest, url: str) -> HttpResponse:
    """Send the person to the network to consent.

    Browsers hold `form-action` against the redirect, too, and it lets forms lead to encrypted addresses only. A server
    that the operator allowed without encryption is reached by a link, on a page that says so.
    """
    if url.startswith("https://"):
        return HttpResponseRedirect(url)
    with workspace_scope(request.workspace.id):
        host = show_host(urlsplit(url).netloc)
        return render_page(request, "channels/leave.html", {"url": url, "host": host})
