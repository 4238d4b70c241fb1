"""Quiet hours of a person's devices."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kaja.kernel.problems import Refused
from kaja.push.quiet import choose_quiet, find_quiet, parse_quiet
from kaja.web.app.devices import show_devices
from kaja.web.app.quiet_form import QuietFields
from kaja.web.flash import flash
from kaja.web.workspace import WorkspaceRequest, add_problems, workspace_view


@require_POST
@workspace_view()
def choose(request: WorkspaceRequest) -> HttpResponse:
    """Keep them, or end them (`do`)."""
    if request.POST.get("do") == "off":
        choose_quiet(request.user, None)
        flash(request, _("Notices come at any hour."), "done")
        return redirect("app:devices", request.workspace.slug)
    form = QuietFields(request.POST)
    form.on = find_quiet(request.user) is not None
    if form.is_valid():
        try:
            choose_quiet(request.user, parse_quiet(form.cleaned_data))
        except Refused as refused:
            add_problems(form, refused)
    if form.errors:
        return show_devices(request, form)
    flash(request, _("No device of yours rings in these hours."), "done")
    return redirect("app:devices", request.workspace.slug)
