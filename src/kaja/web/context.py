"""What every template may use: `frame` (see `templates/frame.html`)."""

from functools import cache
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from kaja.kernel.tenancy import current_workspace_id, workspace_scope
from kaja.web.app.tags import tag_of, tag_visit
from kaja.web.frame.navigation import COMPOSE, list_destinations
from kaja.web.frame.standing import Standing, read_standing
from kaja.web.kit.page import address
from kaja.workspaces.policy import Permission, can
from kaja.workspaces.queries import can_make_workspaces


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

        @cache
        def standing() -> Standing:
            if current_workspace_id() == workspace.id:
                return read_standing(request.member, actor)  # type: ignore[attr-defined]
            with workspace_scope(workspace.id):
                return read_standing(request.member, actor)  # type: ignore[attr-defined]

        def steps() -> dict[str, Any]:
            listed = standing().steps
            return {"list": listed, "done": sum(step.done for step in listed), "all": len(listed)}

        values |= {
            "steps": SimpleLazyObject(steps),
            "nav": list_destinations(workspace.slug, request.path),
            "compose_url": address(COMPOSE, workspace.slug) if can(actor, Permission.WRITE) else "",
            "visit": tag_visit(request),
            "person": tag_of(request.user),  # type: ignore[arg-type]
            "workspaces": [each.workspace for each in request.memberships],  # type: ignore[attr-defined]
            "may_make_workspaces": can_make_workspaces(request.user, request.memberships),  # type: ignore[arg-type,attr-defined]
            "needs_count": SimpleLazyObject(lambda: standing().needs),
            "new_count": SimpleLazyObject(lambda: standing().new),
            "can": {p.value: can(actor, p) for p in Permission},
        }
    return {"frame": values}
