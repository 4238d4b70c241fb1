"""A message and its values in the reader's language: pages, API and mails say it through here."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext, pgettext, pgettext_lazy

from kaja.networks.registry import CONNECTORS

# Values that are names inside Kaja; everything else in a message was typed by people or said by a network.
PERMISSIONS = {
    "view": pgettext_lazy("permission", "see"),
    "write": pgettext_lazy("permission", "write"),
    "publish": pgettext_lazy("permission", "publish"),
    "answer": pgettext_lazy("permission", "answer"),
    "channels": pgettext_lazy("permission", "channels"),
    "manage": pgettext_lazy("permission", "manage"),
}
# What networks allow an account to do; what their own interfaces name besides stands with each network.
GRANTS = {
    "publish": pgettext_lazy("what a channel may do", "publish"),
    "edit": pgettext_lazy("what a channel may do", "edit"),
    "delete": pgettext_lazy("what a channel may do", "delete"),
    "comment": pgettext_lazy("what a channel may do", "comment"),
    "read": pgettext_lazy("what a channel may do", "read"),
    "write": pgettext_lazy("what a channel may do", "write"),
}
STAGES = {
    "upload": pgettext_lazy("step of a delivery", "upload"),
    "media": pgettext_lazy("step of a delivery", "upload"),
    "prepare": pgettext_lazy("step of a delivery", "prepare"),
    "ready": pgettext_lazy("step of a delivery", "wait until it is ready"),
    "publish": pgettext_lazy("step of a delivery", "publish"),
    "comment": pgettext_lazy("step of a delivery", "comment"),
    "confirm": pgettext_lazy("step of a delivery", "confirm"),
}

QUOTAS = {
    "api": pgettext_lazy("quota", "calls"),
    "posts": pgettext_lazy("quota", "posts"),
    "media": pgettext_lazy("quota", "uploads"),
    "delete": pgettext_lazy("quota", "deletions"),
}


def say(message: str, params: Mapping[str, Any] | None = None) -> str:
    """The message, translated and filled. A catalogue with a wrong place must not hide what happened."""
    if not message:
        return ""
    translated = gettext(message)
    if not params:
        return translated
    values = {name: _value(name, value) for name, value in params.items()}
    if isinstance(named := values.get("network"), str):
        values["network"] = name_in_language(named)
    try:
        return translated % values
    except (KeyError, TypeError, ValueError):
        try:
            return message % values
        except (KeyError, TypeError, ValueError):
            return message


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    if name in {"network", "label"}:
        return gettext(value)
    if name == "permission":
        return PERMISSIONS.get(value, value)
    if name == "stage":
        return _stage(value)
    return value


def _stage(name: str) -> str:
    """The name of a step, and its number where a step comes several times (`media2` is the third upload)."""
    known = re.fullmatch(r"([a-z]+)[-_:.]?(\d*)", name)
    word = _word_of_stage(known[1]) if known else ""
    if not known or not word:
        return name
    if not known[2]:
        return word
    return pgettext("step of a delivery", "%(step)s %(number)s") % {"step": word, "number": int(known[2]) + 1}


def _word_of_stage(name: str) -> str:
    if name in STAGES:
        return str(STAGES[name])
    own = (connector.info.stage_words.get(name) for connector in CONNECTORS.values())
    return next((pgettext("step of a delivery", word) for word in own if word), "")


def name_in_language(network: str) -> str:
    """A network's name: those of services stay as they are; our own network has one in every language."""
    ours = any(connector.info.practice and connector.info.name == network for connector in CONNECTORS.values())
    return pgettext("name of a network", network) if ours else network


def describe_scope(scopes: Iterable[str]) -> str:
    """What a token may do, in one line."""
    return ", ".join(str(PERMISSIONS.get(scope, scope)) for scope in scopes)


def describe_quota(bucket: str) -> str:
    """What a quota counts. Some networks name only how many calls in how many seconds."""
    if window := re.fullmatch(r"(\d+) per (\d+) s", bucket):
        words = pgettext("quota", "%(limit)s calls in %(minutes)s min")
        return words % {"limit": window[1], "minutes": max(1, round(int(window[2]) / 60))}
    return str(QUOTAS.get(bucket, bucket))


def describe_grant(granted: Iterable[str]) -> list[str]:
    """What a channel may do, in the reader's language, each once; what Kaja has no word for keeps its own name."""
    return list(dict.fromkeys(_word_of_grant(name) for name in granted))


def _word_of_grant(name: str) -> str:
    if name in GRANTS:
        return str(GRANTS[name])
    own = (connector.info.grant_words.get(name) for connector in CONNECTORS.values())
    return next((pgettext("what a channel may do", word) for word in own if word), name)


def make_line(subject: str) -> str:
    """The subject of a letter: it has one line, whatever stands in a name."""
    line = " ".join(subject.split())
    return line if len(line) <= 150 else line[:149] + "…"
