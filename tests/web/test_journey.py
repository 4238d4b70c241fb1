"""From an empty installation to the composer, and looking after channels, as a browser without scripts does it."""

from typing import Any

import pytest
from django.test import Client

from kaja.channels.models import Channel, Health, PendingConnection
from kaja.channels.vault import get_vault
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.web.frame.standing import read_standing
from kaja.workspaces.models import Workspace
from kaja.workspaces.queries import actor_of
from tests.people import PASSWORD, actor, browser, first_code, member_of
from tests.practice.running import PracticeServer


def test_first_visit_has_no_dead_end(db: None, practice: PracticeServer) -> None:
    client = Client()
    client.get("/account/signup/", {"code": first_code()})
    client.post("/account/signup/", {"name": "Mari", "email": "mari@kohvik.test", "password1": PASSWORD})
    made = client.post("/welcome/workspace/", {"name": "Kohvik Kaja", "time_zone": "Europe/Tallinn", "language": "en"})
    assert made["Location"] == "/welcome/kohvik-kaja/channel/"
    page = client.get(made["Location"]).content.decode()
    assert page.index("Practise first") < page.index("Bluesky")
    with system_scope(SystemPurpose.MAINTENANCE):
        workspace = Workspace.objects.get()
    answer = client.post("/welcome/kohvik-kaja/practice/")
    assert answer["Location"] == "/w/kohvik-kaja/posts/new"
    with workspace_scope(workspace.id):
        channel = Channel.objects.get()
    assert (channel.network, channel.name) == ("practice", "Kohvik Kaja")
    listed = client.get("/w/kohvik-kaja/channels/").content.decode()
    assert "badge-practice" in listed
    assert "is connected. Write your first post." in listed


def test_practice_network_that_is_away_is_said(db: None, workspace: Workspace, settings: Any) -> None:
    settings.PRACTICE_URL = "http://127.0.0.1:9"
    client = browser(workspace)
    answer = client.post(
        "/w/acme/channels/connect/practice/", {"name": "Kohvik", "base_url": "http://127.0.0.1:9", "kind": "plain"}
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'class="notice notice-needs"' in html
    assert 'value="Kohvik"' in html


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"name": " "}, "name"), ({"time_zone": "Mars/Olympus"}, "time_zone"), ({"language": "tlh"}, "language")],
)
def test_bad_workspace_form_says_where(workspace: Workspace, wrong: dict[str, str], field: str) -> None:
    data = {"name": "Second", "time_zone": "UTC", "language": "en"} | wrong
    html = browser(workspace).post("/welcome/workspace/", data).content.decode()
    assert f'id="id_{field}_error"' in html
    with system_scope(SystemPurpose.MAINTENANCE):
        assert Workspace.objects.count() == 1


def test_first_steps_follow_what_is_done_and_can_be_put_away(workspace: Workspace, practice: PracticeServer) -> None:
    client = browser(workspace)

    def done() -> list[bool]:
        member = member_of(workspace)
        with workspace_scope(workspace.id):
            return [step.done for step in read_standing(member, actor_of(member, member.user)).steps]

    assert done() == [False] * 5
    client.post("/welcome/acme/practice/")
    assert done() == [True, False, False, False, False]
    assert ">1/5<" in client.get("/w/acme/channels/").content.decode()
    client.post("/welcome/acme/steps/hide/")
    assert done() == []
    assert ">1/5<" not in client.get("/w/acme/channels/").content.decode()


def test_secret_is_not_given_back_after_a_mistake(workspace: Workspace) -> None:
    data = {"handle": "", "identifier": "", "password": "planted-secret", "app_password": "planted-secret", "site": "x"}
    for network in ("bluesky", "wordpress"):
        answer = browser(workspace).post(f"/w/acme/channels/connect/{network}/", data)
        assert answer.status_code == 422
        assert "planted-secret" not in answer.content.decode()


@pytest.mark.parametrize(
    "site", ["http://10.0.0.8", "http://127.0.0.1:5432@10.0.0.8", "http://[::1]", "http://0177.0.0.1"]
)
def test_private_address_is_refused_in_the_form(workspace: Workspace, site: str, settings: object) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = []  # type: ignore[attr-defined]
    fields = {
        "site": site,
        "url": site,
        "base_url": site,
        "username": "mari",
        "user": "mari",
        "password": "x",
        "app_password": "abcd efgh",
    }
    answer = browser(workspace).post("/w/acme/channels/connect/wordpress/", fields)
    assert answer.status_code == 422
    with workspace_scope(workspace.id):
        assert not Channel.objects.exists()


def test_disconnecting_and_connecting_again(workspace: Workspace, practice: PracticeServer) -> None:
    client = browser(workspace)
    client.post("/welcome/acme/practice/")
    with workspace_scope(workspace.id):
        channel = Channel.objects.get()
    here = f"/w/acme/channels/{channel.id}/"
    assert client.post(f"{here}disconnect/")["Location"] == "/w/acme/channels/"
    listed = client.get("/w/acme/channels/").content.decode()
    assert "Disconnected" in listed
    assert "stay in the calendar and are not sent" in listed
    answer = client.post(f"{here}reconnect/", {"name": "Acme", "kind": "plain", "base_url": practice.url})
    assert answer["Location"] == here
    shown = client.get(here).content.decode()
    assert "connected the channel again" in shown
    assert "its history is kept" in shown
    with workspace_scope(workspace.id):
        assert Channel.objects.get().health == Health.OK


def test_checking_says_how_it_went(workspace: Workspace, practice: PracticeServer) -> None:
    client = browser(workspace)
    client.post("/welcome/acme/practice/")
    with workspace_scope(workspace.id):
        channel = Channel.objects.get()
    here = f"/w/acme/channels/{channel.id}/"
    assert "answers and works" in client.post(f"{here}check/", follow=True).content.decode()
    practice.revoke(channel.handle.lstrip("@") or channel.account_id)
    assert "did not pass the check" in client.post(f"{here}check/", follow=True).content.decode()


def test_consent_that_was_not_asked_for_connects_nothing(workspace: Workspace, other_workspace: Workspace) -> None:
    import json
    from datetime import timedelta

    from kaja.kernel.clock import now
    from kaja.workspaces.queries import hash_token

    with workspace_scope(workspace.id):
        row = PendingConnection(
            state_hash=hash_token("mine"), network="mastodon", user_id=member_of(workspace).user_id,
            expires_at=now() + timedelta(minutes=5),
        )  # fmt: skip
        row.sealed = get_vault().seal(json.dumps({}).encode(), bound_to=f"pending:{row.id}")
        row.save()
    forged, others = "was not asked for from here", "Somebody else began to connect this"
    for client, slug, said in ((browser(other_workspace), "rival", others), (browser(workspace), "acme", forged)):
        state = "forged" if slug == "acme" else "mine"
        for back in ("/connect/mastodon/back", f"/w/{slug}/channels/connected/mastodon/"):
            answer = client.get(f"{back}?state={state}&code=abc", follow=True)
            assert said in answer.content.decode()
    with workspace_scope(workspace.id):
        assert not Channel.objects.exists()
        assert PendingConnection.objects.count() == 1


def test_palette_finds_only_ones_own(workspace: Workspace, other_workspace: Workspace) -> None:
    for each in (workspace, other_workspace):
        with workspace_scope(each.id):
            Channel.objects.create(network="bluesky", account_id="1", name=f"Kohvik {each.slug}")
    html = browser(workspace).get("/w/acme/find/?q=kohvik").content.decode()
    assert "Kohvik acme" in html
    assert "rival" not in html
    assert "owner@acme.test" in browser(workspace).get("/w/acme/find/?q=owner").content.decode()
    assert "Nothing is called “&lt;b&gt;”" in browser(workspace).get("/w/acme/find/?q=<b>").content.decode()
    assert actor(workspace).name
