"""Where an installation's database stands, so that a copy that is started elsewhere is noticed before it sends.

A server's own identifier goes along with a copy of its files, and the folder of the embedded server does not; an outer
server is shared by many machines, and a dump that is loaded into another one meets another identifier.
"""

import hashlib
from pathlib import Path

from django.db import connection

MACHINE = Path("/etc/machine-id")


def find_place(embedded_in: Path | None) -> str:
    """A fingerprint of the place. `embedded_in` is the data folder when the embedded server runs in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier::text, current_database() FROM pg_control_system()")
        server, database = cursor.fetchone()
    parts = [server, database]
    if embedded_in is not None:
        parts.append(str(embedded_in.resolve()))
        if MACHINE.exists():
            parts.append(MACHINE.read_text().strip())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
