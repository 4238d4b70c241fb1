"""Two people who make the same thing at the same moment: one makes it, the other hears of it in plain words."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from kaja.channels.actions import store_connection
from kaja.channels.models import Channel
from kaja.content.actions.groups import create_label, rename_label, save_campaign
from kaja.content.models import Campaign, Label
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.facts import Facts
from kaja.workspaces.actions import create_workspace
from kaja.workspaces.models import Workspace
from tests.people import actor, member_of

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 20


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each gave or raised; each in a thread, transaction and connection of its own."""
    outcomes: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def whole(index: int) -> None:
        try:
            start.wait(120)
            outcomes[index] = works[index]()
        except BaseException as error:  # noqa: BLE001 - judged by the test
            outcomes[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=whole, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def codes(outcomes: list[Any]) -> list[str]:
    """The refusals' codes; anything else that was raised fails the test."""
    found = []
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            found.append(outcome.problems[0].code)
        elif isinstance(outcome, BaseException):
            raise outcome
    return found


def scoped(workspace: Workspace, work: Callable[[], Any]) -> Callable[[], Any]:
    def whole() -> Any:
        with workspace_scope(workspace.id):
            return work()

    return whole


def test_one_campaign(workspace: Workspace) -> None:
    who = actor(workspace)
    for number in range(ROUNDS):
        one = scoped(workspace, partial(save_campaign, who, f"Summer {number}"))
        assert codes(at_once(one, one)) == ["name_taken"]
    with workspace_scope(workspace.id):
        assert Campaign.objects.count() == ROUNDS


def test_one_name_of_a_label(workspace: Workspace) -> None:
    who = actor(workspace)
    for number in range(ROUNDS):
        with workspace_scope(workspace.id):
            first, second = (create_label(who, f"{side} {number}").id for side in ("left", "right"))
        name = f"both {number}"
        rename = [scoped(workspace, partial(rename_label, who, i, name)) for i in (first, second)]
        assert codes(at_once(*rename)) == ["name_taken"]
    with workspace_scope(workspace.id):
        assert Label.objects.filter(name__startswith="both").count() == ROUNDS


def test_one_address_of_a_workspace_and_two_workspaces_of_one_name(workspace: Workspace) -> None:
    person = member_of(workspace).user
    for number in range(ROUNDS):
        chosen = f"kohvik-{number}"
        make = partial(create_workspace, person, name="Kohvik", slug=chosen)
        assert codes(at_once(make, make)) == ["slug_taken"]
        assert codes(at_once(*[partial(create_workspace, person, name=f"Pood {number}")] * 2)) == []
    with system_scope(SystemPurpose.MAINTENANCE):
        assert Workspace.objects.filter(slug__startswith="pood-").count() == 2 * ROUNDS


def test_one_channel_of_an_account(workspace: Workspace) -> None:
    who = actor(workspace)
    for number in range(ROUNDS):
        connected = Connected(Facts(f"did:{number}", "kohvik", "Kohvik"), {"password": "p"}, "https://pds.test")
        one = scoped(workspace, partial(store_connection, who, "bluesky", connected))
        made = at_once(one, one)
        assert codes(made) == []
        assert made[0].id == made[1].id
        assert sorted(channel.was_known for channel in made) == [False, True]
    with workspace_scope(workspace.id):
        assert Channel.objects.count() == ROUNDS
