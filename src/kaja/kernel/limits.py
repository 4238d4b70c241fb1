"""How often somebody may do something: counted in the database, so that every process and host counts together.

A limit is a bucket that refills: `tries` at once, all of them back after `seconds`. Only one moment of it is kept, the
one until which its tries are used (the "generic cell rate algorithm" of ATM networks, ITU-T I.371, annex A), so taking
a try is one statement, and two takers cannot both get the last one. A key (an address, a person, a token) is stored
as a keyed hash: the table tells nobody who tried.

Take outside of any transaction: inside one, the count would be lost with it, and others would wait for its end.
"""

import math
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac


@dataclass(frozen=True)
class Limit:
    """`tries` at once; used ones come back evenly within `seconds`."""

    purpose: str
    tries: int
    seconds: float

    @property
    def step(self) -> float:
        """Seconds after which one try comes back."""
        return self.seconds / self.tries


Asked = tuple[Limit, str]
"""A limit and whose bucket it is taken from."""

_TAKE = """
WITH asked AS (SELECT * FROM unnest(%s::bytea[], %s::text[], %s::float8[], %s::float8[]) AS a (id, purpose, step, room))
INSERT INTO kernel_bucket AS kept (id, purpose, used_until, room)
SELECT id, purpose, statement_timestamp() + step * interval '1 second', room * interval '1 second'
FROM asked ORDER BY id
ON CONFLICT (id) DO UPDATE
SET used_until = greatest(kept.used_until, statement_timestamp()) + (EXCLUDED.used_until - statement_timestamp()),
    room = EXCLUDED.room
WHERE greatest(kept.used_until, statement_timestamp()) + (EXCLUDED.used_until - statement_timestamp())
    <= statement_timestamp() + EXCLUDED.room
RETURNING id
"""
_GIVE_BACK = "UPDATE kernel_bucket SET used_until = used_until - %s * interval '1 second' WHERE id = ANY(%s)"
_WAIT = """
SELECT greatest(0, extract(epoch FROM used_until - statement_timestamp()) + %s - %s)::float8
FROM kernel_bucket WHERE id = %s
"""


def take(*asked: Asked) -> float:
    """Take one try from each bucket. 0 when all had one; else the seconds until they have, and nothing is taken."""
    keys = [_hash(limit, key) for limit, key in asked]
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE,
            [
                keys,
                [limit.purpose for limit, _ in asked],
                [limit.step for limit, _ in asked],
                [limit.seconds for limit, _ in asked],
            ],
        )
        taken = {bytes(row[0]) for row in cursor.fetchall()}
        refused = [(key, limit) for key, (limit, _) in zip(keys, asked, strict=True) if key not in taken]
        if not refused:
            return 0.0
        waits = []
        for key, limit in refused:
            cursor.execute(_WAIT, [limit.step, limit.seconds, key])
            row = cursor.fetchone()
            waits.append(float(row[0]) if row else limit.step)
    return_tries(*[each for key, each in zip(keys, asked, strict=True) if key in taken])
    return max(1.0, *waits)


def return_tries(*asked: Asked) -> None:
    """Return tries that need not count: the password was right."""
    with connection.cursor() as cursor:
        for limit, key in asked:
            cursor.execute(_GIVE_BACK, [limit.step, [_hash(limit, key)]])


def forget(*asked: Asked) -> None:
    """Empty buckets: what they counted is settled otherwise."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_bucket WHERE id = ANY(%s)", [[_hash(limit, key) for limit, key in asked]])


def sweep() -> int:
    """Remove buckets that are full again; gives their number."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_bucket WHERE used_until < statement_timestamp()")
        return int(cursor.rowcount)


def count_seconds(wait: float) -> int:
    """What `Retry-After` says (RFC 9110, section 10.2.3): whole seconds, never too early."""
    return max(1, math.ceil(wait))


def _hash(limit: Limit, key: str) -> bytes:
    return salted_hmac(f"kaja.limit.{limit.purpose}", key, algorithm="sha256").digest()


def network_of(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 of an IPv6 one, of which a household has all."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(IPv6Network((found, 64), strict=False).network_address)
    return str(found)


def caller_of(request: HttpRequest) -> str:
    """Who calls, as far as limits go. The web server has put a trusted proxy's word in place of the peer already."""
    return network_of(str(request.META.get("REMOTE_ADDR") or ""))
