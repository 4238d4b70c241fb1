"""Who acts: the first argument of every action."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """A person, a personal token of a person, or Kaja itself, with the permissions held in one workspace."""

    kind: Literal["user", "token", "system"]
    id: str
    name: str
    permissions: frozenset[str]
    user_id: UUID | None = None


def make_system_actor(name: str) -> Actor:
    """Kaja itself, acting within an entered workspace scope; `name` says which part of it."""
    return Actor("system", name, name, frozenset({"view", "write", "publish", "answer", "channels", "manage"}))
