"""Identifiers: UUIDv7, so that rows that were made together lie together in an index."""

from uuid import UUID

import uuid_utils.compat as _uuid


def new_id() -> UUID:
    """A fresh time-ordered id (RFC 9562, section 5.7)."""
    return _uuid.uuid7()
