"""One message to one device, over our own transport: a push service is a host that a browser named, so it is held to
the same rules as one that a person types (`networks/kit/egress.py`)."""

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from kaja.kernel.clock import now
from kaja.kernel.problems import Problem, gettext_noop, render_problem
from kaja.kernel.vault import VaultError
from kaja.networks.kit.http import HostRefused, Response, Session, TransportError
from kaja.networks.kit.outcome import parse_retry_after
from kaja.push.actions import decode, open_subscription
from kaja.push.models import Device
from kaja.push.sealing import seal_message
from kaja.push.server_key import load_signer, sign

KEPT_SECONDS = 24 * 3600
"""For how long a push service keeps a message for a device that is off."""
LONGEST_PAUSE = 3600.0
UNOPENABLE = Problem(
    code="push_key_lost",
    message=gettext_noop("What this browser gave for notices cannot be opened with this Kaja's keys."),
    fix=gettext_noop("Switch notices off and on again on the device."),
)


@dataclass(frozen=True)
class Letter:
    """A message, sealed and addressed; holds nothing that needs the database."""

    endpoint: str
    authorization: str
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """How it went. `again`: seconds after which it may be tried again; None when that makes no sense."""

    arrived: bool = False
    gone: bool = False
    problem: Problem | None = None
    again: float | None = None


def write_letter(device: Device, message: bytes) -> Letter | None:
    """What is sent to this device; None where a key is lost, which `Outcome(problem=UNOPENABLE)` says."""
    signer = load_signer()
    try:
        given = open_subscription(device)
    except VaultError:
        return None
    if signer is None:
        return None
    endpoint = given["endpoint"]
    body = seal_message(message, decode(given["p256dh"]), decode(given["auth"]))
    return Letter(endpoint, sign(signer, endpoint), body)


async def send_letter(letter: Letter) -> Outcome:
    """Ask the push service. Raises nothing that it may cause."""
    session = Session(allow_private=settings.PRIVATE_HOSTS_ALLOWED, timeout=settings.NETWORK_TIMEOUT)
    headers = {
        "Authorization": letter.authorization,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT_SECONDS),
        "Urgency": "normal",
    }
    try:
        answer = await session.request("POST", letter.endpoint, content=letter.body, headers=headers, max_bytes=64_000)
    except HostRefused as refused:
        return Outcome(problem=refused.problem)
    except TransportError as error:
        return Outcome(problem=error.problem, again=0.0)
    return judge(answer)


def judge(answer: Response) -> Outcome:
    """What an answer means (RFC 8030, sections 5 and 7; 404 and 410: the subscription is over)."""
    if answer.ok:
        return Outcome(arrived=True)
    if answer.status in (404, 410):
        return Outcome(gone=True)
    problem = Problem(
        code="push_refused",
        message=gettext_noop("%(host)s did not take the notice (status %(status)s)."),
        fix=gettext_noop("Switch notices off and on again on the device if that stays so."),
        params={"host": urlsplit(answer.url).hostname or "", "status": answer.status},
    )
    if answer.status == 429 or answer.status >= 500:
        return Outcome(problem=problem, again=min(parse_retry_after(answer, now()) or 0.0, LONGEST_PAUSE))
    return Outcome(problem=problem)


def keep_outcome(device_id: UUID, outcome: Outcome) -> None:
    """For the page; a device whose subscription is over goes."""
    rows = Device.objects.filter(id=device_id)
    if outcome.gone:
        rows.delete()
    elif outcome.arrived:
        rows.update(succeeded_at=now(), problem=None)
    else:
        rows.update(failed_at=now(), problem=render_problem(outcome.problem) if outcome.problem else None)
