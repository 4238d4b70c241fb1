"""Django's PostgreSQL, with a pool that gets over a restart of the database at once.

psycopg_pool tries one idle connection after the other and rests 0, 1, 2, 4 s between those that are dead (3.3,
`_getconn_with_check_loop`): with a handful of them, the first requests after a restart waited for five seconds and were
told that Kaja has too much to do. Where one is dead, all of its time are, so all are looked at together.
"""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

TRIES = 3


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend; `CONN_HEALTH_CHECKS` is off where there is a pool, because the looking is done here."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that lives; raises what the pool raises when there is none within its timeout."""
        connection = super().get_new_connection(conn_params)
        pool = self.pool
        if pool is None:
            return connection
        for _ in range(TRIES):
            try:
                ConnectionPool.check_connection(connection)
            except psycopg.Error:
                pool.putconn(connection)
                pool.check()
                connection = super().get_new_connection(conn_params)
            else:
                break
        return connection
