"""Handing somebody over, and taking that back."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kaja.inbox.leads.jobs import plan_mail
from kaja.inbox.models import Consent, Conversation, Lead, Person
from kaja.kernel import ids
from kaja.kernel.clock import now
from kaja.kernel.given import parse_given
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.kernel.tenancy import entered_workspace_id
from kaja.outgoing.events import LeadChanged
from kaja.outgoing.telling import tell
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.once import find_made, insert_once

GONE = Problem(
    code="lead_not_found",
    message=gettext_noop("Nobody was handed over by this address."),
    fix=gettext_noop("Load the page again."),
)
INVALID = Problem(
    code="lead_invalid",
    message=gettext_noop("This cannot be handed over as it is."),
    fix=gettext_noop("Look at the field “%(field)s”."),
)
NO_PERSON = Problem(
    code="person_not_found",
    message=gettext_noop("There is no such person in this workspace."),
    fix=gettext_noop("Load the page again."),
)
UNASKED = Problem(
    code="lead_without_consent",
    message=gettext_noop("Nobody is handed over without their consent."),
    field="consent",
    fix=gettext_noop("Ask them first, then confirm it here."),
)
WITHDRAWN = Problem(
    code="lead_consent_withdrawn",
    message=gettext_noop("This person withdrew their consent."),
    field="consent",
    fix=gettext_noop("Ask them again, and note the new consent on their page first."),
)


class LeadForm(BaseModel):
    """What is handed over, to whom, and that they agreed."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    what: Annotated[str, Field(min_length=1, max_length=200)]
    to_name: Annotated[str, Field(min_length=1, max_length=200)]
    to_email: Annotated[str, Field(max_length=254)] = ""
    note: Annotated[str, Field(max_length=5_000)] = ""
    consent: bool = False

    @field_validator("to_email")
    @classmethod
    def _check_email(cls, address: str) -> str:
        if address:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValueError("no address") from error
        return address


def parse_lead(given: Mapping[str, Any]) -> LeadForm:
    """Raises Refused, which says what is wrong."""
    form = parse_given(LeadForm, given, INVALID.at)
    if not form.consent:
        raise Refused(UNASKED)
    return form


def contact_of(person: Person) -> dict[str, Any]:
    """Who they are now: their name as the team or the network says, and their accounts."""
    handles = list(person.handles.order_by("first_at", "id"))
    name = person.name or next((each.name or each.handle for each in handles if each.name or each.handle), "")
    accounts = [
        {"network": each.network, "handle": each.handle, "name": each.name, "url": each.url} for each in handles
    ]
    return {"name": name, "accounts": accounts}


@transaction.atomic
def hand_over(
    actor: Actor,
    person_id: UUID,
    form: LeadForm,
    *,
    conversation_id: UUID | None = None,
    new_id: UUID | None = None,
) -> Lead:
    """Write down that somebody is handed over; an e-mail goes out where there is an address and a mail server. The same
    `new_id` is the same record."""
    policy.require(actor, policy.Permission.ANSWER)
    if (made := find_made(Lead, new_id)) is not None:
        return made
    person = lock(Person.objects.filter(id=person_id, joined_to=None)).first()
    if person is None:
        raise NotFound(NO_PERSON)
    if person.consent == Consent.WITHDRAWN:
        raise Refused(WITHDRAWN)
    talk = Conversation.objects.filter(id=conversation_id, handle__person=person).first() if conversation_id else None
    lead = Lead(
        id=new_id or ids.new_id(), workspace_id=entered_workspace_id(), person=person, conversation=talk,
        what=form.what, note=form.note, contact=contact_of(person), to_name=form.to_name, to_email=form.to_email,
        handed_by_id=actor.user_id, handed_at=now(),
    )  # fmt: skip
    if (kept := insert_once(lead)) is not lead:
        return kept
    # Who it is stands in the record alone: from the log it could not be forgotten.
    audit.record(actor, "lead.hand_over", lead, {}, {"to": form.to_name, "consent": True})
    _tell(lead)
    return lead


@transaction.atomic
def take_back(actor: Actor, lead_id: UUID) -> Lead:
    """The record stays and says so; who had got an e-mail gets another. Doing it again changes nothing."""
    policy.require(actor, policy.Permission.ANSWER)
    lead = lock(Lead.objects.filter(id=lead_id)).first()
    if lead is None:
        raise NotFound(GONE)
    if lead.taken_back_at is None:
        lead.taken_back_at, lead.taken_back_by_id = now(), actor.user_id
        lead.save(update_fields=["taken_back_at", "taken_back_by"])
        audit.record(actor, "lead.take_back", lead, {}, {"to": lead.to_name})
        _tell(lead)
    return lead


def _tell(lead: Lead) -> None:
    """Programs outside, and whom it went to."""
    at = lead.taken_back_at or lead.handed_at
    changed = LeadChanged(
        lead=lead.id, person=lead.person_id, conversation=lead.conversation_id,
        state="taken_back" if lead.taken_back_at else "handed_over", at=at,
    )  # fmt: skip
    tell("lead.changed", [changed])
    plan_mail(lead)
