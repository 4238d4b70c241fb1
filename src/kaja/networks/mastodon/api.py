"""Calls to an instance, and what its refusals mean."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from kaja.networks.kit.http import Response
from kaja.networks.kit.outcome import read_budget
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.refusals import Case, Refusals, Told
from kaja.networks.kit.rest import Answer, Rest, sign_bearer
from kaja.networks.mastodon.info import WORDS

NETWORK = "Mastodon"
DELETE_LIMIT = "30"
"""Deletions and uploads have budgets of 30 in 30 minutes beside the general one; https://docs.joinmastodon.org/api/rate-limits/"""
# Some compatible servers close a kept connection without notice (seen: snac2 2.75), and a call that meets the closing
# ends as "may have arrived". A new connection costs a handshake and makes that rare.
ALONE = {"Connection": "close"}

# Error bodies: https://docs.joinmastodon.org/entities/Error/
_REFUSALS = Refusals(
    NETWORK,
    lambda body: Told(message=str(body.get("error_description") or body.get("error") or "")),
    (
        # The token lacks a scope, or the account is suspended or frozen: signing in again shows which.
        Case("sign in", statuses=(403,)),
        Case("gone", statuses=(404, 410)),
        Case(WORDS.problem("media_too_large"), statuses=(413,)),
    ),
    explains_404=False,
)


def _read_quotas(answer: Response) -> Iterator[Quota]:
    """X-RateLimit-Limit, -Remaining and -Reset (ISO 8601), sent with every answer of the API."""
    bucket = _bucket(urlsplit(answer.url).path, answer.headers.get("x-ratelimit-limit") == DELETE_LIMIT)
    return read_budget(answer, bucket)


def _bucket(path: str, deletes: bool) -> str:
    if path.endswith(("/api/v1/media", "/api/v2/media")):
        return "media"
    return "delete" if deletes else "api"


def _bucket_of(answer: Answer, method: str, path: str) -> str:
    return _bucket(path, method == "DELETE")


REST = Rest(
    NETWORK,
    _REFUSALS.reject,
    sign_bearer("access_token"),
    bucket_of=_bucket_of,
    read_quotas=_read_quotas,
    headers=ALONE,
)
