"""Tags of the post page."""

import json
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from kaja.delivery.queries import JournalLine
from kaja.publishing.models import RemoteChange
from kaja.web.problems import problem_text

register = template.Library()

CHANGES = {
    ("edit", "done"): _("Changed on the network"),
    ("edit", "failed"): _("The change on the network failed"),
    ("edit", "replaced"): _("The change on the network was replaced by a newer one"),
    ("edit", ""): _("The change on the network is under way"),
    ("delete", "done"): _("Deleted on the network"),
    ("delete", "failed"): _("The deletion on the network failed"),
    ("delete", "replaced"): _("The deletion on the network was replaced by a newer one"),
    ("delete", ""): _("The deletion on the network is under way"),
}


@register.filter
def change_words(change: RemoteChange) -> str:
    """What became of an edit or a deletion that somebody asked for, in one sentence."""
    kind = "delete" if change.kind == "delete" else "edit"
    return str(CHANGES.get((kind, change.state)) or CHANGES[kind, ""])


@register.filter
def journal_words(line: JournalLine) -> str:
    """What a call did, in the reader's language."""
    return problem_text({"message": line.message, "params": dict(line.params)})


@register.filter
def pretty_json(value: Any) -> str:
    """Evidence, readable; it is redacted where it is written."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
