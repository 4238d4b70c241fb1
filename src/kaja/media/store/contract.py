"""What every store of files promises. `tests/realnet/test_stores.py` holds all of them to it."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.core.files.storage import Storage


@dataclass(frozen=True)
class Entry:
    """One stored file, as a list tells it."""

    name: str
    size: int
    modified: datetime


class StoreAway(OSError):
    """The store gave no answer, or will not have us: nothing is said about the file. `why` is "silent", "refused" (the
    keys, or their rights), "no_bucket" or "other"; `detail` is the store's own word."""

    def __init__(self, why: Literal["silent", "refused", "no_bucket", "other"], detail: str = "") -> None:
        super().__init__(f"the file store: {why} {detail}".strip())
        self.why = why
        self.detail = detail


class Store(Storage):
    """Django's storage, with promises of its own.

    `save`: the file is there whole or not at all, under exactly the name that was asked for, also when somebody else
    saves the same at the same moment. `open`: can be read from any place, has a `size`, and never has a whole film in
    memory. `delete`: what is not there is deleted. `exists`, `size`, `get_modified_time` are of the moment.
    What is missing is a FileNotFoundError; what cannot be told is a StoreAway.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    @abstractmethod
    def list_all(self, prefix: str = "") -> Iterator[Entry]:
        """Every whole file whose name begins with `prefix` (empty, or folders with a slash at the end)."""

    @abstractmethod
    def is_public(self) -> bool:
        """Whether the public internet can fetch from the store itself, with addresses that it signs."""

    @abstractmethod
    def public_url(self, name: str, expires: timedelta) -> str | None:
        """Where the public internet finds the file by itself for so long; None when it cannot."""
