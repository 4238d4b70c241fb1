"""Connecting, reconnecting, disconnecting and checking channels, on the practice network."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from kaja.channels.actions import (
    check_channel,
    connect_channel,
    disconnect_channel,
    finish_authorization,
    start_authorization,
)
from kaja.channels.credentials import read_credentials
from kaja.channels.models import Channel, Grant, Health, PendingConnection, Slot
from kaja.channels.sessions import open_session
from kaja.channels.storing import store_connection
from kaja.channels.vault import get_vault
from kaja.kernel.clock import now
from kaja.kernel.problems import NotAllowed, NotFound, Problem, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.facts import Facts
from kaja.workspaces.models import AuditEntry, Notice, Role, Workspace
from kaja.workspaces.queries import hash_token
from tests.needed import needs
from tests.people import actor, add_member, browser, member_of
from tests.practice.running import PracticeServer


def connect(workspace: Workspace, practice: PracticeServer, name: str = "Kohvik", **more: Any) -> Channel:
    form = {"name": name, "kind": "plain", "base_url": practice.url}
    return connect_channel(actor(workspace), workspace, "practice", form, **more)


def actions_logged(workspace: Workspace) -> list[str]:
    with workspace_scope(workspace.id):
        return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_connected_channel_works_and_its_secret_is_sealed(workspace: Workspace, practice: PracticeServer) -> None:
    channel = connect(workspace, practice)
    with workspace_scope(workspace.id):
        stored = Channel.objects.get()
        token = open_session(stored).credentials["token"]
        answer = practice.call("GET", "/api/v1/account", token=token)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT string_agg(x, ' ') FROM (SELECT row_to_json(c)::text AS x FROM channels_channel c "
                "UNION ALL SELECT row_to_json(g)::text FROM channels_grant g "
                "UNION ALL SELECT row_to_json(a)::text FROM workspaces_auditentry a) t"
            )
            everything = cursor.fetchone()[0]
    assert answer.status == 200
    assert stored.health == Health.OK
    assert stored.id == channel.id
    assert token not in everything
    assert token.encode().hex() not in everything


def test_credentials_do_not_open_on_another_row(workspace: Workspace, practice: PracticeServer) -> None:
    first, second = connect(workspace, practice, "One"), connect(workspace, practice, "Two")
    with workspace_scope(workspace.id):
        stored = Grant.objects.get(id=needs(first.grant_id)).credentials
        Grant.objects.filter(id=needs(second.grant_id)).update(credentials=stored)
    checked = check_channel(workspace.id, second.id)
    assert checked.health_problem is not None
    assert checked.health_problem["code"] == "credentials_sealed"


def test_disconnect_keeps_row_slots_and_history_and_forgets_the_secret(
    workspace: Workspace, practice: PracticeServer
) -> None:
    channel = connect(workspace, practice)
    with workspace_scope(workspace.id):
        Slot.objects.create(channel=channel, weekday=0, time="09:00")
        disconnect_channel(actor(workspace), channel.id)
        kept = Channel.objects.get()
        assert kept.disconnected_at is not None
        assert read_credentials(kept.id) == {}
        assert bytes(Grant.objects.get().credentials) == b""
    again = connect(workspace, practice)
    assert again.id == channel.id
    with workspace_scope(workspace.id):
        assert Channel.objects.get().disconnected_at is None
        assert Slot.objects.filter(channel=again).count() == 1
    assert actions_logged(workspace) == ["channel.connect", "channel.disconnect", "channel.reconnect"]


def test_reconnecting_with_another_account_changes_nothing(workspace: Workspace, practice: PracticeServer) -> None:
    channel = connect(workspace, practice, "Kohvik")
    with pytest.raises(Refused) as refused:
        connect(workspace, practice, "Somebody else", expected=channel)
    assert refused.value.problems[0].code == "other_account"
    with workspace_scope(workspace.id):
        assert [str(row) for row in Channel.objects.all()] == ["Kohvik"]


def test_same_account_in_two_workspaces_is_two_channels(workspace: Workspace, other_workspace: Workspace) -> None:
    made = []
    for each in (workspace, other_workspace):
        with workspace_scope(each.id):
            connected = Connected(Facts("1", "@shop", "Shop"), {"token": "t"}, "https://social.example")
            made.append(store_connection(actor(each), "mastodon", connected, expected=None))
    assert made[0].id != made[1].id
    with workspace_scope(workspace.id):
        assert Channel.objects.count() == 1


def test_connecting_needs_the_permission(workspace: Workspace, practice: PracticeServer) -> None:
    add_member(workspace, "designer@acme.test", Role.DESIGNER)
    form = {"name": "Kohvik", "base_url": practice.url}
    with pytest.raises(NotAllowed):
        connect_channel(actor(workspace, "designer@acme.test"), workspace, "practice", form)
    assert practice.counts() == {} or "accounts" not in str(practice.counts())


def test_empty_field_is_named(workspace: Workspace) -> None:
    with pytest.raises(Refused) as refused:
        connect_channel(actor(workspace), workspace, "practice", {"name": " "})
    assert [p.field for p in refused.value.problems] == ["name"]


def test_a_field_that_the_form_does_not_have_is_named(workspace: Workspace) -> None:
    """A misspelt one would be dropped, and the account connected otherwise than was meant."""
    with pytest.raises(Refused) as refused:
        connect_channel(actor(workspace), workspace, "practice", {"name": "Bakery", "knid": "keyed"})
    [problem] = refused.value.problems
    assert (problem.code, problem.field, problem.params["fields"]) == ("field_unknown", "knid", "name, kind, base_url")


def test_unknown_network_is_refused(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        connect_channel(actor(workspace), workspace, "myspace", {})


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.7",
        "http://[::ffff:10.0.0.7]",
        "http://169.254.169.254",
        "http://2130706433:1",
        "http://0x0a000007",
    ],
)
def test_address_inside_the_operators_network_is_refused(workspace: Workspace, address: str, settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = []
    settings.PRACTICE_URL = "http://practice.invalid"
    with pytest.raises(Refused):
        connect_channel(actor(workspace), workspace, "practice", {"name": "Kohvik", "base_url": address})
    with workspace_scope(workspace.id):
        assert not Channel.objects.exists()


def test_server_that_does_not_answer_is_a_refusal(workspace: Workspace, practice: PracticeServer) -> None:
    form = {"name": "Kohvik", "base_url": "http://127.0.0.1:9"}
    with pytest.raises(Refused) as refused:
        connect_channel(actor(workspace), workspace, "practice", form)
    assert isinstance(refused.value.problems[0], Problem)


def test_one_refused_check_does_not_break_a_channel_the_second_does(
    workspace: Workspace, practice: PracticeServer
) -> None:
    channel = connect(workspace, practice)
    practice.revoke(channel.handle.lstrip("@") if channel.handle else channel.account_id)
    assert check_channel(workspace.id, channel.id).health == Health.OK
    with workspace_scope(workspace.id):
        assert not Notice.objects.exists()
    checked = check_channel(workspace.id, channel.id)
    assert checked.health == Health.RECONNECT
    assert checked.health_problem is not None
    with workspace_scope(workspace.id):
        [notice] = Notice.objects.all()
        assert notice.params == {"channel": "Kohvik"}


def test_reconnected_channel_is_well_again(workspace: Workspace, practice: PracticeServer) -> None:
    channel = connect(workspace, practice)
    with workspace_scope(workspace.id):
        Channel.objects.update(health=Health.RECONNECT, health_failures=2, health_problem={"code": "x", "message": "y"})
    again = connect(workspace, practice, expected=channel)
    assert (again.health, again.health_failures, again.health_problem) == (Health.OK, 0, None)


def test_connecting_what_was_connected_says_so(workspace: Workspace, practice: PracticeServer) -> None:
    """Also where nobody asked for a reconnection: the form, and the way back from a network's consent page."""
    client, slug = browser(workspace), workspace.slug
    form = {"name": "Kohvik", "kind": "plain", "base_url": practice.url}
    told = [client.post(f"/w/{slug}/channels/connect/practice/", form, follow=True).content.decode() for _ in range(2)]
    assert "Kohvik is connected." in told[0]
    assert "Kohvik is connected again" in told[1]


# The round trip of a consent, as far as it needs no network


def pend(workspace: Workspace, state: str = "s3cret", minutes: int = 20, network: str = "mastodon") -> None:
    """A round trip that the owner has begun."""
    with workspace_scope(workspace.id):
        row = PendingConnection(
            state_hash=hash_token(state),
            network=network,
            user_id=member_of(workspace).user_id,
            expires_at=now() + timedelta(minutes=minutes),
        )
        row.sealed = get_vault().seal(
            json.dumps({"instance": "https://x.invalid"}).encode(), bound_to=f"pending:{row.id}"
        )
        row.save()


def refused_code(workspace: Workspace, answer: dict[str, str], who: str = "", network: str = "mastodon") -> str:
    with pytest.raises(Refused) as refused:
        finish_authorization(actor(workspace, who), workspace, network, answer)
    return refused.value.problems[0].code


def test_state_opens_once(workspace: Workspace) -> None:
    pend(workspace)
    assert refused_code(workspace, {"state": "s3cret", "error": "access_denied"}) == "consent_refused"
    assert refused_code(workspace, {"state": "s3cret", "code": "c"}) == "oauth_used"


@pytest.mark.parametrize("answer", [{}, {"code": "c"}, {"state": "", "code": "c"}, {"state": "other", "code": "c"}])
def test_foreign_state_is_refused_and_the_real_one_stays(workspace: Workspace, answer: dict[str, str]) -> None:
    pend(workspace)
    assert refused_code(workspace, answer) == "oauth_state"
    with workspace_scope(workspace.id):
        assert PendingConnection.objects.count() == 1


def test_state_of_another_person_workspace_network_or_day_is_refused(
    workspace: Workspace, other_workspace: Workspace
) -> None:
    pend(workspace)
    pend(workspace, "old", minutes=-1)
    add_member(workspace, "second@acme.test", Role.CONTENT_MANAGER)
    good = {"state": "s3cret", "code": "c"}
    assert refused_code(workspace, good, who="second@acme.test") == "oauth_person"
    assert refused_code(other_workspace, good) == "oauth_state"
    assert refused_code(workspace, good, network="bluesky") == "connect_by_form"
    pend(workspace, "of another", network="wordpress")
    assert refused_code(workspace, {"state": "of another", "code": "c"}) == "oauth_network"
    assert refused_code(workspace, {"state": "old", "code": "c"}) == "oauth_late"
    # None of that used it up.
    assert refused_code(workspace, {"state": "s3cret", "error": "access_denied"}) == "consent_refused"


def test_consent_on_an_unreachable_server_leaves_nothing(workspace: Workspace) -> None:
    with pytest.raises(Refused):
        start_authorization(actor(workspace), workspace, "mastodon", {"instance": "http://127.0.0.1:9"})
    with workspace_scope(workspace.id):
        assert not PendingConnection.objects.exists()
