"""From an answer, or from none, to what the delivery engine does next: one table for every connector."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NoReturn
from urllib.parse import urljoin, urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.egress import REFUSED, AnswerLost, HostRefused, NotSent, TransportError
from kaja.networks.kit.http import Response
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.results import ChannelTrouble, Later, NeedsReconnect, Rejected, Unknown

Failure = Rejected | Later | NeedsReconnect | ChannelTrouble | Unknown

NOT_SENT_AFTER = 30.0
SOON = 0.0
"""Without a word of the network: the engine's own pauses, which begin with seconds and grow."""
BUSY_AFTER = 60.0
_LONGEST = 24 * 3600.0
_NOT_CARRIED_OUT = frozenset({301, 302, 305, 307, 308})
"""Redirects that say "ask there". 303 may also answer a call that was carried out (RFC 9110, 15.4.4)."""
_NO_SUCH_CALL = frozenset({405, 501})
MOVED, NOT_THERE, GONE, PROCESSING = "network_moved", "network_not_there", "target_gone", "processing"
TROUBLE = frozenset({MOVED, NOT_THERE, *REFUSED})
"""Codes of problems that are the channel's, definitely: one answer is enough to believe them."""
_REMAINING_HEADERS = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
_RESET_HEADERS = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")


def classify(
    answer: Response | TransportError,
    *,
    network: str,
    reject: Callable[[Response], Failure],
    irreversible: bool = True,
    server_error_is_final: bool = False,
    bucket: str | None = None,
    now: datetime | None = None,
) -> Failure | None:
    """What a failed call means; None when the status is 2xx and the connector reads the body.

    `reject` maps the network's own refusals (400, 403, 404, 409, 422 ...). `server_error_is_final` is for networks that
    document that a 5xx leaves nothing behind. A call that is not irreversible may simply be made again, so what would
    be Unknown is Later.
    """
    if isinstance(answer, HostRefused):
        return ChannelTrouble(answer.problem)
    if isinstance(answer, NotSent):
        return Later(NOT_SENT_AFTER, answer.problem)
    if isinstance(answer, TransportError):
        return Unknown(answer.problem) if irreversible else Later(SOON, answer.problem)
    if answer.ok:
        return None
    params = {"network": network, "status": answer.status}
    if answer.status == 429:
        after = parse_retry_after(answer, now or datetime.now(UTC))
        return Later(
            BUSY_AFTER if after is None else after,
            Problem("rate_limited", gettext_noop("%(network)s asks to wait before the next call."), params=params),
            bucket,
        )
    if answer.status == 401:
        return NeedsReconnect(reconnect_problem(network))
    if answer.status == 408 or (answer.status >= 500 and answer.status not in _NO_SUCH_CALL):
        reason = network_error(network, answer)
        if irreversible and not server_error_is_final:
            return Unknown(reason)
        return Later(parse_retry_after(answer, now or datetime.now(UTC)) or SOON, reason)
    if answer.status in _NO_SUCH_CALL:
        return ChannelTrouble(not_there(network, answer.url, answer.status))
    if answer.status < 400:
        if answer.status in _NOT_CARRIED_OUT or not irreversible:
            return ChannelTrouble(moved(network, answer))
        return Unknown(moved(network, answer))
    return reject(answer)


def moved(network: str, answer: Response) -> Problem:
    """A redirect instead of an answer. `to` is where it points, `asked` what was asked for: enough to follow it."""
    location = answer.headers.get("location", "")
    to = urljoin(answer.url, location).split("?")[0][:1000] if location else ""
    return Problem(
        MOVED,
        gettext_noop("The server of this channel sends Kaja to another address (%(host)s) instead of answering."),
        fix=gettext_noop("If the server has moved, follow it on the channel's page; otherwise fix the server."),
        params={"network": network, "host": urlsplit(to).netloc or "?", "to": to, "asked": answer.url.split("?")[0]},
    )


def not_there(network: str, url: str, status: int) -> Problem:
    """What answers at the channel's address does not know the call at all."""
    return Problem(
        NOT_THERE,
        gettext_noop("What answers at %(host)s is not %(network)s any more (status %(status)s)."),
        fix=gettext_noop("Look at the server; when it is there again, the posts go out by themselves."),
        params={"network": network, "host": urlsplit(url).netloc, "status": status},
    )


def raise_trouble(network: str, answer: Response) -> NoReturn:
    """While an account is looked at: its server is not there any more, or has an error of its own; that says nothing
    of the account. Raises AnswerLost."""
    if 300 <= answer.status < 400:
        raise AnswerLost(moved(network, answer))
    if answer.status == 404 or answer.status in _NO_SUCH_CALL:
        raise AnswerLost(not_there(network, answer.url, answer.status))
    raise AnswerLost(network_error(network, answer))


def network_error(network: str, answer: Response) -> Problem:
    """The network could not, for no reason that it gave."""
    return Problem(
        "network_error",
        gettext_noop("%(network)s had an error of its own (status %(status)s)."),
        params={"network": network, "status": answer.status},
    )


def file_gone(network: str) -> Problem:
    """A file that was uploaded for a post is not on the network any more, also after it was sent again."""
    return Problem(
        "file_gone",
        gettext_noop("%(network)s does not keep a file of this post: it was uploaded twice, and was gone each time."),
        "parts.0.media",
        gettext_noop("Look at the account's storage on the network; then send the post again, or change its file."),
        {"network": network},
    )


def file_again(network: str) -> Problem:
    """The reason for uploading once more."""
    return Problem(
        "file_again",
        gettext_noop("%(network)s no longer had an uploaded file of this post, so it is uploaded again."),
        params={"network": network},
    )


def target_gone(network: str, said: str = "") -> Problem:
    """What is answered, changed or deleted is not there. `said`: the network's own words."""
    return Problem(
        GONE,
        gettext_noop("What this post answers or changes no longer stands on %(network)s."),
        fix=gettext_noop("Look at the post it belongs to; then send this one as a post of its own, or drop it."),
        params={"network": network, "said": said[:300]},
    )


def still_processing(network: str) -> Problem:
    """The network works on what it was given; nothing is wrong."""
    return Problem(PROCESSING, gettext_noop("%(network)s is still preparing the post."), params={"network": network})


def processing_failed(network: str, said: str) -> Problem:
    """The network could not do what it had to with what it was given. `said`: its own words."""
    return Problem(
        "processing_failed",
        gettext_noop("%(network)s could not prepare the post: %(reason)s"),
        field="parts.0.media",
        fix=gettext_noop("Change what it names and send the post again."),
        params={"network": network, "reason": said[:300]},
    )


def reconnect_problem(network: str) -> Problem:
    """The account no longer accepts what Kaja stored."""
    return Problem(
        "needs_reconnect",
        gettext_noop("%(network)s no longer accepts the stored sign-in of this channel."),
        fix=gettext_noop("Reconnect the channel; the post then goes out by itself."),
        params={"network": network},
    )


def refused_problem(network: str, message: str) -> Problem:
    """A refusal in the network's own words, when none of the known ones fits."""
    return Problem(
        "network_refused",
        gettext_noop("%(network)s refused the post: %(answer)s"),
        fix=gettext_noop("Change the post as the answer says, then send it again."),
        params={"network": network, "answer": message[:300]},
    )


def parse_retry_after(answer: Response, now: datetime) -> float | None:
    """Seconds to wait by `Retry-After` (seconds or HTTP date), else by a rate header's reset; None when none is given.

    The reset counts where the budget is the reason: after a 429, or when nothing is left of it. Beside a 500 it only
    says when the budget is full again. Reset headers come as seconds from now, as Unix time, or as an ISO 8601 time.
    """
    value = answer.headers.get("retry-after", "").strip()
    if value:
        seconds = _number(value)
        if seconds is None:
            seconds = _seconds_until(_http_date(value), now)
        if seconds is not None:
            return _bounded(seconds)
    if answer.status != 429 and not _is_used_up(answer):
        return None
    for name in _RESET_HEADERS:
        moment = parse_reset(answer.headers.get(name, ""), now)
        if moment is not None:
            return _bounded((moment - now).total_seconds())
    return None


def wait_of(failure: Failure) -> float:
    """How long the network asked to be left alone; 0 when it did not say."""
    told = isinstance(failure, Later) and failure.reason.code in ("rate_limited", "network_error")
    return failure.after if told and isinstance(failure, Later) else 0.0


def _is_used_up(answer: Response) -> bool:
    return any(answer.headers.get(name, "").strip() == "0" for name in _REMAINING_HEADERS)


def parse_reset(value: str, now: datetime) -> datetime | None:
    """The moment that a reset header names: Unix time, seconds from now, or ISO 8601."""
    value = value.strip()
    if not value:
        return None
    number = _number(value)
    try:
        if number is not None:
            return datetime.fromtimestamp(number if number > 10_000_000 else now.timestamp() + number, UTC)
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_budget(answer: Response, bucket: str, prefix: str = "x-ratelimit-") -> Iterator[Quota]:
    """The budget that an answer names in headers such as X-RateLimit-Limit, -Remaining and -Reset."""
    limit, remaining, reset = (
        answer.headers.get(prefix + name, "").strip() for name in ("limit", "remaining", "reset")
    )
    if limit.isdigit() and remaining.isdigit():
        resets_at = parse_reset(reset, datetime.now(UTC))
        blocked = resets_at if answer.status == 429 or int(remaining) == 0 else None
        yield Quota(bucket, int(limit), int(remaining), resets_at, blocked)


@lru_cache(maxsize=1024)
def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < 1e12 else None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds_until(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else (moment - now).total_seconds()


def _bounded(seconds: float) -> float:
    return min(max(seconds, 1.0), _LONGEST)
