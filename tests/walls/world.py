"""Two workspaces with one row of every kind in each, and everything that stands in one of them as text."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Model
from django.test import Client

from kaja.api.models import RememberedRequest
from kaja.api.tokens import create_token
from kaja.channels.consenting import bound_to
from kaja.channels.credentials import write_credentials
from kaja.channels.models import Channel, PendingConnection, QuotaState, Slot
from kaja.channels.offers import render_granted
from kaja.channels.vault import seal_values
from kaja.content.models import Label, Post, PostLabel
from kaja.delivery.models import Attempt, Delivery, Inventory, UntoldEvent
from kaja.kernel import clock
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.media.models import Asset
from kaja.networks.kit.consent import Granted, Offer
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.grants import Tokens
from kaja.publishing.models import RemoteChange
from kaja.push.actions import add_device
from kaja.reading.models import ForgottenAuthor, Item, Poll
from kaja.workspaces import audit
from kaja.workspaces.actions import invite
from kaja.workspaces.models import Notice, Role, User, Workspace
from kaja.workspaces.tenant import TenantModel
from tests.api.world import build_world
from tests.conftest import make_workspace
from tests.crisis.world import fill_crisis
from tests.inbox.world import fill_inbox
from tests.outgoing.world import fill_outgoing
from tests.people import actor, add_member, member_of
from tests.walls.routes import PUSH_KEYS

MARK = "SECRET"
"""Stands in every name and text of a world: where it is read by a stranger, a wall has a hole."""
TENANT_MODELS: list[type[TenantModel]] = sorted(
    (model for model in apps.get_models() if issubclass(model, TenantModel) and not model._meta.proxy),
    key=lambda model: model.__name__,
)


@dataclass
class Inhabited:
    """A workspace, its people by role, and the ids of what is in it, by the names that addresses give them."""

    workspace: Workspace
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return self.workspace.slug

    def person(self, role: str = "owner") -> User:
        return User.objects.get(email=f"{role}@{self.slug}.test")

    def browser(self, role: str = "owner", **options: Any) -> Client:
        """A signed-in browser."""
        client = Client(**options)
        client.force_login(self.person(role))
        return client


def inhabit(slug: str, mark: str) -> Inhabited:
    """A workspace with a curator, an analyst, a guest who may leave, and one row of every tenant table."""
    workspace = make_workspace(slug, f"owner@{slug}.test")[0]
    User.objects.filter(email=f"owner@{slug}.test").update(name=mark, is_staff=True)
    for role in (Role.ANALYST, Role.GUEST):
        add_member(workspace, f"{role}@{slug}.test", role, mark)
    world = build_world(workspace, mark)
    ids = {name: value for name, value in world.named().items() if value != "None"}
    with workspace_scope(workspace.id):
        ids |= _more(workspace, ids, mark)
    return Inhabited(workspace, {"slug": slug, **ids})


def _more(workspace: Workspace, ids: dict[str, str], mark: str) -> dict[str, str]:
    """What the API's world lacks."""
    now = clock.now()
    curator = actor(workspace)
    invitation, invitation_token = invite(curator, email=f"{mark.lower()}@{workspace.slug}.test", role=Role.DESIGNER)
    token, _secret = create_token(curator, mark, ("view",))
    notice = Notice.objects.create(kind="x", message=mark, member=member_of(workspace))
    channel = Channel.objects.get(id=ids["channel_id"])
    # Nobody listens there: what asks the network is told so at once.
    channel.base_url = "http://127.0.0.1:1"
    channel.save()
    write_credentials(channel.id, {"token": f"{mark}-token"})
    Slot.objects.create(channel=channel, weekday=0, time="09:00")
    QuotaState.objects.create(channel=channel, bucket="posts", limit=10, remaining=1)
    sealed = {"network": "mastodon", "sealed": b"x"}
    PendingConnection.objects.create(
        state_hash=workspace.id.bytes * 2, user_id=member_of(workspace).user_id, channel=channel,
        expires_at=now + timedelta(days=1), **sealed,
    )  # fmt: skip
    waiting = PendingConnection(
        state_hash=workspace.id.bytes[::-1] * 2, user_id=member_of(workspace).user_id, network="practice", offers=True,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    offer = Offer(Facts("1", mark, mark), {"page": "1"}, "http://127.0.0.1:1")
    granted = render_granted(Granted(Tokens({"access_token": "x"}, subject=mark), (offer,)))
    waiting.sealed = seal_values({"granted": json.dumps(granted)}, bound_to(waiting.id))
    waiting.save()
    Poll.objects.create(channel=channel, what="channel.health", problem={"code": mark})
    ForgottenAuthor.objects.create(network="practice", digest=b"x" * 32)
    Item.objects.create(channel=channel, stream="comments", remote_id="1", at=now, read_at=now, content={"text": mark})
    post, label = Post.objects.get(id=ids["post_id"]), Label.objects.get(id=ids["label_id"])
    PostLabel.objects.create(post=post, label=label)
    inbox = fill_inbox(channel, ids["publication_id"], label, mark)
    trouble = fill_crisis(post, inbox["conversation_id"], curator, mark)
    delivery = Delivery.objects.get(id=ids["delivery_id"])
    Attempt.objects.create(delivery=delivery, fence=1, stage="publish", irreversible=True, started_at=now, message=mark)
    untold = UntoldEvent.objects.create(delivery=delivery, event="failed", error=mark, failed_at=now)
    Inventory.objects.create(channel=channel, looked_at=now, strangers=[{"url": "", "text": mark, "at": None}])
    RemoteChange.objects.create(publication_id=ids["publication_id"], kind="edit", requested_by=mark)
    RememberedRequest.objects.create(token=token, key=mark, fingerprint=b"x", status=200, body=mark)
    audit.record(curator, "channel.connect", channel, {}, {"name": mark})
    picture = Path(__file__).with_name("picture.png").read_bytes()
    stored = default_storage.save(f"{workspace.id}/picture.png", ContentFile(picture))
    Asset.objects.filter(id=ids["asset_id"]).update(file=stored, thumbnail=stored, size=len(picture))
    told = fill_outgoing(mark)
    endpoint = {"endpoint": f"https://push.test/{workspace.slug}", "keys": PUSH_KEYS}
    device = add_device(member_of(workspace).user, "session", mark, endpoint)
    binned = Post.objects.create(summary=mark, deleted_at=now)
    guest = member_of(workspace, f"guest@{workspace.slug}.test")
    return (
        inbox
        | trouble
        | told
        | {
            "device_id": str(device.id),
            "binned_id": str(binned.id),
            "choice_id": str(waiting.id),
            "member_id": str(guest.id),
            "invitation_id": str(invitation.id),
            "invitation_token": invitation_token,
            "token_id": str(token.id),
            "notice_id": str(notice.id),
            "untold_id": str(untold.id),
        }
    )


def everything_of(workspace: Workspace) -> str:
    """Every row of the workspace, in every tenant table, as text."""
    tables: list[type[Model]] = [*TENANT_MODELS, Workspace]
    with workspace_scope(workspace.id):
        return "\n".join(serializers.serialize("json", table._default_manager.order_by("pk")) for table in tables)


def empty_tables() -> None:
    """Forget both worlds."""
    with system_scope(SystemPurpose.MAINTENANCE), connection.cursor() as cursor:
        cursor.execute("TRUNCATE workspaces_workspace, workspaces_user CASCADE")


def count_rows(workspace: Workspace) -> dict[str, int]:
    with workspace_scope(workspace.id):
        return {model.__name__: model.objects.count() for model in TENANT_MODELS}
