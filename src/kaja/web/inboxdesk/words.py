"""What rules, targets and figures are called."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, npgettext, pgettext, pgettext_lazy

from kaja.inbox.models import ConversationState, Person, Priority
from kaja.inbox.rules.conditions import When
from kaja.inbox.rules.effects import Then
from kaja.publishing.choices import Choice, Choices
from kaja.web.inbox.people import shown_name

KINDS = {
    "comment": gettext_lazy("Comment"),
    "reply": pgettext_lazy("kind of message", "Reply"),
    "mention": gettext_lazy("Mention"),
    "direct": gettext_lazy("Direct message"),
    "review": gettext_lazy("Review"),
}
"""Of messages."""
WEEKDAYS = (
    gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"), gettext_lazy("Thursday"),
    gettext_lazy("Friday"), gettext_lazy("Saturday"), gettext_lazy("Sunday"),
)  # fmt: skip


def _among(choices: Iterable[Choice], ids: Iterable[object]) -> str:
    names = {choice.value: choice.name for choice in choices}
    return _list(names.get(str(each), _("somebody who is gone")) for each in ids)


def _list(words: Iterable[object]) -> str:
    return ", ".join(str(each) for each in words)


def describe_when(given: Mapping[str, Any], choices: Choices) -> list[tuple[str, str]]:
    """The conditions of a rule, one by one: what it is about, and what must hold."""
    when = When.model_validate(given)
    said: list[tuple[str, str]] = []
    if when.channel_ids:
        said.append((_("Channel"), _among(choices.channel, when.channel_ids)))
    if when.kinds:
        said.append((_("Kind"), _list(KINDS[each] for each in when.kinds)))
    if when.words:
        said.append((_("Says one of"), _list(when.words)))
    if when.without:
        said.append((_("Says none of"), _list(when.without)))
    if when.pattern:
        said.append((_("Pattern"), when.pattern))
    if when.languages:
        said.append((_("Language"), _list(when.languages)))
    if when.handles:
        said.append((_("Written by"), _list(when.handles)))
    if when.first_time is not None:
        said.append((_("Writes for the first time"), _("yes") if when.first_time else _("no")))
    if when.has_link is not None:
        said.append((_("Has a link"), _("yes") if when.has_link else _("no")))
    if when.rating_most is not None:
        said.append((_("Stars at most"), str(when.rating_most)))
    return said


def describe_then(given: Mapping[str, Any], choices: Choices, replies: Mapping[UUID, str]) -> list[tuple[str, str]]:
    """What a rule does, one by one; `replies` are the titles of saved ones."""
    then = Then.model_validate(given)
    said: list[tuple[str, str]] = []
    if then.labels:
        said.append((_("Labels"), _list(then.labels)))
    if then.assignee is not None:
        said.append((_("Give it to"), _among(choices.owner, [then.assignee])))
    if then.priority is not None:
        said.append((_("Priority"), str(Priority(then.priority).label)))
    if then.state is not None:
        said.append((_("State"), str(ConversationState(then.state).label)))
    if then.hide:
        said.append((_("Hide it on the network"), _("until somebody has looked")))
    if then.notify:
        said.append((_("Tell everybody who answers"), _("yes")))
    if then.draft is not None:
        said.append((_("Draft an answer"), replies.get(then.draft, _("a saved reply that is gone"))))
    if then.task is not None:
        whom = _among(choices.owner, [then.task.member])
        after = describe_span(60 * then.task.minutes)
        words = {"text": then.task.text, "name": whom, "span": after}
        said.append((_("Task"), _("%(text)s (%(name)s, within %(span)s)") % words))
    return said


def describe_span(seconds: float | None) -> str:
    """A length of time, in two units at most."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("%(seconds)s s") % {"seconds": round(seconds)}
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min") % {"minutes": minutes}
    if hours < 48:
        if not minutes:
            return _("%(hours)s h") % {"hours": hours}
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    days, hours = divmod(hours, 24)
    said = npgettext("length of time", "%(days)s day", "%(days)s days", days) % {"days": days}
    return said + (" " + pgettext("after days", "%(hours)s h") % {"hours": hours} if hours else "")


def name_person(person: Person) -> str:
    """What somebody is called: as the team does, else as their first account is. Their handles are fetched."""
    handles = sorted(person.handles.all(), key=lambda each: (each.first_at, each.id))
    return person.name or shown_name(handles[0] if handles else None)
