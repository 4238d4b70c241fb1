"""Reading JSON answers: what is not in the agreed form counts as an answer that was lost."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.http import AnswerLost, Response


def parse_time(value: Any) -> datetime | None:
    """An ISO 8601 time, aware (UTC where it does not say); None when it is missing or odd."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_server_time(answer: Response) -> datetime:
    """The server's own clock, so that no comparison mixes two clocks; ours when it names none."""
    try:
        moment = parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_mapping(value: Any) -> Mapping[str, Any]:
    """`value` when it is a JSON object, else an empty one: for the parts of an answer that may be missing."""
    return value if isinstance(value, Mapping) else {}


def read_object(answer: Response, *required: str) -> Mapping[str, Any]:
    """The body, an object that has every `required` name with a value. Raises AnswerLost."""
    value = answer.json()
    if not isinstance(value, Mapping) or any(value.get(name) is None for name in required):
        raise _unreadable(answer)
    return value


def read_list(answer: Response) -> list[Mapping[str, Any]]:
    """The body, a list of objects. Raises AnswerLost."""
    value = answer.json()
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise _unreadable(answer)
    return value


def _unreadable(answer: Response) -> AnswerLost:
    return AnswerLost(
        Problem(
            "answer_unreadable",
            gettext_noop("The answer of %(host)s (status %(status)s) is not in the expected form."),
            params={"host": urlsplit(answer.url).hostname or "", "status": answer.status},
        )
    )
