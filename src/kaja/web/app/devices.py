"""A person's devices: what each is told, and whether it arrives."""

from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kaja.kernel.pages import Page
from kaja.kernel.problems import Problem, Refused, gettext_noop, parse_problem
from kaja.kernel.sessions import name_of
from kaja.kernel.tenancy import workspace_scope
from kaja.push.actions import add_device, choose_kinds, keep_device, remove_device, remove_signed_out
from kaja.push.kinds import KINDS
from kaja.push.models import Device
from kaja.push.queries import get_device, page_devices
from kaja.push.sending import UNOPENABLE, Outcome, keep_outcome, send_letter, write_letter
from kaja.push.server_key import ensure_server_key
from kaja.push.telling import render_message
from kaja.web.accounts.sessions import name_device
from kaja.web.app.quiet_form import QuietFields
from kaja.web.flash import flash
from kaja.web.kit.json import json_answer, parse_json
from kaja.web.kit.listing import Asked, Empty, Listing
from kaja.web.problems import problem_line
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.models import User
from kaja.workspaces.outside import ask_outside
from kaja.workspaces.policy import Permission
from kaja.workspaces.visits import Visit, list_ended

Row = dict[str, Any]


def session_of(request: HttpRequest) -> str:
    """The name of the session in which somebody asks."""
    return name_of(request.session.session_key or "")


def _devices(asked: Asked) -> Page[Row]:
    request = asked.request

    def describe(devices: list[Device]) -> list[Row]:
        visits = {each.id: Visit(request.user.pk, request.workspace.id, each.session) for each in devices}
        ended = list_ended(set(visits.values())) if devices else set()
        return [
            {
                "device": each,
                "name": name_device(UserSession(user_agent=each.agent)) or each.host,
                "here": each.session == session_of(request),
                "asleep": visits[each.id] in ended,
                "problem": problem_line(parse_problem(each.problem)) if each.problem else "",
                "kinds": [(kind, _(words), kind in each.kinds) for kind, words in KINDS.items()],
            }
            for each in devices
        ]

    return page_devices(request.user, asked.cursor, asked.limit).map(describe)


DEVICES: Listing[Row] = Listing(
    "devices",
    _devices,
    Empty("smartphone", gettext_lazy("No device is told anything yet."), gettext_lazy("Switch this one on above.")),
)


@require_safe
@workspace_view()
def devices(request: WorkspaceRequest) -> HttpResponse:
    """What this browser can do, and every device of the person."""
    return show_devices(request, QuietFields.show(request))


def show_devices(request: WorkspaceRequest, quiet: QuietFields) -> HttpResponse:
    """The page, with the form of quiet hours as it was given."""
    at = f"/w/{request.workspace.slug}/settings/devices/"
    shown = DEVICES.read(request, at=at)
    context = {
        "devices": shown,
        "key": ensure_server_key(),
        "known": any(row["here"] for row in shown.rows),
        "quiet": quiet,
        "live_page": at,
    }
    return render_page(request, "app/devices.html", context, status=422 if quiet.errors else 200)


@require_POST
@workspace_view()
@json_answer
def add(request: WorkspaceRequest) -> JsonResponse:
    """This browser's subscription."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    device = add_device(request.user, session_of(request), agent, parse_json(request))
    flash(request, _("This device is told from now on. Press “Send a test notice” to see one."), "done")
    return JsonResponse({"device": str(device.id)})


@require_POST
@workspace_view()
def choose(request: WorkspaceRequest, device_id: UUID) -> HttpResponse:
    """Which notices come to a device."""
    choose_kinds(request.user, device_id, request.POST.getlist("kind"))
    flash(request, _("Saved."), "done")
    return redirect("app:devices", request.workspace.slug)


@require_POST
@workspace_view()
def remove(request: WorkspaceRequest, device_id: UUID) -> HttpResponse:
    """Nothing comes to a device any more."""
    remove_device(request.user, device_id)
    flash(request, _("Nothing is sent to that device any more."), "done")
    return redirect("app:devices", request.workspace.slug)


GONE = Problem(
    code="push_over",
    message=gettext_noop("The browser has ended this itself; the device was taken off the list."),
    fix=gettext_noop("Switch it on again on the device."),
)


@require_POST
@workspace_view(Permission.VIEW, scoped=False)
def test(request: WorkspaceRequest, device_id: UUID) -> HttpResponse:
    """One notice to one device, now. Outside the scope: the push service is waited for."""
    with workspace_scope(request.workspace.id):
        device = get_device(request.user, device_id)
        message = render_message(
            title="Kaja",
            body=_("This is what a notice of Kaja looks like here."),
            url=f"/w/{request.workspace.slug}/needs-you/",
            tag="test",
            buttons=[],
        )
        letter = write_letter(device, message)
    outcome = Outcome(problem=UNOPENABLE)
    if letter is not None:
        outcome = ask_outside(request.actor, request.workspace.id, lambda: send_letter(letter))
    keep_outcome(device_id, outcome)
    if not outcome.arrived:
        raise Refused(outcome.problem or GONE)
    flash(request, _("The push service took it; it is on the device within seconds."), "done")
    return redirect("app:devices", request.workspace.slug)


@require_POST
def keep(request: HttpRequest) -> JsonResponse:
    """The person is signed in again on a device of theirs; `known` is false for a browser that is told nothing."""
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"known": False}, status=401)
    endpoint = str(parse_json(request).get("endpoint", ""))
    return JsonResponse({"known": keep_device(user, session_of(request), endpoint)})


def _signed_out(sender: object, request: HttpRequest | None, user: User | None, **extra: object) -> None:
    """Whoever presses “Sign out” is told nothing there any more. A session that ends by its age (no view is asked for
    then) only sleeps: the device goes on when its person comes back."""
    if user is not None and request is not None and request.resolver_match is not None:
        remove_signed_out(user, session_of(request))


user_logged_out.connect(_signed_out, dispatch_uid="kaja.devices")
