"""From a comment to a private reply: tried before it is switched on, with a line for each person."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.channels.queries import list_channels
from kaja.inbox.models import PrivateReply
from kaja.inbox.privately.actions import (
    Tried,
    create_private,
    delete_private,
    stop_sendings,
    switch_private,
    try_private,
    update_private,
)
from kaja.inbox.privately.conditions import Wanted
from kaja.inbox.privately.forms import mark_of, parse_private
from kaja.inbox.privately.queries import get_private, list_open_sendings, list_posts
from kaja.inbox.targets.queries import list_targets
from kaja.kernel.problems import Refused
from kaja.web.flash import flash
from kaja.web.inboxdesk.private_form import PLACES, PrivateFields, fill_private, list_chosen
from kaja.web.inboxdesk.private_lists import PRIVATE, SENDINGS
from kaja.web.workspace import (
    WorkspaceRequest,
    add_problems,
    is_fragment,
    render_fragment,
    render_page,
    workspace_view,
)
from kaja.workspaces.once import parse_id
from kaja.workspaces.policy import Permission, can, require


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """All of them, with what became of how many people."""
    return render_page(request, "inboxdesk/private_list.html", {"shown": PRIVATE.read(request)})


def _make_form(request: WorkspaceRequest, found: PrivateReply | None, may: bool) -> PrivateFields:
    wanted = found.wanted if found else {}
    initial = fill_private(found.name, found.wanted, found.said, found.limits) if found else None
    posts = list_posts(list_chosen(wanted))
    return PrivateFields(request.POST or None, list(list_channels()), posts, list_targets(), initial=initial, may=may)


def _show(
    request: WorkspaceRequest, form: PrivateFields, found: PrivateReply | None, tried: Tried | None, status: int = 200
) -> HttpResponse:
    # What is typed and not saved can be tried, but not switched on.
    saved = found is not None and (not form.is_bound or (form.is_valid() and not form.has_changed()))
    context: dict[str, Any] = {
        "form": form,
        "reply": found,
        "tried": tried,
        "mark": mark_of(found.wanted, found.said, found.limits) if found is not None and saved else "",
        "live_page": reverse("inboxdesk:private", args=[request.workspace.slug]),
    }
    if is_fragment(request):
        return render_fragment(request, "inboxdesk/private_form.html", context, status=status)
    return render_page(request, "inboxdesk/private.html", context, status=status)


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.MANAGE)
def create(request: WorkspaceRequest) -> HttpResponse:
    """A new one: tried (`do=try`) or kept."""
    form = _make_form(request, None, True)
    if request.method == "POST" and form.is_valid():
        try:
            given = parse_private(form.give())
            if request.POST.get("do") == "try":
                return _show(request, form, None, try_private(given.wanted))
            made = create_private(request.actor, given)
        except Refused as refused:
            add_problems(form, refused, PLACES)
        else:
            flash(request, _("It is kept, and switched off. Below stands whom it would have answered."))
            return HttpResponseRedirect(reverse("inboxdesk:private_reply", args=[request.workspace.slug, made.id]))
    return _show(request, form, None, None, 422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@workspace_view()
def private_reply(request: WorkspaceRequest, reply_id: UUID) -> HttpResponse:
    """One with whom it would have answered; a POST tries (`do=try`) or keeps what was typed."""
    found = get_private(reply_id)
    if request.method == "POST":
        require(request.actor, Permission.MANAGE)
    form = _make_form(request, found, can(request.actor, Permission.MANAGE))
    if request.method == "POST" and form.is_valid():
        try:
            given = parse_private(form.give())
            if request.POST.get("do") == "try":
                return _show(request, form, found, try_private(given.wanted))
            update_private(request.actor, reply_id, given)
        except Refused as refused:
            add_problems(form, refused, PLACES)
        else:
            flash(request, _("The private reply is kept."))
            return HttpResponseRedirect(request.path)
    tried = None if form.errors else try_private(Wanted.model_validate(found.wanted))
    return _show(request, form, found, tried, 422 if form.errors else 200)


@require_POST
@workspace_view(Permission.MANAGE)
def do(request: WorkspaceRequest, reply_id: UUID) -> HttpResponse:
    """Switch it on (after it was tried) or off, delete it."""
    wanted, found = request.POST.get("do", ""), get_private(reply_id)
    if wanted == "on":
        switch_private(request.actor, reply_id, True, tried=request.POST.get("tried", ""))
        flash(request, _("“%(name)s” is on, for what is written from now on.") % {"name": found.name})
    elif wanted == "off":
        switch_private(request.actor, reply_id, False)
        flash(request, _("“%(name)s” is off, and what waited is stopped.") % {"name": found.name})
    elif wanted == "delete":
        delete_private(request.actor, reply_id)
        flash(request, _("The private reply is gone, and what waited is stopped. The log stays."))
    return HttpResponseRedirect(reverse("inboxdesk:private", args=[request.workspace.slug]))


@require_safe
@workspace_view()
def log(request: WorkspaceRequest) -> HttpResponse:
    """Each person who asked, newest first; of one private reply where it is chosen."""
    shown = SENDINGS.read(request)
    chosen = next((menu.chosen for menu in shown.menus if menu.filter.name == "reply" and menu.chosen), None)
    return render_page(request, "inboxdesk/sendings.html", {"shown": shown, "chosen": chosen})


@require_POST
@workspace_view(Permission.ANSWER)
def stop(request: WorkspaceRequest) -> HttpResponse:
    """Not to send what waits: one (`sending`), or all of a private reply (`reply`)."""
    ids = [each for value in request.POST.getlist("sending") if (each := parse_id(value))]
    if whole := parse_id(request.POST.get("reply", "")):
        ids += list_open_sendings(whole)
    count = stop_sendings(request.actor, ids)
    said = ngettext("%(count)s is not sent.", "%(count)s are not sent.", count) % {"count": count}
    flash(request, said if count else _("There was nothing left to stop."), "done" if count else "info")
    kept = f"?reply={whole}" if whole else ""
    return HttpResponseRedirect(reverse("inboxdesk:sendings", args=[request.workspace.slug]) + kept)
