"""One page with everything that waits for a person, each with the one or two presses that settle it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kaja.delivery.actions import cancel_delivery, resolve_missed, retry_delivery, settle_at_address, settle_delivery
from kaja.delivery.problems import ANSWERS
from kaja.delivery.queries import get_delivery, journal_of
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.tenancy import workspace_scope
from kaja.web.flash import flash
from kaja.web.kit.listing import Shown
from kaja.web.needs_you.lists import CHANNELS, NOTICES, WAITING
from kaja.web.workspace import WorkspaceRequest, render_fragment, render_page, workspace_view
from kaja.workspaces.actions import read_notice, read_notices


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Everything that waits."""
    lists: dict[str, Shown[Any]] = {
        "channels": CHANNELS.read(request),
        "waiting": WAITING.read(request),
        "notices": NOTICES.read(request),
    }
    nothing = not any(shown.rows or shown.pager.first for shown in lists.values())
    return render_page(request, "needs_you/list.html", {**lists, "nothing": nothing})


@require_POST
@workspace_view(scoped=False)
def settle(request: WorkspaceRequest, delivery_id: UUID) -> HttpResponse:
    """Carry out what the person decided: `do` is there, send_again, retry, send_now or drop; `next` leads back. Whether
    they may depends on what it is: who answers is not always who publishes."""
    if request.POST.get("do") == "there" and request.POST.get("url"):
        # The network is asked what stands there, outside any transaction.
        settle_at_address(request.actor, request.workspace.id, delivery_id, request.POST["url"])
        flash(request, _("Noted: it is on the network."))
    else:
        with workspace_scope(request.workspace.id):
            _decide(request, delivery_id)
    back = request.POST.get("next", "")
    # Only back into this workspace: an address from a form leads nowhere else.
    if back.startswith(f"/w/{request.workspace.slug}/"):
        return redirect(back)
    return redirect("needs_you:list", request.workspace.slug)


@require_safe
@workspace_view()
def journal(request: WorkspaceRequest, delivery_id: UUID) -> HttpResponse:
    """The log book of one delivery, in plain words; also of an answer or an act, which have no page of their own."""
    delivery = get_delivery(delivery_id)
    return render_fragment(request, "post/journal.html", {"delivery": delivery, "lines": journal_of(delivery)})


def _decide(request: WorkspaceRequest, delivery_id: UUID) -> None:
    do = request.POST.get("do", "")
    actor = request.actor
    match do:
        case "there":
            settle_delivery(actor, delivery_id, "there", candidate=request.POST.get("candidate", ""))
            flash(request, _("Noted: it is on the network."))
        case "send_again":
            settle_delivery(actor, delivery_id, "send_again")
            flash(request, _("It is being sent again."))
        case "leave":
            settle_delivery(actor, delivery_id, "drop")
            flash(request, _("Left as it is. Kaja does not send it again."))
        case "retry":
            retry_delivery(actor, delivery_id)
            flash(request, _("It is being sent again."))
        case "send_now":
            resolve_missed(actor, delivery_id, "send_now")
            flash(request, _("It is being sent now."))
        case "drop":
            row = cancel_delivery(actor, delivery_id)
            if row.kind in ANSWERS:
                flash(request, _("It is not sent. Its words stay in the conversation."))
            else:
                flash(request, _("It is not sent. The post itself is kept."))
        case _:
            raise Refused(
                Problem(
                    code="decision_unknown",
                    message=gettext_noop("Kaja does not know the decision “%(decision)s”."),
                    fix=gettext_noop("Load the page again and use its buttons."),
                    params={"decision": do[:40]},
                )
            )


@require_POST
@workspace_view()
def read(request: WorkspaceRequest, notice_id: UUID) -> HttpResponse:
    """Put one notice away."""
    read_notice(request.member, notice_id)
    return redirect("needs_you:list", request.workspace.slug)


@require_POST
@workspace_view()
def read_all(request: WorkspaceRequest) -> HttpResponse:
    """Put all notices away."""
    read_notices(request.member)
    return redirect("needs_you:list", request.workspace.slug)
