"""What a person or a program sees when something under Kaja has failed: never a bare 500, never a traceback."""

import errno
import logging
import re
import socket
import sys
from enum import StrEnum

import psycopg
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext, gettext_noop
from psycopg_pool import PoolTimeout

from kaja.kernel.ids import new_id

logger = logging.getLogger("kaja.outage")
RETRY_SECONDS = 5
SECRET = re.compile("pass|secret|token|code|key", re.IGNORECASE)
"""Names of fields that are never written into a page."""
FORM_TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - a name


class Outage(StrEnum):
    """What failed, as far as it is known."""

    DATABASE = "database"
    BUSY = "busy"
    DISK = "disk"
    MET = "met"
    UNKNOWN = "unknown"


TITLES = {
    Outage.DATABASE: gettext_noop("The database does not answer"),
    Outage.BUSY: gettext_noop("Kaja has too much to do at the moment"),
    Outage.DISK: gettext_noop("The disk is full"),
    Outage.MET: gettext_noop("Somebody did the same at the same moment"),
    Outage.UNKNOWN: gettext_noop("Something went wrong here"),
}


def find_outage(error: BaseException | None) -> Outage:
    """What an exception says about the ground that Kaja stands on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return Outage.DISK
        if isinstance(error, PoolTimeout):
            return Outage.BUSY if _database_listens() else Outage.DATABASE
        state = getattr(error, "sqlstate", None)
        if state == "53100":  # disk_full
            return Outage.DISK
        if state == "23505":  # unique_violation
            return Outage.MET
        if state == "25006":  # read_only_sql_transaction: a standby, after a failover
            return Outage.DATABASE
        # No SQLSTATE: the connection itself failed. 08: connection, 57P: shut down, 53300: too many connections.
        if isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)) and (
            isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) or error.__cause__ is None
        ):
            if state is None or state.startswith(("08", "57P")) or state == "53300":
                return Outage.DATABASE
            return Outage.UNKNOWN
        error = error.__cause__ or error.__context__
    return Outage.UNKNOWN


def _database_listens() -> bool:
    """Whether somebody takes calls at the database's address: then all our connections to it are taken."""
    parameters = connection.get_connection_params()
    host, port = str(parameters.get("host") or "localhost"), int(parameters.get("port") or 5432)
    try:
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as own:
                own.settimeout(1)
                own.connect(f"{host}/.s.PGSQL.{port}")
        else:
            socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _find_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """What a form had sent, to be sent again. Nothing when it held a secret, which no page may repeat."""
    if request.method != "POST" or request.content_type != "application/x-www-form-urlencoded":
        return []
    try:
        fields = [(name, value) for name, values in request.POST.lists() for value in values]
    except Exception:  # noqa: BLE001 - whatever ails the request must not take this page away, too
        return []
    return [] if any(SECRET.search(name) for name, _ in fields if name != FORM_TOKEN) else fields


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a page that needs no database, no session and no sign-in."""
    outage = find_outage(sys.exc_info()[1])
    status = {Outage.UNKNOWN: 500, Outage.MET: 409}.get(outage, 503)
    # A person can name it and an operator find it.
    reference = str(new_id())[-12:]
    logger.error("answered %s %s with %s (%s), reference %s", request.method, request.path, status, outage, reference)
    if request.path.startswith("/api/"):
        response: HttpResponse = JsonResponse(
            {
                "type": f"about:blank#{outage}",
                "title": gettext(TITLES[outage]),
                "status": status,
                "detail": gettext("Nothing that was accepted before is lost. Reference: %(reference)s.")
                % {"reference": reference},
                "reference": reference,
            },
            status=status,
            content_type="application/problem+json",
        )
    else:
        # A repeated POST would lose what was typed; only a page that was merely looked at loads itself again.
        retries = status == 503 and request.method == "GET" and "HX-Request" not in request.headers
        context = {
            "outage": outage.value,
            "reference": reference,
            "retry": RETRY_SECONDS if retries else None,
            "was_sending": request.method not in {"GET", "HEAD"},
            "address": request.get_full_path(),
            "fields": _find_fields(request),
        }
        response = HttpResponse(render_to_string("outage.html", context), status=status)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response
