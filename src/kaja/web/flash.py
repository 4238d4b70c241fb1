"""What the page says after a step: toasts over the page, with an undo where there is one.

What was done goes by itself after a while (never while somebody reads or focuses it); warnings and refusals stay until
they are dismissed, because they may be the only place that says so. `static/js/kit/flash.js` is the other half.
"""

import json
from typing import Any, Literal

from django.contrib import messages
from django.http import HttpRequest

from kaja.kernel.problems import Refused
from kaja.web.problems import problem_line

Kind = Literal["done", "info", "warning", "needs"]
LEVELS: dict[str, int] = {
    "done": messages.SUCCESS,
    "info": messages.INFO,
    "warning": messages.WARNING,
    "needs": messages.ERROR,
}
KINDS = {level: kind for kind, level in LEVELS.items()}


def flash(
    request: HttpRequest, text: str, kind: Kind = "done", *, undo: str = "", link: str = "", word: str = ""
) -> None:
    """Say `text`. `undo` is an address that a POST takes back; `link` (labelled `word`) leads further."""
    extra = json.dumps({"undo": undo, "link": link, "word": word}) if undo or link else ""
    messages.add_message(request, LEVELS[kind], text, extra_tags=extra)


def flash_refusal(request: HttpRequest, refused: Refused) -> None:
    """Say every problem of a refused action."""
    for problem in refused.problems:
        flash(request, problem_line(problem), "needs")


def pending(request: HttpRequest) -> list[dict[str, Any]]:
    """The messages to show now, ready for the template. Reading them uses them up."""
    shown = []
    for message in messages.get_messages(request):
        try:
            extra = json.loads(message.extra_tags) if message.extra_tags else {}
        except ValueError:
            extra = {}
        shown.append({"text": message.message, "kind": KINDS.get(message.level, "info"), **extra})
    return shown


def count_unsaid(request: HttpRequest) -> int:
    """How many messages this request has added so far."""
    return len(getattr(getattr(request, "_messages", None), "_queued_messages", ()))


def unsay(request: HttpRequest, count: int) -> None:
    """Take back what was added after the first `count`: its work is done again, and will say it again."""
    if hasattr(request, "_messages"):
        del request._messages._queued_messages[count:]
