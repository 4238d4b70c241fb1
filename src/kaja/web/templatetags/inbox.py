"""Tags of the inbox: who somebody is, what they said, how long ago. What strangers wrote is text and nothing else."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, ConversationKind, Handle, Message
from kaja.kernel import clock
from kaja.media.open import parse_key
from kaja.web.dates import write_day
from kaja.web.foreign import web_address
from kaja.web.inbox.address import KIND_ICONS, conversation_address, list_address
from kaja.web.inbox.due import list_due, write_near
from kaja.web.inbox.people import shown_name
from kaja.web.inbox.pictures import picture_of, sign_of
from kaja.web.inbox.words import language_name
from kaja.web.media.addresses import media_url
from kaja.web.templatetags.kaja import initials_of, network_mark, render_channel_mark

register = template.Library()

MOST_LINKS = 200
"""In one message; what follows stays text."""
LONGEST_LINK = 2000
LINK = re.compile(rf"https?://[^\s<>\"'`{{}}|\\^\[\]]{{1,{LONGEST_LINK}}}", re.ASCII | re.IGNORECASE)
TAIL = ".,;:!?)»”’…"
FOLD_SIGNS, FOLD_LINES = 1200, 14
"""What of a long message is shown at first."""


register.filter("shown_name", shown_name)


@register.simple_tag
def face(slug: str, handle: Handle | None, network: str = "", size: str = "") -> SafeString:
    """Their picture through our own proxy, over their initials; with the network's mark in the corner."""
    picture: SafeString | str = ""
    if handle is not None and web_address(handle.avatar):
        address = f"{reverse('inbox:face', args=[slug, handle.id])}?v={sign_of(handle.avatar)}"
        picture = format_html('<img src="{}" alt="" loading="lazy" decoding="async" data-proxied>', address)
    return format_html(
        '<span class="avatar face{}" aria-hidden="true">{}{}{}</span>',
        f" face-{size}" if size else "",
        initials_of(shown_name(handle)),
        picture,
        network_mark(network) if network else "",
    )


@register.simple_tag
def channel_face(slug: str, channel: Channel, size: str = "") -> SafeString:
    """A channel's mark, its picture through our own proxy too."""
    picture = ""
    if web_address(channel.avatar_url):
        picture = f"{reverse('inbox:channel_face', args=[slug, channel.id])}?v={sign_of(channel.avatar_url)}"
    return render_channel_mark(channel.network, str(channel), picture, size, False, get_language() or "")


@register.simple_tag
def remote_picture(slug: str, message: Message, number: int) -> str:
    """Where a picture of a message is had through our own proxy; empty where it has none."""
    address = picture_of(message.media, number)
    if not address:
        return ""
    return f"{reverse('inbox:picture', args=[slug, message.id, number])}?v={sign_of(address)}"


def link_words(text: str) -> SafeString:
    """Plain text with its web addresses as links that tell nobody where they were pressed."""
    made: list[str] = []
    end = count = 0
    for found in LINK.finditer(text):
        address = found.group().rstrip(TAIL)
        href = web_address(address)
        # Half of an address that is too long leads somewhere else.
        cut = len(found.group()) >= LONGEST_LINK and not text[found.end() : found.end() + 1].isspace()
        if not href or count >= MOST_LINKS or (cut and found.end() < len(text)):
            continue
        count += 1
        made.append(escape(text[end : found.start()]))
        made.append(
            format_html(
                '<a href="{}" target="_blank" rel="noopener noreferrer nofollow ugc">{}</a>',
                href,
                address if len(address) <= 80 else f"{address[:77]}…",
            )
        )
        end = found.start() + len(address)
    made.append(escape(text[end:]))
    return mark_safe("".join(made))  # noqa: S308 - every piece is escaped above


@register.filter
def said(text: str) -> SafeString:
    """What somebody wrote; beyond some lines it is folded."""
    cut = _fold(text)
    if cut >= len(text):
        return link_words(text)
    return format_html(
        '{}<details class="fold" data-keep-open><summary>{}</summary>{}</details>',
        link_words(text[:cut]),
        pgettext("the rest of a long message", "Show all of it"),
        link_words(text[cut:]),
    )


def _fold(text: str) -> int:
    """Where a message is folded: between words, where there is a space not far before."""
    lines = [found.start() for found in re.finditer("\n", text[: FOLD_SIGNS * 2])]
    most = min(FOLD_SIGNS, lines[FOLD_LINES] if len(lines) > FOLD_LINES else FOLD_SIGNS)
    if len(text) <= most * 1.2:
        return len(text)
    space = max(text.rfind(" ", most - 80, most), text.rfind("\n", most - 80, most))
    return space if space > 0 else most


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago, in as few signs as a list has room for; older than a day, the day."""
    if moment is None:
        return ""
    passed = clock.now() - moment
    if passed < timedelta(minutes=1):
        return pgettext("how long ago", "now")
    if passed < timedelta(hours=1):
        return gettext("%(count)s min") % {"count": int(passed.total_seconds() // 60)}
    if passed < timedelta(days=1):
        return gettext("%(count)s h") % {"count": int(passed.total_seconds() // 3600)}
    return write_day(moment)


@register.filter
def until(moment: datetime | None) -> str:
    """A moment to come: the time where it is today, else the day too."""
    return "" if moment is None else write_near(moment)


register.filter("promises", list_due)


@register.filter
def clock_time(moment: datetime) -> str:
    """The time of the day."""
    return f"{timezone.localtime(moment):%H:%M}"


@register.filter
def entry(values: Any, key: Any) -> Any:
    """What a mapping has for a key."""
    return values.get(key)


@register.filter
def kind_icon(kind: str) -> str:
    """What stands for a kind of conversation."""
    return KIND_ICONS.get(ConversationKind(kind), "message-circle")


@register.filter
def has_label(conversation: Conversation | None, name: str) -> bool:
    """Whether a conversation has a label; labels come with it."""
    return bool(conversation) and name in getattr(conversation, "label_names", ())


register.filter("language_name", language_name)


@register.simple_tag
def conversation_url(slug: str, conversation_id: UUID, query: dict[str, str] | None = None, **more: str) -> str:
    """Where a conversation is, beside the list with these filters."""
    return conversation_address(slug, conversation_id, {**(query or {}), **more})


@register.simple_tag
def list_url(slug: str, query: dict[str, str] | None = None, **changes: Any) -> str:
    """Where the list with these filters is."""
    return list_address(slug, query or {}, **{name: str(value or "") for name, value in changes.items()})


@register.simple_tag
def asset_url(slug: str, key: str) -> str:
    """A picture of ours that stands with an answer."""
    return media_url(slug, parse_key(key), thumbnail=True)
