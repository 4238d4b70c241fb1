"""Knowing people, joining those who are the same, and forgetting them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from pydantic import BaseModel, ConfigDict, Field

from kaja.delivery.models import Delivery
from kaja.delivery.queries import path_of_delivery
from kaja.inbox.actions.changing import path_of
from kaja.inbox.acts import ACTING
from kaja.inbox.forms import FINAL
from kaja.inbox.live import tell_conversations
from kaja.inbox.models import (
    Conversation,
    Handle,
    Lead,
    Message,
    MessageAct,
    MessageState,
    MessageVersion,
    Person,
    PrivateSending,
    Reaction,
)
from kaja.kernel.clock import now
from kaja.kernel.given import parse_given
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.reading.forgetting import forget_authors
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Notice

ERASED = "erased:"
"""Before the id of a handle whose account is forgotten."""
GONE = Problem(
    code="person_not_found",
    message=gettext_noop("There is no such person in this workspace."),
    fix=gettext_noop("Load the page again."),
)
INVALID = Problem(
    code="person_invalid",
    message=gettext_noop("This cannot be kept of a person."),
    fix=gettext_noop("Look at the field “%(field)s”."),
)
NOT_JOINED = Problem(
    code="person_not_joined",
    message=gettext_noop("These two are not joined."),
    fix=gettext_noop("Load the page again."),
)
SAME = Problem(
    code="person_is_same",
    message=gettext_noop("This is the same person already."),
    fix=gettext_noop("Choose another one."),
)


class PersonForm(BaseModel):
    """What the team knows of somebody, as it is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Annotated[str, Field(max_length=200)] = ""
    notes: Annotated[str, Field(max_length=20_000)] = ""
    labels: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=50)] = ()
    consent: Literal["", "given", "withdrawn"] = ""
    consent_note: Annotated[str, Field(max_length=300)] = ""


def parse_person(given: Mapping[str, Any]) -> PersonForm:
    """Raises Refused, which says what is wrong."""
    return parse_given(PersonForm, given, INVALID.at)


@transaction.atomic
def update_person(actor: Actor, person_id: UUID, form: PersonForm) -> Person:
    """Write down what is known. A consent bears the moment at which it changed."""
    policy.require(actor, policy.Permission.ANSWER)
    person = _lock(person_id)
    values = form.model_dump(mode="json")
    before = {name: getattr(person, name) for name in values}
    if before == values:
        return person
    for name, value in values.items():
        setattr(person, name, value)
    if before["consent"] != form.consent:
        person.consent_at = now() if form.consent else None
    person.save()
    # What was known of somebody is not kept in the log: it could not be forgotten there.
    changed = sorted(name for name in values if before[name] != values[name])
    audit.record(actor, "person.update", person, {}, {"changed": changed})
    return person


@transaction.atomic
def join_people(actor: Actor, person_id: UUID, other_id: UUID) -> Person:
    """The two are one: the handles of the other are the first one's from now on. `part_people` undoes it."""
    policy.require(actor, policy.Permission.ANSWER)
    if person_id == other_id:
        raise Refused(SAME)
    people = {row.id: row for row in lock(Person.objects.filter(id__in=[person_id, other_id], joined_to=None))}
    if len(people) < 2:
        raise NotFound(GONE)
    person, other = people[person_id], people[other_id]
    moved = list(lock(Handle.objects.filter(person=other)))
    other.joined_to = person
    other.joined_handles = [str(handle.id) for handle in moved]
    other.save(update_fields=["joined_to", "joined_handles"])
    if other.spoke and not person.spoke:
        person.spoke = True
        person.save(update_fields=["spoke"])
    Handle.objects.filter(id__in=[handle.id for handle in moved]).update(person=person)
    audit.record(actor, "person.join", person, {}, {"with": str(other.id)})
    return person


@transaction.atomic
def part_people(actor: Actor, person_id: UUID, other_id: UUID) -> Person:
    """Undo a join: the other gets back the handles that came with it, as far as they are still here."""
    policy.require(actor, policy.Permission.ANSWER)
    other = lock(Person.objects.filter(id=other_id, joined_to_id=person_id)).first()
    if other is None:
        raise NotFound(NOT_JOINED)
    handles = [UUID(each) for each in other.joined_handles]
    Handle.objects.filter(id__in=handles, person_id=person_id).update(person=other)
    other.joined_to, other.joined_handles = None, []
    other.save(update_fields=["joined_to", "joined_handles"])
    audit.record(actor, "person.part", other, {"with": str(person_id)}, {})
    return other


@transaction.atomic
def erase_person(actor: Actor, person_id: UUID) -> int:
    """Forget everything of somebody, and take nothing of them in again; gives the number of messages that were blanked.

    Their messages stay as deleted ones without words, so that our answers still have something to stand under; what
    they liked and followed goes; their handles lose every name. What we wrote ourselves stays: it may name them.
    """
    policy.require(actor, policy.Permission.MANAGE)
    _lock(person_id)
    people = [row.id for row in lock(Person.objects.filter(Q(id=person_id) | Q(joined_to_id=person_id)))]
    handles = list(Handle.objects.filter(person_id__in=people))
    ids = [handle.id for handle in handles]
    theirs = Q(handle_id__in=ids) | Q(id__in=Message.objects.filter(handle_id__in=ids).values("conversation_id"))
    talks = list(lock(Conversation.objects.filter(theirs)))
    messages = Message.objects.filter(handle_id__in=ids)
    Reaction.objects.filter(handle_id__in=ids).delete()
    MessageVersion.objects.filter(message__in=messages).delete()
    blanked = messages.update(
        text="", media=[], url="", data={}, language="", rating=None, state=MessageState.DELETED, form_at=FINAL,
        deleted_at=now(),
    )  # fmt: skip
    for network in sorted({handle.network for handle in handles}):
        forget_authors(network, [handle.remote_id for handle in handles if handle.network == network])
    for handle in handles:
        handle.remote_id, handle.handle, handle.name, handle.url, handle.avatar = f"{ERASED}{handle.id}", "", "", "", ""
    Handle.objects.bulk_update(handles, ["remote_id", "handle", "name", "url", "avatar"])
    Person.objects.filter(id__in=people).update(
        name="", notes="", labels=[], consent="", consent_note="", consent_at=None
    )
    # To whom they were handed over stays, for those have to be told.
    Lead.objects.filter(person_id__in=people).update(what="", note="", contact={})
    for talk in talks:
        talk.excerpt = ""
    Conversation.objects.bulk_update(talks, ["excerpt"])
    _forget_notices(talks, messages)
    # What waits is found to be about a deleted comment before it is sent; what was said bears their name.
    PrivateSending.objects.filter(handle_id__in=ids).update(text="", public_text="", answer={})
    audit.record(actor, "person.erase", Person(id=person_id), {}, {"messages": blanked})
    tell_conversations([talk.id for talk in talks])
    return blanked


def _forget_notices(talks: Sequence[Conversation], messages: QuerySet[Message]) -> None:
    """They were told in the words of whoever is forgotten: of their conversations, and of what was to be done to what
    they wrote."""
    acts = MessageAct.objects.filter(message__in=messages)
    deliveries = Delivery.objects.filter(source_kind=ACTING, source_id__in=acts.values("id"))
    paths = [path_of_delivery(each) for each in deliveries.values_list("id", flat=True)]
    private = PrivateSending.objects.filter(message__in=messages)
    for pair in private.values_list("delivery_id", "public_delivery_id"):
        paths += [path_of_delivery(each) for each in pair if each is not None]
    Notice.objects.filter(path__in=[*map(path_of, talks), *paths]).delete()


def _lock(person_id: UUID) -> Person:
    person = lock(Person.objects.filter(id=person_id, joined_to=None)).first()
    if person is None:
        raise NotFound(GONE)
    return person
