"""What an account has posted, from its own repository: https://docs.bsky.app/docs/api/com-atproto-repo-list-records."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kaja.networks.bluesky.auth import call
from kaja.networks.bluesky.records import COLLECTION, make_ref
from kaja.networks.kit.answers import parse_time, read_mapping
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.newest import read_back
from kaja.networks.kit.results import Candidate, Listing

PAGE, PAGES = 100, 5


async def list_records(since: datetime, facts: Facts, session: Session) -> Listing:
    """Posts since a time, newest first by their record keys. Raises Failed, TransportError."""

    async def fetch(cursor: str) -> tuple[Sequence[Mapping[str, Any]], str]:
        place: dict[str, str | int] = {"repo": facts.account_id, "collection": COLLECTION, "limit": PAGE}
        params = place | ({"cursor": cursor} if cursor else {})
        told = (await call(session, "GET", "com.atproto.repo.listRecords", params=params)).json_object()
        return [read_mapping(record) for record in told.get("records") or ()], str(told.get("cursor") or "")

    records, complete = await read_back(fetch, lambda record: _read_candidate(record).posted_at, since, pages=PAGES)
    return Listing(tuple(map(_read_candidate, records)), complete)


def _read_candidate(record: Mapping[str, Any]) -> Candidate:
    value = read_mapping(record.get("value"))
    ref = make_ref(str(record.get("uri")), str(record.get("cid")))
    return Candidate(ref, str(value.get("text") or ""), parse_time(value.get("createdAt")))
