"""From an answer, or from none, to what the delivery engine does next: one table for every connector."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from kaja.networks.kit.egress import HostRefused, NotSent, TransportError
from kaja.networks.kit.http import Response
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.networks.kit.results import Later, NeedsReconnect, Rejected, Unknown

Failure = Rejected | Later | NeedsReconnect | Unknown

NOT_SENT_AFTER = 30.0
BUSY_AFTER = 60.0
_LONGEST = 24 * 3600.0
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
        return Rejected(answer.problem, fixable=False)
    if isinstance(answer, NotSent):
        return Later(NOT_SENT_AFTER, answer.problem)
    if isinstance(answer, TransportError):
        return Unknown(answer.problem) if irreversible else Later(NOT_SENT_AFTER, answer.problem)
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
    if answer.status == 408 or answer.status >= 500:
        reason = Problem(
            "network_error", gettext_noop("%(network)s had an error of its own (status %(status)s)."), params=params
        )
        if irreversible and not server_error_is_final:
            return Unknown(reason)
        return Later(parse_retry_after(answer, now or datetime.now(UTC)) or NOT_SENT_AFTER, reason)
    if answer.status < 400:
        return Rejected(
            Problem(
                "network_moved",
                gettext_noop("%(network)s sent the call to another address instead of answering it."),
                fix=gettext_noop("Check the address of the channel and reconnect it."),
                params=params,
            ),
            fixable=False,
        )
    return reject(answer)


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

    Reset headers come as seconds from now, as Unix time, or as an ISO 8601 time, by network.
    """
    value = answer.headers.get("retry-after", "").strip()
    if value:
        seconds = _number(value)
        if seconds is None:
            seconds = _seconds_until(_http_date(value), now)
        if seconds is not None:
            return _bounded(seconds)
    for name in _RESET_HEADERS:
        moment = parse_reset(answer.headers.get(name, ""), now)
        if moment is not None:
            return _bounded((moment - now).total_seconds())
    return None


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
