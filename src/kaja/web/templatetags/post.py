"""Tags of the post page."""

import json
from typing import Any

from django import template

from kaja.publishing.queries import JournalLine
from kaja.web.problems import problem_text

register = template.Library()


@register.filter
def journal_words(line: JournalLine) -> str:
    """What a call did, in the reader's language."""
    return problem_text({"message": line.message, "params": dict(line.params)})


@register.filter
def pretty_json(value: Any) -> str:
    """Evidence, readable; it is redacted where it is written."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
