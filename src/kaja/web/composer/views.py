"""The composer's page, and what it asks: check, save, finish."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kaja.channels.models import Channel, Health
from kaja.channels.queries import list_channels_of, list_choosable
from kaja.channels.slots import has_slots
from kaja.content import actions, queries
from kaja.content.differences import list_differences
from kaja.content.document import Document, PartDocument
from kaja.content.errors import EditConflict
from kaja.content.groups import list_campaigns, list_label_names
from kaja.content.models import Post
from kaja.content.snapshot import PostContent, VariantContent, render_content
from kaja.crisis.queries import list_approved
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotAllowed, Refused
from kaja.media.queries import list_assets
from kaja.networks.registry import CONNECTORS
from kaja.publishing import actions as publishing
from kaja.publishing.queries import list_standing_refusals
from kaja.web.composer.bar import NO_FREE_SLOT, describe_plan, list_gone
from kaja.web.composer.options import has_formats, list_options
from kaja.web.composer.payload import Payload, When, parse_payload, resolve_when
from kaja.web.composer.previews import group_shown, list_findings, show_content
from kaja.web.composer.words import page_words, zone_name
from kaja.web.flash import flash
from kaja.web.kit.json import json_answer
from kaja.web.kit.page import zone_of
from kaja.web.media.describing import describe_asset
from kaja.web.problems import render_problem_json
from kaja.web.templatetags.kaja import network_name
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.policy import Permission, can


def _channel_data(channel: Channel) -> dict[str, Any]:
    connector = CONNECTORS.get(channel.network)
    return {
        "id": str(channel.id),
        "name": str(channel),
        "network": channel.network,
        "threads": bool(connector and connector.can_send("continuation")),
        "comment": bool(connector and connector.can_send("comment")),
        "card": bool(connector and connector.info.link_card),
    }


def _title_of(channel: Channel) -> str:
    """What a channel's chip says to those who point at it: its handle, its network, and what is wrong with it."""
    trouble = channel.get_health_display() if channel.health != Health.OK else ""
    if channel.disconnected_at:
        trouble = _("Disconnected")
    return " · ".join(filter(None, (channel.handle, network_name(channel.network), trouble)))


def list_choices(channels: Sequence[Channel], content: PostContent) -> list[dict[str, Any]]:
    """Groups of channels that are chosen with one press: all of them, and those of one network."""
    able = [channel for channel in channels if channel.disconnected_at is None]
    groups = [{"network": "", "ids": [str(channel.id) for channel in able]}] if len(able) > 2 else []
    for network in dict.fromkeys(channel.network for channel in able):
        ids = [str(channel.id) for channel in able if channel.network == network]
        if 1 < len(ids) < len(able):
            groups.append({"network": network, "ids": ids})
    return groups


def _page(
    request: WorkspaceRequest, content: PostContent, post: Post | None, when: When, *, idea: bool = False
) -> HttpResponse:
    channels = list_choosable(list(content.variants))
    state = {
        **render_content(content),
        "post": str(post.id) if post else None,
        "revision": post.revision if post else None,
        "channels": [str(c) for c in content.variants],
        "when": when.model_dump(),
        "campaign": str(post.campaign_id) if post and post.campaign_id else None,
        "labels": queries.list_labels_of(post) if post else [],
    }
    context = {
        "post": post,
        "idea": idea,
        "channels": [
            {
                "channel": c,
                "title": _title_of(c),
                "chosen": c.id in content.variants,
                "info": CONNECTORS[c.network].info if c.network in CONNECTORS else None,
                "options": list_options(c, content.variants[c.id].options if c.id in content.variants else {}),
            }
            for c in channels
        ],
        "choices": list_choices(channels, content),
        "state": state,
        "channel_data": [_channel_data(c) for c in channels],
        "assets": describe_assets(request.workspace.slug, content),
        "campaigns": list_campaigns(),
        "label_names": list_label_names(),
        "hashtags": queries.list_hashtags(),
        "statements": list_approved() if request.workspace.crisis_at else [],
        "zone": zone_name(zone_of(request)),
        "first_text": content.document.parts[0].text,
        "when": when,
        "may_publish": can(request.actor, Permission.PUBLISH),
        "words": page_words(),
        "language_choices": settings.LANGUAGES,
        "emoji_list": f"vendor/emoji-{get_language() or 'en'}.json",
    }
    return render_page(request, "composer/page.html", context)


def describe_assets(slug: str, content: PostContent) -> list[dict[str, Any]]:
    """What the page needs to draw every file of a post."""
    ids = {
        item.asset
        for own in content.variants.values()
        for item in queries.list_media_items(content.document, own.overrides)
    }
    ids |= {item.asset for part in content.document.parts for item in part.media}
    if content.document.link_card and content.document.link_card.image:
        ids.add(content.document.link_card.image)
    return [describe_asset(slug, asset) for asset in list_assets(ids)]


@require_GET
@workspace_view(Permission.WRITE)
def new(request: WorkspaceRequest) -> HttpResponse:
    """An empty page; `?at=2026-11-27T09:00`, `?channel=<id>`, `?text=` and `?idea=1` fill it from elsewhere."""
    wanted = request.GET.getlist("channel")
    channels = [c for c in list_choosable() if not wanted or str(c.id) in wanted]
    if not wanted and len(channels) > 1:
        channels = []
    at = request.GET.get("at", "")[:16]
    content = PostContent(
        Document(parts=(PartDocument(text=request.GET.get("text", "")[:20_000]),)),
        {c.id: VariantContent() for c in channels},
    )
    usual = When(mode="slot" if has_slots() else "now")
    when = When(mode="time", local=at) if at else usual
    return _page(request, content, None, when, idea=request.GET.get("idea") == "1")


@require_GET
@workspace_view(Permission.WRITE)
def edit(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """The page of a post that is saved; read-only, with a way on, for who may not change it as it stands."""
    post = queries.get_post(post_id)
    if not actions.may_change(request.actor, post):
        return _read_only(request, post)
    when = When(mode="slot" if has_slots() else "now")
    if post.due_at and post.due_at <= clock.now():
        # What failed or was missed is fixed and sent at once; its old time could only be refused.
        when = When(mode="now")
    elif post.due_at:
        local = timezone.localtime(post.due_at, zone_of(request))
        when = When(mode="time", local=local.strftime("%Y-%m-%dT%H:%M"))
    return _page(request, queries.get_content(post), post, when)


def _read_only(request: WorkspaceRequest, post: Post) -> HttpResponse:
    content = queries.get_content(post)
    shown = show_content(request.workspace.slug, content, [c for c in list_choosable(list(content.variants))
                                                           if c.id in content.variants])  # fmt: skip
    context = {"post": post, "parts": content.document.parts, "groups": group_shown(shown)}
    return render_page(request, "composer/read_only.html", context)


@require_POST
@workspace_view(Permission.WRITE)
@json_answer
def check(request: WorkspaceRequest) -> JsonResponse:
    """Previews, counts, problems and what the main button will do. Saves nothing."""
    payload = parse_payload(request)
    wanted = set(payload.channels)
    channels = [channel for channel in list_choosable(payload.channels) if channel.id in wanted]
    shown = show_content(request.workspace.slug, payload.content(), channels)
    post = queries.get_post(payload.post) if payload.revision else queries.find_post(payload.post)
    if post is not None:
        own = payload.own()
        # As they would be sent: what stands in fields that nobody touched is not part of a post.
        drafts = {each.channel.id: replace(each.draft, options=own[each.channel.id].options) for each in shown}
        refused = list_standing_refusals(post.id, drafts)
        shown = [each.with_problems(refused.get(each.channel.id, ())) for each in shown]
    plan = describe_plan(request.actor, payload, shown, zone_of(request), post, list_gone(post))
    # Nothing is wrong with a page on which nobody has begun.
    findings = list_findings(shown)
    context = {"groups": group_shown(shown), "plan": plan, "begun": payload.begun, "findings": findings}
    return JsonResponse(
        {
            "previews": render_to_string("composer/previews.html", context, request),
            "problems": render_to_string("composer/problems.html", context, request),
            "forms": _render_forms(request, payload, channels),
            "counts": {str(s.channel.id): [_count(part.count) for part in s.parts] for s in shown},
            "plan": plan.render(),
        }
    )


def _render_forms(request: WorkspaceRequest, payload: Payload, channels: Sequence[Channel]) -> dict[str, str]:
    """The fields of those channels whose fields change with what is chosen."""
    own = payload.own()
    return {
        str(channel.id): render_to_string(
            "composer/options.html", {"options": list_options(channel, own[channel.id].options)}, request
        )
        for channel in channels
        if has_formats(channel)
    }


def _count(count: Any) -> dict[str, Any] | None:
    if count is None:
        return None
    return {
        "used": count.used,
        "limit": count.limit,
        "unit": _(count.unit),
        "detail": _(count.detail) if count.detail else "",
    }


def _save(request: WorkspaceRequest, payload: Payload, *, coalesce: bool) -> Post:
    """Save, or keep a copy as the writer's own draft when the post may no longer be changed by them.

    Somebody has planned it while they wrote; nothing that was typed is lost.
    """
    try:
        return actions.save_post(request.actor, payload.post, payload.revision, payload.changes(), coalesce=coalesce)
    except NotAllowed:
        if not payload.revision or not can(request.actor, Permission.WRITE):
            raise
    return actions.save_post(request.actor, new_id(), None, payload.changes(), coalesce=False)


def _saved(request: WorkspaceRequest, post: Post, asked: UUID | None = None) -> dict[str, Any]:
    """What the page hears of its post; of a copy, when it asked for another one."""
    if asked is not None and asked != post.id:
        copied = _("Somebody scheduled this post while you wrote, so your words are kept as your own draft.")
        return {**_saved(request, post), "copied": copied}
    now = timezone.localtime(clock.now(), zone_of(request))
    slug = request.workspace.slug
    return {
        "post": str(post.id),
        "revision": post.revision,
        "saved": _("Saved %(time)s") % {"time": now.strftime("%H:%M")},
        "edit": reverse("composer:edit", args=[slug, post.id]),
        "history": reverse("composer:history", args=[slug, post.id]),
    }


def _conflict(request: WorkspaceRequest, conflict: EditConflict) -> JsonResponse:
    """Both versions side by side; the page asks which one stays."""
    named = {*conflict.theirs.variants, *conflict.yours.variants}
    names = {channel.id: str(channel) for channel in list_channels_of(named)}
    context = {
        "differences": list_differences(conflict.theirs, conflict.yours, names),
        "author": conflict.author_name,
    }
    return JsonResponse(
        {
            "conflict": render_to_string("composer/conflict.html", context, request),
            "revision": conflict.revision,
            "theirs": render_content(conflict.theirs),
            "assets": describe_assets(request.workspace.slug, conflict.theirs),
            "problems": [render_problem_json(p) for p in conflict.problems],
        },
        status=conflict.status,
    )


@require_POST
@workspace_view(Permission.WRITE)
@json_answer
def save(request: WorkspaceRequest) -> JsonResponse:
    """Autosave. A conflict answers 409 with both versions."""
    payload = parse_payload(request)
    try:
        return JsonResponse(_saved(request, _save(request, payload, coalesce=True), payload.post))
    except EditConflict as conflict:
        return _conflict(request, conflict)


@require_POST
@workspace_view(Permission.WRITE)
@json_answer
def finish(request: WorkspaceRequest) -> JsonResponse:
    """Save, then do what the button said: `publish` (by `when`), `draft` or `idea`. Answers where to go next.

    What cannot be scheduled is saved all the same, and the problems say why.
    """
    payload = parse_payload(request)
    try:
        post = _save(request, payload, coalesce=False)
    except EditConflict as conflict:
        return _conflict(request, conflict)
    wanted = request.GET.get("then", "draft")
    slug = request.workspace.slug
    if payload.post != post.id:
        return JsonResponse(_saved(request, post, payload.post))
    try:
        if wanted == "publish":
            post = _publish(request, payload, post)
            if request.GET.get("next"):
                # The next one goes where this one went.
                query = urlencode([("channel", channel) for channel in dict.fromkeys(payload.channels)])
                location = f"{reverse('composer:new', args=[slug])}?{query}"
                return JsonResponse({**_saved(request, post), "location": location})
        elif wanted == "idea":
            post = actions.save_as_idea(request.actor, post.id)
            flash(request, _("Kept as an idea."), "done")
            return JsonResponse({**_saved(request, post), "location": reverse("ideas:board", args=[slug])})
        elif wanted == "save":
            flash(request, _("Saved. What stands on a network stays as it is until you change it there."), "done")
        else:
            post = actions.idea_to_draft(request.actor, post.id)
            flash(request, _("Saved as a draft."), "done")
    except Refused as refused:
        answer = {**_saved(request, post), "problems": [render_problem_json(p) for p in refused.problems]}
        return JsonResponse(answer, status=refused.status)
    return JsonResponse({**_saved(request, post), "location": reverse("post:page", args=[slug, post.id])})


def _publish(request: WorkspaceRequest, payload: Payload, post: Post) -> Post:
    if payload.when.mode == "now":
        count = len(set(payload.channels) - list_gone(post))
        publishing.publish_now(request.actor, post)
        flash(
            request,
            ngettext("It is on its way to %(count)s channel.", "It is on its way to %(count)s channels.", count)
            % {"count": count},
            "info",  # what becomes of it stands below, and may not be good
        )
        return queries.get_post(post.id)
    moment = resolve_when(payload.when, payload.channels, zone_of(request), post.id)
    if moment is None:
        raise Refused(NO_FREE_SLOT)
    publishing.schedule_post(request.actor, post, moment.instant)
    flash(request, _("Scheduled."), "done")
    return queries.get_post(post.id)
