"""The fields of a draft on one channel: the network's, those of the chosen format, with the account's own choices.

What depends on the format or the account (boards, playlists, who may see it) is said in `OptionField`, so that a
connector's `options` is one call.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from kaja.kernel.problems import gettext_noop
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.formats import FORMAT, Format, get_format
from kaja.networks.kit.options import Choice, OptionField


def read_text(options: Mapping[str, Any], name: str) -> str:
    """A text option, trimmed."""
    return str(options.get(name) or "").strip()


def read_flag(options: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """A yes or no, however a form or a program spelled it."""
    return str(options.get(name, default)).lower() in ("true", "on", "1", "yes")


def read_terms(options: Mapping[str, Any], name: str) -> list[str]:
    """Names (tags, answers): a list, or one text with commas between. Without duplicates."""
    value = options.get(name) or ()
    names = value.split(",") if isinstance(value, str) else [str(item) for item in value]
    found: dict[str, str] = {}
    for item in names:
        if clean := " ".join(item.split()):
            found.setdefault(clean.casefold(), clean)
    return list(found.values())


def read_values(fields: Iterable[OptionField], options: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in, or is there by default, as JSON: yes or no, numbers, lists of names, moments with
    their offset, texts."""
    values: dict[str, Any] = {}
    for field in fields:
        value = options.get(field.name, field.default)
        if value in ("", None, []):
            continue
        match field.kind:
            case "bool":
                values[field.name] = read_flag({field.name: value}, field.name)
            case "number":
                values[field.name] = float(value)
            case "terms":
                values[field.name] = read_terms({field.name: value}, field.name)
            case "datetime":
                values[field.name] = str(value).partition("[")[0]
            case _:
                values[field.name] = value
    return values


def read_moment(options: Mapping[str, Any], name: str) -> datetime | None:
    """A moment as a post keeps it, `2026-12-05T18:00+02:00[Europe/Tallinn]` (RFC 9557): an instant, and the zone in
    which it was meant. None where it is neither that nor a day and a time without a zone."""
    written, _, zone = read_text(options, name).partition("[")
    try:
        moment = datetime.fromisoformat(written)
        if not zone:
            return moment
        return moment.astimezone(ZoneInfo(zone.removesuffix("]"))) if moment.tzinfo else None
    except (ValueError, OverflowError, LookupError, OSError):  # also of a zone that this machine does not know
        return None


def render_moment(moment: datetime, zone: ZoneInfo) -> str:
    """The same as text; what `read_moment` reads."""
    return f"{moment.astimezone(zone).isoformat(timespec='minutes')}[{zone.key}]"


def list_fields(
    common: Sequence[OptionField], formats: Sequence[Format], options: Mapping[str, Any], facts: Facts
) -> tuple[OptionField, ...]:
    """What can be filled in now: the format where there is a choice, the common fields, those of the format."""
    chosen = get_format(formats, options)
    choice = [_format_field(tuple((each.key, each.label) for each in formats))] if len(formats) > 1 else ()
    every = (*choice, *common, *chosen.options)
    return tuple(_with_choices(field, facts) for field in every if _is_shown(field, every, options))


def list_names(common: Sequence[OptionField], formats: Sequence[Format]) -> Iterator[str]:
    """Every field that some draft may have."""
    if len(formats) > 1:
        yield FORMAT
    yield from (field.name for field in list_every(common, formats))


def list_every(common: Sequence[OptionField], formats: Sequence[Format]) -> Iterator[OptionField]:
    """The fields of all formats, and those that all of them have."""
    for fields in (common, *(each.options for each in formats)):
        yield from fields


@lru_cache(maxsize=100)
def _format_field(formats: tuple[tuple[str, str], ...]) -> OptionField:
    choices = tuple(Choice(key, label) for key, label in formats)
    return OptionField(FORMAT, gettext_noop("Format"), "format", choices=choices, default=formats[0][0])


def _with_choices(field: OptionField, facts: Facts) -> OptionField:
    if not field.choices_from:
        return field
    pairs = facts.limits.get(field.choices_from) or ()
    return replace(field, choices=tuple(Choice(str(value), str(label)) for value, label in pairs))


def _is_shown(field: OptionField, every: Sequence[OptionField], options: Mapping[str, Any]) -> bool:
    if field.shown_when is None:
        return True
    name, wanted = field.shown_when
    default = next((other.default for other in every if other.name == name), "")
    value = options.get(name, default)
    return (str(value).lower() if isinstance(value, bool) else str(value)) == wanted
