"""Reading what is known of people. Inside the workspace's scope."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from kaja.inbox.leads.files import describe_lead
from kaja.inbox.leads.queries import list_leads_of
from kaja.inbox.models import Conversation, Handle, Message, MessageVersion, Person, PrivateSending, Reaction
from kaja.inbox.people.actions import GONE
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound
from kaja.reading.models import Item


def get_person(person_id: UUID) -> Person:
    """With the handles fetched. Somebody who was joined to another is that other. Raises NotFound."""
    rows = Person.objects.prefetch_related("handles")
    person = rows.filter(id=person_id).first()
    if person is not None and person.joined_to_id is not None:
        person = rows.filter(id=person.joined_to_id).first()
    if person is None:
        raise NotFound(GONE)
    return person


def list_people(text: str = "") -> QuerySet[Person]:
    """Whoever said something and is not joined to another, the newest first; where `text` is given everybody with it in
    their names, also who only liked or follows."""
    rows = Person.objects.filter(joined_to=None).prefetch_related("handles").order_by("-created_at", "-id")
    if not text:
        return rows.filter(spoke=True)
    named = Handle.objects.filter(name__icontains=text) | Handle.objects.filter(handle__icontains=text)
    return rows.filter(name__icontains=text) | rows.filter(id__in=named.values("person_id"))


def page_people(text: str = "", cursor: str = "", limit: int = PAGE) -> Page[Person]:
    """The same in pages. Raises Refused for a cursor that is none."""
    return cut_page(list_people(text), ("-created_at", "-id"), cursor, limit)


def list_joined(person_id: UUID) -> list[Person]:
    """Who was joined to somebody, with what they were called."""
    return list(Person.objects.filter(joined_to_id=person_id).prefetch_related("handles").order_by("created_at", "id"))


def export_person(person_id: UUID) -> dict[str, Any]:
    """Everything that is kept about somebody, in JSON values: what they may ask for, and what is handed over."""
    person = get_person(person_id)
    handles = list(person.handles.all())
    ids = [handle.id for handle in handles]
    messages = list(Message.objects.filter(handle_id__in=ids).select_related("channel").order_by("at", "id"))
    earlier: dict[UUID, list[dict[str, Any]]] = {}
    for version in MessageVersion.objects.filter(message_id__in=[each.id for each in messages]).order_by("until"):
        earlier.setdefault(version.message_id, []).append(
            {"text": version.text, "media": version.media, "until": version.until.isoformat()}
        )
    talks = Conversation.objects.filter(id__in={each.conversation_id for each in messages}).order_by("created_at")
    # The same id on another network is somebody else: nothing of theirs is handed over.
    theirs = Q(pk=None)
    for network in sorted({handle.network for handle in handles}):
        authors = [handle.remote_id for handle in handles if handle.network == network]
        theirs |= Q(channel__network=network, content__author__id__in=authors)
    items = Item.objects.filter(theirs)
    return {
        "person": {
            "id": str(person.id),
            "name": person.name,
            "notes": person.notes,
            "labels": person.labels,
            "consent": person.consent,
            "consent_note": person.consent_note,
            "consent_at": person.consent_at and person.consent_at.isoformat(),
            "known_since": person.created_at.isoformat(),
        },
        "handles": [
            {
                "network": handle.network,
                "id": handle.remote_id,
                "handle": handle.handle,
                "name": handle.name,
                "url": handle.url,
                "avatar": handle.avatar,
                "first_at": handle.first_at.isoformat(),
                "seen_at": handle.seen_at.isoformat(),
            }
            for handle in handles
        ],
        "private_replies": [
            {
                "name": sending.reply_name,
                "text": sending.text,
                "public": sending.public_text,
                "state": sending.state,
                "at": sending.at.isoformat(),
                "sent_at": sending.sent_at and sending.sent_at.isoformat(),
            }
            for sending in PrivateSending.objects.filter(handle_id__in=ids).order_by("at", "id")
        ],
        "conversations": [
            {"id": str(talk.id), "kind": talk.kind, "state": talk.state, "post": talk.post_url, "url": talk.thread}
            for talk in talks
        ],
        "messages": [
            {
                "conversation": str(each.conversation_id),
                "channel": str(each.channel),
                "kind": each.kind,
                "at": each.at.isoformat(),
                "text": each.text,
                "media": each.media,
                "rating": each.rating,
                "url": each.url,
                "state": each.state,
                "earlier": earlier.get(each.id, []),
            }
            for each in messages
        ],
        "reactions": [
            {
                "channel": str(each.channel),
                "kind": each.kind,
                "post": each.post_ref,
                "url": each.url,
                "at": each.at.isoformat(),
                "taken_back_at": each.gone_at and each.gone_at.isoformat(),
            }
            for each in Reaction.objects.filter(handle_id__in=ids).select_related("channel").order_by("at", "id")
        ],
        "handed_over": [describe_lead(lead) for lead in list_leads_of(person.id)],
        "as_read": [item.content for item in items.order_by("at", "id")],
    }
