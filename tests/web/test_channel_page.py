"""One channel's page: how it is, what it may do, how long, and how much it still takes."""

import re
from dataclasses import asdict
from datetime import datetime, timedelta

import pytest

from kaja.channels.models import Channel, Health, QuotaState
from kaja.channels.sessions import record_quota
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.quotas import Quota
from kaja.networks.mastodon.oauth import SCOPES
from kaja.networks.registry import CONNECTORS
from kaja.networks.wordpress.site import PERMISSIONS
from kaja.workspaces.models import Workspace
from kaja.workspaces.wording import GRANTS, describe_grant
from tests.people import browser


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return Channel.objects.create(
            network="mastodon", account_id="1", name="Blue Door", base_url="https://social.test",
            facts={"permissions": ["read:accounts", "write:statuses"], "limits": {"version": "4.5.0"}},
        )  # fmt: skip


def show(workspace: Workspace, channel: Channel) -> str:
    """The page as a person reads it."""
    html = browser(workspace).get(f"/w/acme/channels/{channel.id}/").content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_permissions_and_their_end_are_shown(workspace: Workspace, channel: Channel) -> None:
    said = show(workspace, channel)
    assert "Permissions see the account, write posts" in said
    assert "Permission ends not until somebody revokes it" in said
    assert "Afterwards can be edited and deleted" in said
    assert "Server https://social.test" in said
    with workspace_scope(workspace.id):
        Channel.objects.update(expires_at=now() + timedelta(days=3))
    assert re.search(r"Permission ends \w+ \d+ \w+(?: \d+)?, \d\d:\d\d soon", show(workspace, channel))


def test_trouble_says_what_to_do_and_a_single_one_does_not_frighten(workspace: Workspace, channel: Channel) -> None:
    problem = Problem("token_revoked", "The network no longer accepts the sign-in.", fix="Connect the channel again.")
    with workspace_scope(workspace.id):
        Channel.objects.update(health=Health.RECONNECT, health_problem=asdict(problem))
    said = show(workspace, channel)
    assert "The network no longer accepts the sign-in." in said
    assert "Connect the channel again." in said
    assert "This happened once" not in said
    with workspace_scope(workspace.id):
        Channel.objects.update(health=Health.OK)
    assert "This happened once" in show(workspace, channel)


def plant(workspace: Workspace, channel: Channel, resets_at: datetime, blocked_until: datetime | None) -> None:
    with workspace_scope(workspace.id):
        QuotaState.objects.update_or_create(
            channel=channel,
            bucket="requests",
            defaults={"limit": 300, "remaining": 0, "resets_at": resets_at, "blocked_until": blocked_until},
        )


def test_a_quota_is_shown_as_long_as_it_is_known(workspace: Workspace, channel: Channel) -> None:
    assert "has not said yet how much it takes" in show(workspace, channel)
    soon = now() + timedelta(minutes=5)
    plant(workspace, channel, soon, soon)
    assert re.search(r"closed until \w.* 0 300 \w+ \d+ \w+(?: \d+)?, \d\d:\d\d", show(workspace, channel))
    over = now() - timedelta(minutes=5)
    plant(workspace, channel, over, over)
    said = show(workspace, channel)
    assert "closed until" not in said
    assert "– 300 –" in said, "what is free after the reset is not known before the next call"


def test_an_answer_without_a_block_lifts_none(workspace: Workspace, channel: Channel) -> None:
    until = now() + timedelta(minutes=5)
    with workspace_scope(workspace.id):
        record_quota(channel, [Quota("requests", blocked_until=until)])
        record_quota(channel, [Quota("requests", limit=300, remaining=200)])
        row = QuotaState.objects.get()
        assert (row.remaining, row.blocked_until) == (200, until)
        later = until + timedelta(minutes=1)
        record_quota(channel, [Quota("requests", blocked_until=later)])
        assert QuotaState.objects.get().blocked_until == later


def test_every_permission_that_a_network_names_has_words() -> None:
    named = [*PERMISSIONS, *SCOPES.split(), "publish", "edit", "delete", "comment"]
    assert describe_grant(["read:accounts", "something:new"]) == ["see the account", "something:new"]
    known = {*GRANTS, *(name for connector in CONNECTORS.values() for name in connector.info.grant_words)}
    assert [name for name in named if name not in known] == []
