"""What is wrong or risky with a draft, as far as it is the same for every network that has such a rule.

A connector says its limits (`formats.Format`, its option fields, its `count`) and gets the findings; what only it knows
it adds. The words name the network.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit import media_findings
from kaja.networks.kit.connector import Count, Segment
from kaja.networks.kit.content import Draft
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import read_moment, read_terms
from kaja.networks.kit.formats import Format
from kaja.networks.kit.options import OptionField
from kaja.networks.kit.text import count_bytes, find_links

CountText = Callable[[str], Count]
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{1,8})*")


def find_usual(
    draft: Draft, shown_as: Format, fields: Sequence[OptionField], network: str, count: CountText
) -> Iterator[Problem]:
    """Everything that a format and its fields say of a draft."""
    yield from find_empty(draft, shown_as)
    yield from find_long_texts(draft, network, count)
    if len(draft.parts) > 1 and not shown_as.threads:
        yield Problem(
            "no_threads",
            gettext_noop("This has one part on %(network)s; the post has %(count)s."),
            "parts.1.text",
            gettext_noop("Join the parts for this channel."),
            {"network": network, "count": len(draft.parts)},
        )
    for index, part in enumerate(draft.parts):
        yield from media_findings.find_media(part.media, shown_as.media, network, f"parts.{index}.media")
    yield from find_wrong_card(draft, shown_as, network)
    yield from find_wrong_options(fields, draft.options)


def find_wrong_card(draft: Draft, shown_as: Format, network: str) -> Iterator[Problem]:
    """A link card that leads nowhere, or that is not shown."""
    card, params = draft.link_card, {"network": network}
    if card is None:
        return
    parts = urlsplit(card.url)
    if shown_as.card == "own" and (parts.scheme not in ("http", "https") or not parts.netloc or " " in card.url):
        yield Problem(
            "link_invalid",
            gettext_noop("“%(url)s” is not a web address."),
            "link_card.url",
            gettext_noop("Write it like https://example.org/page."),
            {"url": card.url[:100]},
        )
    if shown_as.card == "own" and draft.parts[0].media:
        yield Problem(
            "link_card_hidden",
            gettext_noop("%(network)s shows either pictures or a link card: the card will be left out."),
            "link_card",
            gettext_noop("Remove the pictures if the card matters more."),
            params,
            severity="warning",
        )
    if shown_as.card == "text" and not any(card.url in part.text for part in draft.parts):
        yield Problem(
            "link_not_in_text",
            gettext_noop("%(network)s makes its link card from a link in the text; the text has none to this page."),
            "link_card",
            gettext_noop("Put the link into the text."),
            params,
            severity="warning",
        )


def find_wrong_language(draft: Draft, facts: Facts) -> Iterator[Problem]:
    """A language in another form than BCP 47 (without its rare parts), for networks that refuse it."""
    if draft.language and not _LANGUAGE.fullmatch(draft.language):
        yield Problem(
            "language_invalid",
            gettext_noop("“%(language)s” is not a language code."),
            "language",
            gettext_noop("Use a code such as en, ru or zh-Hant."),
            {"language": draft.language},
        )


def find_empty(draft: Draft, shown_as: Format) -> Iterator[Problem]:
    """Parts without text and files, and texts where the format needs or shows none."""
    for index, part in enumerate(draft.parts):
        field = f"parts.{index}.text"
        has_card = shown_as.card == "own" and index == 0 and draft.link_card is not None
        if not part.text.strip() and not part.media and not has_card:
            yield Problem(
                "empty",
                gettext_noop("There is neither text nor a picture or video."),
                field,
                gettext_noop("Write something, or add a file."),
            )
        elif shown_as.text == "required" and not part.text.strip():
            yield Problem(
                "text_missing",
                gettext_noop("This needs a text."),
                field,
                gettext_noop("Write something, or choose another format."),
            )
        elif shown_as.text == "none" and part.text.strip():
            yield Problem(
                "text_not_shown",
                gettext_noop("The text is not shown in this format."),
                field,
                gettext_noop("Put it into the picture or video, or choose another format."),
                severity="warning",
            )


def find_long_texts(draft: Draft, network: str, count: CountText) -> Iterator[Problem]:
    """Parts, and a first comment, that are longer than the network takes."""
    for index, part in enumerate(draft.parts):
        yield from find_long_text(count(part.text), f"parts.{index}.text", network)
    yield from find_long_text(count(draft.first_comment), "first_comment", network)


def find_long_text(told: Count, field: str, network: str) -> Iterator[Problem]:
    """One text, in the network's own measure."""
    if told.used <= told.limit:
        return
    params = {"used": told.used, "limit": told.limit, "over": told.used - told.limit, "network": network}
    if told.unit == "bytes":
        yield Problem(
            "text_too_many_bytes",
            gettext_noop("The text takes %(used)s bytes; %(network)s stores at most %(limit)s."),
            field,
            gettext_noop("Use fewer emoji and combined characters, or split the text into a thread."),
            params,
        )
        return
    yield Problem(
        "text_too_long",
        told.too_long or gettext_noop("This text has %(used)s characters; %(network)s takes %(limit)s."),
        field,
        gettext_noop("Shorten it by %(over)s, or make it a thread."),
        params,
    )


def find_wrong_options(fields: Sequence[OptionField], options: Mapping[str, Any]) -> Iterator[Problem]:
    """Values of the network's own fields that are missing, too long, out of bounds, or none of the choices."""
    for field in fields:
        value = options.get(field.name)
        path = f"options.{field.name}"
        if value is None or value == "" or value == [] or (isinstance(value, str) and not value.strip()):
            if field.required and not field.default:
                yield Problem(
                    "option_missing",
                    field.missing or gettext_noop("Something that this network needs is not filled in."),
                    path,
                    gettext_noop("Fill it in."),
                )
        elif field.kind in ("choice", "format") and str(value) not in [choice.value for choice in field.choices]:
            yield Problem(
                "choice_unknown",
                gettext_noop("“%(value)s” is none of the choices."),
                path,
                gettext_noop("Choose one of the list."),
                {"value": str(value)[:100]},
            )
        elif field.kind == "number":
            yield from _find_wrong_number(field, value, path)
        elif field.kind == "datetime":
            if read_moment(options, field.name) is None:
                yield Problem(
                    "moment_wrong",
                    gettext_noop("This is not a day and a time."),
                    path,
                    gettext_noop("Choose a day and a time."),
                )
        elif field.kind == "terms":
            yield from _find_long_terms(field, read_terms(options, field.name), path)
        else:
            yield from _find_long_value(field, str(value).strip(), path)


def _find_long_value(field: OptionField, value: str, path: str) -> Iterator[Problem]:
    used, size = len(value), count_bytes(value)
    if field.max_length and used > field.max_length:
        yield Problem(
            "option_too_long",
            gettext_noop("This has %(used)s characters; %(limit)s are taken."),
            path,
            gettext_noop("Shorten it by %(over)s characters."),
            {"used": used, "limit": field.max_length, "over": used - field.max_length},
        )
    elif field.max_bytes and size > field.max_bytes:
        yield Problem(
            "option_too_long",
            gettext_noop("This field has %(used)s bytes; %(limit)s are stored."),
            path,
            gettext_noop("Shorten it."),
            {"used": size, "limit": field.max_bytes},
        )


def _find_long_terms(field: OptionField, terms: Sequence[str], path: str) -> Iterator[Problem]:
    for term in terms:
        if field.max_length and len(term) > field.max_length:
            yield Problem(
                "term_too_long",
                gettext_noop("“%(term)s” is longer than the %(limit)s characters that are kept."),
                path,
                gettext_noop("Shorten it."),
                {"term": term[:40], "limit": field.max_length},
            )


def _find_wrong_number(field: OptionField, value: Any, path: str) -> Iterator[Problem]:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    low, high = field.bounds
    if not low <= number <= high:
        yield Problem(
            "number_wrong",
            gettext_noop("This must be a number from %(low)s to %(high)s."),
            path,
            gettext_noop("Change the number."),
            {"low": f"{low:g}", "high": f"{high:g}"},
        )


def link_segments(text: str) -> list[Segment]:
    """The text with its links, for networks that link nothing else."""
    found: list[Segment] = []
    done = 0
    for start, end in find_links(text):
        found += [Segment(text[done:start]), Segment(text[start:end], "link", text[start:end])]
        done = end
    return [segment for segment in (*found, Segment(text[done:])) if segment.text]
