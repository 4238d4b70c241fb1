"""Channels from before there were consents of their own, and the version before at work beside this one."""

import os
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import psycopg
import pytest
from django.db import connection

from kaja.channels.actions import disconnect_channel
from kaja.channels.credentials import read_credentials, write_credentials
from kaja.channels.models import Channel, Grant
from kaja.channels.vault import seal_credentials
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.people import actor

triggers = import_module("kaja.channels.migrations.0006_grants")
filling = import_module("kaja.channels.migrations.0007_fill_grants")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def own() -> Iterator[psycopg.Connection[Any]]:
    """The owner, who migrates, and whom no wall holds."""
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=connection.settings_dict["NAME"]) as opened:
        yield opened


def insert_old(workspace: Workspace, name: str, **credentials: str) -> Channel:
    """A channel as the version before connects it: its columns, and no other."""
    channel_id = new_id()
    with workspace_scope(workspace.id), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO channels_channel (id, workspace_id, network, account_id, base_url, name, handle, url,"
            " avatar_url, credentials, credentials_version, facts, health, health_failures, created_at)"
            " VALUES (%s, %s, 'bluesky', %s, 'http://127.0.0.1:9', %s, '', '', '', %s, 1, '{}', 'ok', 0, now())",
            [channel_id, workspace.id, name, name, seal_credentials(channel_id, credentials)],
        )
        return Channel.objects.get(id=channel_id)


def old_row(channel: Channel) -> tuple[Any, ...]:
    """The old columns, which the models do not know."""
    with workspace_scope(channel.workspace_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT credentials, credentials_version, renewing_by, renewing_until FROM channels_channel WHERE id = %s",
            [channel.id],
        )
        found = cursor.fetchone()
    return (bytes(found[0]), *found[1:])


def write_old(channel: Channel, version: int, **credentials: str) -> int:
    """A renewal of the version before: stored over the version that it began with; how many rows took it."""
    with workspace_scope(channel.workspace_id), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_channel SET credentials = %s, credentials_version = credentials_version + 1,"
            " renewing_by = NULL, renewing_until = NULL WHERE id = %s AND credentials_version = %s",
            [seal_credentials(channel.id, credentials) if credentials else b"", channel.id, version],
        )
        return int(cursor.rowcount)


def credentials_of(channel: Channel) -> dict[str, str]:
    with workspace_scope(channel.workspace_id):
        return read_credentials(channel.id)


def test_channels_of_before_get_their_consents_and_nothing_is_written_anew(
    workspace: Workspace, own: psycopg.Connection[Any]
) -> None:
    ends = now() + timedelta(days=20)
    own.execute(triggers.NO_TRIGGERS)  # as the database stood before
    own.commit()
    shop, gone = insert_old(workspace, "shop", password="p"), insert_old(workspace, "gone")
    with workspace_scope(workspace.id):
        Channel.objects.filter(id=shop.id).update(expires_at=ends)
        Channel.objects.filter(id=gone.id).update(disconnected_at=now())
    before = old_row(shop)
    own.execute(triggers.TRIGGERS)
    for statement in filling.FILL:
        own.execute(statement)
    own.commit()
    with workspace_scope(workspace.id):
        [grant] = Grant.objects.all()
        assert Channel.objects.get(id=shop.id).grant == grant
        assert Channel.objects.get(id=gone.id).grant is None
    assert (grant.id, grant.version, grant.expires_at) == (shop.id, 1, ends)
    assert credentials_of(shop) == {"password": "p"}
    assert old_row(shop) == before, "a renewal of the version before that is under way still fits"
    for statement in filling.FILL:
        own.execute(statement)
    with workspace_scope(workspace.id):
        assert Grant.objects.count() == 1


def test_what_the_version_before_connects_and_renews_is_known_at_once(workspace: Workspace) -> None:
    channel = insert_old(workspace, "shop", refresh="1")
    assert credentials_of(channel) == {"refresh": "1"}
    assert write_old(channel, 1, refresh="2") == 1
    assert credentials_of(channel) == {"refresh": "2"}
    with workspace_scope(workspace.id):
        assert Grant.objects.get().version == 2


def test_the_version_before_knows_at_once_what_this_one_writes_and_whose_turn_it_is(workspace: Workspace) -> None:
    channel = insert_old(workspace, "shop", refresh="1")
    holder, until = new_id(), now() + timedelta(minutes=1)
    with workspace_scope(workspace.id):
        Grant.objects.update(renewing_by=holder, renewing_until=until)
    assert old_row(channel)[2:] == (holder, until)
    with workspace_scope(workspace.id):
        write_credentials(channel.id, {"refresh": "a person's"})
        stored = bytes(Grant.objects.get().credentials)
    assert old_row(channel) == (stored, 2, None, None)
    assert write_old(channel, 1, refresh="older") == 0, "what began before a person's decision is not stored"
    assert credentials_of(channel) == {"refresh": "a person's"}


def test_a_turn_of_the_version_before_is_respected(workspace: Workspace) -> None:
    channel = insert_old(workspace, "shop", refresh="1")
    with workspace_scope(workspace.id), connection.cursor() as cursor:
        cursor.execute("UPDATE channels_channel SET renewing_by = gen_random_uuid(), renewing_until = now()")
        assert Grant.objects.get().renewing_until is not None
        cursor.execute("UPDATE channels_channel SET name = 'Shop'")
    with workspace_scope(workspace.id):
        assert (Grant.objects.get().version, Channel.objects.get(id=channel.id).grant_id) == (1, channel.id)


@pytest.mark.parametrize("by_the_version_before", [True, False])
def test_what_is_let_go_is_let_go_for_both(workspace: Workspace, by_the_version_before: bool) -> None:
    channel = insert_old(workspace, "shop", refresh="1")
    if by_the_version_before:
        assert write_old(channel, 1) == 1
    else:
        with workspace_scope(workspace.id):
            disconnect_channel(actor(workspace), channel.id)
    assert credentials_of(channel) == {}
    assert old_row(channel)[0] == b""


def test_the_version_before_does_not_take_a_consent_from_other_channels(workspace: Workspace) -> None:
    first, second = insert_old(workspace, "first", token="1"), insert_old(workspace, "second")
    with workspace_scope(workspace.id):
        Channel.objects.filter(id=second.id).update(grant_id=first.grant_id)
    assert write_old(first, 1) == 1
    assert credentials_of(second) == {"token": "1"}
