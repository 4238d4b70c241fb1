"""The field for a day, a time, or both: `<kaja-date>` (`static/js/dates/field.js`), for templates and for forms."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kaja.web.dates import describe_dates

Kind = Literal["day", "time", "moment"]


def field_words() -> dict[str, str]:
    """What the field says."""
    return {
        "choose": _("Choose a day"),
        "earlier": _("Month before"),
        "later": _("Month after"),
        "free": _("Free slots"),
        "time": _("Time"),
        "today": _("Today"),
        "tomorrow": _("Tomorrow"),
        "week": _("In a week"),
        "noDay": _("This is not a day. Write it in numbers, or choose it from the month."),
        "noTime": _("This is not a time of day. Write hours and minutes, as in 09:30."),
    }


def render_date_field(
    kind: Kind,
    field_id: str,
    *,
    name: str = "",
    value: str = "",
    slots: str = "",
    required: bool = False,
    attrs: Mapping[str, Any] | None = None,
) -> SafeString:
    """The field as HTML. `value` is `2026-11-27`, `09:00` or both with a T between; `slots` is where free slots of a
    day are asked for. A label belongs to `field_id`."""
    day, _t, time = value.partition("T") if kind == "moment" else (value, "", value)
    words = field_words()
    context = {
        "kind": kind,
        "id": field_id,
        "name": name,
        "day": day,
        "time": time[:5],
        "slots": slots,
        "required": required,
        "attrs": attrs or {},
        "facts": json.dumps(describe_dates(), ensure_ascii=False),
        "words": json.dumps(words, ensure_ascii=False),
        "choose": words["choose"],
        "time_word": words["time"],
    }
    return SafeString(render_to_string("components/date_field.html", context))


class DayInput(forms.DateInput):
    """The same as the widget of a form's field for a day."""

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        known = dict(attrs or {})
        field_id = str(known.pop("id", f"id_{name}"))
        text = self.format_value(value) or ""
        return render_date_field("day", field_id, name=name, value=text, attrs=known)
