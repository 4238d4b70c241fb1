"""Rules: in their order, tried before they are switched on, and the log of what they did."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.inbox.rules.actions import (
    Tried,
    create_rule,
    delete_rule,
    move_rule,
    parse_rule,
    switch_rule,
    try_rule,
    undo_hits,
    update_rule,
)
from kaja.inbox.rules.conditions import When, mark_of
from kaja.inbox.rules.models import Rule
from kaja.inbox.rules.queries import get_rule, list_open_hits, list_rules
from kaja.kernel.problems import Refused
from kaja.publishing.choices import list_choices
from kaja.web.flash import flash
from kaja.web.inboxdesk.lists import HITS, RULES
from kaja.web.inboxdesk.rule_form import PLACES, RuleFields, fill_fields
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
    """All rules, in the order in which they are asked."""
    return render_page(request, "inboxdesk/rules.html", {"shown": RULES.read(request)})


def _show(
    request: WorkspaceRequest, form: RuleFields, rule: Rule | None, tried: Tried | None, status: int = 200
) -> HttpResponse:
    # What is typed and not saved can be tried, but not switched on.
    saved = rule is not None and (not form.is_bound or (form.is_valid() and not form.has_changed()))
    context = {
        "form": form,
        "rule": rule,
        "tried": tried,
        "mark": mark_of(rule.when) if rule is not None and saved else "",
        "live_page": reverse("inboxdesk:rules", args=[request.workspace.slug]),
    }
    if is_fragment(request):
        return render_fragment(request, "inboxdesk/rule_form.html", context, status=status)
    return render_page(request, "inboxdesk/rule.html", context, status=status)


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.MANAGE)
def create(request: WorkspaceRequest) -> HttpResponse:
    """A new rule: tried (`do=try`) or kept."""
    form = RuleFields(request.POST or None, list_choices())
    if request.method == "POST" and form.is_valid():
        try:
            given = parse_rule(form.give())
            if request.POST.get("do") == "try":
                return _show(request, form, None, try_rule(given.when))
            made = create_rule(request.actor, given)
        except Refused as refused:
            add_problems(form, refused, PLACES)
        else:
            flash(request, _("The rule is kept, and switched off. Below stands what it would be for."))
            return HttpResponseRedirect(reverse("inboxdesk:rule", args=[request.workspace.slug, made.id]))
    return _show(request, form, None, None, 422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@workspace_view()
def rule(request: WorkspaceRequest, rule_id: UUID) -> HttpResponse:
    """One rule with what it would be for; a POST tries (`do=try`) or keeps what was typed."""
    found = get_rule(rule_id)
    if request.method == "POST":
        require(request.actor, Permission.MANAGE)
    form = RuleFields(
        request.POST or None,
        list_choices(),
        initial=fill_fields(found.name, found.when, found.then, found.stops),
        may=can(request.actor, Permission.MANAGE),
    )
    if request.method == "POST" and form.is_valid():
        try:
            given = parse_rule(form.give())
            if request.POST.get("do") == "try":
                return _show(request, form, found, try_rule(given.when))
            update_rule(request.actor, rule_id, given)
        except Refused as refused:
            add_problems(form, refused, PLACES)
        else:
            flash(request, _("The rule is kept."))
            return HttpResponseRedirect(request.path)
    tried = None if form.errors else try_rule(When.model_validate(found.when))
    return _show(request, form, found, tried, 422 if form.errors else 200)


@require_POST
@workspace_view(Permission.MANAGE)
def do(request: WorkspaceRequest, rule_id: UUID) -> HttpResponse:
    """Switch it on (after it was tried) or off, move it, delete it."""
    wanted, found = request.POST.get("do", ""), get_rule(rule_id)
    here = reverse("inboxdesk:rules", args=[request.workspace.slug])
    if wanted == "on":
        switch_rule(request.actor, rule_id, True, tried=request.POST.get("tried", ""))
        flash(request, _("“%(name)s” is on, for what is written from now on.") % {"name": found.name})
    elif wanted == "off":
        switch_rule(request.actor, rule_id, False)
        flash(request, _("“%(name)s” is off. What it did stays, and can be undone.") % {"name": found.name})
    elif wanted == "delete":
        delete_rule(request.actor, rule_id)
        flash(request, _("The rule is gone. What it did stays, and can be undone."))
    elif wanted in ("up", "down"):
        place = [each.id for each in list_rules()].index(rule_id)
        move_rule(request.actor, rule_id, place + (1 if wanted == "down" else -1))
        here += f"#rule-{rule_id}"
    return HttpResponseRedirect(here)


@require_safe
@workspace_view()
def log(request: WorkspaceRequest) -> HttpResponse:
    """What rules did, newest first; of one of them where it is chosen."""
    shown = HITS.read(request)
    chosen = next((menu.chosen for menu in shown.menus if menu.chosen), None)
    return render_page(request, "inboxdesk/hits.html", {"shown": shown, "chosen": chosen})


@require_POST
@workspace_view(Permission.ANSWER)
def undo(request: WorkspaceRequest) -> HttpResponse:
    """Take back one thing that a rule did (`hit`), those that are chosen, or all of a rule (`rule`)."""
    ids = [each for value in request.POST.getlist("hit") if (each := parse_id(value))]
    if whole := parse_id(request.POST.get("rule", "")):
        ids += list_open_hits(whole)
    count = undo_hits(request.actor, ids)
    said = ngettext("%(count)s thing is taken back.", "%(count)s things are taken back.", count) % {"count": count}
    flash(request, said if count else _("There was nothing to take back any more."), "done" if count else "info")
    kept = f"?rule={whole}" if whole else ""
    return HttpResponseRedirect(reverse("inboxdesk:hits", args=[request.workspace.slug]) + kept)
