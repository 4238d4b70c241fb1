"""What stands beside the conversations of a hostile world: crisis, quality, leads, webhooks, devices, channels; and why
the other pages are not walked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from kaja.channels.models import Channel
from kaja.crisis.models import AffectedConversation, Crisis, LogLine, Statement
from kaja.delivery.models import Inventory
from kaja.inbox.leads.actions import contact_of
from kaja.inbox.models import Lead, Message, Person, PrivateReply, PrivateSending, QualityCard, QualitySample
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.outgoing.models import Endpoint, OutgoingEvent, Sending, SendingTry
from kaja.push.models import Device
from kaja.workspaces.models import Workspace
from tests.people import member_of
from tests.web.inbox.hostile import stored_text

if TYPE_CHECKING:
    from tests.web.inbox.hostile_world import World

MOST = 100
OF_THE_TEAM = "what the team writes, chooses or counts"
NOT_WALKED = {
    **dict.fromkeys(
        (
            "onboarding:channel", "onboarding:steps", "settings:workspace", "settings:profile", "settings:members",
            "settings:security", "settings:tokens", "settings:webhooks", "settings:new_webhook", "settings:networks",
            "settings:network", "settings:running", "crisis:start", "calendar:index", "groups:campaigns",
            "groups:campaign", "groups:labels", "composer:new", "composer:edit", "composer:history", "composer:version",
            "ideas:board", "media:library", "post:bin", "post:page", "inbox:saved", "inboxdesk:keeping",
            "inboxdesk:targets", "inboxdesk:new_target", "inboxdesk:target", "inboxdesk:new_rule",
            "inboxdesk:new_private",
        ),
        OF_THE_TEAM,
    ),
    **dict.fromkeys(
        (
            "channels:connect", "channels:connect_network", "channels:choose", "channels:reconnect",
            "channels:callback",
        ),
        "what a network asks for or says while it is connected: tests/channels and tests/web/test_consent_pages.py",
    ),
    **dict.fromkeys(("workspace", "crisis:now"), "leads on to another page"),
    **dict.fromkeys(("calendar:free", "calendar:next_slot", "counts", "inbox:views"), "moments, numbers and own names"),
    "live": "names of topics, and rows as inbox:rows draws them",
    **dict.fromkeys(
        ("inbox:channel_face", "inbox:face", "inbox:picture", "media:file", "media:thumbnail"),
        "pictures: tests/web/inbox/test_pictures.py and tests/media",
    ),
    **dict.fromkeys(
        ("inboxdesk:export_person", "inboxdesk:lead_files", "inboxdesk:lead_file"),
        "files that are downloaded: read whole below, and in tests/inbox/leads",
    ),
    **dict.fromkeys(("needs_you:journal", "post:journal"), "fragments of deliveries, with a problem's words"),
    "inbox:saved_for": "fragments of saved replies, which the team writes",
}  # fmt: skip
"""Pages that show nothing of anybody outside, or are tried elsewhere. A page that is neither here nor walked fails."""


def fill_beside(world: "World") -> dict[str, str]:
    """Rows that hold what is said outside; gives ids by what they are."""
    moment, workspace = now(), world.workspace
    some = world.singles[:: max(1, len(world.singles) // MOST)]
    words = [stored_text(text) for text in world.texts[:: max(1, len(world.texts) // MOST)]]
    monday = moment.date() - timedelta(days=moment.weekday() + 7)
    with workspace_scope(workspace.id):
        me = member_of(workspace)
        crisis = Crisis.objects.create(name="Fire", began_at=moment, approvers=[str(me.user_id)])
        AffectedConversation.objects.bulk_create(
            AffectedConversation(workspace=workspace, crisis=crisis, conversation_id=talk, is_in=True, at=moment)
            for _, talk in some
        )
        LogLine.objects.bulk_create(
            LogLine(workspace=workspace, crisis=crisis, at=moment, name=each[:150], what="decision", text=each)
            for each in words
        )
        Statement.objects.create(
            crisis=crisis, title="Sorry", texts={"en": words[0]}, written_at=moment, approved_at=moment
        )
        sample = QualitySample.objects.create(week=monday, size=1, seed="x")
        cards = QualityCard.objects.bulk_create(
            QualityCard(workspace=workspace, sample=sample, conversation_id=talk, note=each)
            for (_, talk), each in zip(some, words, strict=False)
        )
        people = list(Person.objects.filter(handles__isnull=False).distinct().order_by("id")[:MOST])
        leads = Lead.objects.bulk_create(
            Lead(
                workspace=workspace, person=person, contact=contact_of(person), what=each[:200], note=each,
                to_name=each[:200] or "x", handed_at=moment,
            )
            for person, each in zip(people, words, strict=False)
        )  # fmt: skip
        private = PrivateReply.objects.create(
            name="Price", wanted={"channel_ids": [], "publication_ids": [], "words": ["x"], "pattern": ""},
            said={"public": [], "text": "x"},
            limits={"pause_least": 1, "pause_most": 2, "daily": 3, "target": None},
        )  # fmt: skip
        asked = Message.objects.filter(id__in=[message for message, _ in some]).select_related("handle")
        PrivateSending.objects.bulk_create(
            PrivateSending(
                workspace=workspace, reply=private, reply_name="Price", channel_id=each.channel_id, handle=each.handle,
                person_id=person_id, message=each, conversation_id=each.conversation_id, text=each.text,
                public_text=each.text, state="sent", open=False, sent_at=moment, at=moment,
            )
            for person_id, each in {each.handle.person_id: each for each in asked if each.handle}.items()
        )  # fmt: skip
        endpoint = Endpoint.objects.create(name="Shop", address="https://shop.test/", kinds=[], secret=b"x")
        events = OutgoingEvent.objects.bulk_create(
            OutgoingEvent(workspace=workspace, kind="post.failed", body="{}", at=moment) for _ in words
        )
        sendings = Sending.objects.bulk_create(
            Sending(workspace=workspace, endpoint=endpoint, event=event, state="failed", tries=1) for event in events
        )
        SendingTry.objects.bulk_create(
            SendingTry(workspace=workspace, sending=sending, at=moment, seconds=0.1, status=500, answer=each[:1000])
            for sending, each in zip(sendings, words, strict=True)
        )
        strangers = [{"url": each[:500], "text": each, "at": None} for each in words]
        Inventory.objects.create(channel=world.single, looked_at=moment, strangers=strangers)
    Device.objects.bulk_create(
        Device(
            user_id=me.user_id, session="s", agent=each[:300], endpoint_hash=f"{workspace.slug} {nr}".encode(),
            host=each[:255], sealed=b"x", created_at=moment,
        )
        for nr, each in enumerate(words)
    )  # fmt: skip
    return {
        "private": str(private.id),
        "crisis": str(crisis.id), "card": str(cards[0].id), "lead": str(leads[0].id), "endpoint": str(endpoint.id),
    }  # fmt: skip


def list_beside(world: "World") -> Iterator[tuple[str, list[str]]]:
    """The pages of them, by what they are."""
    ids, desk, at = world.beside, world.desk, f"/w/{world.workspace.slug}/"
    crisis = f"{at}crisis/{ids['crisis']}/"
    yield "crisis", [world.get(f"{at}crisis/"), world.get(crisis), world.get(f"{crisis}end")]
    yield "crisis posts", [world.get(f"{crisis}posts/"), world.get(f"{crisis}statements/")]
    yield "crisis talks", world.walk(f"{crisis}conversations/")
    yield "activity", [world.get(f"{desk}activity/")]
    yield "quality", world.walk(f"{desk}quality/")
    yield "card", [world.get(f"{desk}quality/{ids['card']}/")]
    yield "leads", world.walk(f"{desk}leads/")
    with workspace_scope(world.workspace.id):
        lead = Lead.objects.get(id=ids["lead"])
    yield "lead", [world.get(f"{desk}leads/{lead.id}/"), world.get(f"{desk}people/{lead.person_id}/hand-over")]
    yield "private", [world.get(f"{desk}private/"), world.get(f"{desk}private/{ids['private']}/")]
    yield "sendings", world.walk(f"{desk}private/log/")
    yield "webhook", world.walk(f"{at}settings/webhooks/{ids['endpoint']}/")
    yield "devices", world.walk(f"{at}settings/devices/")
    yield "channels", [world.get(f"{at}channels/"), world.get(f"{at}channels/{world.single.id}/")]
    yield "palette", [world.get(f"{at}find/?q={quote(word)}") for word in ("a", "img", "script")]
    yield "settling", [_hold(world, f"{at}settle/")]


def _hold(world: "World", address: str) -> str:
    """What networks have that Kaja does not know is shown while a workspace is held."""
    rows = Workspace.objects.filter(id=world.workspace.id)
    with workspace_scope(world.workspace.id):
        rows.update(held_at=now(), held_since=now())
        name = stored_text(world.texts[len(world.texts) // 2])[:100]
        Channel.objects.filter(id=world.single.id).update(name=name, handle=name)
    page = world.get(address)
    with workspace_scope(world.workspace.id):
        rows.update(held_at=None, held_since=None)
    return page
