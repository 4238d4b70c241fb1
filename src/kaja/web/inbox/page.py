"""The inbox's page: the list alone, or with a conversation beside it; and the parts of it that its script fetches."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from kaja.crisis.queries import find_current, is_affected
from kaja.inbox.acts import list_acts_of
from kaja.inbox.answering import AnswerForm, list_rules_of_answer
from kaja.inbox.models import Conversation, Direction, Priority
from kaja.inbox.queries import get_conversation, list_chosen, list_events
from kaja.inbox.reactions.queries import list_tallies
from kaja.inbox.saved import fill_reply
from kaja.inbox.threads import find_post, list_related, page_messages
from kaja.web.inbox.address import filters_of, list_address, query_of
from kaja.web.inbox.lists import choices_of, find_audience, list_views_plain, read_completeness, read_list, read_views
from kaja.web.inbox.saved import list_languages
from kaja.web.inbox.snoozing import list_moments
from kaja.web.inbox.thread import draw_messages
from kaja.web.inbox.words import draw_tallies, event_words, language_name, page_words
from kaja.web.kit.page import zone_of
from kaja.web.workspace import WorkspaceRequest, is_fragment, render_fragment, render_page, workspace_view
from kaja.workspaces.policy import Permission, can

MOST_ROWS = 50
"""Rows that are asked for by name at once."""


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """The list; nothing is opened."""
    return _page(request, None)


@require_safe
@workspace_view()
def conversation(request: WorkspaceRequest, conversation_id: UUID) -> HttpResponse:
    """A conversation beside the list, or alone for the script, which has the list already."""
    opened = read_opened(request, conversation_id)
    if is_fragment(request):
        return render_fragment(request, "inbox/opened.html", opened)
    return _page(request, opened)


@require_safe
@workspace_view()
def rows(request: WorkspaceRequest) -> HttpResponse:
    """Rows by their ids, as far as they belong to the list that the address describes; the views with their counts.
    Without ids the first page. What others change comes by itself (`feed.py`)."""
    wanted = [each for each in (_uuid(text) for text in request.GET.get("ids", "").split(",")) if each]
    context: dict[str, Any] = {"query": query_of(request.GET), "views": read_views(request)}
    if wanted:
        context["found"] = list_chosen(filters_of(request.GET, request.GET), request.user.pk, wanted[:MOST_ROWS])
    else:
        context["shown"] = read_list(request)
        context["audience"] = find_audience(context["shown"])
        context["completeness"] = read_completeness()
    return render_fragment(request, "inbox/rows.html", context)


@require_safe
@workspace_view()
def views(request: WorkspaceRequest) -> HttpResponse:
    """The views above the list, with their counts."""
    return render_fragment(request, "inbox/views.html", {"views": read_views(request)})


@require_safe
@workspace_view()
def messages(request: WorkspaceRequest, conversation_id: UUID) -> HttpResponse:
    """An earlier page of a thread."""
    opened = get_conversation(conversation_id)
    return render_fragment(request, "inbox/messages.html", read_messages(request, opened))


@require_safe
@workspace_view()
def about(request: WorkspaceRequest, conversation_id: UUID) -> HttpResponse:
    """What stands around a conversation: the person's others, those under the same post, and what was done."""
    opened = get_conversation(conversation_id)
    names = {person.value: person.name for person in choices_of(request).owner}
    crisis = find_current() if request.workspace.crisis_at else None
    context = {
        "conversation": opened,
        "crisis": crisis,
        "in_crisis": crisis is not None and is_affected(crisis, conversation_id),
        "related": list_related(opened),
        "tallies": draw_tallies(list_tallies(opened.channel_id, opened.post_ref)),
        "events": [(event, event_words(event, names)) for event in list_events(conversation_id)],
        "query": query_of(request.GET),
    }
    return render_fragment(request, "inbox/about.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _page(request: WorkspaceRequest, opened: dict[str, Any] | None) -> HttpResponse:
    query = query_of(request.GET)
    # Beside a conversation the counts and what is behind come with the script's first look at the list.
    whole = opened is None
    shown = read_list(request)
    context: dict[str, Any] = {
        "shown": shown,
        "audience": find_audience(shown),
        "views": read_views(request) if whole else list_views_plain(request),
        "completeness": read_completeness() if whole else None,
        "query": query,
        "live_feed": urlencode({"feed": "inbox", "view": urlencode(query)}),
        "list_href": list_address(request.workspace.slug, query),
        "words": page_words(),
        "members": choices_of(request).owner,
        "labels": choices_of(request).label,
        "priorities": list(reversed(Priority.choices)),
        "moments": list_moments(zone_of(request)),
        "emoji_list": f"vendor/emoji-{get_language() or 'en'}.json",
        "opened": opened is not None,
    }
    return render_page(request, "inbox/page.html", {**context, **(opened or {})})


def read_opened(request: WorkspaceRequest, conversation_id: UUID) -> dict[str, Any]:
    """Everything of one conversation: its thread, what one may do to it, and what stands around it."""
    opened = get_conversation(conversation_id)
    known = choices_of(request)
    answer = list_rules_of_answer(opened)
    return {
        "conversation": opened,
        **read_messages(request, opened),
        "answer": answer,
        "languages": list_answer_languages(answer),
        "draft": fill_reply(opened.draft_reply, opened, str(request.user), get_language() or "en")
        if opened.draft_reply
        else "",
        "post": find_post(opened),
        "members": known.owner,
        "labels": known.label,
        "priorities": list(reversed(Priority.choices)),
        "moments": list_moments(zone_of(request)),
        "query": query_of(request.GET),
        "may_answer": can(request.actor, Permission.ANSWER),
    }


def list_answer_languages(answer: AnswerForm) -> list[tuple[str, str]]:
    """What the language of an answer is chosen from: those of Kaja, and the conversation's."""
    if not answer.takes_language:
        return []
    listed = list_languages()
    if answer.language and answer.language.lower() not in {code.lower() for code, _name in listed}:
        listed.insert(0, (answer.language, language_name(answer.language)))
    return listed


def read_messages(request: WorkspaceRequest, opened: Conversation) -> dict[str, Any]:
    """A page of the thread; `before` in the address leads to earlier ones."""
    page = page_messages(opened, request.GET.get("before", ""))
    may = can(request.actor, Permission.ANSWER)
    said = [each.message for each in page.told if each.message.direction != Direction.NOTE]
    acts = list_acts_of(said) if may else {}
    return {
        "conversation": opened,
        "said": draw_messages(page.told, acts),
        "earlier_cursor": page.before,
        "may_answer": can(request.actor, Permission.ANSWER),
    }
