"""Every list of the screen, with none, one and 120 rows: each row on one page, and as many queries for many as for one.

A new list is missed here until somebody says how it is filled.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from kaja.api.models import Token
from kaja.channels.models import Channel, Health
from kaja.content import actions
from kaja.content.actions.groups import save_campaign
from kaja.content.document import Document, PartDocument
from kaja.content.models import Campaign, Label, Post, Variant
from kaja.delivery.models import State, UntoldEvent
from kaja.inbox.models import Conversation, SavedReply
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.models import LoopRecord
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.web.kit.listing import LISTINGS
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import AuditEntry, Invitation, Member, Notice, User, Workspace
from tests.outgoing.world import ENDPOINT, fill_webhook_log, fill_webhooks
from tests.people import actor, browser, member_of
from tests.push.receiving import fill_devices
from tests.web.crisis.lists import CRISIS_LISTS
from tests.web.inbox.conversations import make_channel, make_handle, make_leads
from tests.web.inboxdesk.rows import (
    ALARM,
    PERSON,
    fill_activity,
    fill_alarm_messages,
    fill_alarms,
    fill_asked,
    fill_cards,
    fill_hits,
    fill_people,
    fill_private,
    fill_rules,
    fill_sendings,
    fill_talks_of_one,
    fill_targets,
)

pytestmark = pytest.mark.django_db
MANY = 120
CONTROL = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
DOCUMENT = {"parts": [{"text": "x", "media": []}]}
Fill = Callable[[Workspace, int], object]


def _audit(workspace: Workspace, count: int) -> None:
    AuditEntry.objects.all().delete()
    for n in range(count):
        AuditEntry.objects.create(actor_kind="user", actor_name="M", action="x", target_type="x", target_id=str(n))


def _members(workspace: Workspace, count: int) -> None:
    people = User.objects.bulk_create(User(email=f"m{n}@acme.test", name=f"Mari {n % 7}") for n in range(count - 1))
    with system_scope(SystemPurpose.CREATE_WORKSPACE):
        Member.objects.bulk_create(Member(workspace=workspace, user=each, role="guest") for each in people)


def _invitations(workspace: Workspace, count: int) -> None:
    Invitation.objects.bulk_create(
        Invitation(
            workspace=workspace, email=f"i{n}@acme.test", role="guest", token_hash=str(n).encode(),
            expires_at=clock.now() + timedelta(days=n % 3),
        )
        for n in range(count)
    )  # fmt: skip


def _tokens(workspace: Workspace, count: int) -> None:
    user = member_of(workspace).user
    with workspace_scope(workspace.id):
        Token.objects.bulk_create(
            Token(workspace=workspace, user=user, name=f"t{n}", token_hash=str(n).encode()) for n in range(count)
        )


def _loops(workspace: Workspace, count: int) -> None:
    moment = clock.now()
    LoopRecord.objects.all().delete()
    LoopRecord.objects.bulk_create(
        LoopRecord(key=f"h{n}/x", name="x", host=f"h{n}", updated_at=moment, well_at=moment) for n in range(count)
    )


def _deliveries(workspace: Workspace, count: int) -> list[PostDelivery]:
    channel = Channel.objects.create(network="practice", account_id="c", name="Channel")
    made = []
    for n in range(count):
        due = clock.now() - timedelta(minutes=n // 5)
        post = Post.objects.create(state="scheduled", due_at=due, summary=f"post {n}", document=DOCUMENT)
        variant = Variant.objects.create(post=post, channel=channel)
        made.append(
            PostDelivery.objects.create(
                variant=variant, channel=channel, state=State.FAILED, needs_person=True,
                due_at=due,
            )
        )  # fmt: skip
    return made


def _untold(workspace: Workspace, count: int) -> None:
    for row in _deliveries(workspace, count):
        UntoldEvent.objects.create(delivery=row, event="failed", tries=1, error="x", failed_at=clock.now())


def _broken(workspace: Workspace, count: int) -> None:
    for n in range(count):
        Channel.objects.create(network="practice", account_id=f"c{n}", name=f"C{n}", health=Health.RECONNECT)


def _notices(workspace: Workspace, count: int) -> None:
    member = member_of(workspace)
    with workspace_scope(workspace.id):
        Notice.objects.bulk_create(
            Notice(workspace=workspace, member=member, kind="member.joined", message="x", params={})
            for _ in range(count)
        )


def _campaigns(workspace: Workspace, count: int) -> None:
    Campaign.objects.bulk_create(Campaign(workspace=workspace, name=f"c {n}") for n in range(count))


def _archived(workspace: Workspace, count: int) -> None:
    Campaign.objects.bulk_create(
        Campaign(workspace=workspace, name=f"c {n}", archived_at=clock.now()) for n in range(count)
    )


def _labels(workspace: Workspace, count: int) -> None:
    Label.objects.bulk_create(Label(workspace=workspace, name=f"l {n}") for n in range(count))


def _posts(workspace: Workspace, count: int) -> None:
    made = save_campaign(actor_of_scope(workspace), "Launch", new_id=CAMPAIGN)
    for n in range(count):
        due = clock.now() + timedelta(days=n // 4) if n % 3 else None
        Post.objects.create(state="draft", summary=f"p{n}", campaign=made, due_at=due, document=DOCUMENT)


def _bin(workspace: Workspace, count: int) -> None:
    for n in range(count):
        post = actions.create_post(actor_of_scope(workspace), Document(parts=(PartDocument(text=f"p{n}"),)))
        actions.delete_post(actor_of_scope(workspace), post.id)


def _conversations(workspace: Workspace, count: int) -> None:
    channel = make_channel()
    for n in range(count):
        at = clock.now() - timedelta(minutes=n // 3)
        Conversation.objects.create(
            channel=channel, thread=f"t{n}", kind="comments", last_at=at, handle=make_handle(f"h{n}")
        )


def _replies(workspace: Workspace, count: int) -> None:
    SavedReply.objects.bulk_create(
        SavedReply(workspace=workspace, title=f"r {n}", texts={"en": "x"}) for n in range(count)
    )


_ACTORS: dict[UUID, Actor] = {}


def actor_of_scope(workspace: Workspace) -> Actor:
    return _ACTORS[workspace.id]


@dataclass(frozen=True)
class Place:
    address: str
    fill: Fill
    queries: int
    scoped: bool = True
    paged: bool = True


CAMPAIGN = new_id()
PLACES = {
    "audit": Place("settings/audit/", _audit, 10),
    "members": Place("settings/members/", _members, 10, scoped=False),
    "invitations": Place("settings/members/", _invitations, 10),
    "tokens": Place("settings/tokens/", _tokens, 9, scoped=False),
    "devices": Place("settings/devices/", fill_devices, 16, scoped=False),
    "loops": Place("settings/running/", _loops, 14, paged=False),
    "untold": Place("settings/running/", _untold, 15),
    "waiting": Place("needs-you/", _deliveries, 12),
    "broken": Place("needs-you/", _broken, 11),
    "notices": Place("needs-you/", _notices, 11, scoped=False),
    "campaigns": Place("groups/campaigns/", _campaigns, 12),
    "archived": Place("groups/campaigns/", _archived, 10),
    "labels": Place("groups/labels/", _labels, 9),
    "posts": Place(f"groups/campaigns/{CAMPAIGN}", _posts, 14),
    "conversations": Place("inbox/", _conversations, 13),
    "saved-replies": Place("inbox/saved/", _replies, 10),
    "bin": Place("posts/bin", _bin, 11),
    "rules": Place("inbox/rules/", fill_rules, 10, paged=False),
    "private": Place("inbox/private/", fill_private, 11, paged=False),
    "sendings": Place("inbox/private/log/", fill_sendings, 11),
    "hits": Place("inbox/rules/log/", fill_hits, 10),
    "activity": Place("inbox/activity/", fill_activity, 13),
    "alarms": Place("inbox/alarms/", fill_alarms, 9),
    "alarm-messages": Place(f"inbox/alarms/{ALARM}/", fill_alarm_messages, 10, paged=False),
    "leads": Place("inbox/leads/", make_leads, 9),
    "asked": Place("inbox/report/conversations", fill_asked, 10),
    "quality-cards": Place("inbox/quality/", fill_cards, 13),
    "people": Place("inbox/people/", fill_people, 10),
    "person-conversations": Place(f"inbox/people/{PERSON}/", fill_talks_of_one, 14),
    "targets": Place("settings/answers/", fill_targets, 10, paged=False),
    **{name: Place(address, fill, asked) for name, address, fill, asked in CRISIS_LISTS},
    "webhooks": Place("settings/webhooks/", fill_webhooks, 9),
    "webhook-log": Place(f"settings/webhooks/{ENDPOINT}/", fill_webhook_log, 11),
}


def test_every_list_is_looked_at() -> None:
    get_resolver().url_patterns  # noqa: B018  # the pages bring their lists along
    assert {name for name in LISTINGS if not name.startswith("ui-")} == set(PLACES)


def part_of(html: str, name: str) -> str:
    """The list as it stands on its page, up to the next list."""
    begin = html.index(f'id="{name}" data-listing')
    end = html.find("data-listing", begin + 200)
    return html[begin : end if end > 0 else len(html)]


def fill(workspace: Workspace, place: Place, count: int) -> None:
    _ACTORS[workspace.id] = actor(workspace)
    if place.scoped:
        with workspace_scope(workspace.id):
            place.fill(workspace, count)
    else:
        place.fill(workspace, count)


def walk(client: Client, name: str, address: str) -> Iterator[tuple[list[str], int]]:
    """Keys of the rows and number of queries, page by page."""
    base = f"/w/acme/{address}"
    following = ""
    for _ in range(10):
        with CaptureQueriesContext(connection) as found:
            answer = client.get(base + following)
        assert answer.status_code == 200
        asked = len([each for each in found.captured_queries if not each["sql"].startswith(CONTROL)])
        part = part_of(answer.content.decode(), name)
        yield re.findall(r'data-item="([^"]+)"', part), asked
        link = re.search(r'href="[^"?]*(\?[^"]+)" rel="next"', part)
        if link is None:
            return
        following = link[1].replace("&amp;", "&")
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("name", PLACES)
def test_list_with_many_rows_has_pages_that_cost_what_one_row_costs(workspace: Workspace, name: str) -> None:
    place = PLACES[name]
    fill(workspace, place, MANY)
    client = browser(workspace)
    client.get("/w/acme/needs-you/")  # what a session writes once
    client.get(f"/w/acme/{place.address}")  # what is remembered between pages
    pages = list(walk(client, name, place.address))
    keys = [key for page, _asked in pages for key in page]
    assert len(keys) == len(set(keys)) == MANY
    if place.paged:
        assert [len(page) for page, _asked in pages] == [50, 50, 20]
    assert {asked for _page, asked in pages} == {place.queries}


@pytest.mark.parametrize("name", PLACES)
def test_list_with_one_row_costs_the_same(workspace: Workspace, name: str) -> None:
    place = PLACES[name]
    fill(workspace, place, 1)
    client = browser(workspace)
    client.get("/w/acme/needs-you/")
    client.get(f"/w/acme/{place.address}")
    [(keys, asked)] = walk(client, name, place.address)
    assert (len(keys), asked) == (1, place.queries)


@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if place.paged])
def test_page_mark_that_is_none_of_ours_is_refused(workspace: Workspace, name: str) -> None:
    place, listing = PLACES[name], LISTINGS[name]
    fill(workspace, place, 1)
    answer = browser(workspace).get(f"/w/acme/{place.address}", {listing.cursor: "nonsense"})
    assert answer.status_code == 422
    assert "Begin with the first page again" in answer.content.decode()


@pytest.mark.parametrize("form", ["settings/members/invite/", "groups/campaigns/new"])
def test_page_that_answers_a_form_leads_to_pages_that_can_be_asked_for(workspace: Workspace, form: str) -> None:
    name = "members" if form.startswith("settings") else "campaigns"
    place = PLACES[name]
    fill(workspace, place, 60)
    client = browser(workspace)
    answer = client.post(f"/w/acme/{form}", {})
    assert answer.status_code == 422
    link = re.search(r'href="([^"]+)" rel="next"', part_of(answer.content.decode(), name))
    assert link is not None
    assert link[1].startswith(f"/w/acme/{place.address}?")
    assert client.get(link[1].replace("&amp;", "&")).status_code == 200


def test_audit_log_shows_one_person_only_and_leads_back(workspace: Workspace) -> None:
    curator = member_of(workspace).user
    with workspace_scope(workspace.id):
        AuditEntry.objects.all().delete()
        for n in range(60):
            who = str(curator.id) if n % 2 else "somebody"
            AuditEntry.objects.create(actor_kind="user", actor_id=who, action="x", target_type="x", target_id=str(n))
    client = browser(workspace)
    [(keys, _asked)] = walk(client, "audit", f"settings/audit/?person={curator.id}")
    assert len(keys) == 30
    html = client.get(f"/w/acme/settings/audit/?person={curator.id}").content.decode()
    assert 'aria-label="Show everybody again"' in html
    # A person that nobody knows filters nothing.
    assert len(next(walk(client, "audit", "settings/audit/?person=nobody"))[0]) == 50
