"""From what was seen to what may be said. Pure.

Only who comes from outside proves that one can. What is tried from here shows less in both directions: a firewall may
let this machine through and nobody else, and many routers do not lead a call from inside back in.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, fill_params, gettext_noop
from kaja.networks.kit.egress import is_public

PROOF_LASTS = timedelta(days=30)
OWN_NAMES = ("localhost", "local", "lan", "internal", "home.arpa", "test", "invalid", "example")
"""Ends of names that the internet does not know (RFC 6761, 6762, 8375)."""
Stated = Literal["auto", "yes", "no"]


class State(StrEnum):
    """What is known. Networks are given links unless it is NO."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Seen:
    """A look from this machine: where the name leads, and who answered there ("ours", "other", "silent", "")."""

    at: datetime
    found: tuple[str, ...] = ()
    answer: str = ""
    error: str = ""


@dataclass(frozen=True)
class Proof:
    """Who came from outside, and when last: "hook:<network>" or "file"."""

    by: str
    at: datetime


@dataclass(frozen=True)
class Reach:
    """The state, why, and what to do about it."""

    state: State
    why: Problem
    proof: Proof | None = None
    seen: Seen | None = None


def judge(address: str, stated: Stated, seen: Seen | None, proofs: Collection[Proof], moment: datetime) -> Reach:
    """What is to be said of `address` (`KAJA_BASE_URL`)."""
    newest = max(proofs, key=lambda proof: proof.at, default=None)

    def say(state: State, why: Problem) -> Reach:
        return Reach(state, why, newest, seen)

    if stated != "auto":
        return say(State.YES, _STATED_YES) if stated == "yes" else say(State.NO, _STATED_NO)
    host = host_of(address)
    if not address.startswith("https://"):
        return say(State.NO, fill_params(_NOT_HTTPS, address=address))
    if is_own_name(host):
        return say(State.NO, fill_params(_OWN_NAME, host=host))
    if newest is not None and moment - newest.at < PROOF_LASTS:
        return say(State.YES, _PROVED)
    if seen is None:
        return say(State.UNKNOWN, _NOT_LOOKED)
    if seen.found and not any(is_public(each) for each in seen.found):
        return say(State.NO, fill_params(_PRIVATE, host=host, addresses=", ".join(seen.found)))
    if not seen.found:
        return say(State.UNKNOWN, fill_params(_NO_NAME, host=host))
    answers = {"ours": _ANSWERS, "other": fill_params(_OTHER, address=address)}
    return say(State.UNKNOWN, answers.get(seen.answer, _SILENT))


def host_of(address: str) -> str:
    """The host of an address, in lower case."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_own_name(host: str) -> bool:
    """Whether a name, or an address in numbers, is one that only the own network can know."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host or any(host == own or host.endswith(f".{own}") for own in OWN_NAMES)
    return not is_public(host)


_STATED_YES = Problem("reach_stated", gettext_noop("The operator said that it can be reached (KAJA_REACHABLE=yes)."))
_STATED_NO = Problem(
    "reach_stated",
    gettext_noop("The operator said that it cannot be reached (KAJA_REACHABLE=no)."),
    fix=gettext_noop("Take the setting away to have Kaja judge by itself."),
)
_NOT_HTTPS = Problem(
    "reach_not_https",
    gettext_noop("The address of this Kaja, %(address)s, is not https; networks fetch from no other."),
    fix=gettext_noop("Put a TLS proxy before Kaja and set KAJA_BASE_URL to its https address."),
)
_OWN_NAME = Problem(
    "reach_own_name",
    gettext_noop("%(host)s is a name that only your own network knows."),
    fix=gettext_noop("Set KAJA_BASE_URL to a name that the internet knows."),
)
_PRIVATE = Problem(
    "reach_private",
    gettext_noop("From this machine %(host)s leads into a private network (%(addresses)s)."),
    fix=gettext_noop("If it leads elsewhere from outside, say so with KAJA_REACHABLE=yes."),
)
_PROVED = Problem("reach_proved", gettext_noop("Somebody came in from outside."))
_NOT_LOOKED = Problem(
    "reach_not_looked",
    gettext_noop("Nobody has come in from outside yet, and nobody has looked."),
    fix=gettext_noop("Look now, or wait for the first network that fetches a file or tells something."),
)
_NO_NAME = Problem(
    "reach_no_name",
    gettext_noop("This machine does not know the name %(host)s."),
    fix=gettext_noop("Check that KAJA_BASE_URL is right, and that its name has an entry in the DNS."),
)
_ANSWERS = Problem(
    "reach_answers",
    gettext_noop("The address is public and leads back here from this machine. Nobody has come in from outside yet."),
)
_OTHER = Problem(
    "reach_other",
    gettext_noop("From this machine something else answers at %(address)s. From outside that may be different."),
    fix=gettext_noop("Check the proxy and KAJA_BASE_URL; open the address from a phone without Wi-Fi."),
)
_SILENT = Problem(
    "reach_silent",
    gettext_noop(
        "The address is public, and from this machine nothing answers there. With some routers it works from outside "
        "all the same."
    ),
    fix=gettext_noop("Open the address from a phone without Wi-Fi. If it works, say so with KAJA_REACHABLE=yes."),
)
