"""The bar under the composer: when the post goes out, in words, and what the one main button will do."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kaja.channels.queries import list_channels_of
from kaja.content.models import Post, PostState
from kaja.content.plan.slots import list_channels_with_slot
from kaja.delivery.models import Kind
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.times import ResolvedTime
from kaja.publishing.queries import BEGUN, delivery_states_of
from kaja.web.composer.payload import Payload, is_past, resolve_when
from kaja.web.composer.previews import ShownPost
from kaja.web.composer.words import in_words
from kaja.web.templatetags.kaja import network_name
from kaja.workspaces.actor import Actor
from kaja.workspaces.policy import Permission, can

NO_FREE_SLOT = Problem(
    code="no_free_slot",
    message=gettext_noop("The chosen channels have no free slot in their queues."),
    field="due_at",
    fix=gettext_noop("Choose a time, or add weekly slots to a channel."),
)
NO_CHANNEL = Problem(
    code="channels_missing",
    message=gettext_noop("The post goes nowhere yet."),
    field="channels",
    fix=gettext_noop("Choose at least one channel."),
)
TIME_PAST = Problem(
    code="time_in_past",
    message=gettext_noop("This time has passed already."),
    field="due_at",
    fix=gettext_noop("Choose a later time, or publish now."),
)


@dataclass(frozen=True)
class Plan:
    """What the bar says. `words` is the time; `note` what had to be decided about it; `problems` are of the plan
    itself, not of one channel; `errors` counts everything that stands in the way."""

    button: str
    action: str
    enabled: bool
    words: str = ""
    local: str = ""
    note: str = ""
    problems: Sequence[Problem] = ()
    errors: int = 0

    def render(self) -> dict[str, Any]:
        return {
            "button": self.button,
            "action": self.action,
            "enabled": self.enabled,
            "words": self.words,
            "local": self.local,
            "note": self.note,
            "errors": self.errors,
        }


def _when(payload: Payload, zone: ZoneInfo) -> tuple[str, str, str, Problem | None]:
    """Words, the wall-clock time, a note, and what is wrong with the time."""
    if payload.when.mode == "now":
        return "", "", "", None  # the button says it
    try:
        moment = resolve_when(payload.when, payload.channels, zone, payload.post)
    except Refused as refused:
        return "", "", "", refused.problems[0]
    if moment is None:
        return "", "", "", NO_FREE_SLOT if payload.channels else None
    note = _whose(payload, moment, zone) if payload.when.mode == "slot" else ""
    if moment.kind == "skipped":
        note = _("The clocks go forward at this time, so the hour does not exist; the next one is taken.")
    elif moment.kind == "doubled":
        note = _("The clocks go back at this time, so the hour comes twice; the first one is taken.")
    local = moment.local.strftime("%Y-%m-%dT%H:%M")
    return in_words(moment.instant, zone), local, note, TIME_PAST if is_past(moment) else None


def _whose(payload: Payload, moment: ResolvedTime, zone: ZoneInfo) -> str:
    """Whose slot it is, where it is not a slot of all channels: the post goes out everywhere at this one time."""
    chosen = set(payload.channels)
    owners = list_channels_with_slot(chosen, moment.instant, zone)
    if len(chosen) < 2 or owners == chosen:
        return ""
    channels = list_channels_of(owners)
    alike = Counter(map(str, channels))
    names = [f"{c} ({network_name(c.network)})" if alike[str(c)] > 1 else str(c) for c in channels]
    return ngettext(
        "A slot of %(channels)s. The post goes out at this time on %(count)s channel.",
        "A slot of %(channels)s. The post goes out at this time on all %(count)s channels.",
        len(chosen),
    ) % {"channels": ", ".join(names), "count": len(chosen)}


def list_gone(post: Post | None) -> set[UUID]:
    """The channels on which the post has gone out, or is just going."""
    states = delivery_states_of([post.id]).get(post.id, ()) if post else ()
    return {each.channel_id for each in states if each.kind == Kind.POST and each.state in BEGUN}


def describe_plan(
    actor: Actor,
    payload: Payload,
    shown: Sequence[ShownPost],
    zone: ZoneInfo,
    post: Post | None,
    gone: Collection[UUID] = (),
) -> Plan:
    """What will happen when the main button is pressed. Where the post has `gone` out, it is not sent again."""
    left = [channel for channel in payload.channels if channel not in gone]
    settled = bool(gone and payload.channels and not left)
    words, local, note, problem = (_("This post has gone out."), "", "", None) if settled else _when(payload, zone)
    problems = [problem] if problem else []
    if not payload.channels:
        problems.insert(0, NO_CHANNEL)
    errors = len([p for s in shown for p in s.problems if p.severity == "error"]) + len(problems)
    common: dict[str, Any] = {"words": words, "local": local, "note": note, "problems": problems, "errors": errors}
    if not can(actor, Permission.PUBLISH):
        return Plan(_("Save the draft"), "draft", True, **common)
    if errors:
        say = ngettext("Fix %(count)s problem first", "Fix %(count)s problems first", errors) % {"count": errors}
        if not payload.begun:
            say = _("Write something first")
        elif not payload.channels and errors == 1:
            say = _("Choose a channel")
        return Plan(say, "publish", False, **common)
    if settled:
        return Plan(_("Save the changes"), "save", True, **common)
    count = {"count": len(left), "all": len(payload.channels)}
    if gone and len(left) < len(payload.channels):
        # Where it stands already it is not sent again; the button says so, or it would seem to have lost a channel.
        if payload.when.mode == "now":
            say = _("Publish now to %(count)s of %(all)s channels") % count
        else:
            say = _("Schedule for %(count)s of %(all)s channels") % count
    elif payload.when.mode == "now":
        say = ngettext("Publish now to %(count)s channel", "Publish now to %(count)s channels", count["count"]) % count
    elif post is not None and post.state == PostState.SCHEDULED:
        say = _("Save and keep it scheduled")
    else:
        say = ngettext("Schedule for %(count)s channel", "Schedule for %(count)s channels", count["count"]) % count
    return Plan(say, "publish", True, **common)
