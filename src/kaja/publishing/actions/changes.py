"""Editing and deleting what stands on a network. Repeating such a call does no harm, so a job carries it out."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.channels.models import Health
from kaja.channels.sessions import facts_of, open_session, record_health, save_credentials
from kaja.content.media.open import open_assets, render_key
from kaja.content.queries import check_draft, draft_of
from kaja.kernel.clock import now
from kaja.kernel.signals import notify_live
from kaja.networks.kit.http import run_blocking
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.networks.kit.results import Changed, ChangeResult, NeedsReconnect, Rejected, RemoteRef
from kaja.networks.registry import CONNECTORS
from kaja.publishing.frozen import freeze_draft, list_media, thaw
from kaja.publishing.models import Publication, RemoteChange
from kaja.publishing.problems import render_problem
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.errors import NotFound, Refused

PATIENCE = timedelta(minutes=15)
"""The job's pauses grow to 17 minutes; a try after this time is the last one."""


class TryLater(Exception):
    """The network did not carry the change out yet; the job comes again."""


def _lock(actor: Actor, publication_id: UUID) -> Publication:
    policy.require(actor, policy.Permission.PUBLISH)
    found = (
        Publication.objects.select_for_update(of=("self",))
        .select_related("delivery__variant__post", "delivery__channel")
        .filter(id=publication_id)
        .first()
    )
    if found is None:
        raise NotFound(Problem("publication_not_found", gettext_noop("This is not among what was published here.")))
    if found.deleted_at is not None:
        raise Refused(
            Problem("already_deleted", gettext_noop("It was deleted on the network already; nothing was changed."))
        )
    return found


def _require_able(publication: Publication, kind: str) -> None:
    channel = publication.delivery.channel
    connector = CONNECTORS.get(channel.network)
    able = connector is not None and (connector.info.edits if kind == "edit" else connector.info.deletes)
    if able and channel.disconnected_at is None:
        return
    raise Refused(
        Problem(
            "change_not_possible",
            gettext_noop("Kaja cannot change this on the network; it stays as it is there."),
            fix=gettext_noop("Open it on the network and change it there."),
        )
    )


def _want(actor: Actor, publication: Publication, kind: str, content: dict[str, Any] | None) -> RemoteChange:
    from kaja.publishing.jobs import change_publication

    RemoteChange.objects.filter(publication=publication, state="wanted").update(state="replaced", finished_at=now())
    change = RemoteChange.objects.create(
        publication=publication, kind=kind, content=content, requested_by=actor.name[:150]
    )
    audit.record(actor, f"publication.{kind}", publication, after={"change": str(change.id)})
    change_publication.defer(workspace=str(publication.workspace_id), change=str(change.id))
    notify_live(publication.workspace_id, "delivery", publication.delivery.variant.post_id)
    return change


@transaction.atomic
def request_edit(actor: Actor, publication_id: UUID) -> RemoteChange:
    """Bring what stands on the network in line with the post as it is saved now."""
    publication = _lock(actor, publication_id)
    _require_able(publication, "edit")
    delivery = publication.delivery
    draft = draft_of(delivery.variant)
    errors = [problem for problem in check_draft(delivery.channel, draft) if problem.severity == "error"]
    frozen = freeze_draft(draft, now())
    if delivery.position >= len(frozen) or frozen[delivery.position]["kind"] != delivery.kind:
        errors.append(
            Problem(
                "part_gone",
                gettext_noop("The post no longer has this part, so there is nothing to change it to."),
                fix=gettext_noop("Delete it on the network, or put the part back into the post."),
            )
        )
    if errors:
        raise Refused(*errors)
    content = frozen[delivery.position]
    content["created_at"] = publication.sent.get("created_at", content["created_at"])
    return _want(actor, publication, "edit", content)


@transaction.atomic
def request_delete(actor: Actor, publication_id: UUID) -> RemoteChange:
    """Delete it on the network."""
    publication = _lock(actor, publication_id)
    _require_able(publication, "delete")
    return _want(actor, publication, "delete", None)


def carry_out_change(change_id: UUID, *, last_try: bool = False) -> RemoteChange:
    """Make the call. Raises TryLater when the network asks to wait; on the last try that becomes a failure."""
    change = RemoteChange.objects.select_related(
        "publication__delivery__channel", "publication__delivery__after__publication", "publication__delivery__variant"
    ).get(id=change_id)
    if change.state != "wanted":
        return change
    result = _call(change)
    publication = change.publication
    match result:
        case Changed(ref):
            change.state = "done"
            if change.kind == "delete":
                publication.deleted_at = now()
            else:
                assert change.content is not None
                publication.edited_at, publication.sent = now(), change.content
                if ref is not None:
                    publication.remote_id, publication.remote_url = ref.id[:500], ref.url[:1000]
                    publication.data = dict(ref.data)
            publication.save()
        case Rejected(problem):
            change.state, change.problem = "failed", render_problem(problem)
        case NeedsReconnect(problem):
            record_health(publication.delivery.channel, Health.RECONNECT, problem)
            change.state, change.problem = "failed", render_problem(problem)
        case _:
            change.problem = render_problem(result.reason)
            if not last_try:
                RemoteChange.objects.filter(id=change.id).update(problem=change.problem)
                raise TryLater
            change.state = "failed"
    change.finished_at = now()
    change.save()
    notify_live(change.workspace_id, "delivery", publication.delivery.variant.post_id)
    return change


def is_old(change_id: UUID) -> bool:
    """Whether the change has been tried for so long that the next refusal is told to the person."""
    return RemoteChange.objects.filter(id=change_id, created_at__lt=now() - PATIENCE).exists()


def _call(change: RemoteChange) -> ChangeResult:
    publication = change.publication
    delivery = publication.delivery
    channel = delivery.channel
    connector = CONNECTORS[channel.network]
    session, facts = open_session(channel), facts_of(channel)
    ref = RemoteRef(publication.remote_id, publication.remote_url, publication.data)
    content = change.content
    if content is None:
        result = run_blocking(lambda: connector.delete(ref, facts, session))
    else:
        before = getattr(delivery.after, "publication", None) if delivery.after else None
        reply_to = RemoteRef(before.remote_id, before.remote_url, before.data) if before else None
        opened = {render_key(item): media for item, media in open_assets(list_media(content)).items()}
        outgoing = thaw(content, delivery.id, opened, reply_to, reply_to)
        result = run_blocking(lambda: connector.edit(ref, outgoing, facts, session))
    if session.credentials_changed:
        save_credentials(channel, session.credentials)
    return result
