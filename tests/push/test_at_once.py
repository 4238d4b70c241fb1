"""One browser that asks twice at once."""

from threading import Thread

import pytest
from django.db import connection, transaction

from kaja.push.actions import add_device, open_subscription
from kaja.push.models import Device
from kaja.workspaces.models import Workspace
from tests.people import member_of
from tests.push.receiving import BrowserKeys, PushService
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def is_waiting_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees one state of it otherwise
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_the_same_browser_added_twice_at_once_is_one_device_that_can_be_told(
    workspace: Workspace, service: PushService, keys: BrowserKeys
) -> None:
    user, given = member_of(workspace).user, service.subscription(keys)

    def again() -> None:
        try:
            add_device(user, "second", "", given)
        finally:
            connection.close()

    other = Thread(target=again)
    with transaction.atomic():
        add_device(user, "first", "", given)
        other.start()
        wait_until(is_waiting_for_a_lock)
    other.join()
    device = Device.objects.get()
    assert device.session == "second"
    assert open_subscription(device)["endpoint"] == given["endpoint"]
