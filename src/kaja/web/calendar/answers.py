"""What the page is told after a step: words for the screen reader, and a message with its undo that stays."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kaja.content.plan.conflicts import list_conflicts
from kaja.content.queries import list_summaries
from kaja.kernel.problems import Refused
from kaja.web.kit.undo import keep_step
from kaja.web.problems import problem_line
from kaja.web.workspace import WorkspaceRequest

NAMED = 3


def conflict_words(post_ids: Sequence[UUID]) -> list[str]:
    """Which channels now have two posts at one time."""
    names = list(dict.fromkeys(name for found in list_conflicts(post_ids).values() for name in found))
    if not names:
        return []
    return [_("Another post is scheduled at the same time on %(channels)s.") % {"channels": ", ".join(names)}]


def answer_step(
    request: WorkspaceRequest, said: str, kind: str, data: Sequence[Any], notes: Sequence[str] = ()
) -> JsonResponse:
    """Answer a step that was done. Without data there is nothing to undo."""
    undo = keep_step(request, kind, list(data)) if data else ""
    text = " ".join([said, *notes])
    flashes = [{"text": text, "kind": "warning" if notes else "done", "undo": undo}]
    # `get_token` through the context: the undo is a form of its own.
    html = render_to_string("calendar/flash.html", {"flashes": flashes}, request)
    return JsonResponse({"said": text, "flash": html})


def refusal_words(refused: Mapping[UUID, Refused]) -> list[str]:
    """Why some of many posts stayed as they were, by reason, with the first of their names."""
    if not refused:
        return []
    by_reason: dict[str, list[UUID]] = {}
    for post_id, why in refused.items():
        by_reason.setdefault(problem_line(why.problems[0]), []).append(post_id)
    names = list_summaries(refused)
    lines = []
    for reason, posts in by_reason.items():
        named = ", ".join(f"“{(names.get(each) or '…')[:40]}”" for each in posts[:NAMED])
        if len(posts) > NAMED:
            named += "…"
        stayed = ngettext(
            "%(count)s post was left as it is (%(names)s):",
            "%(count)s posts were left as they are (%(names)s):",
            len(posts),
        ) % {"count": len(posts), "names": named}
        lines.append(f"{stayed} {reason}")
    return lines
