"""Faults that can be turned on, for one account or for everybody.

Whether a fault strikes is drawn from the seed, the account, the operation, what the call is about and how often that
was tried before: a run can be repeated, in whatever order its calls arrive.
"""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from kaja.practice.store import Store

STORE_WITHIN = 2.0
"""However long an answer is delayed, what the call asks for is stored within this many seconds of its arrival."""
LONGEST_LISTING = 10.0
"""Lists show everything that is older than this many seconds."""

PUBLISHING = ("upload", "container", "publish", "comment", "message", "act")
OPERATIONS = (*PUBLISHING, "read", "edit", "delete", "account")
AUDIENCE, HOOK = "audience", "hook"
"""What is no call of a program: something that the audience says, and a hook that tells of it."""
STRIKABLE = (*OPERATIONS, AUDIENCE, HOOK)


@dataclass(frozen=True)
class Setting:
    """A number of a fault: its lowest, highest and usual value."""

    name: str
    low: float
    high: float
    default: float


@dataclass(frozen=True)
class Fault:
    """One kind of fault. Labels are message ids."""

    name: str
    label: str
    meaning: str
    settings: tuple[Setting, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    operations: tuple[str, ...] = PUBLISHING


def _(message: str) -> str:
    """Mark for translation; the page translates when it renders."""
    return message


_PROBABILITY = Setting("probability", 0, 1, 1)

FAULTS: tuple[Fault, ...] = (
    Fault(
        "delay",
        _("Slow answers"),
        _("Every answer takes this many seconds."),
        (Setting("seconds", 0, 120, 0.3),),
        operations=OPERATIONS,
    ),
    Fault(
        "random_delay",
        _("Uneven answers"),
        _("Answers take a random time between two limits."),
        (Setting("low", 0, 120, 0.1), Setting("high", 0, 120, 3)),
        operations=OPERATIONS,
    ),
    Fault(
        "too_many",
        _("Too many requests"),
        _("The call is refused with 429 and told when to come back. Nothing is stored."),
        (Setting("retry_after", 0, 3600, 5),),
    ),
    Fault(
        "error_before",
        _("Server error, nothing stored"),
        _("The server answers with an error before it accepts the post."),
        (Setting("status", 500, 599, 503),),
    ),
    Fault(
        "refuse",
        _("Content refused"),
        _("The post is refused (422) with a field and a reason. Nothing is stored."),
        texts=(("field", "text"), ("reason", "This text is not allowed here.")),
    ),
    Fault(
        "drop_before",
        _("Connection lost, nothing stored"),
        _("The connection closes without an answer, before anything is stored."),
    ),
    Fault(
        "error_after",
        _("Server error, but stored"),
        _("The post is stored, yet the answer is a server error."),
        (Setting("status", 500, 599, 500),),
    ),
    Fault(
        "drop_after",
        _("Connection lost, but stored"),
        _("The post is stored, yet the connection closes without an answer."),
    ),
    Fault(
        "late_listing",
        _("Late lists"),
        _("New posts appear in lists only after this many seconds. Their own page shows them at once."),
        (Setting("seconds", 0, LONGEST_LISTING, 5),),
        operations=("publish", "comment", "message", AUDIENCE),
    ),
    Fault(
        "processing",
        _("Slow processing"),
        _("Two-stage accounts: a new post can be published only after this many seconds."),
        (Setting("seconds", 0, 600, 5),),
        operations=("container",),
    ),
    Fault(
        "slow_finish",
        _("Publishing goes on"),
        _("Two-stage accounts: the answer says that publishing has begun; it is over after this many seconds."),
        (Setting("seconds", 0, LONGEST_LISTING, 3),),
        operations=("publish",),
    ),
    Fault(
        "processing_fails",
        _("Processing fails"),
        _("Two-stage accounts: processing ends with a reason and the post cannot be published."),
        texts=(("reason", "The video could not be read."),),
        operations=("container",),
    ),
    Fault("hook_lost", _("Lost hooks"), _("Nobody is told that there is something to read."), operations=(HOOK,)),
    Fault("hook_twice", _("Doubled hooks"), _("The same is told twice."), operations=(HOOK,)),
    Fault(
        "hook_late",
        _("Late hooks"),
        _("It is told so many seconds later, behind what came after it."),
        (Setting("seconds", 0, 600, 5),),
        operations=(HOOK,),
    ),
)
BY_NAME = {fault.name: fault for fault in FAULTS}
_ENDINGS = ("drop_before", "too_many", "error_before", "refuse", "error_after", "drop_after")


class BadRule(Exception):
    """A fault rule is not understood; `field` says where, the text says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def parse_rules(value: Any, seed: Any) -> dict[str, Any]:
    """Checked rules: `{"seed": n, "faults": {name: {probability, ..., on}}}`; empty when nothing is turned on."""
    if not isinstance(value, dict):
        raise BadRule("faults", "must be an object of faults by name")
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise BadRule("seed", "must be a whole number")
    faults = {name: _parse_fault(name, given) for name, given in value.items()}
    return {"seed": seed, "faults": faults} if faults else {}


def _parse_fault(name: str, given: Any) -> dict[str, Any]:
    fault = BY_NAME.get(name)
    if fault is None:
        raise BadRule(name, f"is not a fault; there are {', '.join(BY_NAME)}")
    if not isinstance(given, dict):
        raise BadRule(name, "must be an object")
    given = dict(given)
    rule: dict[str, Any] = {}
    for setting in (_PROBABILITY, *fault.settings):
        number = given.pop(setting.name, setting.default)
        if isinstance(number, bool) or not isinstance(number, int | float) or not setting.low <= number <= setting.high:
            raise BadRule(f"{name}.{setting.name}", f"must be a number from {setting.low:g} to {setting.high:g}")
        rule[setting.name] = number
    for text, default in fault.texts:
        rule[text] = given.pop(text, default)
        if not isinstance(rule[text], str) or len(rule[text]) > 300:
            raise BadRule(f"{name}.{text}", "must be a text of at most 300 characters")
    rule["on"] = given.pop("on", list(fault.operations))
    if not isinstance(rule["on"], list) or not set(rule["on"]) <= set(STRIKABLE):
        raise BadRule(f"{name}.on", f"must be a list of {', '.join(STRIKABLE)}")
    if given:
        raise BadRule(f"{name}.{next(iter(given))}", "is not a setting of this fault")
    return rule


@dataclass(slots=True)
class Plan:
    """What happens to one call: how long it takes (seconds), how it ends, and what else is slow."""

    delay: float = 0.0
    ending: str = ""
    rule: dict[str, Any] | None = None
    listing: float = 0.0
    processing: float = 0.0
    failure: str = ""
    finishing: float = 0.0
    told: int = 1
    """How often a hook is sent."""
    told_after: float = 0.0


NOTHING = Plan()


class Faults:
    """Draws the fate of every call."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._version = -1
        self._active: dict[str, dict[str, dict[str, Any]]] = {}
        self._seeds: dict[str, int] = {}
        self._tries: Counter[tuple[str, str, str]] = Counter()

    def get_active(self, account: str) -> dict[str, dict[str, Any]]:
        """The faults that hold for an account: everybody's, and its own in their place."""
        if self._version != self.store.faults_version:
            self._version = self.store.faults_version
            self._active.clear()
            self._seeds.clear()
            self._tries.clear()
        active = self._active.get(account)
        if active is None:
            common, own = self.store.faults.get("*", {}), self.store.faults.get(account, {})
            active = self._active[account] = {**common.get("faults", {}), **own.get("faults", {})}
            self._seeds[account] = own.get("seed", common.get("seed", 0))
        return active

    def plan(self, account: str, operation: str, subject: str) -> Plan:
        """`subject` is what the call is about (its text, or its path)."""
        active = self.get_active(account)
        if not active:
            return NOTHING
        draw: random.Random | None = None
        struck: dict[str, dict[str, Any]] = {}
        for name, rule in active.items():
            if operation not in rule["on"]:
                continue
            if rule["probability"] < 1 or name == "random_delay":
                if draw is None:
                    key = (account, operation, subject)
                    self._tries[key] += 1
                    draw = random.Random(f"{self._seeds[account]}/{key}/{self._tries[key]}")  # noqa: S311
                if draw.random() >= rule["probability"]:
                    continue
            struck[name] = rule
        plan = Plan()
        if "delay" in struck:
            plan.delay += struck["delay"]["seconds"]
        if "random_delay" in struck and draw is not None:
            low, high = struck["random_delay"]["low"], struck["random_delay"]["high"]
            plan.delay += draw.uniform(low, max(low, high))
        if "late_listing" in struck:
            plan.listing = struck["late_listing"]["seconds"]
        if "processing" in struck:
            plan.processing = struck["processing"]["seconds"]
        if "slow_finish" in struck:
            plan.finishing = struck["slow_finish"]["seconds"]
        if "processing_fails" in struck:
            plan.failure = struck["processing_fails"]["reason"]
        if "hook_late" in struck:
            plan.told_after = struck["hook_late"]["seconds"]
        if "hook_lost" in struck:
            plan.told = 0
        elif "hook_twice" in struck:
            plan.told = 2
        for name in _ENDINGS:
            if name in struck:
                plan.ending, plan.rule = name, struck[name]
                break
        return plan
