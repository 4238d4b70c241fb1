"""What every template may use: `frame` (see `templates/frame.html`)."""

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from kaja.kernel.tenancy import current_workspace_id, workspace_scope
from kaja.web.frame.navigation import COMPOSE, address, list_destinations
from kaja.web.needs_you.queries import count_needs_you
from kaja.web.onboarding.steps import list_first_steps
from kaja.workspaces.policy import Permission, can
from kaja.workspaces.queries import may_make_workspaces


def is_address(host: str) -> bool:
    """Whether a host (with or without port) is an IP address."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def frame(request: HttpRequest) -> dict[str, Any]:
    """Navigation, the person's theme, and how much waits for a person."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    values: dict[str, Any] = {
        "theme": getattr(user, "theme", "") if signed_in else "",
        "mail_works": bool(settings.EMAIL_HOST),
        # A passkey belongs to a host name; browsers make none for an address in figures.
        "passkeys_work": not is_address(request.get_host()),
    }
    workspace = getattr(request, "workspace", None)
    if workspace is not None:
        actor = request.actor  # type: ignore[attr-defined]  # set together with the workspace

        def count() -> int:
            if current_workspace_id() == workspace.id:
                return count_needs_you(request.member)  # type: ignore[attr-defined]
            with workspace_scope(workspace.id):
                return count_needs_you(request.member)  # type: ignore[attr-defined]

        def steps() -> dict[str, Any]:
            if current_workspace_id() == workspace.id:
                listed = list_first_steps(request.member, actor)  # type: ignore[attr-defined]
            else:
                with workspace_scope(workspace.id):
                    listed = list_first_steps(request.member, actor)  # type: ignore[attr-defined]
            return {"list": listed, "done": sum(step.done for step in listed), "all": len(listed)}

        values |= {
            "steps": SimpleLazyObject(steps),
            "nav": list_destinations(workspace.slug, request.path),
            "compose_url": address(COMPOSE, workspace.slug) if can(actor, Permission.WRITE) else "",
            "workspaces": [each.workspace for each in request.memberships],  # type: ignore[attr-defined]
            "may_make_workspaces": may_make_workspaces(request.user, request.memberships),  # type: ignore[arg-type,attr-defined]
            "needs_count": SimpleLazyObject(count),
            "can": {p.value: can(actor, p) for p in Permission},
        }
    return {"frame": values}
