"""Asking for an edit or a deletion of what stands on a network. Repeating such a call does no harm, so a job carries it
out (`publishing/changing.py`)."""

from uuid import UUID

from django.db import transaction

from kaja.content.queries import check_draft, draft_of
from kaja.delivery.frozen import Frozen, parse_frozen
from kaja.delivery.models import Publication
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.networks.registry import CONNECTORS
from kaja.publishing.drafts import freeze_draft
from kaja.publishing.jobs import change_publication
from kaja.publishing.models import PostDelivery, RemoteChange
from kaja.publishing.queries import get_published
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor


def _lock(actor: Actor, publication_id: UUID) -> PostDelivery:
    """The post's delivery with its publication, which is locked."""
    policy.require(actor, policy.Permission.PUBLISH)
    list(lock(Publication.objects.filter(id=publication_id)))
    found = get_published(publication_id)
    if found.publication.deleted_at is not None:
        raise Refused(
            Problem("already_deleted", gettext_noop("It was deleted on the network already; nothing was changed."))
        )
    return found


def _require_able(delivery: PostDelivery, kind: str) -> None:
    channel = delivery.channel
    connector = CONNECTORS.get(channel.network)
    able = connector is not None and (connector.editor if kind == "edit" else connector.remover) is not None
    if able and channel.disconnected_at is None:
        return
    raise Refused(
        Problem(
            "change_not_possible",
            gettext_noop("Kaja cannot change this on the network; it stays as it is there."),
            fix=gettext_noop("Open it on the network and change it there."),
        )
    )


def _want(actor: Actor, delivery: PostDelivery, kind: str, content: Frozen | None) -> RemoteChange:
    publication = delivery.publication
    RemoteChange.objects.filter(publication=publication, state="wanted").update(state="replaced", finished_at=now())
    change = RemoteChange.objects.create(
        publication=publication, kind=kind, content=content.render() if content else None, requested_by=actor.name[:150]
    )
    audit.record(actor, f"publication.{kind}", publication, after={"change": str(change.id)})
    change_publication.defer(workspace=str(publication.workspace_id), change=str(change.id))
    notify_live(publication.workspace_id, "delivery", delivery.variant.post_id)
    return change


@transaction.atomic
def request_edit(actor: Actor, publication_id: UUID) -> RemoteChange:
    """Bring what stands on the network in line with the post as it is saved now."""
    delivery = _lock(actor, publication_id)
    _require_able(delivery, "edit")
    draft = draft_of(delivery.variant)
    errors = [problem for problem in check_draft(delivery.channel, draft) if problem.severity == "error"]
    frozen = freeze_draft(draft, now())
    if delivery.position >= len(frozen) or frozen[delivery.position].kind != delivery.kind:
        errors.append(
            Problem(
                "part_gone",
                gettext_noop("The post no longer has this part, so there is nothing to change it to."),
                fix=gettext_noop("Delete it on the network, or put the part back into the post."),
            )
        )
    if errors:
        raise Refused(*errors)
    content, sent = frozen[delivery.position], delivery.publication.sent
    if sent:  # it is empty when a person found it there before it was frozen
        content = content.model_copy(update={"created_at": parse_frozen(sent).created_at})
    return _want(actor, delivery, "edit", content)


@transaction.atomic
def request_delete(actor: Actor, publication_id: UUID) -> RemoteChange:
    """Delete it on the network."""
    delivery = _lock(actor, publication_id)
    _require_able(delivery, "delete")
    return _want(actor, delivery, "delete", None)
