"""What the check of a post answers: findings, and the fields that can be filled in now, by channel."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from ninja import Schema

from kaja.api.problems import render_problem
from kaja.api.schemas import OptionOut, ProblemOut
from kaja.content.models import Variant
from kaja.content.options import list_shown_fields
from kaja.kernel.problems import Problem
from kaja.networks.kit.options import OptionField


class ChoiceOut(Schema):
    value: str
    label: str


class FieldOut(OptionOut):
    """A field that can be filled in now, as the screen shows it. `named`: its choices with their names, also those that
    the account has. `value`: what stands in it; null is nothing, so its default holds. A `datetime` is given as an
    instant, or as what the workspace's clocks show, and kept as an instant with the zone."""

    label: str
    help: str
    max_length: int | None
    named: list[ChoiceOut]
    value: Any


class CheckOut(Schema):
    """Findings and fields by channel."""

    channels: dict[str, list[ProblemOut]]
    fields: dict[str, list[FieldOut]]


def check_out(found: Mapping[UUID, Sequence[Problem]], variants: Iterable[Variant]) -> CheckOut:
    return CheckOut(
        channels={
            str(channel): [ProblemOut.model_validate(render_problem(problem)) for problem in problems]
            for channel, problems in found.items()
        },
        fields={
            str(own.channel_id): [
                field_out(field, own.options.get(field.name)) for field in list_shown_fields(own.channel, own.options)
            ]
            for own in variants
        },
    )


def field_out(field: OptionField, value: Any) -> FieldOut:
    return FieldOut(
        name=field.name,
        kind=field.kind,
        required=field.required,
        default=field.default,
        choices=[choice.value for choice in field.choices],
        label=_(field.label),
        help=_(field.help) if field.help else "",
        max_length=field.max_length,
        named=[
            ChoiceOut(value=choice.value, label=choice.label if field.choices_from else _(choice.label))
            for choice in field.choices
        ],
        value=value,
    )
