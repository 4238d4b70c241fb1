"""The fields of a post that only one network has."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class OptionField:
    """A network's own field of a post, shown by the composer. Labels and help are message ids."""

    name: str
    label: str
    kind: Literal["text", "longtext", "bool", "choice", "terms", "language", "format", "number", "datetime"]
    help: str = ""
    required: bool = False
    """Without a value, and without a default, a post cannot go out."""
    missing: str = ""
    """What is said then."""
    max_length: int | None = None
    """In characters; of `terms` that of each."""
    max_bytes: int = 0
    choices: tuple[Choice, ...] = ()
    choices_from: str = ""
    """Where the account has the choices: a name in `Facts.limits` with pairs of value and label."""
    default: str = ""
    bounds: tuple[float, float] = (0, 1_000_000)
    """Of a number."""
    shown_when: tuple[str, str] | None = None
    """Only while another field has that value."""
