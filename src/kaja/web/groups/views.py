"""Campaigns and labels: make, rename, colour, archive, delete; a campaign's page lists its posts."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kaja.content.actions.checks import get_campaign
from kaja.content.actions.groups import archive_campaign, create_label, delete_label, rename_label, save_campaign
from kaja.kernel import clock
from kaja.kernel.problems import Refused
from kaja.publishing.progress import Progress, progress_of_campaigns
from kaja.web.flash import flash, flash_refusal
from kaja.web.groups.forms import CampaignForm, LabelForm
from kaja.web.groups.lists import ARCHIVED, CAMPAIGNS, LABELS, MAKE_ONE, POSTS, describe_campaign
from kaja.web.workspace import WorkspaceRequest, add_problems, chosen_id, render_page, workspace_view
from kaja.workspaces.policy import Permission, can, require


def _campaigns(request: WorkspaceRequest, form: CampaignForm, status: int = 200) -> HttpResponse:
    here = reverse("groups:campaigns", args=[request.workspace.slug])
    running = CAMPAIGNS.read(request, at=here, empty=MAKE_ONE if can(request.actor, Permission.WRITE) else None)
    archived = ARCHIVED.read(request, at=here)
    context = {
        "form": form,
        "running": running,
        "archived": archived,
        "nothing": not running.rows and not archived.rows,
        "form_open": bool(form.errors),
        "live_page": here,
    }
    return render_page(request, "groups/campaigns.html", context, status=status)


@require_GET
@workspace_view()
def campaigns(request: WorkspaceRequest) -> HttpResponse:
    """All campaigns, with how many posts each has."""
    return _campaigns(request, CampaignForm())


@require_POST
@workspace_view(Permission.WRITE)
def create(request: WorkspaceRequest) -> HttpResponse:
    """A new campaign."""
    form = CampaignForm(request.POST)
    if form.is_valid():
        try:
            campaign = save_campaign(request.actor, new_id=chosen_id(request), **form.cleaned_data)
        except Refused as refused:
            add_problems(form, refused)
        else:
            flash(request, _("The campaign “%(name)s” is created.") % {"name": campaign.name})
            return HttpResponseRedirect(reverse("groups:campaigns", args=[request.workspace.slug]))
    return _campaigns(request, form, 422)


@require_http_methods(["GET", "POST"])
@workspace_view()
def campaign(request: WorkspaceRequest, campaign_id: UUID) -> HttpResponse:
    """One campaign: its posts, and its settings for those who write."""
    found = get_campaign(campaign_id)
    assert found is not None
    if request.method == "POST":
        require(request.actor, Permission.WRITE)
    form = CampaignForm(
        request.POST or None,
        initial={
            "name": found.name, "colour": found.colour, "starts_on": found.starts_on, "ends_on": found.ends_on,
        },
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            save_campaign(request.actor, campaign_id=campaign_id, **form.cleaned_data)
        except Refused as refused:
            add_problems(form, refused)
        else:
            flash(request, _("The campaign is saved."))
            return HttpResponseRedirect(request.path)
    moment = clock.now()
    progress = progress_of_campaigns([found.id], moment).get(found.id, Progress())
    context = describe_campaign(found, progress, moment)
    context |= {"form": form, "posts": POSTS.read(request, campaign=campaign_id), "form_open": bool(form.errors)}
    return render_page(request, "groups/campaign.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_view(Permission.WRITE)
def archive(request: WorkspaceRequest, campaign_id: UUID) -> HttpResponse:
    """Out of the choices, or (`back=1`) among them again."""
    back = request.POST.get("back") == "1"
    found = archive_campaign(request.actor, campaign_id, archived=not back)
    words = _("“%(name)s” can be chosen again.") if back else _("“%(name)s” is archived. Its posts keep it.")
    flash(request, words % {"name": found.name})
    return HttpResponseRedirect(reverse("groups:campaigns", args=[request.workspace.slug]))


def _labels(request: WorkspaceRequest, form: LabelForm, status: int = 200) -> HttpResponse:
    return render_page(request, "groups/labels.html", {"form": form, "labels": LABELS.read(request)}, status=status)


@require_http_methods(["GET", "POST"])
@workspace_view()
def labels(request: WorkspaceRequest) -> HttpResponse:
    """All labels; a POST makes one."""
    if request.method == "POST":
        require(request.actor, Permission.WRITE)
    form = LabelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_label(request.actor, form.cleaned_data["name"], chosen_id(request))
            flash(request, _("The label “%(name)s” is created.") % {"name": made.name})
        except Refused as refused:
            add_problems(form, refused)
        else:
            return HttpResponseRedirect(request.path)
    return _labels(request, form, 422 if form.errors else 200)


@require_POST
@workspace_view(Permission.WRITE)
def label(request: WorkspaceRequest, label_id: UUID) -> HttpResponse:
    """Rename a label (`name`), or take it off every post and forget it (`delete`)."""
    try:
        if request.POST.get("delete"):
            delete_label(request.actor, label_id)
            flash(request, _("The label is gone; its posts stay."))
        else:
            found = rename_label(request.actor, label_id, request.POST.get("name", ""))
            flash(request, _("The label is called “%(name)s” now.") % {"name": found.name})
    except Refused as refused:
        if getattr(refused, "problems", ()) and refused.problems[0].code == "label_not_found":
            raise
        flash_refusal(request, refused)
    return HttpResponseRedirect(reverse("groups:labels", args=[request.workspace.slug]))
