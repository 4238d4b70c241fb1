"""What a person may do only so often, because it reaches others: mails to strangers, pages of foreign servers."""

from uuid import UUID

from kaja.kernel.limits import Limit, count_seconds, take
from kaja.kernel.problems import Problem, Refused, gettext_noop

INVITATIONS = (Limit("invitations", 40, 3600), Limit("invitations, day", 200, 86400))
LINK_CARDS = (Limit("link cards", 60, 600),)


class TooOften(Refused):
    """It was done often enough for now."""

    status = 429


def count(limits: tuple[Limit, ...], user_id: UUID | None) -> None:
    """Count one more; refuse with how long to wait. Kaja itself (no person) is not counted."""
    if user_id is None or not (wait := take(*((limit, str(user_id)) for limit in limits))):
        return
    raise TooOften(
        Problem(
            code="too_often",
            message=gettext_noop("You did this very often just now, so this one did not count."),
            fix=gettext_noop("Try again in %(seconds)s seconds."),
            params={"seconds": count_seconds(wait)},
        )
    )
