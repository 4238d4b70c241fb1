"""What the log and the figures of a crisis say."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kaja.crisis.actions.log import What
from kaja.crisis.models import LogLine, Outcome

SYMBOLS = {
    What.START: "octagon-alert",
    What.APPROVERS: "user-cog",
    What.PAUSE: "circle-pause",
    What.STOPPED: "ban",
    What.AFFECTED: "filter",
    What.WRITTEN: "pencil",
    What.APPROVED: "badge-check",
    What.WITHDRAWN: "undo-2",
    What.DECISION: "scale",
    What.POSTS: "calendar",
    What.END: "circle-check",
}


def describe_line(line: LogLine) -> str:
    """What was done, in one sentence without who did it; nothing where their own words say it."""
    params = line.params
    match line.what:
        case What.START:
            by_alarm = _("started crisis mode “%(name)s”, because of an alarm") % params
            return str(by_alarm if params.get("alarm") else _("started crisis mode “%(name)s”") % params)
        case What.APPROVERS:
            return _("named who approves statements: %(names)s") % {"names": ", ".join(params.get("names", ()))}
        case What.PAUSE:
            return _describe_pause(int(params.get("count", 0)), int(params.get("begun", 0)))
        case What.STOPPED:
            count = int(params.get("count", 0))
            said = ngettext(
                "stopped %(count)s act of rules that had not begun",
                "stopped %(count)s acts of rules that had not begun",
                count,
            )
            return said % {"count": count}
        case What.AFFECTED:
            return _describe_filter(params)
        case What.WRITTEN:
            return str(_("wrote the statement “%(title)s”") % params)
        case What.APPROVED:
            return str(_("approved the statement “%(title)s”:") % params)
        case What.WITHDRAWN:
            return str(_("took back the approval of the statement “%(title)s”") % params)
        case What.POSTS:
            return _("decided about the paused posts: %(what)s") % {"what": describe_outcomes(params)}
        case What.END:
            return _("ended crisis mode")
        case _other:
            return _("decided:")


def _describe_pause(count: int, begun: int) -> str:
    said = ngettext("paused %(count)s scheduled post", "paused %(count)s scheduled posts", count) % {"count": count}
    if not begun:
        return said
    more = ngettext(
        "%(count)s had begun to go out and could not be stopped",
        "%(count)s had begun to go out and could not be stopped",
        begun,
    )
    return f"{said}; {more % {'count': begun}}"


def _describe_filter(params: dict[str, object]) -> str:
    if not params.get("on"):
        return _("has conversations collected by hand only")
    words = params.get("words")
    if isinstance(words, list) and words:
        return _("has conversations collected with the words: %(words)s") % {"words": ", ".join(map(str, words))}
    return _("has all conversations collected that are written to")


def describe_outcomes(counts: dict[str, int]) -> str:
    """How many posts became what."""
    return ", ".join(
        f"{Outcome(outcome).label}: {number}"
        for outcome, number in counts.items()
        if outcome in Outcome.values and number
    )


def describe_length(seconds: float) -> str:
    """How long a crisis lasted: days, hours and minutes."""
    minutes = max(1, round(seconds / 60))
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}
    return _("%(minutes)s min") % {"minutes": rest}
