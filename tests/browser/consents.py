"""A consent that waits for a choice, and a developer app whose secret the network does not know."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kaja.workspaces.models import User


def wait_for_choice(user: "User", place: str) -> str:
    """Four accounts that a consent opens, one of them not to be chosen; the id of the choice. Inside the scope."""
    from dataclasses import asdict

    from kaja.channels.consenting import bound_to
    from kaja.channels.developer_apps import bound_to as bound_to_app
    from kaja.channels.models import NetworkApp, PendingConnection
    from kaja.channels.offers import render_granted
    from kaja.channels.vault import seal_values
    from kaja.kernel.clock import now
    from kaja.kernel.problems import Problem
    from kaja.networks.kit.consent import Granted, Offer
    from kaja.networks.kit.facts import Facts
    from kaja.networks.kit.grants import Tokens

    user.is_staff = True
    user.save()
    problem = Problem("read", "Nothing can be posted here: it can only be read.", fix="Choose a page or a group.")
    names = (place, f"{place} Shop", f"Friends of {place}", f"{place} Archive")
    offers = tuple(
        Offer(Facts(str(number), name, name), problem=problem if number == 3 else None)
        for number, name in enumerate(names)
    )
    row = PendingConnection(
        state_hash=user.id.bytes * 2, user_id=user.id, network="practice", offers=True,
        expires_at=now() + timedelta(hours=1),
    )  # fmt: skip
    granted = render_granted(Granted(Tokens({"access_token": "x"}, subject=place), offers))
    row.sealed = seal_values({"granted": json.dumps(granted)}, bound_to(row.id))
    row.save()
    app, made = NetworkApp.objects.get_or_create(
        network="practice", defaults={"client_id": "app100001", "sealed": b"", "set_at": now(), "set_by": str(user)}
    )
    if made:
        app.sealed = seal_values({"secret": "s", "webhook_secret": "w"}, bound_to_app(app.id))
        unknown = "The network does not know this app, or its secret is another one."
        again = "Copy the app's id and secret from the network once more, and store them again."
        app.problem = asdict(Problem("app_unknown", unknown, fix=again))
        app.save()
    return str(row.id)
