"""Webhooks: which programs are told, and how telling them went. For who manages the workspace."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.routers import actor_of, ok, shown_once
from kaja.api.webhooks import (
    NewWebhookIn,
    SecretOut,
    SendingStates,
    WebhookIn,
    WebhookMade,
    WebhookOut,
    WebhookPage,
    WebhookSendingOut,
    WebhookSendingPage,
    render_made_webhook,
    render_webhook,
    sending_out,
)
from kaja.outgoing import actions, queries
from kaja.workspaces import policy
from kaja.workspaces.actor import Actor

router = Router(tags=["webhooks"])


@router.get("/webhooks", response=ok(WebhookPage), operation_id="listWebhooks")
def list_webhooks(request: HttpRequest, cursor: Cursor = "", limit: Limit = LIMIT) -> WebhookPage:
    """All of them, by name; never their secrets."""
    return render_webhooks(actor_of(request), cursor, limit)


def render_webhooks(actor: Actor, cursor: str = "", limit: int = LIMIT) -> WebhookPage:
    """A page of them as the API shows it."""
    policy.require(actor, policy.Permission.MANAGE)
    page = queries.page_endpoints(cursor, limit)
    return WebhookPage(items=[render_webhook(row) for row in page.rows], next_cursor=page.next_cursor)


@shown_once("POST", "/webhooks")
@router.post("/webhooks", response=ok(WebhookMade, 201), operation_id="createWebhook")
def create_webhook(request: HttpRequest, body: NewWebhookIn) -> Status[WebhookMade]:
    """A new one, switched on. Its `secret` is in this answer and shown no more."""
    row, secret = actions.create_endpoint(actor_of(request), body.name, body.address, body.events, body.id)
    return Status(201, render_made_webhook(row, secret))


@router.get("/webhooks/{uuid:endpoint_id}", response=ok(WebhookOut), operation_id="getWebhook")
def get_webhook(request: HttpRequest, endpoint_id: UUID) -> WebhookOut:
    """One, without its secret."""
    policy.require(actor_of(request), policy.Permission.MANAGE)
    return render_webhook(queries.get_endpoint(endpoint_id))


@router.put("/webhooks/{uuid:endpoint_id}", response=ok(WebhookOut), operation_id="changeWebhook")
def change_webhook(request: HttpRequest, endpoint_id: UUID, body: WebhookIn) -> WebhookOut:
    """What it is told from now on, and where; what waits goes to the new address, too."""
    row = actions.update_endpoint(actor_of(request), endpoint_id, body.name, body.address, body.events)
    return render_webhook(row)


@router.delete("/webhooks/{uuid:endpoint_id}", response=ok(None, 204), operation_id="deleteWebhook")
def delete_webhook(request: HttpRequest, endpoint_id: UUID) -> Status[None]:
    """Tell it no more, and forget its log."""
    actions.delete_endpoint(actor_of(request), endpoint_id)
    return Status(204, None)


@router.post("/webhooks/{uuid:endpoint_id}/on", response=ok(WebhookOut), operation_id="switchWebhookOn")
def switch_on(request: HttpRequest, endpoint_id: UUID) -> WebhookOut:
    """Tell it again; what waits goes out."""
    return render_webhook(actions.switch_endpoint(actor_of(request), endpoint_id, True))


@router.post("/webhooks/{uuid:endpoint_id}/off", response=ok(WebhookOut), operation_id="switchWebhookOff")
def switch_off(request: HttpRequest, endpoint_id: UUID) -> WebhookOut:
    """Tell it nothing until it is switched on; what happens meanwhile is not kept for it."""
    return render_webhook(actions.switch_endpoint(actor_of(request), endpoint_id, False))


@shown_once("POST", "/webhooks/<uuid:endpoint_id>/secret")
@router.post("/webhooks/{uuid:endpoint_id}/secret", response=ok(SecretOut), operation_id="renewWebhookSecret")
def renew_secret(request: HttpRequest, endpoint_id: UUID) -> SecretOut:
    """A new secret, which is shown no more. For a day it is signed with the one before, too."""
    return SecretOut(secret=actions.renew_secret(actor_of(request), endpoint_id))


@router.post("/webhooks/{uuid:endpoint_id}/test", response=ok(None, 202), operation_id="testWebhook")
def send_test(request: HttpRequest, endpoint_id: UUID) -> Status[None]:
    """Send an event that says nothing; the log has what became of it."""
    actions.send_test(actor_of(request), endpoint_id)
    return Status(202, None)


@router.get("/webhooks/{uuid:endpoint_id}/log", response=ok(WebhookSendingPage), operation_id="listWebhookLog")
def list_log(
    request: HttpRequest,
    endpoint_id: UUID,
    state: SendingStates | None = None,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> WebhookSendingPage:
    """What it was told in the last 30 days, the newest first, with every try."""
    return render_log(actor_of(request), endpoint_id, state or "", cursor, limit)


def render_log(
    actor: Actor, endpoint_id: UUID, state: str = "", cursor: str = "", limit: int = LIMIT
) -> WebhookSendingPage:
    """A page of the log as the API shows it."""
    policy.require(actor, policy.Permission.MANAGE)
    page = queries.page_log(queries.get_endpoint(endpoint_id).id, cursor, limit, state=state)
    return WebhookSendingPage(items=[sending_out(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post(
    "/webhooks/sendings/{uuid:sending_id}/resend", response=ok(WebhookSendingOut), operation_id="resendWebhook"
)
def resend(request: HttpRequest, sending_id: UUID) -> WebhookSendingOut:
    """Send a line of the log once more, with the same `webhook-id`."""
    return render_sending(actions.send_again(actor_of(request), sending_id).id)


def render_sending(sending_id: UUID) -> WebhookSendingOut:
    """A line of the log as the API shows it."""
    return sending_out(queries.get_logged(sending_id))
