"""The contract between Kaja and a network. `tests/conformance` holds every connector against it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from kaja.kernel.problems import Problem
from kaja.networks.kit.consent import Consent
from kaja.networks.kit.content import Draft, Kind, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.formats import Format
from kaja.networks.kit.grants import App, AppSlot
from kaja.networks.kit.hooks import Hooks
from kaja.networks.kit.http import Session
from kaja.networks.kit.moderation import Moderator
from kaja.networks.kit.options import Choice, OptionField
from kaja.networks.kit.reading import History, Reader, Rereader
from kaja.networks.kit.reading import Kind as ReadKind
from kaja.networks.kit.results import (
    CannotTell,
    ChangeResult,
    Checkpoint,
    Listing,
    Reconciliation,
    RemoteRef,
    Resolution,
    StageResult,
)


@dataclass(frozen=True)
class FormField:
    """A field of the connect form. A secret one is never shown again or logged."""

    name: str
    label: str
    secret: bool = False
    help: str = ""
    placeholder: str = ""
    default: str = ""
    choices: tuple[Choice, ...] = ()
    """Where only some values are taken, a list to choose from."""
    required: bool = True
    """False where the network can do without; a field with a default may always be left alone."""


Idempotent = bool | Literal["by account"]
"""By account: `Facts.limits["idempotent"]` says it."""
Use = Literal["media", "change"]
"""What may have a budget of its own: sending files, and editing or deleting what stands there."""


@dataclass(frozen=True)
class NetworkInfo:
    """What is true of the network as a whole; what depends on the instance or account stands in `Facts`."""

    key: str
    name: str
    connect: Literal["form", "oauth"]
    form: tuple[FormField, ...]
    options: tuple[OptionField, ...] = ()
    link_card: bool = False
    max_images: int = 4
    practice: bool = False
    names_maker: bool = False
    """Whether lists of an account's posts say which application made each."""
    lists_titles: bool = False
    """Whether the text of a listed post begins with its title."""
    settle_seconds: float = 30.0
    """How long after a call the network may still not list what it accepted (absent counts only later)."""
    settle_unkeyed: float = 0.0
    """The same for accounts whose server is not known to honour keys; 0: no difference."""
    idempotent: Idempotent = False
    """A repeated publish with the same key makes no second object, so an unclear call may be made again at once."""
    stages_text: Idempotent = False
    """Whether a post without files, too, has a stage that may run ahead (a container); by account:
    `Facts.limits["stages_text"]`."""
    quota_uses: Mapping[str, frozenset[Use]] = field(default_factory=dict)
    """Budgets that only some work draws on, by bucket. A bucket that is not named here counts for every post."""
    help: str = ""
    guide: tuple[str, ...] = ()
    """What a person has to do on the network before it can be connected, step by step."""
    consent_button: str = ""
    """What leads to the place where consent is given, where the network has a `consent`."""
    apps: tuple[AppSlot, ...] = ()
    """The developer apps that the operator needs there, where consent is given in the name of one."""
    stage_words: Mapping[str, str] = field(default_factory=dict)
    """What its steps of a delivery are called, with context "step of a delivery", where it has steps of its own."""
    grant_words: Mapping[str, str] = field(default_factory=dict)
    """What its scopes and capabilities allow, with context "what a channel may do"."""
    open_credentials: Collection[str] = frozenset()
    """Names of stored credentials that are no secret; every other value is kept out of the evidence."""
    known_again: Mapping[str, Literal["handle", "name", "base_url"]] = field(default_factory=dict)
    """What a form need not be told again when a channel is connected once more: field to the channel's own."""


def is_idempotent(network: Idempotent, limits: Mapping[str, Any]) -> bool:
    """Whether that holds for an account with these limits."""
    return bool(limits.get("idempotent")) if network == "by account" else network


def can_stage_text(info: NetworkInfo, limits: Mapping[str, Any]) -> bool:
    """Whether something of a post without files may be staged ahead, for an account with these limits."""
    return bool(limits.get("stages_text")) if info.stages_text == "by account" else info.stages_text


SETTLE_GROWTH, SETTLE_LONGEST = 6.0, 300.0


def settle_time(info: NetworkInfo, limits: Mapping[str, Any], waited: float | None) -> float:
    """How long after the end of a call its absence is no proof yet.

    `waited` seconds the call went on without a usable answer: a server that was slow to answer may be slow to store.
    """
    known = bool(limits.get("idempotent")) or not info.settle_unkeyed
    least = info.settle_seconds if known else max(info.settle_seconds, info.settle_unkeyed)
    return max(least, min(SETTLE_GROWTH * (waited or 0.0), SETTLE_LONGEST))


def is_drawing_on(info: NetworkInfo, bucket: str, *, media: bool) -> bool:
    """Whether a post, with or without files, needs something of a budget."""
    uses = info.quota_uses.get(bucket)
    return uses is None or (media and "media" in uses)


@dataclass(frozen=True)
class Connected:
    """A finished connection: what to remember openly, and what to seal."""

    facts: Facts
    credentials: Mapping[str, str]
    base_url: str = ""


@dataclass(frozen=True)
class Count:
    """How long a text is in the network's own measure."""

    used: int
    limit: int
    unit: str
    detail: str = ""
    too_long: str = ""
    """What is said when it is, where not only the text counts."""


@dataclass(frozen=True)
class Segment:
    """A stretch of text as the network will show it."""

    text: str
    kind: Literal["text", "link", "mention", "tag"] = "text"
    href: str = ""


@dataclass(frozen=True)
class Stage:
    """One step of publishing. Exactly one stage of a connector is irreversible; machinery never repeats it."""

    name: str
    irreversible: bool = False
    ahead: bool = False
    """What it makes is seen by nobody, and may be thrown away: it may run some minutes before the post is due. What
    looks at how the account is at the time of the call (which posts stand there already, say) may not."""
    patience: float = 0.0
    """Seconds for which the network's own work on what it was given (`outcome.still_processing`) makes no post late."""

    def __post_init__(self) -> None:
        assert not (self.irreversible and (self.ahead or self.patience)), self.name


class ConnectRefused(Exception):
    """Connecting did not work; `problem` says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Rules(Protocol):
    """What holds of a post before anything is sent: the same in the composer, the API and at delivery.

    Pure: nothing of it touches the network, or remembers.
    """

    def check(self, draft: Draft, facts: Facts) -> list[Problem]: ...
    def count(self, text: str, facts: Facts, options: Mapping[str, Any]) -> Count: ...
    def split(self, text: str, facts: Facts) -> list[str]: ...
    def segments(self, text: str, facts: Facts) -> list[Segment]: ...
    # The ways in which the account can show a post, the usual one first; and its fields, which may depend on that.
    def formats(self, facts: Facts) -> tuple[Format, ...]: ...
    def options(self, draft: Draft, facts: Facts) -> tuple[OptionField, ...]: ...


def _keep_text(text: str, target: RemoteRef, facts: Facts) -> str:
    """The words go as they are."""
    return text


def _no_options(target: RemoteRef) -> Mapping[str, Any]:
    return {}


def _no_root(target: RemoteRef) -> RemoteRef | None:
    """Whoever answers says what it stands under."""
    return None


@dataclass(frozen=True)
class PrivateAnswering:
    """How somebody who wrote in public is answered in private, bound to what they wrote: a message (`content.Kind`)
    whose `reply_to` is that. A network that has no such thing has none of this."""

    kinds: Collection[ReadKind]
    """What may be answered like that."""
    window: timedelta
    """How long after it was written."""
    complete: Callable[[str, RemoteRef, Facts], str] = _keep_text
    options: Callable[[RemoteRef], Mapping[str, Any]] = _no_options


@dataclass(frozen=True)
class Answering:
    """How what the audience wrote is answered in words: pure, as rules are.

    `RemoteRef.data` of what is answered is what the reader noted (`reading.Incoming.data`).
    """

    kinds: Mapping[ReadKind, Kind]
    """What an answer to each kind of message is: a public reply or a direct message. What is not named has none."""
    rules: Rules
    """For an answer as a draft of one part; a network may take less in an answer than in a post."""
    complete: Callable[[str, RemoteRef, Facts], str] = _keep_text
    """The words with what the network needs in them: the mention of whoever is answered, say."""
    options: Callable[[RemoteRef], Mapping[str, Any]] = _no_options
    """Fields of the answer that follow from what is answered, as who may see it."""
    root: Callable[[RemoteRef], RemoteRef | None] = _no_root
    """What the whole thread hangs on, where what is answered knows it."""
    windows: Mapping[ReadKind, timedelta] = field(default_factory=dict)
    """How long after their last message the network takes an answer, where that ends."""
    takes_language: bool = False
    """Whether the network is told in which language an answer is."""
    private: PrivateAnswering | None = None


class Accounts(Protocol):
    """How an account is. `inspect` raises ConnectRefused when it cannot be used."""

    async def inspect(self, session: Session) -> Facts: ...


class ByForm(Accounts, Protocol):
    """The accounts of a network whose `info.connect` is "form"."""

    # `shown` is what the installation itself shows. Raises ConnectRefused.
    async def connect(self, form: Mapping[str, str], shown: Mapping[str, str], session: Session) -> Connected: ...


class Apps(Protocol):
    """The operator's developer apps, looked at."""

    async def check(self, slot: str, app: App, back: str, session: Session) -> None:
        """Whether the network knows the app and its secret, and the address `back`, as far as it can be asked. Raises
        ConnectRefused, TransportError."""


class Publisher(Protocol):
    """Sending, and finding again what was sent. Exactly one of the stages is irreversible."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it can send: a post, and perhaps the next parts of a thread, and a first comment."""

    def stages(self, outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]: ...
    async def run(
        self, stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> StageResult: ...
    async def find_delivery(
        self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> Reconciliation: ...

    # Which post of this account stands at an address that a person copied; never one of another account.
    async def find_post(self, url: str, facts: Facts, session: Session) -> Resolution: ...

    # What the account has posted since a time, whoever posted it. For installations that lost their memory of it.
    async def list_recent(self, since: datetime, facts: Facts, session: Session) -> Listing | CannotTell: ...


class Editor(Protocol):
    """Changing what stands there. May be repeated without harm."""

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult: ...


class Remover(Protocol):
    """Deleting what stands there. What is gone already counts as deleted."""

    async def delete(self, ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult: ...


@dataclass(frozen=True)
class Connector:
    """One network: what every network has, and what this one can do besides; None says that it cannot.

    A capability is an object or a module with these functions. Coroutines use only the session that they are given.
    """

    info: NetworkInfo
    accounts: Accounts
    rules: Rules
    publisher: Publisher | None = None
    editor: Editor | None = None
    remover: Remover | None = None
    reader: Reader | None = None
    history: History | None = None
    rereader: Rereader | None = None
    moderator: Moderator | None = None
    answering: Answering | None = None
    hooks: Hooks | None = None
    consent: Consent | None = None
    apps: Apps | None = None

    def can_send(self, kind: Kind) -> bool:
        """Whether a message of that kind can be sent there."""
        return self.publisher is not None and kind in self.publisher.kinds
