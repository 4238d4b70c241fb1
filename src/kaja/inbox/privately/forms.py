"""A private reply as a person or a script gives it, held against the rules of the networks that it would be on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.delivery.models import Publication
from kaja.inbox.privately import refusals
from kaja.inbox.privately.conditions import Wanted
from kaja.inbox.privately.place import find_way, fit_texts
from kaja.inbox.targets.models import AnswerTarget
from kaja.kernel.problems import Problem, Refused, fill_params
from kaja.networks.kit.results import RemoteRef
from kaja.networks.registry import CONNECTORS

Text = Annotated[str, Field(min_length=1, max_length=5000)]
DAILY_MOST = 1000
PAUSE_MOST = 24 * 3600


class Said(BaseModel):
    """What is said: one of the public answers below the comment, none where there are none, and the private reply."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    public: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    text: Annotated[str, Field(max_length=5000)] = ""


class Limits(BaseModel):
    """When, and how many: a pause in seconds, so many a local day, in the hours of a target of answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pause_least: Annotated[int, Field(ge=0, le=PAUSE_MOST)] = 60
    pause_most: Annotated[int, Field(ge=0, le=PAUSE_MOST)] = 300
    daily: Annotated[int, Field(ge=1, le=DAILY_MOST)] = 50
    target: UUID | None = None
    """Without one at any time."""


class PrivateForm(BaseModel):
    """All of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=60)]
    wanted: Wanted = Wanted()
    said: Said = Said()
    limits: Limits = Limits()


def mark_of(wanted: Any, said: Any, limits: Any) -> str:
    """What was tried: one that is otherwise must be tried anew."""
    models = (Wanted.model_validate(wanted), Said.model_validate(said), Limits.model_validate(limits))
    plain = json.dumps([each.model_dump(mode="json") for each in models], sort_keys=True)
    return sha256(plain.encode()).hexdigest()


def parse_private(given: Mapping[str, Any]) -> PrivateForm:
    """Raises Refused, which says all that is wrong. Inside the workspace's scope."""
    try:
        form = PrivateForm.model_validate(given)
    except ValidationError as error:
        raise Refused(_explain(error)) from error
    found = [*_check_words(form), *_check_channels(form)]
    if found:
        raise Refused(*found)
    return form


def _explain(error: ValidationError) -> Problem:
    found = error.errors()[0]
    place = [str(each) for each in found["loc"]]
    if "pattern" in place:
        said = str(found["msg"]).removeprefix("Value error, ")[:200]
        return fill_params(refusals.PATTERN, said=said)
    return refusals.INVALID.at(place[1] if len(place) > 1 else (place or ["name"])[0])


def _check_words(form: PrivateForm) -> list[Problem]:
    wanted, said = form.wanted, form.said
    found = []
    if not (wanted.channel_ids or wanted.publication_ids):
        found.append(refusals.NO_PLACE)
    if not (wanted.words or wanted.pattern):
        found.append(refusals.NO_WORD)
    if not said.text.strip():
        found.append(refusals.NO_TEXT)
    if len(said.public) == 1:
        found.append(refusals.ONE_PUBLIC)
    if len({" ".join(text.split()) for text in said.public}) < len(said.public):
        found.append(refusals.SAME_PUBLIC)
    if form.limits.pause_most < form.limits.pause_least:
        found.append(refusals.PAUSES)
    if form.limits.target is not None and not AnswerTarget.objects.filter(id=form.limits.target).exists():
        found.append(refusals.INVALID.at("target"))
    return found


def _check_channels(form: PrivateForm) -> list[Problem]:
    """Each text against the rules of each network: of each channel, for their limits differ."""
    wanted = form.wanted
    posts = list(Publication.objects.filter(id__in=wanted.publication_ids).values_list("id", "channel_id"))
    found = [refusals.POST_GONE] if len(posts) < len(set(wanted.publication_ids)) else []
    ids = {*wanted.channel_ids, *(channel_id for _, channel_id in posts)} - {None}
    channels = list(Channel.objects.filter(id__in=ids).order_by("id"))
    if len(channels) < len(ids):
        found.append(refusals.INVALID.at("channels"))
    for channel in channels:
        found += check_channel(channel, form.said)
    return _once(found)


def check_channel(channel: Channel, said: Said) -> list[Problem]:
    """What one channel has against it. The places are filled with nothing, so that what is short enough at best fits;
    with a name that is longer the sending says so."""
    way = find_way(channel)
    if way is None:
        connector = CONNECTORS.get(channel.network)
        name = connector.info.name if connector else channel.network
        return [fill_params(refusals.UNSUPPORTED, network=name, channel=str(channel))]
    target, facts = RemoteRef("", "", {}), facts_of(channel)
    private = fit_texts(way, [said.text], target, facts, private=True)
    public = fit_texts(way, said.public, target, facts, private=False)
    return [*(each.at("text") for each in private), *(each.at("public") for each in public)]


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """Several channels of one network say the same."""
    found: dict[tuple[str, str, str], Problem] = {}
    for each in problems:
        found.setdefault((each.code, each.field, each.text()), each)
    return list(found.values())


def list_able(channels: Sequence[Channel]) -> dict[UUID, bool]:
    """Whether each channel's network has private replies to comments."""
    return {channel.id: find_way(channel) is not None for channel in channels}
