"""What a network's refusals mean, as a table: its codes and statuses, and what Kaja makes of each.

Networks say why in as many shapes as there are networks, but what they say falls into few kinds: sign in again, this is
not there, not now, change that. A connector reads the shape (`Told`) and lists its cases; what is in no case is told in
the network's own words, beside the field that it complains of.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem
from kaja.networks.kit.http import Response
from kaja.networks.kit.outcome import Failure, not_there, reconnect_problem, refused_problem, target_gone
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Rejected, Unknown

Known = Literal["sign in", "gone", "elsewhere"]
"""The account has to be connected again; what is answered or changed is not there; something else answers."""


@dataclass(frozen=True)
class Told:
    """A refusal in one shape for all networks."""

    code: str = ""
    """Its name or number."""
    message: str = ""
    """For people."""
    about: Sequence[str] = ()
    """What it complains of, in the network's names; without them its message is looked through."""


@dataclass(frozen=True)
class Case:
    """One kind of refusal: any of these codes (with * and ?) or statuses. A problem may quote the %(answer)s."""

    means: Known | Problem | Failure
    codes: Collection[str] = ()
    statuses: Collection[int] = ()
    path: str = ""
    """Only where what was asked for matches this, with * and ?."""

    def fits(self, answer: Response, told: Told) -> bool:
        if self.path and not fnmatchcase(urlsplit(answer.url).path, self.path):
            return False
        return answer.status in self.statuses or any(fnmatchcase(told.code, code) for code in self.codes)


@dataclass(frozen=True)
class Refusals:
    """The table of one network."""

    network: str
    read: Callable[[Mapping[str, Any]], Told]
    """From the body of a refusal; an empty one where it is no JSON object."""
    cases: Sequence[Case] = ()
    """The first that fits counts."""
    always: Sequence[Case] = ()
    """What holds whatever the status of the refusal; asked first."""
    in_success: bool = False
    """Whether it says these errors inside of a status of success, too."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Where a person puts right what the network complains of: patterns, and paths of a draft (with groups)."""
    explains_404: bool = True
    """Whether its own 404 has a code, so that one without comes from something else at that address."""
    fixable: Collection[int] | None = None
    """Statuses of refusals without a problem of their own after which a change of the post may help; None: all."""

    def find_error(self, answer: Response) -> Failure | None:
        """What its status does not show, or shows as something else; None when it says it all."""
        if not self.always or (answer.ok and not self.in_success):
            return None
        told = self.read(answer.json_object())
        case = next((each for each in self.always if each.fits(answer, told)), None)
        return None if case is None else self._say(case.means, answer, told)

    def reject(self, answer: Response) -> Failure:
        """What a refusal means for the delivery."""
        told = self.read(answer.json_object())
        if self.explains_404 and answer.status == 404 and not told.code:
            return ChannelTrouble(not_there(self.network, answer.url, answer.status))
        case = next((each for each in self.cases if each.fits(answer, told)), None)
        return self._say_own(answer, told) if case is None else self._say(case.means, answer, told)

    def _say(self, means: Known | Problem | Failure, answer: Response, told: Told) -> Failure:
        match means:
            case "sign in":
                return NeedsReconnect(reconnect_problem(self.network))
            case "gone":
                return Rejected(target_gone(self.network, told.message), self._can_fix(answer))
            case "elsewhere":
                return ChannelTrouble(not_there(self.network, answer.url, answer.status))
            case Problem():
                said = {"network": self.network, "answer": _words_of(answer, told)[:300]}
                return Rejected(replace(means, params={**means.params, **said}))
            case Rejected() | Later() | NeedsReconnect() | ChannelTrouble() | Unknown():
                return means

    def _say_own(self, answer: Response, told: Told) -> Failure:
        problem = refused_problem(self.network, _words_of(answer, told))
        return Rejected(replace(problem, field=self._find_field(told)), self._can_fix(answer))

    def _can_fix(self, answer: Response) -> bool:
        return self.fixable is None or answer.status in self.fixable

    def _find_field(self, told: Told) -> str:
        for name in told.about or (told.message,):
            for pattern, path in self.fields.items():
                if match := re.search(pattern, name, re.IGNORECASE):
                    return match.expand(path)
        return ""


def _words_of(answer: Response, told: Told) -> str:
    return told.message or told.code or f"status {answer.status}"
