"""One consent, several channels: chosen, renewed, given again, let go. On the practice network, over real HTTP."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import close_old_connections, connection

from kaja.channels import credentials as keeping
from kaja.channels.actions import check_channel, choose_channels, disconnect_channel, start_authorization
from kaja.channels.consenting import get_choice
from kaja.channels.credentials import Keeper, read_credentials
from kaja.channels.models import Channel, Grant, Health, PendingConnection
from kaja.channels.renewal import list_due, list_ending, renew_grant, tell_ending
from kaja.channels.sessions import open_session
from kaja.channels.vault import bound_to, open_values
from kaja.kernel.clock import now
from kaja.kernel.problems import NotFound, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.grants import Tokens
from kaja.networks.practice import CONNECTOR
from kaja.workspaces.models import AuditEntry, Notice, Role, Workspace
from tests.channels.consenting import allow, consent, store_app
from tests.channels.moving import front_of
from tests.needed import needs
from tests.people import actor, add_member
from tests.practice.running import PracticeServer

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, SHOP, GROUP, ARCHIVE = "Blue Door", "Blue Door Shop", "Friends of Blue Door", "Blue Door Archive"


@pytest.fixture(autouse=True)
def _app(practice: PracticeServer) -> None:
    store_app(practice)


def ids_of(workspace: Workspace, choice_id: Any) -> dict[str, str]:
    with workspace_scope(workspace.id):
        return {offer.facts.name: offer.facts.account_id for offer in get_choice(actor(workspace), choice_id).offers}


def connect(practice: PracticeServer, workspace: Workspace, *names: str, **how: str) -> dict[str, Channel]:
    """Consent, and choose these."""
    choice = consent(practice, workspace, None, **how)
    ids = ids_of(workspace, choice)
    with workspace_scope(workspace.id):
        chosen = choose_channels(actor(workspace), choice, {ids[name] for name in names})
    return {channel.name: channel for channel in chosen}


def works(workspace: Workspace, channel: Channel) -> bool:
    return check_channel(workspace.id, channel.id).health == Health.OK


def only_grant(workspace: Workspace) -> Grant:
    with workspace_scope(workspace.id):
        return Grant.objects.exclude(credentials=b"").get()


def test_several_are_chosen_at_once_and_one_that_cannot_be_is_shown(
    workspace: Workspace, practice: PracticeServer
) -> None:
    choice = consent(practice, workspace)
    ids = ids_of(workspace, choice)
    with workspace_scope(workspace.id):
        offers = {offer.facts.name: offer for offer in get_choice(actor(workspace), choice).offers}
        assert list(offers) == [PAGE, SHOP, GROUP, ARCHIVE]
        assert [name for name, offer in offers.items() if offer.problem] == [ARCHIVE]
        with pytest.raises(Refused):
            choose_channels(actor(workspace), choice, {ids[ARCHIVE]})
        with pytest.raises(Refused):
            choose_channels(actor(workspace), choice, set())
        assert not Channel.objects.exists()
        channels = choose_channels(actor(workspace), choice, {ids[PAGE], ids[GROUP]})
        assert {channel.name for channel in channels} == {PAGE, GROUP}
        assert Grant.objects.get().subject == "Blue Door"
        with pytest.raises(NotFound):
            get_choice(actor(workspace), choice)
    assert all(works(workspace, channel) for channel in channels)


def test_secrets_of_a_consent_stand_nowhere_in_the_open(workspace: Workspace, practice: PracticeServer) -> None:
    choice = consent(practice, workspace)
    shared: set[str] = set()

    def everything() -> str:
        tables = ("channels_grant", "channels_channel", "channels_pendingconnection", "workspaces_auditentry")
        parts = " UNION ALL ".join(f"SELECT row_to_json({table})::text AS x FROM {table}" for table in tables)
        with workspace_scope(workspace.id), connection.cursor() as cursor:
            cursor.execute(f"SELECT string_agg(x, ' ') FROM ({parts} UNION ALL SELECT '') t")
            return str(cursor.fetchone()[0])

    waiting = everything()
    ids = ids_of(workspace, choice)
    with workspace_scope(workspace.id):
        channels = choose_channels(actor(workspace), choice, {ids[PAGE], ids[GROUP]})
        for channel in channels:
            shared |= {value for value in read_credentials(channel.id).values() if value.startswith("practice-")}
    assert len(shared) == 3, "access and refresh of the consent, and the page's own"
    for secret in shared:
        for text in (waiting, everything()):
            assert secret not in text
            assert secret.encode().hex() not in text


def test_one_offer_is_connected_at_once(workspace: Workspace, practice: PracticeServer) -> None:
    [channel] = consent(practice, workspace, opens="one")
    assert channel.name == PAGE
    assert works(workspace, channel)


def test_a_new_consent_refreshes_all_channels_of_the_one_before(workspace: Workspace, practice: PracticeServer) -> None:
    first = connect(practice, workspace, PAGE, GROUP)
    before = only_grant(workspace)
    again = connect(practice, workspace, SHOP)
    after = only_grant(workspace)
    assert (after.id, after.version) == (before.id, before.version + 1)
    assert set(again) == {PAGE, SHOP, GROUP}
    assert again[PAGE].id == first[PAGE].id
    assert again[GROUP].was_known
    assert all(works(workspace, channel) for channel in again.values())
    with workspace_scope(workspace.id):
        assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)).count("channel.connect") == 3


def test_what_the_newest_consent_leaves_out_needs_a_person(workspace: Workspace, practice: PracticeServer) -> None:
    connect(practice, workspace, PAGE, GROUP)
    consent(practice, workspace, opens="one")
    with workspace_scope(workspace.id):
        group = Channel.objects.get(name=GROUP)
    assert group.health == Health.RECONNECT
    assert group.health_problem is not None
    assert group.health_problem["code"] == "left_out"


def test_one_let_go_leaves_the_others_and_the_last_ends_the_consent(
    workspace: Workspace, practice: PracticeServer
) -> None:
    channels = connect(practice, workspace, PAGE, GROUP)
    with workspace_scope(workspace.id):
        disconnect_channel(actor(workspace), channels[PAGE].id)
        assert read_credentials(channels[PAGE].id) == {}
    assert works(workspace, channels[GROUP])
    grant = only_grant(workspace)
    with workspace_scope(workspace.id):
        disconnect_channel(actor(workspace), channels[GROUP].id)
        left = Grant.objects.get(id=grant.id)
        assert (bytes(left.credentials), left.renew_at, left.expires_at) == (b"", None, None)


def test_reconnecting_one_takes_it_back_whatever_else_is_offered(
    workspace: Workspace, practice: PracticeServer
) -> None:
    channels = connect(practice, workspace, PAGE, GROUP)
    with workspace_scope(workspace.id):
        disconnect_channel(actor(workspace), channels[GROUP].id)
    found = consent(practice, workspace, expected=channels[GROUP])
    assert {channel.name for channel in found} == {PAGE, GROUP}
    with pytest.raises(Refused) as refused:
        consent(practice, workspace, expected=channels[GROUP], person="Somebody else")
    assert refused.value.problems[0].code == "other_account"


def test_a_choice_is_its_persons(workspace: Workspace, practice: PracticeServer) -> None:
    choice = consent(practice, workspace)
    add_member(workspace, "second@acme.test", Role.CONTENT_MANAGER)
    with workspace_scope(workspace.id):
        with pytest.raises(NotFound):
            get_choice(actor(workspace, "second@acme.test"), choice)
        PendingConnection.objects.update(expires_at=now())
        with pytest.raises(NotFound):
            get_choice(actor(workspace), choice)


def test_without_the_operators_app_nobody_is_sent_away(workspace: Workspace, practice: PracticeServer) -> None:
    from kaja.channels.models import NetworkApp

    NetworkApp.objects.all().delete()
    with pytest.raises(Refused) as refused:
        start_authorization(actor(workspace), workspace, "practice", {})
    assert refused.value.problems[0].code == "app_missing"


def test_a_person_who_says_no_changes_nothing(workspace: Workspace, practice: PracticeServer) -> None:
    channels = connect(practice, workspace, PAGE)
    with pytest.raises(Refused) as refused:
        consent(practice, workspace, do="deny")
    assert refused.value.problems[0].code == "consent_refused"
    assert works(workspace, channels[PAGE])


# Renewal


def make_due(workspace: Workspace) -> Grant:
    """The consent's time to be renewed has come; its access token still lasts."""
    with workspace_scope(workspace.id):
        Grant.objects.exclude(credentials=b"").update(renew_at=now() - timedelta(seconds=1))
    return only_grant(workspace)


def test_a_consent_is_renewed_before_it_ends_and_all_its_channels_go_on(
    workspace: Workspace, practice: PracticeServer
) -> None:
    channels = connect(practice, workspace, PAGE, GROUP)
    assert list_due() == []
    before = make_due(workspace)
    assert list_due() == [(workspace.id, before.id)]
    assert renew_grant(workspace.id, before.id)
    after = only_grant(workspace)
    assert after.version == before.version + 1
    assert after.credentials != before.credentials
    assert needs(after.renew_at) > now()
    assert list_due() == []
    assert all(works(workspace, channel) for channel in channels.values())
    with workspace_scope(workspace.id):
        assert Channel.objects.get(name=GROUP).expires_at is None, "nobody has to do anything"


def test_a_session_renews_what_is_about_to_end(workspace: Workspace, practice: PracticeServer) -> None:
    group = connect(practice, workspace, GROUP)[GROUP]
    with workspace_scope(workspace.id):
        stored = {**read_credentials(group.id), "ends": "1"}
        stored.pop("account")
        keeping.write_grant(needs(group.grant_id), stored)
    before = only_grant(workspace)
    assert works(workspace, group)
    after = only_grant(workspace)
    assert after.version == before.version + 1
    with workspace_scope(workspace.id):
        assert read_credentials(group.id)["account"] == group.account_id
        assert float(read_credentials(group.id)["ends"]) > 1


def renew_beside(workspace: Workspace, grant: Grant) -> None:
    close_old_connections()
    try:
        renew_grant(workspace.id, grant.id)
    finally:
        connection.close()


def test_of_two_at_once_one_asks(workspace: Workspace, practice: PracticeServer) -> None:
    connect(practice, workspace, GROUP)
    grant = make_due(workspace)
    threads = [threading.Thread(target=renew_beside, args=(workspace, grant)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    after = only_grant(workspace)
    assert (after.version, after.renew_failures) == (grant.version + 1, 0)


class Killed(BaseException):
    """The process ends here."""


def test_who_is_killed_before_the_answer_is_written_costs_nothing(
    workspace: Workspace, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network has renewed, we have not stored it: the next one takes over when the turn ends."""
    group = connect(practice, workspace, GROUP)[GROUP]
    grant = make_due(workspace)

    def killed(*args: Any) -> Any:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(Keeper, "_store", killed)
        with pytest.raises(Killed):
            renew_grant(workspace.id, grant.id)
    with workspace_scope(workspace.id):
        held = Grant.objects.get(id=grant.id)
        assert (held.version, held.renewing_until is not None) == (grant.version, True)
        Grant.objects.update(renewing_until=now())  # its turn is over
    assert renew_grant(workspace.id, grant.id)
    assert only_grant(workspace).version == grant.version + 1
    assert works(workspace, group)


def test_a_lost_answer_is_asked_for_again(workspace: Workspace, practice: PracticeServer, settings: Any) -> None:
    group = connect(practice, workspace, GROUP)[GROUP]
    grant = make_due(workspace)
    with front_of(practice.url) as front:
        settings.PRACTICE_URL = front.url
        front.losing = "/oauth/token"
        assert not renew_grant(workspace.id, grant.id)
        assert front.lost == 1
    settings.PRACTICE_URL = practice.url
    failed = only_grant(workspace)
    assert (failed.version, failed.renew_failures, failed.renewing_until) == (grant.version, 1, None)
    assert needs(failed.renew_at) > now()
    make_due(workspace)
    assert renew_grant(workspace.id, grant.id)
    assert works(workspace, group)
    assert only_grant(workspace).renew_failures == 0


def test_an_older_renewal_does_not_overwrite_a_newer_consent(workspace: Workspace, practice: PracticeServer) -> None:
    group = connect(practice, workspace, GROUP)[GROUP]
    with workspace_scope(workspace.id):
        session = open_session(group)
    kept = dict(session.credentials)

    async def fetch() -> Mapping[str, str]:
        await asyncio.to_thread(_again)
        return {"access_token": "of the older call"}

    def _again() -> None:
        close_old_connections()
        try:
            connect(practice, workspace, GROUP)
        finally:
            connection.close()

    asyncio.run(session.renew(fetch))
    with workspace_scope(workspace.id):
        now_stored = read_credentials(group.id)
    assert session.credentials == now_stored
    assert "of the older call" not in now_stored.values()
    assert now_stored["access_token"] != kept["access_token"]
    assert works(workspace, group)


def test_a_consent_that_was_taken_back_needs_a_person(workspace: Workspace, practice: PracticeServer) -> None:
    connect(practice, workspace, PAGE, GROUP)
    grant = make_due(workspace)
    with workspace_scope(workspace.id):
        stored = open_values(bytes(grant.credentials), bound_to(grant.id))
        keeping.write_grant(grant.id, Tokens({**stored, "refresh_token": "unknown"}, renew_at=now()))
    assert not renew_grant(workspace.id, grant.id)
    with workspace_scope(workspace.id):
        assert {row.health for row in Channel.objects.all()} == {Health.RECONNECT}
        assert {notice.kind for notice in Notice.objects.all()} == {"channel.broken"}
    assert list_due() == [], "nobody asks in vain again"


# The end


def test_a_week_before_the_end_people_are_told_once_and_at_the_end_what_it_means(
    workspace: Workspace, practice: PracticeServer
) -> None:
    channels = connect(practice, workspace, PAGE, GROUP, lasts="days")
    grant = only_grant(workspace)
    assert grant.renew_at is None
    with workspace_scope(workspace.id):
        assert Channel.objects.get(name=PAGE).expires_at == grant.expires_at
    for _ in range(2):
        for found in list_ending():
            tell_ending(*found)
    with workspace_scope(workspace.id):
        [notice] = Notice.objects.all()
        assert (notice.kind, notice.params["channels"]) == ("channel.ending", f"{PAGE}, {GROUP}")
    assert all(works(workspace, channel) for channel in channels.values())
    with workspace_scope(workspace.id):
        Grant.objects.update(expires_at=now())
    for _ in range(2):
        for found in list_ending():
            tell_ending(*found)
    assert list_ending() == []
    with workspace_scope(workspace.id):
        assert {row.health for row in Channel.objects.all()} == {Health.RECONNECT}
        assert {str(needs(row.health_problem)["code"]) for row in Channel.objects.all()} == {"consent_ended"}
    connect(practice, workspace, PAGE, GROUP)
    with workspace_scope(workspace.id):
        assert {row.health for row in Channel.objects.all()} == {Health.OK}
        assert not Notice.objects.filter(kind="channel.ending", read_at=None).exists()


def test_the_connector_publishes_with_the_consents_token_and_with_the_pages_own(
    workspace: Workspace, practice: PracticeServer
) -> None:
    from kaja.networks.kit.http import run_blocking

    channels = connect(practice, workspace, PAGE, GROUP)
    for channel in channels.values():
        with workspace_scope(workspace.id):
            session = open_session(channel)
        facts = run_blocking(partial(CONNECTOR.accounts.inspect, session))
        assert facts.account_id == channel.account_id


def test_allowing_for_another_address_is_refused(workspace: Workspace, practice: PracticeServer) -> None:
    url = start_authorization(actor(workspace), workspace, "practice", {})
    with pytest.raises(AssertionError, match="not its own"):
        allow(practice, url.replace("redirect_uri=", "redirect_uri=https%3A%2F%2Fevil.test%2F&was="))
