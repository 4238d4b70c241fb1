"""Sessions whose keys only the browsers have: the database knows each by a hash.

Whoever reads the database (a copy of it, an injected statement) finds the names of sessions there and nothing that a
cookie could carry. A key has 165 random bits, so a fast hash is enough: there is nothing to guess.
"""

import hashlib
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

NAME_LENGTH = 40
"""Of the columns that Django and allauth keep a session's key in."""


def name_of(key: str) -> str:
    """What the database calls the session with this key."""
    return hashlib.sha256(key.encode()).hexdigest()[:NAME_LENGTH]


class SessionStore(DatabaseStore):
    """Django's store: `session_key` is the browser's, rows bear the name."""

    def _get_session_from_db(self) -> Any:
        rows = self.model.objects.filter(session_key=name_of(self.session_key or ""), expire_date__gt=timezone.now())
        if (row := rows.first()) is None:
            self._session_key = None
        return row

    async def _aget_session_from_db(self) -> Any:
        rows = self.model.objects.filter(session_key=name_of(self.session_key or ""), expire_date__gt=timezone.now())
        if (row := await rows.afirst()) is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        return super().exists(name_of(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(name_of(session_key))

    def create_model_instance(self, data: Any) -> Any:
        row = super().create_model_instance(data)
        row.session_key = name_of(row.session_key)
        return row

    async def acreate_model_instance(self, data: Any) -> Any:
        row = await super().acreate_model_instance(data)
        row.session_key = name_of(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(name_of(key))

    async def adelete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            await super().adelete(name_of(key))
