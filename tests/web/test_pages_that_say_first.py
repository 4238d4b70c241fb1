"""Pages that were forms or lists of rows say something first: campaigns, labels, channels, a thread's post."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaja.content import actions
from kaja.content.actions.groups import save_campaign
from kaja.content.document import Document, PartDocument
from kaja.content.models import Campaign, Post
from kaja.delivery.models import State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing import actions as publishing
from kaja.publishing.models import PostDelivery
from kaja.publishing.progress import figures_of_channel, progress_of_campaigns
from kaja.workspaces.models import Workspace
from tests.people import actor, browser
from tests.web.calendar.conftest import make_channel, make_post, soon
from tests.web.markup import tight

pytestmark = pytest.mark.django_db


def page(client: Client, address: str) -> str:
    answer = client.get(f"/w/acme/{address}")
    assert answer.status_code == 200
    return tight(answer.content.decode())


def asked(client: Client, address: str) -> int:
    page(client, address)
    with CaptureQueriesContext(connection) as found:
        page(client, address)
    return len([q for q in found.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def send(workspace: Workspace, post: Post) -> None:
    with workspace_scope(workspace.id):
        for number, row in enumerate(PostDelivery.objects.filter(variant__post=post)):
            row.state, row.sent_at, row.remote_id = State.SENT, clock.now(), f"{post.id}-{number}"
            row.save()


def campaign(workspace: Workspace, name: str) -> Campaign:
    with workspace_scope(workspace.id):
        return save_campaign(actor(workspace), name)


def test_campaign_says_how_far_it_is_and_what_comes_next(workspace: Workspace) -> None:
    spring, channel = campaign(workspace, "Spring"), make_channel(workspace)
    sent = make_post(workspace, "Went out", soon(1), (channel,), scheduled=True, campaign=spring.id)
    send(workspace, sent)
    make_post(workspace, "Comes later", soon(9), (channel,), scheduled=True, campaign=spring.id)
    make_post(workspace, "Comes next", soon(3), (channel,), scheduled=True, campaign=spring.id)
    gone = make_post(workspace, "In the bin", soon(2), (channel,), campaign=spring.id)
    with workspace_scope(workspace.id):
        actions.delete_post(actor(workspace), gone.id)
        Post.objects.filter(id=sent.id).update(due_at=clock.now() - timedelta(hours=1))
        found = progress_of_campaigns([spring.id], clock.now())[spring.id]
    assert (found.total, found.out, found.next.summary if found.next else "") == (3, 1, "Comes next")
    for address in ("groups/campaigns/", f"groups/campaigns/{spring.id}"):
        html = page(browser(workspace), address)
        assert "1 of 3 posts are out" in html
        facts = html.split('class="campaign-facts')[1].split("</div>")[0]
        assert "Comes next" in facts
        assert html.index("campaign-facts") < html.index('<form class="form"')


def test_campaign_with_a_part_still_to_come_on_one_channel_is_not_out(workspace: Workspace) -> None:
    spring = campaign(workspace, "Spring")
    post = make_post(
        workspace, "Half", soon(), (make_channel(workspace), make_channel(workspace, "B")), scheduled=True,
        campaign=spring.id,
    )  # fmt: skip
    with workspace_scope(workspace.id):
        row = PostDelivery.objects.filter(variant__post=post).first()
        assert row is not None
        row.state, row.remote_id, row.sent_at = State.SENT, "1", clock.now()
        row.save()
        assert progress_of_campaigns([spring.id], clock.now())[spring.id].out == 0


def test_campaigns_ask_the_same_for_one_and_for_many(workspace: Workspace) -> None:
    client, channel = browser(workspace), make_channel(workspace)
    for number in range(4):
        own = campaign(workspace, f"Campaign {number}")
        make_post(workspace, f"post {number}", soon(), (channel,), scheduled=True, campaign=own.id)
        if number == 0:
            one = asked(client, "groups/campaigns/")
    assert asked(client, "groups/campaigns/") == one


def test_labels_are_read_first_and_their_fields_stand_behind_a_press(workspace: Workspace) -> None:
    make_post(workspace, "Labelled", labels=["tips & tricks"])
    html = page(browser(workspace), "groups/labels/")
    listed = html.split('<ul class="list"')[1].split('<details class="menu')[0]
    assert "tips &amp; tricks" in listed
    assert "<input" not in listed
    assert "?view=list&amp;label=tips%20%26%20tricks" in listed
    assert page(browser(workspace), "calendar/?view=list&label=tips%20%26%20tricks")


def test_channel_says_how_it_does_and_its_times_before_anything_else(workspace: Workspace) -> None:
    channel = make_channel(workspace)
    send(workspace, make_post(workspace, "Went out", soon(1), (channel,), scheduled=True))
    make_post(workspace, "Planned", soon(2), (channel,), scheduled=True)
    with workspace_scope(workspace.id):
        found = figures_of_channel(channel.id, clock.now() - timedelta(days=30))
    assert (found.sent, found.planned, found.needs, bool(found.last)) == (1, 1, 0, True)
    html = page(browser(workspace), f"channels/{channel.id}/")
    places = [html.index(each) for each in ('id="figures"', 'id="health"', 'id="slots"', 'class="section fold"')]
    assert places == sorted(places)
    assert "<dt>Sent in 30 days</dt><dd>1</dd>" in html


def thread(workspace: Workspace, parts: int) -> Post:
    channel = make_channel(workspace, facts={"limits": {"characters": 500}})
    with workspace_scope(workspace.id):
        document = Document(parts=tuple(PartDocument(text=f"Part {n}") for n in range(parts)))
        post = actions.create_post(actor(workspace), document, channels=[channel.id], due_at=soon())
        publishing.schedule_post(actor(workspace), post, soon())
    return post


def test_thread_is_one_row_for_its_channel_and_one_line_of_what_happened(workspace: Workspace) -> None:
    post = thread(workspace, 10)
    send(workspace, post)
    html = page(browser(workspace), f"posts/{post.id}")
    standing = html.split('id="post-standing"')[1].split('id="post-timeline"')[0]
    outside = standing.split('<details class="thread-rest"')[0]
    assert outside.count('<li class="standing">') == 1
    assert "9 further messages of the thread" in standing
    assert html.split('id="post-timeline"')[1].count('class="timeline-sent"') == 1
    assert "and 9 further messages" in html


def test_sent_post_offers_a_copy_first_and_a_planned_one_the_editor(workspace: Workspace) -> None:
    channel = make_channel(workspace)
    planned = make_post(workspace, "Planned", soon(2), (channel,), scheduled=True)
    sent = make_post(workspace, "Went out", soon(1), (channel,), scheduled=True)
    send(workspace, sent)

    def main_button(post: Post) -> str:
        html = (
            page(browser(workspace), f"posts/{post.id}")
            .split('id="post-actions" data-live="post delivery"')[1]
            .split("</header>")[0]
        )
        return html.split("button button-main")[1].split("</svg>")[1].split("<")[0].strip()

    # Live, because most people see their post being sent on this page.
    assert (main_button(sent), main_button(planned)) == ("Duplicate", "Edit")
