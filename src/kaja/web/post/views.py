"""The page of one post, and its actions."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kaja.content import actions, queries
from kaja.content.models import Post, PostState
from kaja.delivery.models import Publication
from kaja.delivery.queries import journal_of
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.networks.registry import CONNECTORS
from kaja.publishing import actions as publishing
from kaja.publishing import queries as deliveries
from kaja.publishing.models import PostDelivery
from kaja.web.composer.previews import group_shown, show_content
from kaja.web.composer.words import in_words
from kaja.web.flash import Kind, flash, flash_refusal
from kaja.web.kit.page import address, zone_of
from kaja.web.post.timeline import list_events
from kaja.web.workspace import WorkspaceRequest, chosen_id, render_fragment, render_page, workspace_view
from kaja.workspaces.policy import Permission


def _back(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("post:page", args=[request.workspace.slug, post_id]))


def _publication(delivery: PostDelivery) -> Publication | None:
    return getattr(delivery, "publication", None)


def _standing(delivery: PostDelivery) -> dict[str, object]:
    """One message on one channel, with what can be done about it."""
    connector = CONNECTORS.get(delivery.channel.network)
    publication = _publication(delivery)
    there = publication is not None and publication.deleted_at is None
    return {
        "delivery": delivery,
        "publication": publication,
        "word": deliveries.standing_of(delivery.state, delivery.needs_person),
        "can_edit": bool(there and connector and connector.editor),
        "can_delete": bool(there and connector and connector.remover),
        "outdated": bool(there and delivery.version and delivery.version < delivery.variant.post.revision),
        "needs": needs_kind(delivery),
    }


def group_standings(rows: list[PostDelivery]) -> list[dict[str, object]]:
    """One entry for each channel: its first message, and behind it the others (the thread, the first comment)."""
    groups: dict[UUID, list[PostDelivery]] = {}
    for row in rows:
        groups.setdefault(row.channel_id, []).append(row)
    found = []
    for first, *further in groups.values():
        entry = _standing(first)
        entry["further"] = [_standing(row) for row in further]
        entry["further_state"] = _whole(further) or "planned"
        entry["further_open"] = any(row.needs_person for row in further)
        found.append(entry)
    return found


def _whole(rows: list[PostDelivery]) -> str:
    """How the whole post stands, where that is more than being scheduled: a name of the states that pages show."""
    found = {deliveries.standing_of(row.state, row.needs_person) for row in rows}
    if "needs_you" in found:
        return "needs"
    if "under_way" in found or {"planned", "done"} <= found:
        return "underway"
    return "done" if "done" in found else ""


def needs_kind(delivery: PostDelivery) -> str:
    """Which question a delivery asks a person; empty when it asks none."""
    if not delivery.needs_person:
        return ""
    return {"uncertain": "uncertain", "failed": "failed", "missed": "missed"}.get(delivery.state, "held")


@require_GET
@workspace_view()
def page(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """Everything about one post. One in the bin is shown too, with the way back."""
    post = queries.get_post(post_id, deleted=True)
    rows = deliveries.list_deliveries(post.id)
    changes = deliveries.list_changes_of([p for row in rows if (p := _publication(row))])
    channels = [variant.channel for variant in queries.list_active_variants(post)]
    zone = zone_of(request)
    carried = {row.channel_id for row in rows}
    context = {
        "post": post,
        "due": in_words(post.due_at, zone) if post.due_at else "",
        "standings": group_standings(rows),
        "gone_out": bool(rows) and all(row.state in ("sent", "cancelled") for row in rows),
        "unplanned": [channel for channel in channels if channel.id not in carried],
        "groups": group_shown(show_content(request.workspace.slug, queries.get_content(post), channels)),
        "events": list_events(post, rows, changes),
        "labels": queries.list_labels_of(post),
        "is_scheduled": post.state == PostState.SCHEDULED,
        "is_open": any(row.state in ("scheduled", "waiting") for row in rows),
        "standing": _whole(rows) if post.state == PostState.SCHEDULED else "",
        "calendar": address("calendar:index", request.workspace.slug),
    }
    return render_page(request, "post/page.html", context)


@require_GET
@workspace_view()
def journal(request: WorkspaceRequest, post_id: UUID, delivery_id: UUID) -> HttpResponse:
    """The log book of one delivery, in plain words; the raw exchanges are one press deeper."""
    delivery = deliveries.get_delivery(delivery_id)
    if delivery.variant.post_id != post_id:
        raise NotFound(Problem("delivery_not_found", gettext_noop("There is no such delivery in this workspace.")))
    context = {"delivery": delivery, "lines": journal_of(delivery)}
    return render_fragment(request, "post/journal.html", context)


@require_POST
@workspace_view(Permission.WRITE)
def duplicate(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """Open the composer with a copy."""
    copy = actions.duplicate_post(request.actor, post_id, chosen_id(request))
    flash(request, _("This is the copy; the first one stays as it is."), "done")
    return HttpResponseRedirect(reverse("composer:edit", args=[request.workspace.slug, copy.id]))


@require_POST
@workspace_view(Permission.WRITE)
def delete(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """Into the bin, with an undo."""
    post = actions.delete_post(request.actor, post_id)
    slug = request.workspace.slug
    undo = reverse("post:restore", args=[slug, post_id])
    flash(request, _("“%(post)s” is in the bin.") % {"post": _title(post)}, "done", undo=undo)
    return HttpResponseRedirect(address("calendar:index", slug) or reverse("ideas:board", args=[slug]))


@require_POST
@workspace_view(Permission.WRITE)
def restore(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """Out of the bin."""
    before = queries.get_post(post_id, deleted=True)
    post = actions.restore_post(request.actor, post_id)
    if before.state == PostState.SCHEDULED:
        flash(request, _("It is back as a draft with its time. Schedule it again to send it."), "done")
    else:
        flash(request, _("“%(post)s” is back.") % {"post": _title(post)}, "done")
    if request.POST.get("back") == "bin":
        return HttpResponseRedirect(reverse("post:bin", args=[request.workspace.slug]))
    return _back(request, post_id)


def _title(post: Post) -> str:
    return post.summary[:60] or "…"


def _carry_out(
    request: WorkspaceRequest, post_id: UUID, act: Callable[[], object], said: str, kind: Kind
) -> HttpResponse:
    """Do it and say so, or say what was refused; then back to the post."""
    try:
        act()
        flash(request, said, kind)
    except Refused as refused:
        flash_refusal(request, refused)
    return _back(request, post_id)


@require_POST
@workspace_view(Permission.PUBLISH)
def unschedule(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """Back to a draft that keeps its intended time."""
    post = queries.get_post(post_id)
    said = _("Unscheduled. It keeps its time as an intention.")
    return _carry_out(request, post_id, lambda: publishing.unschedule_post(request.actor, post), said, "done")


@require_POST
@workspace_view(Permission.PUBLISH)
def publish(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """Now."""
    post = queries.get_post(post_id)
    said = _("It is on its way.")
    return _carry_out(request, post_id, lambda: publishing.publish_now(request.actor, post), said, "info")


@require_POST
@workspace_view(Permission.PUBLISH)
def change_remote(request: WorkspaceRequest, post_id: UUID, publication_id: UUID) -> HttpResponse:
    """Bring what stands on the network in line with the post, or delete it there."""
    if deliveries.get_published(publication_id).variant.post_id != post_id:
        raise NotFound(Problem("publication_not_found", gettext_noop("This is not among what was published here.")))
    if request.POST.get("do") == "delete":
        ask, said = publishing.request_delete, _("It is being deleted on the network.")
    else:
        ask, said = publishing.request_edit, _("The change is on its way to the network.")
    return _carry_out(request, post_id, lambda: ask(request.actor, publication_id), said, "info")
