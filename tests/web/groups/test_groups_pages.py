"""Campaigns and labels in the browser."""

import pytest
from django.test import Client

from kaja.content.actions.groups import create_label, save_campaign
from kaja.content.models import Campaign, Label
from kaja.content.queries import get_post
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import actor, add_member, browser
from tests.web.calendar.conftest import make_post, soon
from tests.web.test_pages import read


@pytest.fixture
def person(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    with workspace_scope(workspace.id):
        return save_campaign(actor(workspace), "Spring <b>sale</b>", colour="green")


def test_campaign_is_made_changed_and_archived(person: Client, workspace: Workspace) -> None:
    assert "No campaign yet" in person.get("/w/acme/groups/campaigns/").content.decode()
    form = {"name": "Весенняя распродажа", "colour": "teal", "starts_on": "2027-03-01", "ends_on": "2027-04-01"}
    html = person.post("/w/acme/groups/campaigns/new", form, follow=True).content.decode()
    assert "Весенняя распродажа" in html
    with workspace_scope(workspace.id):
        made = Campaign.objects.get()
    address = f"/w/acme/groups/campaigns/{made.id}"
    person.post(address, {**form, "name": "Spring", "colour": "pink"})
    with workspace_scope(workspace.id):
        made.refresh_from_db()
    assert (made.name, made.colour, str(made.starts_on)) == ("Spring", "pink", "2027-03-01")
    person.post(f"{address}/archive")
    assert f'value="{made.id}"' not in person.get("/w/acme/calendar/").content.decode()
    assert "Archived" in person.get("/w/acme/groups/campaigns/").content.decode()
    # Its address in the calendar goes on working.
    assert person.get(f"/w/acme/calendar/?campaign={made.id}").status_code == 200
    person.post(f"{address}/archive", {"back": "1"})
    with workspace_scope(workspace.id):
        assert Campaign.objects.get().archived_at is None


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": " ", "colour": "ink"}, "This field is required"),
        ({"name": "x", "colour": "plaid"}, "not one of the available choices"),
        ({"name": "x", "colour": "ink", "starts_on": "2027-02-01", "ends_on": "2027-01-01"}, "ends after it begins"),
        ({"name": "Spring <b>sale</b>", "colour": "ink"}, "exists already"),
    ],
)
def test_bad_campaign_is_refused_and_keeps_what_was_typed(
    person: Client, workspace: Workspace, campaign: Campaign, form: dict[str, str], words: str
) -> None:
    answer = person.post("/w/acme/groups/campaigns/new", form)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert words in html
    assert "<b>sale" not in html
    with workspace_scope(workspace.id):
        assert Campaign.objects.count() == 1


def test_campaign_lists_its_posts(person: Client, workspace: Workspace, campaign: Campaign) -> None:
    make_post(workspace, "belongs to it", soon(), campaign=campaign.id)
    make_post(workspace, "does not", soon())
    html = person.get(f"/w/acme/groups/campaigns/{campaign.id}").content.decode()
    assert "belongs to it" in html
    assert "does not" not in html
    assert read(html).inline == []


def test_label_is_made_renamed_and_deleted(person: Client, workspace: Workspace) -> None:
    person.post("/w/acme/groups/labels/", {"name": "tips"})
    post = make_post(workspace, "x", soon(), labels=["tips"])
    with workspace_scope(workspace.id):
        label = Label.objects.get()
    assert "1 post" in person.get("/w/acme/groups/labels/").content.decode()
    person.post(f"/w/acme/groups/labels/{label.id}", {"name": "advice"})
    with workspace_scope(workspace.id):
        create_label(actor(workspace), "other")
    taken = person.post(f"/w/acme/groups/labels/{label.id}", {"name": "other"}, follow=True).content.decode()
    assert "exists already" in taken
    with workspace_scope(workspace.id):
        label.refresh_from_db()
    assert label.name == "advice"
    person.post(f"/w/acme/groups/labels/{label.id}", {"delete": "1"})
    with workspace_scope(workspace.id):
        assert get_post(post.id).post_labels.count() == 0
        assert [each.name for each in Label.objects.all()] == ["other"]


def test_groups_of_another_workspace_are_not_there(
    workspace: Workspace, other_workspace: Workspace, campaign: Campaign
) -> None:
    stranger = browser(other_workspace)
    with workspace_scope(workspace.id):
        label = create_label(actor(workspace), "secret")
    for address in (f"campaigns/{campaign.id}", f"campaigns/{campaign.id}/archive", f"labels/{label.id}"):
        assert stranger.post(f"/w/rival/groups/{address}", {"name": "mine", "delete": "1"}).status_code == 404
        assert stranger.post(f"/w/acme/groups/{address}").status_code == 404
    for page in ("campaigns/", "labels/"):
        html = stranger.get(f"/w/rival/groups/{page}").content.decode()
        assert "Spring" not in html
        assert "secret" not in html
    with workspace_scope(workspace.id):
        assert Label.objects.filter(name="secret").exists()
        assert Campaign.objects.get().archived_at is None


def test_reader_cannot_change_groups(workspace: Workspace, campaign: Campaign) -> None:
    add_member(workspace, "quiet@acme.test", Role.ANALYST)
    client = browser(workspace, "quiet@acme.test")
    assert client.get("/w/acme/groups/campaigns/").status_code == 200
    assert client.post("/w/acme/groups/campaigns/new", {"name": "x", "colour": "ink"}).status_code == 403
    assert client.post("/w/acme/groups/labels/", {"name": "x"}).status_code == 403
    with workspace_scope(workspace.id):
        assert Label.objects.count() == 0


@pytest.mark.parametrize("count", [1, 3, 30])
def test_campaigns_page_runs_a_fixed_number_of_queries(
    workspace: Workspace, count: int, django_assert_num_queries: object
) -> None:
    client = browser(workspace)
    with workspace_scope(workspace.id):
        for number in range(count):
            save_campaign(actor(workspace), f"Campaign {number}")
    with django_assert_num_queries(16):  # type: ignore[operator]
        html = client.get("/w/acme/groups/campaigns/").content.decode()
    assert html.count('class="list-title"') == count


def test_empty_page_of_campaigns_has_the_form_that_it_speaks_of(person: Client, workspace: Workspace) -> None:
    address = "/w/acme/groups/campaigns/"
    assert "Name the first one below" in (empty := person.get(address).content.decode())
    assert '<details class="disclose" open>' in empty
    # Who may not make one is not told to.
    add_member(workspace, "reader@acme.test", Role.ANALYST)
    theirs = browser(workspace, "reader@acme.test").get(address).content.decode()
    assert "No campaign yet" in theirs
    assert "Name the first one" not in theirs
    assert "disclose" not in theirs
    with workspace_scope(workspace.id):
        save_campaign(actor(workspace), "Spring", colour="green")
    assert '<details class="disclose">' in person.get(address).content.decode()
