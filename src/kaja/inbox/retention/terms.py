"""The kinds of things that are kept for a term, each with what of it is over. Inside the workspace's scope.

Without a term a kind is kept for ever, which is how all but one begin; what is held for a court is kept by giving none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from pydantic import BaseModel, ConfigDict, Field

from kaja.delivery.models import OPEN_STATES, Delivery
from kaja.inbox.forms import FINAL
from kaja.inbox.leads.models import Lead
from kaja.inbox.models import Conversation, Handle, Message, MessageState, MessageVersion, Person, Reaction
from kaja.inbox.rules.models import RuleHit
from kaja.kernel.given import parse_given
from kaja.kernel.problems import Problem, gettext_noop
from kaja.workspaces.models import AuditEntry, Workspace

INVALID = Problem(
    code="term_invalid",
    message=gettext_noop("This is no term for which something can be kept."),
    fix=gettext_noop("Give a number of days between 1 and 36,500, or nothing: for ever."),
)
Days = Annotated[int, Field(ge=1, le=36_500)] | None


class Terms(BaseModel):
    """Days for which each kind is kept; None: for ever. The names are those of the workspace's columns without
    `keep_` and `_days`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    messages: Days = None
    versions: Days = None
    deleted: Annotated[int, Field(ge=0, le=36_500)] | None = None
    reactions: Days = None
    people: Days = None
    hits: Days = None
    audit: Days = None


KINDS = tuple(Terms.model_fields)


def parse_terms(given: Mapping[str, Any]) -> Terms:
    """Raises Refused, which says what is wrong."""
    return parse_given(Terms, given, INVALID.at)


def terms_of(workspace: Workspace) -> Terms:
    """As they are set."""
    return Terms(**{kind: getattr(workspace, f"keep_{kind}_days") for kind in KINDS})


def mark_of(terms: Terms) -> str:
    """What was looked at: other terms must be looked at anew."""
    return " ".join(f"{kind}:{days}" for kind, days in terms.model_dump().items())


def find_conversations(before: datetime) -> QuerySet[Conversation]:
    """Those in which nothing was said since; not one for which something of ours is still to go out."""
    ours = Delivery.objects.filter(subject_id=OuterRef("id"), state__in=OPEN_STATES)
    return Conversation.objects.filter(~Exists(ours), last_at__lt=before)


def _find_messages(before: datetime) -> QuerySet[Any]:
    return Message.objects.filter(conversation__in=find_conversations(before))


def find_versions(before: datetime) -> QuerySet[MessageVersion]:
    """Earlier words, by when they were replaced."""
    return MessageVersion.objects.filter(until__lt=before)


def find_deleted(before: datetime) -> QuerySet[Message]:
    """Messages whose author deleted them, with words still."""
    known = Q(form_at=None) | Q(form_at__lt=FINAL)
    return Message.objects.filter(known, state=MessageState.DELETED, deleted_at__lt=before)


def find_people(before: datetime) -> QuerySet[Person]:
    """Nothing that they said or did is left, and the team keeps nothing for which they would be needed: no consent, and
    nobody was told of them; nor of those who are joined to them, who would go too."""
    handles = Handle.objects.filter(person_id=OuterRef("id"))
    here = (
        handles.filter(Exists(Message.objects.filter(handle_id=OuterRef("id"))))
        | handles.filter(Exists(Conversation.objects.filter(handle_id=OuterRef("id"))))
        | handles.filter(Exists(Reaction.objects.filter(handle_id=OuterRef("id"))))
        | handles.filter(seen_at__gte=before)
    )
    told = Lead.objects.filter(Q(person_id=OuterRef("id")) | Q(person__joined_to_id=OuterRef("id")))
    agreed = Person.objects.filter(joined_to_id=OuterRef("id")).exclude(consent="")
    unneeded = Person.objects.filter(~Exists(here), ~Exists(told), ~Exists(agreed))
    return unneeded.filter(joined_to=None, consent="", created_at__lt=before)


def find_reactions(before: datetime) -> QuerySet[Reaction]:
    """Likes, shares, quotes and followers, by when they did it last."""
    return Reaction.objects.filter(at__lt=before)


def find_hits(before: datetime) -> QuerySet[RuleHit]:
    """Lines of the rules' log."""
    return RuleHit.objects.filter(at__lt=before)


def find_details(before: datetime) -> QuerySet[AuditEntry]:
    """Entries of the audit log with values before and after."""
    return AuditEntry.objects.filter(at__lt=before).exclude(before={}, after={})


@dataclass(frozen=True)
class Kind:
    """One kind: what of it is over. The counts of all of them are what a person sees before a term is set."""

    name: str
    find: Callable[[datetime], QuerySet[Any]]


COUNTED = (
    Kind("messages", _find_messages),
    Kind("versions", find_versions),
    Kind("deleted", find_deleted),
    Kind("reactions", find_reactions),
    Kind("people", find_people),
    Kind("hits", find_hits),
    Kind("audit", find_details),
)


def count_due(terms: Terms, moment: datetime) -> dict[str, int]:
    """How many of each kind these terms would delete now; one statement for each that has a term."""
    counts = {}
    for kind in COUNTED:
        days = getattr(terms, kind.name)
        counts[kind.name] = 0 if days is None else kind.find(moment - timedelta(days=days)).count()
    return counts
