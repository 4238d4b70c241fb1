"""Who sits before the browser, for its worker: it has no page, so it asks for what a page would carry."""

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kaja.web.app.tags import tag_of
from kaja.web.frame.views import LAST_WORKSPACE
from kaja.workspaces.models import User
from kaja.workspaces.policy import Permission, can
from kaja.workspaces.queries import actor_of, list_memberships


@require_safe
@never_cache
def visit(request: HttpRequest) -> JsonResponse:
    """Who it is, the token of their forms, and where a shared thing goes: into the workspace of the last visit, or the
    first one in which they may write. 401 for nobody."""
    if not isinstance(request.user, User):
        return JsonResponse({}, status=401)
    told = {"person": tag_of(request.user), "csrf": get_token(request), "upload": "", "share": ""}
    last = request.session.get(LAST_WORKSPACE)
    writing = [each for each in list_memberships(request.user) if can(actor_of(each, request.user), Permission.WRITE)]
    if writing:
        chosen = next((each.workspace for each in writing if each.workspace.slug == last), writing[0].workspace)
        told["upload"] = reverse("composer:upload", args=[chosen.slug])
        told["share"] = reverse("app:share", args=[chosen.slug])
    return JsonResponse(told)
