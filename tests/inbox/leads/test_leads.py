"""Somebody is handed over to whoever sells: a record, files that other programs read back whole, a letter, the way
back."""

import csv
import io
import json
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import pytest
from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from kaja.channels.models import Channel
from kaja.inbox.leads.actions import contact_of, hand_over, parse_lead, take_back
from kaja.inbox.leads.files import guard_cell, render_csv, render_json, render_vcard
from kaja.inbox.leads.jobs import send_lead
from kaja.inbox.leads.queries import export_leads, list_leads_of
from kaja.inbox.models import Conversation, Handle, Lead, Person
from kaja.inbox.people.actions import erase_person, join_people, parse_person, update_person
from kaja.inbox.people.queries import export_person
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotAllowed, NotFound, Refused
from kaja.networks.kit.reading import Author, Incoming
from kaja.outgoing.actions import create_endpoint
from kaja.outgoing.models import OutgoingEvent
from kaja.reading.streams import take_in
from kaja.workspaces.models import AuditEntry, Role, Workspace
from tests.people import actor, add_member
from tests.web.inbox.hostile import list_vectors, stored_text

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
MARI = Author("mari", "@mari", "Mari Secretova", url="https://x.example/mari")
ASKED = Incoming("1", "comment", MARI, AT, "What do 500 buns cost?", thread="1")
BUNS = {"what": "500 buns a week", "to_name": "Liis", "to_email": "liis@sales.test", "note": "From May on",
        "consent": True}  # fmt: skip


@pytest.fixture
def mari(in_workspace: Workspace) -> Person:
    channel = Channel.objects.create(network="practice", account_id="1", name="Bakery")
    take_in(channel.id, "comments", [ASKED])
    return Person.objects.get()


def told() -> list[tuple[str, str]]:
    """What programs outside are told: which record, and how it stands."""
    bodies = [json.loads(row.body) for row in OutgoingEvent.objects.filter(kind="lead.changed").order_by("at", "id")]
    assert "Secretova" not in json.dumps(bodies)
    return [(body["data"]["lead"], body["data"]["state"]) for body in bodies]


def test_a_record_says_what_to_whom_by_whom_and_who_it_was_then(in_workspace: Workspace, mari: Person) -> None:
    talk = Conversation.objects.get()
    create_endpoint(actor(in_workspace), "Shop", "https://shop.test/hook", ["lead.changed"])
    lead = hand_over(actor(in_workspace), mari.id, parse_lead(BUNS), conversation_id=talk.id)
    assert told() == [(str(lead.id), "handed_over")]
    assert (lead.what, lead.to_name, lead.conversation_id, lead.handed_by_id) == (
        "500 buns a week", "Liis", talk.id, actor(in_workspace).user_id,
    )  # fmt: skip
    assert lead.contact == {
        "name": "Mari Secretova",
        "accounts": [
            {"network": "practice", "handle": "@mari", "name": "Mari Secretova", "url": "https://x.example/mari"}
        ],
    }
    Handle.objects.update(name="Somebody else")
    assert Lead.objects.get().contact["name"] == "Mari Secretova"
    entry = AuditEntry.objects.get(action="lead.hand_over")
    assert "Secretova" not in json.dumps([entry.before, entry.after])


def test_nobody_is_handed_over_without_consent(in_workspace: Workspace, mari: Person) -> None:
    for given in ({**BUNS, "consent": False}, {**BUNS, "what": ""}, {**BUNS, "to_email": "x\r\nBcc: y@z.test"}):
        with pytest.raises(Refused):
            parse_lead(given)
    update_person(actor(in_workspace), mari.id, parse_person({"consent": "withdrawn"}))
    with pytest.raises(Refused) as refused:
        hand_over(actor(in_workspace), mari.id, parse_lead(BUNS))
    assert refused.value.problems[0].code == "lead_consent_withdrawn"
    with pytest.raises(NotFound):
        hand_over(actor(in_workspace), new_id(), parse_lead(BUNS))
    add_member(in_workspace, "eye@acme.test", Role.ANALYST)
    with pytest.raises(NotAllowed):
        hand_over(actor(in_workspace, "eye@acme.test"), mari.id, parse_lead(BUNS))
    assert not Lead.objects.exists()


def test_the_same_form_twice_is_one_record(in_workspace: Workspace, mari: Person) -> None:
    key = new_id()
    made = [hand_over(actor(in_workspace), mari.id, parse_lead(BUNS), new_id=key).id for _ in range(2)]
    assert made == [key, key]
    assert AuditEntry.objects.filter(action="lead.hand_over").count() == 1


def test_it_is_taken_back_once_and_the_record_stays(in_workspace: Workspace, mari: Person) -> None:
    lead = hand_over(actor(in_workspace), mari.id, parse_lead(BUNS))
    create_endpoint(actor(in_workspace), "Shop", "https://shop.test/hook", ["lead.changed"])
    first = take_back(actor(in_workspace), lead.id)
    again = take_back(actor(in_workspace), lead.id)
    assert first.taken_back_at == again.taken_back_at is not None
    assert told() == [(str(lead.id), "taken_back")]
    assert AuditEntry.objects.filter(action="lead.take_back").count() == 1
    assert json.loads(render_json([again]))[0]["state"] == "taken_back"
    with pytest.raises(NotFound):
        take_back(actor(in_workspace), new_id())


def test_letters_go_out_once_and_only_what_went_out_is_taken_back(
    in_workspace: Workspace, mari: Person, settings: Any
) -> None:
    me = actor(in_workspace)
    lead = hand_over(me, mari.id, parse_lead(BUNS))
    assert not ProcrastinateJob.objects.filter(task_name="inbox.mail_lead").exists()
    settings.EMAIL_HOST, settings.EMAIL_BACKEND = "127.0.0.1", "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    lead = hand_over(me, mari.id, parse_lead({**BUNS, "what": "a\nb =1+1"}))
    assert ProcrastinateJob.objects.filter(task_name="inbox.mail_lead").count() == 1
    assert [send_lead(in_workspace.id, lead.id, taken_back=False) for _ in range(2)] == [True, False]
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["liis@sales.test"], "Acme hands over: a b =1+1")
    letter: Any = message_from_bytes(sent.message().as_bytes())
    body, card = letter.get_payload()
    assert "Mari Secretova" in body.get_payload(decode=True).decode()
    assert (card.get_content_type(), card.get_filename()) == ("text/vcard", "contact.vcf")
    take_back(me, lead.id)
    assert [send_lead(in_workspace.id, lead.id, taken_back=True) for _ in range(2)] == [True, False]
    assert "Please delete" in mail.outbox[1].body
    # What was taken back before its letter went out is told nobody.
    other = hand_over(me, mari.id, parse_lead(BUNS))
    take_back(me, other.id)
    assert not send_lead(in_workspace.id, other.id, taken_back=False)
    assert not send_lead(in_workspace.id, other.id, taken_back=True)
    assert len(mail.outbox) == 2


def test_who_is_forgotten_is_forgotten_here_and_whoever_got_it_stays_known(
    in_workspace: Workspace, mari: Person
) -> None:
    lead = hand_over(actor(in_workspace), mari.id, parse_lead(BUNS))
    assert export_person(mari.id)["handed_over"][0]["to"] == {"name": "Liis", "email": "liis@sales.test"}
    erase_person(actor(in_workspace), mari.id)
    lead.refresh_from_db()
    assert (lead.what, lead.note, lead.contact, lead.to_name) == ("", "", {}, "Liis")
    assert "FN:…" in render_vcard(lead)


def test_nobody_gets_a_letter_of_whoever_was_forgotten_before_it_went_out(
    in_workspace: Workspace, mari: Person, settings: Any
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_BACKEND = "127.0.0.1", "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    lead = hand_over(actor(in_workspace), mari.id, parse_lead(BUNS))
    erase_person(actor(in_workspace), mari.id)
    assert not send_lead(in_workspace.id, lead.id, taken_back=False)
    assert mail.outbox == []


def test_with_somebody_who_is_joined_come_their_records(in_workspace: Workspace, mari: Person) -> None:
    other = Person.objects.create()
    lead = hand_over(actor(in_workspace), other.id, parse_lead(BUNS))
    join_people(actor(in_workspace), mari.id, other.id)
    assert [each.id for each in list_leads_of(mari.id)] == [lead.id]


def unfold(card: str) -> dict[str, str]:
    lines = card.replace("\r\n ", "").split("\r\n")
    return {name: value for name, _, value in (line.partition(":") for line in lines if line)}


def plain(value: str) -> str:
    """A value of a vCard as a program reads it."""
    out, signs = [], iter(value)
    for sign in signs:
        escaped = next(signs) if sign == "\\" else ""
        out.append({"n": "\n"}.get(escaped, escaped) if escaped else sign)
    return "".join(out)


def test_files_hold_hostile_texts_as_values_and_whole(in_workspace: Workspace, mari: Person) -> None:
    """Every one of the two thousand as name, account, matter and note: no cell is a formula, no line of a vCard is
    theirs, and all three files give back what was said."""
    texts = [stored_text(vector.text, 4_000) for vector in list_vectors()]
    leads = [
        Lead(
            id=new_id(), workspace=in_workspace, handed_at=AT, to_name=text[:200], what=text[:200], note=text,
            contact={
                "name": text[:300], "accounts": [{"network": "practice", "handle": text[:300], "url": text[:900]}],
            },
        )
        for text in texts
    ]  # fmt: skip
    assert [each["note"] for each in json.loads(render_json(leads))] == texts
    rows = list(csv.DictReader(io.StringIO(render_csv(leads).removeprefix("\ufeff"), newline="")))
    assert len(rows) == len(texts)
    for row, text in zip(rows, texts, strict=True):
        for cell in row.values():
            assert cell[:1] not in tuple("=+-@\t\r|%＝＋－＠"), cell
        assert row["note"].removeprefix("'" if guard_cell(text) != text else "") == text
    for lead, text in zip(leads, texts, strict=True):
        card = render_vcard(lead)
        assert max(len(line.encode()) for line in card.split("\r\n")) <= 75
        assert "\n" not in card.replace("\r\n", "")
        found = unfold(card)
        names = [name.partition(";")[0] for name in found]
        assert set(names) <= {"BEGIN", "VERSION", "UID", "FN", "X-SOCIALPROFILE", "URL", "NOTE", "REV", "END"}
        assert [card.count(f"\r\n{name}:") for name in ("FN", "NOTE", "END")] == [1, 1, 1]
        said = "\n".join(filter(None, (text[:200], text)))
        expected = "".join(sign for sign in "\n".join(said.splitlines()) if sign != "\t")
        assert plain(found["NOTE"]) == expected


def test_all_of_them_are_one_file(in_workspace: Workspace, mari: Person) -> None:
    for number in range(3):
        hand_over(actor(in_workspace), mari.id, parse_lead({**BUNS, "what": f"={number}"}))
    rows = list(csv.DictReader(io.StringIO(render_csv(export_leads()).removeprefix("\ufeff"), newline="")))
    assert [row["what"] for row in rows] == ["'=0", "'=1", "'=2"]
    assert contact_of(mari)["name"] == "Mari Secretova"
