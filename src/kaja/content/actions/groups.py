"""Campaigns and labels: what posts are grouped by."""

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction

from kaja.content.actions.checks import get_campaign
from kaja.content.models import Campaign, Label
from kaja.kernel import clock, ids
from kaja.kernel.constraints import refuse_duplicate
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, Refused, gettext_noop
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.once import ID_TAKEN, find_made, insert_once

G = TypeVar("G", Campaign, Label)

COLOURS = ("ink", "red", "amber", "green", "teal", "blue", "violet", "pink")


def _clean_name(name: str, limit: int) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > limit:
        raise Refused(
            Problem(
                code="name_invalid",
                message=gettext_noop("A name has between 1 and %(limit)s characters."),
                field="name",
                fix=gettext_noop("Choose a short name that your team recognises."),
                params={"limit": limit},
            )
        )
    return clean


def _taken(name: str) -> Problem:
    return Problem(
        code="name_taken",
        message=gettext_noop("“%(name)s” exists already."),
        field="name",
        fix=gettext_noop("Use the one that exists, or choose another name."),
        params={"name": name},
    )


def _lock_campaign(campaign_id: UUID) -> Campaign:
    get_campaign(campaign_id)
    return lock(Campaign.objects.filter(id=campaign_id)).get()  # campaigns are never deleted


def _same(made: G, name: str) -> G:
    """What an earlier call with the same id made, unless that was something else."""
    if made.name != name:
        raise Conflict(ID_TAKEN)
    return made


def _state(campaign: Campaign) -> dict[str, Any]:
    return {
        "name": campaign.name,
        "colour": campaign.colour,
        "starts_on": campaign.starts_on.isoformat() if campaign.starts_on else None,
        "ends_on": campaign.ends_on.isoformat() if campaign.ends_on else None,
        "archived": campaign.archived_at is not None,
    }


@transaction.atomic
def save_campaign(
    actor: Actor,
    name: str,
    *,
    campaign_id: UUID | None = None,
    new_id: UUID | None = None,
    colour: str = "ink",
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Campaign:
    """Make a campaign, under `new_id` where one is chosen, or change the one with `campaign_id`."""
    policy.require(actor, policy.Permission.WRITE)
    clean = _clean_name(name, 120)
    if (made := find_made(Campaign, new_id)) is not None:
        return _same(made, clean)
    campaign = _lock_campaign(campaign_id) if campaign_id else Campaign(id=new_id or ids.new_id())
    before = _state(campaign) if campaign_id else {}
    if Campaign.objects.filter(name=clean).exclude(id=campaign.id).exists():
        raise Refused(_taken(clean))
    if colour not in COLOURS or (starts_on and ends_on and ends_on < starts_on):
        raise Refused(
            Problem(
                code="campaign_invalid",
                message=gettext_noop("A campaign ends after it begins, in one of the colours offered."),
                field="ends_on",
                fix=gettext_noop("Correct the dates, or leave one of them empty."),
            )
        )
    campaign.name, campaign.colour, campaign.starts_on, campaign.ends_on = clean, colour, starts_on, ends_on
    with refuse_duplicate("campaign_name", _taken(clean)):
        if campaign_id:
            campaign.save()
        elif (made := insert_once(campaign)) is not campaign:
            return _same(made, clean)
    audit.record(actor, "campaign.save", campaign, before, _state(campaign))
    return campaign


@transaction.atomic
def archive_campaign(actor: Actor, campaign_id: UUID, *, archived: bool = True) -> Campaign:
    """Take a campaign out of the choices, or bring it back. Its posts keep it."""
    policy.require(actor, policy.Permission.WRITE)
    campaign = _lock_campaign(campaign_id)
    before = _state(campaign)
    campaign.archived_at = clock.now() if archived else None
    campaign.save(update_fields=["archived_at"])
    audit.record(actor, "campaign.archive", campaign, before, _state(campaign))
    return campaign


def _get_label(label_id: UUID) -> Label:
    label = lock(Label.objects.filter(id=label_id)).first()
    if label is None:
        raise NotFound(
            Problem(
                code="label_not_found",
                message=gettext_noop("There is no such label in this workspace."),
                fix=gettext_noop("Choose from the labels of this workspace."),
            )
        )
    return label


@transaction.atomic
def create_label(actor: Actor, name: str, new_id: UUID | None = None) -> Label:
    """A label; the one that exists when the name is known already, or when this id made one."""
    policy.require(actor, policy.Permission.WRITE)
    clean = _clean_name(name, 60)
    if (made := find_made(Label, new_id)) is not None:
        return _same(made, clean)
    if (known := Label.objects.filter(name=clean).first()) is not None:
        return known
    label = Label(id=new_id or ids.new_id(), name=clean)
    try:
        with transaction.atomic():
            made = insert_once(label)
    except IntegrityError:
        return Label.objects.get(name=clean)  # somebody made it in this moment
    if made is not label:
        return _same(made, clean)
    audit.record(actor, "label.create", label, after={"name": clean})
    return label


@transaction.atomic
def rename_label(actor: Actor, label_id: UUID, name: str) -> Label:
    """Rename a label on every post that has it."""
    policy.require(actor, policy.Permission.WRITE)
    label, clean = _get_label(label_id), _clean_name(name, 60)
    if Label.objects.filter(name=clean).exclude(id=label.id).exists():
        raise Refused(_taken(clean))
    before, label.name = label.name, clean
    with refuse_duplicate("label_name", _taken(clean)):
        label.save(update_fields=["name"])
    audit.record(actor, "label.rename", label, {"name": before}, {"name": clean})
    return label


@transaction.atomic
def delete_label(actor: Actor, label_id: UUID) -> None:
    """Take a label off every post and forget it."""
    policy.require(actor, policy.Permission.WRITE)
    label = _get_label(label_id)
    audit.record(actor, "label.delete", label, {"name": label.name, "posts": label.post_labels.count()})
    label.delete()
