"""What an account has posted, from its own repository: https://docs.bsky.app/docs/api/com-atproto-repo-list-records."""

from datetime import datetime

from kaja.networks.bluesky.auth import call
from kaja.networks.bluesky.records import COLLECTION, make_ref
from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import Candidate, Listing

PAGE, PAGES = 100, 5


async def list_records(since: datetime, facts: Facts, session: Session) -> Listing:
    """Posts since a time, newest first by their record keys. Raises Failed, TransportError."""
    posts: list[Candidate] = []
    cursor = ""
    for _ in range(PAGES):
        params: dict[str, str | int] = {"repo": facts.account_id, "collection": COLLECTION, "limit": PAGE}
        told = (
            await call(session, "GET", "com.atproto.repo.listRecords", params=params | _after(cursor))
        ).json_object()
        records = [read_mapping(record) for record in told.get("records") or ()]
        for record in records:
            value = read_mapping(record.get("value"))
            at = _parse_time(value.get("createdAt"))
            if at is not None and at < since:
                return Listing(tuple(posts), True)
            ref = make_ref(str(record.get("uri")), str(record.get("cid")))
            posts.append(Candidate(ref, str(value.get("text") or ""), at))
        cursor = str(told.get("cursor") or "")
        if not cursor or not records:
            return Listing(tuple(posts), True)
    return Listing(tuple(posts), False)


def _after(cursor: str) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def _parse_time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
