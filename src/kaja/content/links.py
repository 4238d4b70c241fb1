"""The card of a link: title, description and picture, as the page itself offers them.

The address is typed by a person, so it goes through the guarded session: public hosts only, bounded in size and time.
What comes back is text and one picture, never HTML. The page itself is read behind the border (`content/pages.py`).
"""

import asyncio
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from kaja.border import ForeignTrouble, run_bounded
from kaja.content.pages import read_head
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.networks.kit.http import Response, Session, TransportError

logger = logging.getLogger(__name__)

PAGE_BYTES = 6_000_000
"""Video sites have their `og:` tags 690 kB into a page of over a megabyte (seen in November 2026)."""
IMAGE_BYTES = 8_000_000
SECONDS = 8.0


@dataclass(frozen=True)
class FoundCard:
    """What a page says of itself; empty where it says nothing. `image_url` is absolute."""

    url: str
    title: str = ""
    description: str = ""
    image_url: str = ""


def _no_card(url: str, why: Problem | None = None) -> Refused:
    if why is not None:
        return Refused(why)
    return Refused(
        Problem(
            code="link_card_none",
            message=gettext_noop("%(host)s offers no preview of this page; the link stays in the text as it is."),
            field="link_card.url",
            fix=gettext_noop("Write title and description by hand, or go without a card."),
            params={"host": urlsplit(url).hostname or url[:80]},
        )
    )


async def fetch_card(url: str, session: Session) -> tuple[FoundCard, bytes]:
    """The card of a page and the bytes of its picture (empty without one). Raises Refused with the reason."""
    try:
        answer = await session.request(
            "GET",
            url,
            headers={"Accept": "text/html,application/xhtml+xml"},
            timeout=SECONDS,
            max_bytes=PAGE_BYTES,
            authorized=False,
        )
    except TransportError as error:
        raise _no_card(url, error.problem) from error
    if not answer.ok or "html" not in answer.headers.get("content-type", ""):
        raise _no_card(url)
    found = await _read(answer, url)
    if not found["title"]:
        raise _no_card(url)
    card = FoundCard(url, found["title"], found["description"], found["image_url"])
    return card, await _fetch_picture(card.image_url, session)


def read_bounded(content: bytes, content_type: str, url: str) -> dict[str, str]:
    """`read_head` behind the border. Raises ForeignTrouble for a page that costs more than a page may."""
    return run_bounded(read_head, content, content_type, url, seconds=3.0, memory=400_000_000)


async def _read(answer: Response, url: str) -> dict[str, str]:
    kind = answer.headers.get("content-type", "")
    try:
        return await asyncio.to_thread(read_bounded, answer.content, kind, answer.url)
    except ForeignTrouble as trouble:
        logger.info("a page was not read for its card: %s", trouble.kind)
        raise _no_card(
            url,
            Problem(
                code="link_card_unreadable",
                message=gettext_noop(
                    "The page of %(host)s could not be read for a preview; the link stays in the text as it is."
                ),
                field="link_card.url",
                fix=gettext_noop("Write title and description by hand, or go without a card."),
                params={"host": urlsplit(url).hostname or url[:80]},
            ),
        ) from trouble


async def _fetch_picture(url: str, session: Session) -> bytes:
    if not url:
        return b""
    try:
        answer = await session.request(
            "GET", url, headers={"Accept": "image/*"}, timeout=SECONDS, max_bytes=IMAGE_BYTES, authorized=False
        )
    except TransportError:
        return b""  # a card without its picture is still a card
    return answer.content if answer.ok else b""
