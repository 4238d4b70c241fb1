"""What the practice network remembers. Times are seconds since 1970 (UTC)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

KINDS = ("keyed", "plain", "staged")
"""keyed: a repeated Idempotency-Key answers with the first post. plain: every request makes a post.
staged: a container is made, processed, then published, without a key."""


def iso(seconds: float) -> str:
    """A time as the API writes it: UTC, milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Medium:
    """An uploaded file; its bytes stand in the data folder under its id."""

    id: str
    account: str
    mime: str
    size: int
    alt: str
    created: float


@dataclass(slots=True)
class Comment:
    """A comment below a post, by a visitor (any name) or by an account."""

    id: str
    post: str
    author: str
    by_account: bool
    text: str
    created: float
    listed: float
    reference: str = ""
    requests: int = 1


@dataclass(slots=True)
class Post:
    """A published post. `listed` is when lists begin to show it; `requests` counts publish calls answered with it."""

    id: str
    account: str
    text: str
    media: tuple[str, ...]
    reply_to: str
    title: str
    warning: str
    language: str
    created: float
    listed: float
    reference: str = ""
    edited: float = 0.0
    deleted: float = 0.0
    requests: int = 1
    container: str = ""
    format: str = "feed"
    fields: dict[str, Any] = field(default_factory=dict)
    finished: float = 0.0
    """When a two-stage publish call is over that was answered with "publishing"; 0 when it was over at once."""
    likes: set[str] = field(default_factory=set)
    comments: list[Comment] = field(default_factory=list)
    replies: list["Post"] = field(default_factory=list)


@dataclass(slots=True)
class Container:
    """A post that waits to be published in two stages. `failure` is told when processing is over."""

    id: str
    account: str
    body: dict[str, Any]
    created: float
    ready: float
    failure: str = ""
    posts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Account:
    """Somebody who publishes here. Keys of `keys` are idempotency keys, values the first object's id."""

    id: str
    name: str
    kind: str
    created: float
    workspace: str = ""
    posts: list[Post] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    window_start: float = 0.0
    window_used: int = 0


@dataclass(slots=True)
class App:
    """A developer app: who may ask for consents, and where people are sent back to."""

    client_id: str
    name: str
    secret: str
    """Its digest."""
    back: str


@dataclass(slots=True)
class Consent:
    """What one person allowed one app. A refresh token opens once; the one before it goes on opening until the tokens
    that it brought were used, so that an answer that was lost costs nobody the consent."""

    id: str
    client_id: str
    person: str
    workspace: str
    lasts: float
    renews: bool
    accounts: list[str]
    readable: list[str]
    """Accounts that are shown, and that may not be sent to."""
    refresh: str = ""
    before: str = ""
    spent: set[str] = field(default_factory=set)
    access: dict[str, float] = field(default_factory=dict)
    """When access tokens end, by digest."""
    page_tokens: set[str] = field(default_factory=set)
    """Digests of what single accounts of it are used with."""
    over: bool = False
