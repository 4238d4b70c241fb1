"""The lists of crisis mode."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from kaja.crisis.models import Crisis, LogLine
from kaja.crisis.queries import is_untouched, page_affected, page_crises, page_lines, page_posts
from kaja.inbox.models import Conversation
from kaja.kernel.pages import Page
from kaja.web.crisis.words import SYMBOLS, describe_length, describe_line
from kaja.web.kit.listing import Asked, Empty, Listing

Row = dict[str, Any]


def _crises(asked: Asked) -> Page[Row]:
    return page_crises(asked.cursor, asked.limit).map(
        lambda rows: [{"crisis": row, "length": length_of(row)} for row in rows]
    )


def length_of(crisis: Crisis) -> str:
    """How long it lasted; nothing while it does."""
    return describe_length((crisis.ended_at - crisis.began_at).total_seconds()) if crisis.ended_at else ""


CRISES: Listing[Row] = Listing(
    "crises",
    _crises,
    Empty(
        "shield-check",
        _("No crisis so far"),
        _(
            "When something goes wrong, crisis mode pauses scheduled posts, keeps statements that somebody approved at "
            "hand, collects the conversations it is about and writes down who decided what."
        ),
    ),
    newest_first=True,
)


def _posts(asked: Asked) -> Page[Row]:
    page = page_posts(asked.about["crisis"], asked.cursor, asked.limit)
    return page.map(lambda rows: [{"row": row, "untouched": is_untouched(row)} for row in rows])


POSTS: Listing[Row] = Listing(
    "crisis-posts",
    _posts,
    Empty("circle-pause", _("Nothing is paused yet."), _("Scheduled posts that wait are listed here.")),
)
TALKS: Listing[Conversation] = Listing(
    "crisis-talks",
    lambda asked: page_affected(asked.about["crisis"], asked.cursor, asked.limit),
    Empty(
        "messages-square",
        _("No conversation is collected yet."),
        _("Choose channels or words, or add single ones in the inbox."),
    ),
    newest_first=True,
)


def describe_row(line: LogLine) -> Row:
    """A line of the log as it is drawn."""
    return {"line": line, "said": describe_line(line), "symbol": SYMBOLS.get(line.what, "circle")}  # type: ignore[call-overload]


LINES: Listing[Row] = Listing(
    "crisis-log",
    lambda asked: page_lines(asked.about["crisis"], asked.cursor, asked.limit).map(
        lambda rows: [describe_row(row) for row in rows]
    ),
    Empty("scroll-text", _("Nothing was decided yet.")),
    newest_first=True,
)
