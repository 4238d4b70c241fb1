"""What may be said: written, approved by those who were named, and who they are."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kaja.crisis.actions import (
    approve_statement,
    choose_approvers,
    delete_statement,
    withdraw_approval,
    write_statement,
)
from kaja.crisis.queries import can_approve, get_crisis, list_approvers, list_statements
from kaja.publishing.choices import list_choices
from kaja.web.crisis.views import about
from kaja.web.flash import flash
from kaja.web.inbox.saved import list_languages
from kaja.web.workspace import WorkspaceRequest, chosen_id, render_page, workspace_view
from kaja.workspaces.once import parse_id
from kaja.workspaces.policy import Permission


@require_safe
@workspace_view()
def page(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """All statements, and who approves them."""
    crisis = get_crisis(crisis_id)
    context = {
        **about(request, crisis, "statements"),
        "statements": list_statements(crisis),
        "approvers": list_approvers(crisis),
        "members": list_choices().owner,
        "named": crisis.approvers,
        "may_approve": can_approve(crisis, request.actor.user_id),
        "languages": list_languages(),
    }
    return render_page(request, "crisis/statements.html", context)


def _back(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("crisis:statements", args=[request.workspace.slug, crisis_id]))


@require_POST
@workspace_view(Permission.ANSWER)
def write(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """A new statement, or the words of the one that `statement` names."""
    texts = {code: request.POST.get(f"text_{code}", "") for code, _name in settings.LANGUAGES}
    statement_id = parse_id(request.POST.get("statement", ""))
    write_statement(
        request.actor, crisis_id, request.POST.get("title", ""), texts, statement_id=statement_id,
        new_id=None if statement_id else chosen_id(request),
    )  # fmt: skip
    flash(request, _("The statement is kept as a draft. It is offered once it is approved."))
    return _back(request, crisis_id)


@require_POST
@workspace_view()
def do(request: WorkspaceRequest, crisis_id: UUID, statement_id: UUID) -> HttpResponse:
    """Approve it as it was read, take that back, or delete it."""
    wanted, actor = request.POST.get("do", ""), request.actor
    if wanted == "approve":
        version = request.POST.get("version", "")
        approve_statement(actor, crisis_id, statement_id, int(version) if version.isdecimal() else 0)
        flash(request, _("It is approved, and offered to everybody who writes."))
    elif wanted == "withdraw":
        withdraw_approval(actor, crisis_id, statement_id)
        flash(request, _("It is offered no more. What was sent of it stays."))
    elif wanted == "delete":
        delete_statement(actor, crisis_id, statement_id)
        flash(request, _("The statement is deleted."))
    return _back(request, crisis_id)


@require_POST
@workspace_view(Permission.MANAGE)
def approvers(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """Name who approves."""
    known = {each.value for each in list_choices().owner}
    ids = [UUID(each) for each in request.POST.getlist("approver") if each in known]
    choose_approvers(request.actor, crisis_id, ids)
    flash(request, _("They approve from now on."))
    return _back(request, crisis_id)
