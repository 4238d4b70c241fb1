"""The workspace: channels, slots, media, campaigns, labels, and the pause switch."""

from uuid import UUID

from django.http import HttpRequest
from ninja import File, Router, Status, UploadedFile
from ninja.params import functions as param_functions

from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.render import asset_out, channel_out, format_out
from kaja.api.routers import actor_of, ok, waits, workspace_of
from kaja.api.schemas import (
    AssetOut,
    ChannelIn,
    ChannelOut,
    ChannelPage,
    FollowIn,
    NamedOut,
    NamedPage,
    NameIn,
    NetworkOut,
    SlotIO,
    SlotsIn,
    WorkspaceOut,
)
from kaja.channels import actions as channel_actions
from kaja.channels.models import Slot
from kaja.channels.queries import get_channel, page_channels
from kaja.channels.slots import list_slots, set_slots
from kaja.content.actions import groups
from kaja.content.groups import page_campaigns_by_age, page_labels_by_age
from kaja.content.models import Campaign, Label
from kaja.delivery import actions as delivery_actions
from kaja.kernel.pages import Page
from kaja.kernel.tenancy import workspace_scope
from kaja.media.queries import get_asset
from kaja.media.upload import upload_asset
from kaja.networks.kit.facts import Facts
from kaja.networks.registry import CONNECTORS
from kaja.workspaces import policy
from kaja.workspaces.models import Workspace
from kaja.workspaces.queries import get_workspace as read_workspace

router = Router(tags=["workspace"])


@router.get("/workspace", response=ok(WorkspaceOut), operation_id="getWorkspace")
def get_workspace(request: HttpRequest) -> Workspace:
    """The token's workspace."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return read_workspace()


@router.post("/workspace/pause", response=ok(WorkspaceOut), operation_id="pauseWorkspace")
def pause_workspace(request: HttpRequest) -> Workspace:
    """Send nothing until the workspace is resumed."""
    return delivery_actions.pause_workspace(actor_of(request))


@router.post("/workspace/resume", response=ok(WorkspaceOut), operation_id="resumeWorkspace")
def resume_workspace(request: HttpRequest) -> Workspace:
    """Go on; what became too late meanwhile is missed."""
    return delivery_actions.resume_workspace(actor_of(request))


@router.get("/networks", response=ok(list[NetworkOut]), operation_id="listNetworks")
def list_networks(request: HttpRequest) -> list[NetworkOut]:
    """The networks that Kaja speaks, and what connecting each asks for."""
    return [
        NetworkOut(
            key=key,
            name=connector.info.name,
            connect=connector.info.connect,
            form=[field.name for field in connector.info.form],
            options=[option.name for option in connector.info.options],
            formats=[format_out(each) for each in connector.rules.formats(Facts("", "", ""))],
            practice=connector.info.practice,
        )
        for key, connector in CONNECTORS.items()
    ]


@router.get("/channels", response=ok(ChannelPage), operation_id="listChannels")
def get_channels(
    request: HttpRequest, disconnected: bool = False, cursor: Cursor = "", limit: Limit = LIMIT
) -> ChannelPage:
    """Connected channels, oldest first; with `disconnected`, those that were let go too."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = page_channels(cursor, limit, disconnected=disconnected)
    return ChannelPage(items=[channel_out(row) for row in page.rows], next_cursor=page.next_cursor)


@waits("POST", "/channels")
@router.post("/channels", response=ok(ChannelOut, 201), operation_id="connectChannel")
def connect_channel(request: HttpRequest, body: ChannelIn) -> Status[ChannelOut]:
    """Connect an account by a form. A network that needs a browser (OAuth) is connected on the screen."""
    channel = channel_actions.connect_channel(actor_of(request), workspace_of(request), body.network, body.form)
    with workspace_scope(workspace_of(request).id):
        return Status(201, channel_out(channel))


@router.get("/channels/{uuid:channel_id}", response=ok(ChannelOut), operation_id="getChannel")
def get_one_channel(request: HttpRequest, channel_id: UUID) -> ChannelOut:
    """One channel with its health and quotas."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return channel_out(get_channel(channel_id))


@waits("POST", "/channels/<uuid:channel_id>/follow")
@router.post("/channels/{uuid:channel_id}/follow", response=ok(ChannelOut), operation_id="followChannel")
def follow_channel(request: HttpRequest, channel_id: UUID, body: FollowIn) -> ChannelOut:
    """Go on where the channel's server has moved to, when the same account answers there."""
    channel = channel_actions.follow_channel(actor_of(request), workspace_of(request).id, channel_id, body.to)
    with workspace_scope(workspace_of(request).id):
        return channel_out(channel)


@router.delete("/channels/{uuid:channel_id}", response=ok(None, 204), operation_id="disconnectChannel")
def disconnect_channel(request: HttpRequest, channel_id: UUID) -> Status[None]:
    """Let a channel go: its credentials are forgotten, its history and scheduled posts are kept."""
    channel_actions.disconnect_channel(actor_of(request), channel_id)
    return Status(204, None)


@router.get("/channels/{uuid:channel_id}/slots", response=ok(list[SlotIO]), operation_id="listSlots")
def get_slots(request: HttpRequest, channel_id: UUID) -> list[Slot]:
    """The weekly times of the channel's queue."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return list_slots(get_channel(channel_id).id)


@router.put("/channels/{uuid:channel_id}/slots", response=ok(list[SlotIO]), operation_id="setSlots")
def put_slots(request: HttpRequest, channel_id: UUID, body: SlotsIn) -> list[Slot]:
    """Make the channel's slots exactly these."""
    return set_slots(actor_of(request), channel_id, [(slot.weekday, slot.time) for slot in body.slots])


@waits("POST", "/media")
@router.post("/media", response=ok(AssetOut, 201), operation_id="uploadMedia")
def upload_media(
    request: HttpRequest, file: File[UploadedFile], alt: str = param_functions.Form("", max_length=10_000)
) -> Status[AssetOut]:
    """Take a picture or a video into the workspace. It is judged by its content, not by its name."""
    assert file.file is not None  # the file itself, which can be moved to where it stays
    name, size = file.name or "", file.size or 0
    asset = upload_asset(actor_of(request), workspace_of(request).id, file.file, name, size, alt)
    return Status(201, asset_out(asset))


@router.get("/media/{uuid:asset_id}", response=ok(AssetOut), operation_id="getMedia")
def get_media(request: HttpRequest, asset_id: UUID) -> AssetOut:
    """What is known of a file."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return asset_out(get_asset(asset_id))


@router.get("/campaigns", response=ok(NamedPage), operation_id="listCampaigns")
def list_campaigns(request: HttpRequest, cursor: Cursor = "", limit: Limit = LIMIT) -> NamedPage:
    """Campaigns that are not archived, oldest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return _named(page_campaigns_by_age(cursor, limit))


@router.post("/campaigns", response=ok(NamedOut, 201), operation_id="createCampaign")
def create_campaign(request: HttpRequest, body: NameIn) -> Status[Campaign]:
    """A new campaign."""
    return Status(201, groups.save_campaign(actor_of(request), body.name, new_id=body.id))


@router.get("/labels", response=ok(NamedPage), operation_id="listLabels")
def list_labels(request: HttpRequest, cursor: Cursor = "", limit: Limit = LIMIT) -> NamedPage:
    """Every label of the workspace, oldest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return _named(page_labels_by_age(cursor, limit))


def _named(page: Page[Campaign] | Page[Label]) -> NamedPage:
    return NamedPage(items=[NamedOut.from_orm(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post("/labels", response=ok(NamedOut, 201), operation_id="createLabel")
def create_label(request: HttpRequest, body: NameIn) -> Status[Label]:
    """A label; the one that exists when the name is known already."""
    return Status(201, groups.create_label(actor_of(request), body.name, body.id))
