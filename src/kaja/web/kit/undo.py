"""Steps that can be taken back, by kinds that pages register; kept with the person's session until they are used or
many newer ones came."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kaja.kernel.ids import new_id
from kaja.web.flash import flash
from kaja.web.kit.page import where_from
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.policy import Permission

KEY = "undo_steps"
KEPT = 30

Data = list[dict[str, Any]]
Back = Callable[[WorkspaceRequest, Data], tuple[str, Sequence[str]]]
"""Takes a step back: what to say about it, and what could not be taken back."""

_KINDS: dict[str, Back] = {}


def undoes(kind: str) -> Callable[[Back], Back]:
    """Register how steps of a kind are taken back; the function checks what the person may do, as the step did."""

    def register(back: Back) -> Back:
        if kind in _KINDS:
            raise ValueError(f"two ways back of the kind {kind}")
        _KINDS[kind] = back
        return back

    return register


def keep_step(request: WorkspaceRequest, kind: str, data: Data) -> str:
    """Remember how to take a step back; the address that does it, for a message's `undo`."""
    if kind not in _KINDS:
        raise LookupError(kind)
    steps = dict(request.session.get(KEY, {}))
    key = new_id()
    steps[str(key)] = {"workspace": str(request.workspace.id), "kind": kind, "data": data, "at": time.time()}
    for old in sorted(steps, key=lambda each: steps[each]["at"])[:-KEPT]:
        del steps[old]
    request.session[KEY] = steps
    return reverse("undo", args=[request.workspace.slug, key])


def take_step(request: WorkspaceRequest, key: UUID) -> tuple[str, Data] | None:
    """Kind and data of a step, once; None when it was used, is too old, or belongs to another workspace."""
    steps = dict(request.session.get(KEY, {}))
    step = steps.get(str(key))
    if step is None or step["workspace"] != str(request.workspace.id) or step["kind"] not in _KINDS:
        return None
    del steps[str(key)]
    request.session[KEY] = steps
    return step["kind"], step["data"]


@require_POST
@workspace_view(Permission.WRITE)
def undo(request: WorkspaceRequest, key: UUID) -> HttpResponse:
    """Take a step back, and go on where the person was."""
    step = take_step(request, key)
    if step is None:
        flash(request, _("This step was taken back already, or is too long ago."), "info")
    else:
        kind, data = step
        said, notes = _KINDS[kind](request, data)
        flash(request, " ".join([said, *notes]), "warning" if notes else "done")
    return HttpResponseRedirect(where_from(request))
