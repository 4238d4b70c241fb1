"""Who was handed over, as files for other programs. Pure.

Whatever stands in a name or a note is a value there, and never anything else: a spreadsheet computes what begins like a
formula, so such a cell begins with an apostrophe (OWASP, CSV Injection, 2026-11); a line of a vCard ends at a line feed
and its parts at semicolons, so these are escaped (RFC 6350, 3.4).
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from typing import Any

from kaja.inbox.models import Lead

COLUMNS = (
    "id", "state", "handed_over_at", "by", "to", "to_email", "what", "note", "name", "accounts", "taken_back_at",
)  # fmt: skip
_FORMULA = frozenset("=+-@\t\r\n|%")
MAILTO_MOST = 1_800
"""Bytes of an address of a letter that every program takes."""


def describe_lead(lead: Lead) -> dict[str, Any]:
    """As JSON values: what files hold."""
    return {
        "id": str(lead.id),
        "state": "taken_back" if lead.taken_back_at else "handed_over",
        "handed_over_at": lead.handed_at.isoformat(),
        "by": str(lead.handed_by or ""),
        "to": {"name": lead.to_name, "email": lead.to_email},
        "what": lead.what,
        "note": lead.note,
        "consent": True,  # nobody is handed over without
        "contact": lead.contact,
        "person": str(lead.person_id) if lead.person_id else None,
        "conversation": str(lead.conversation_id) if lead.conversation_id else None,
        "taken_back_at": lead.taken_back_at.isoformat() if lead.taken_back_at else None,
    }


def render_json(leads: Iterable[Lead]) -> str:
    """A list of records."""
    return json.dumps([describe_lead(lead) for lead in leads], ensure_ascii=False, indent=2)


def guard_cell(text: str) -> str:
    """A value that no spreadsheet computes."""
    first = unicodedata.normalize("NFKC", text.lstrip(" \u00a0\ufeff\u200b"))[:1]
    return f"'{text}" if first in _FORMULA and first else text


def render_csv(leads: Iterable[Lead]) -> str:
    """A line for each, with names of columns above. UTF-8 with a mark at the beginning, as spreadsheets want it."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for lead in leads:
        told = describe_lead(lead)
        accounts = "\n".join(_account(each) for each in lead.contact.get("accounts", []))
        values = [
            told["id"], told["state"], told["handed_over_at"], told["by"], lead.to_name, lead.to_email, lead.what,
            lead.note, lead.contact.get("name", ""), accounts, told["taken_back_at"] or "",
        ]  # fmt: skip
        writer.writerow([guard_cell(str(value)) for value in values])
    return f"\ufeff{out.getvalue()}"


def _account(account: dict[str, Any]) -> str:
    return " ".join(filter(None, (account.get("network"), account.get("handle"), account.get("url"))))


def render_vcard(lead: Lead) -> str:
    """Who they are, as address books take it (vCard 4.0)."""
    name = lead.contact.get("name") or "…"
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"UID:urn:uuid:{lead.id}", f"FN:{_value(name)}"]
    for account in lead.contact.get("accounts", []):
        kind = "".join(sign for sign in str(account.get("network", "")) if sign.isascii() and sign.isalnum()) or "other"
        if account.get("handle"):
            lines.append(f"X-SOCIALPROFILE;TYPE={kind}:{_value(str(account['handle']))}")
        url = str(account.get("url", ""))
        if url.startswith(("https://", "http://")):
            lines.append(f"URL;TYPE={kind}:{_value(url)}")
    said = "\n".join(filter(None, (lead.what, lead.note)))
    lines += [f"NOTE:{_value(said)}", f"REV:{lead.handed_at:%Y%m%dT%H%M%SZ}", "END:VCARD"]
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _value(text: str) -> str:
    """A text as the value of a property."""
    one = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    one = "\\n".join(one.splitlines())
    return "".join(sign for sign in one if unicodedata.category(sign) != "Cc")


def _fold(line: str) -> str:
    """At most 75 bytes in a line; signs are not cut (RFC 6350, 3.2)."""
    lines, length = [""], 0
    for sign in line:
        width = len(sign.encode("utf-8", "replace"))
        if length + width > 75:
            lines.append(" ")
            length = 1
        lines[-1] += sign
        length += width
    return "\r\n".join(lines)
