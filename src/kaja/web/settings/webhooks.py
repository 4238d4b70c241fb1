"""Webhooks to programs of the team: where to, what of, how telling went."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.kernel.clock import now
from kaja.kernel.problems import Refused
from kaja.outgoing.actions import (
    create_endpoint,
    delete_endpoint,
    renew_secret,
    send_again,
    send_test,
    switch_endpoint,
    update_endpoint,
)
from kaja.outgoing.models import Endpoint
from kaja.outgoing.queries import get_endpoint
from kaja.web.flash import flash
from kaja.web.settings.lists import WEBHOOK_LOG, WEBHOOKS
from kaja.web.settings.words import EVENT_WORDS
from kaja.web.workspace import WorkspaceRequest, add_problems, chosen_id, render_page, workspace_view
from kaja.workspaces.policy import Permission


class WebhookForm(forms.Form):
    """A name, an address, and what it is told of."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("The program that is told: “Web shop”."),
    )
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=1000,
        help_text=gettext_lazy("An https:// address of the program that takes the webhooks."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told of"), widget=forms.CheckboxSelectMultiple, choices=list(EVENT_WORDS.items())
    )


@require_safe
@workspace_view(Permission.MANAGE)
def index(request: WorkspaceRequest) -> HttpResponse:
    """All of them."""
    return render_page(request, "settings/webhooks.html", {"shown": WEBHOOKS.read(request)})


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.MANAGE)
def create(request: WorkspaceRequest) -> HttpResponse:
    """A new one; its secret is shown this once."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made, secret = create_endpoint(
                request.actor, given["name"], given["address"], given["kinds"], chosen_id(request)
            )
        except Refused as refused:
            add_problems(form, refused)
        else:
            return _show(request, made, WebhookForm(initial=_given(made)), secret)
    return render_page(request, "settings/webhook_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.MANAGE)
def webhook(request: WorkspaceRequest, endpoint_id: UUID) -> HttpResponse:
    """One, with the log of what it was told."""
    row = get_endpoint(endpoint_id)
    form = WebhookForm(request.POST or None, initial=_given(row))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            update_endpoint(request.actor, row.id, given["name"], given["address"], given["kinds"])
        except Refused as refused:
            add_problems(form, refused)
        else:
            flash(request, _("The webhook is kept."))
            return redirect("settings:webhook", request.workspace.slug, row.id)
    return _show(request, row, form)


def _given(row: Endpoint) -> dict[str, Any]:
    return {"name": row.name, "address": row.address, "kinds": row.kinds}


def _show(request: WorkspaceRequest, row: Endpoint, form: WebhookForm, secret: str = "") -> HttpResponse:
    at = f"/w/{request.workspace.slug}/settings/webhooks/{row.id}/"
    context = {
        "endpoint": row,
        "form": form,
        "secret": secret,
        "old_counts": row.old_until is not None and row.old_until > now(),
        "log": WEBHOOK_LOG.read(request, at=at, endpoint=row.id),
    }
    return render_page(request, "settings/webhook.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_view(Permission.MANAGE)
def do(request: WorkspaceRequest, endpoint_id: UUID) -> HttpResponse:
    """Send a test, make a new secret, switch it, delete it."""
    row, wanted = get_endpoint(endpoint_id), request.POST.get("do", "")
    if wanted == "secret":
        secret = renew_secret(request.actor, row.id)
        row = get_endpoint(row.id)
        return _show(request, row, WebhookForm(initial=_given(row)), secret)
    if wanted == "delete":
        delete_endpoint(request.actor, row.id)
        flash(request, _("The webhook “%(name)s” is deleted.") % {"name": row.name})
        return redirect("settings:webhooks", request.workspace.slug)
    if wanted == "test":
        send_test(request.actor, row.id)
        flash(request, _("A test is on its way; the log below says what became of it."))
    elif wanted in ("on", "off"):
        switch_endpoint(request.actor, row.id, wanted == "on")
        said = _("The webhook is switched on.") if wanted == "on" else _("The webhook is switched off.")
        flash(request, said)
    return redirect("settings:webhook", request.workspace.slug, row.id)


@require_POST
@workspace_view(Permission.MANAGE)
def repeat(request: WorkspaceRequest, sending_id: UUID) -> HttpResponse:
    """Send a line of the log once more."""
    row = send_again(request.actor, sending_id)
    flash(request, _("It is sent again within seconds."))
    return redirect("settings:webhook", request.workspace.slug, row.endpoint_id)
