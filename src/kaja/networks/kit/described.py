"""What a network asks for and says, as data: `network.toml` in its folder.

Its form, its fields, its guide, the words for its steps and scopes, and the problems that only it tells of stand there,
so that code says what happens and data says what is said. `tools/messages.py` collects the texts for translation. A
name that no network has is an error, as a misspelt argument would be.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import ConnectRefused, FormField, NetworkInfo
from kaja.networks.kit.grants import AppSlot
from kaja.networks.kit.options import Choice, OptionField

FILE = "network.toml"


@dataclass(frozen=True)
class Described:
    """One network's data."""

    info: NetworkInfo
    fields: Mapping[str, tuple[OptionField, ...]]
    """Those that only some of its formats have, by a name of its own."""
    problems: Mapping[str, Problem]

    def problem(self, code: str, field: str | None = None, **params: Any) -> Problem:
        """A problem with its places filled; of another field than the usual one where that is given."""
        known = self.problems[code]
        return replace(known, params=params, field=known.field if field is None else field)

    def refuse(self, code: str, **params: Any) -> ConnectRefused:
        """The same, for connecting: to be raised."""
        return ConnectRefused(self.problem(code, **params))


def read_description(module: str) -> Described:
    """The data of the network in whose folder this module (its `__file__`) stands."""
    return parse_description(tomllib.loads(Path(module).with_name(FILE).read_text(encoding="utf-8")))


def parse_description(told: Mapping[str, Any]) -> Described:
    """Raises TypeError for a name that means nothing."""
    rest = dict(told)
    problems = {code: Problem(code, **values) for code, values in rest.pop("problems", {}).items()}
    fields = {name: tuple(map(_parse_option, listed)) for name, listed in rest.pop("fields", {}).items()}
    info = NetworkInfo(
        **{
            **rest,
            "form": tuple(map(_parse_form_field, rest.get("form", ()))),
            "options": tuple(map(_parse_option, rest.get("options", ()))),
            "apps": tuple(map(_parse_app, rest.get("apps", ()))),
            "guide": tuple(rest.get("guide", ())),
            "quota_uses": {bucket: frozenset(uses) for bucket, uses in rest.get("quota_uses", {}).items()},
            "open_credentials": frozenset(rest.get("open_credentials", ())),
        }
    )
    return Described(info, fields, problems)


def _parse_form_field(told: Mapping[str, Any]) -> FormField:
    return FormField(**{**told, "choices": _parse_choices(told)})


def _parse_option(told: Mapping[str, Any]) -> OptionField:
    pairs = {name: tuple(told[name]) for name in ("bounds", "shown_when") if name in told}
    return OptionField(**{**told, **pairs, "choices": _parse_choices(told)})


def _parse_choices(told: Mapping[str, Any]) -> tuple[Choice, ...]:
    return tuple(Choice(**each) for each in told.get("choices", ()))


def _parse_app(told: Mapping[str, Any]) -> AppSlot:
    return AppSlot(**{**told, "steps": tuple(told.get("steps", ()))})
