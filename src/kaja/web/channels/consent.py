"""Coming back from a network's site: what the consent brought, and choosing of it."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from kaja.channels.actions import choose_channels, finish_authorization
from kaja.channels.consenting import find_workspace_of, get_choice, refuse_another_person, refuse_unknown_state
from kaja.channels.models import Channel
from kaja.content.queries import has_posts
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.registry import CONNECTORS
from kaja.web.flash import flash, flash_refusal
from kaja.web.frame.navigation import COMPOSE
from kaja.web.kit.page import address
from kaja.web.workspace import WorkspaceRequest, render_page, sign_in_first, workspace_view
from kaja.workspaces.policy import Permission
from kaja.workspaces.queries import list_memberships


@require_GET
def back(request: HttpRequest, network: str) -> HttpResponseBase:
    """Where networks send people back to: one address for all workspaces; the state says which one began."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    if network not in CONNECTORS:
        raise Http404
    workspace_id = find_workspace_of(request.GET.get("state", ""))
    if workspace_id is None:
        flash_refusal(request, Refused(refuse_unknown_state()))
        return redirect("home")
    member = next((each for each in list_memberships(request.user) if each.workspace_id == workspace_id), None)
    if member is None:
        flash_refusal(request, Refused(refuse_another_person()))
        return redirect("home")
    return _arrive(request, member.workspace.slug, network)


@require_GET
def callback(request: HttpRequest, slug: str, network: str) -> HttpResponseBase:
    """Where the version before let networks send people: what began then ends where it would now."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    if not any(each.workspace.slug == slug for each in list_memberships(request.user)):
        raise Http404
    return redirect(f"{reverse('consent_back', args=[network])}?{request.GET.urlencode()}")


@workspace_view(Permission.CHANNELS, scoped=False)
def _arrive(request: WorkspaceRequest, network: str) -> HttpResponse:
    slug = request.workspace.slug
    try:
        found = finish_authorization(request.actor, request.workspace, network, request.GET.dict())
    except Refused as refused:
        flash_refusal(request, refused)
        used = any(problem.code == "oauth_used" for problem in refused.problems)
        return redirect("channels:list" if used else "channels:connect", slug)
    if isinstance(found, UUID):
        return redirect("channels:choose", slug, found)
    return say_connected(request, found)


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.CHANNELS)
def choose(request: WorkspaceRequest, choice_id: UUID) -> HttpResponse:
    """What the consent offers, to tick; all that is ticked is connected in one go."""
    choice = get_choice(request.actor, choice_id)
    refused: Refused | None = None
    if request.method == "POST":
        try:
            channels = choose_channels(request.actor, choice_id, set(request.POST.getlist("account")))
        except Refused as error:
            refused = error
        else:
            return say_connected(request, channels)
    info = CONNECTORS[choice.network].info
    rows = [
        {"offer": offer, "channel": choice.connected.get((offer.base_url, offer.facts.account_id))}
        for offer in choice.offers
    ]
    context = {
        "rows": rows,
        "info": info,
        "problems": refused.problems if refused else [],
        "open": choice.count_open(),
    }
    return render_page(request, "channels/choose_offers.html", context, status=422 if refused else 200)


def say_connected(request: WorkspaceRequest, channels: list[Channel]) -> HttpResponse:
    """Say what happened, not what was asked for: an account that was here before is connected again either way."""
    slug = request.workspace.slug
    if len(channels) > 1:
        text = ngettext(
            "%(count)s channel is connected: %(names)s.", "%(count)s channels are connected: %(names)s.", len(channels)
        )
        flash(request, text % {"count": len(channels), "names": ", ".join(map(str, channels))})
        return redirect("channels:list", slug)
    [channel] = channels
    if channel.was_known:
        flash(request, _("%(channel)s is connected again; its history is kept.") % {"channel": channel})
        return redirect("channels:page", slug, channel.id)
    flash(request, _("%(channel)s is connected.") % {"channel": channel})
    with workspace_scope(request.workspace.id):
        first = not has_posts()
    # Whoever has written nothing yet came here to write.
    compose = address(COMPOSE, slug)
    return redirect(compose) if first and compose else redirect("channels:page", slug, channel.id)
