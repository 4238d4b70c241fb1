"""What the composer's page sends: the whole edit as JSON, checked here before anything looks at it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kaja.content.actions import Changes
from kaja.content.document import Document, Overrides
from kaja.content.plan.slots import find_free_slot
from kaja.content.snapshot import PostContent, VariantContent
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.times import ResolvedTime, resolve_local, wall_of
from kaja.web.kit.json import parse_body


class OwnPart(BaseModel):
    """What one channel has of its own."""

    model_config = ConfigDict(extra="forbid")
    overrides: Overrides = Field(default_factory=Overrides)
    options: dict[str, str | bool | list[str]] = Field(default_factory=dict)


class When(BaseModel):
    """When it shall go out. `local` is a wall-clock time of the workspace, for mode `time`."""

    model_config = ConfigDict(extra="forbid")
    mode: Literal["now", "slot", "time"] = "slot"
    local: str = Field(default="", max_length=30)


class Payload(BaseModel):
    """One edit. The page chooses the id of a new post; `revision` is the one that the editor began with, None as long
    as the page has not heard of any."""

    model_config = ConfigDict(extra="forbid")
    post: UUID = Field(default_factory=new_id)
    revision: int | None = None
    document: Document = Field(default_factory=Document)
    channels: list[UUID] = Field(default_factory=list, max_length=200)
    variants: dict[UUID, OwnPart] = Field(default_factory=dict)
    when: When = Field(default_factory=When)
    campaign: UUID | None = None
    labels: list[str] = Field(default_factory=list, max_length=30)
    language: str = ""

    @field_validator("post", mode="before")
    @classmethod
    def _choose(cls, given: Any) -> Any:
        """A page that was open while Kaja was upgraded chooses no id."""
        return given or new_id()

    @property
    def begun(self) -> bool:
        """Whether anything was written, attached or saved yet."""
        own = [variant.overrides.parts or () for variant in self.variants.values()]
        written = [part for parts in (self.document.parts, *own) for part in parts if part.text or part.media]
        return bool(self.revision or written or self.document.link_card)

    def own(self) -> dict[UUID, VariantContent]:
        """By channel: only channels that carry the post count."""
        return {
            channel: VariantContent(own.overrides, own.options)
            for channel in dict.fromkeys(self.channels)
            for own in [self.variants.get(channel, OwnPart())]
        }

    def content(self) -> PostContent:
        return PostContent(self.document, self.own())

    def changes(self) -> Changes:
        """Content, campaign and labels; the time is a matter of scheduling."""
        return {
            "document": self.document,
            "channels": list(dict.fromkeys(self.channels)),
            "variants": self.own(),
            "campaign": self.campaign,
            "labels": self.labels,
        }


UNREADABLE = Problem(
    code="composer_invalid",
    message=gettext_noop("Kaja could not read what the page sent (%(detail)s). Your text is still here."),
    fix=gettext_noop("Reload the page; what you wrote is kept in this browser."),
)


def parse_payload(request: HttpRequest) -> Payload:
    """The edit that the page sent. Raises Refused; the page keeps what was typed."""
    return parse_body(Payload, request, UNREADABLE)


def resolve_when(when: When, channels: list[UUID], zone: ZoneInfo, post: UUID | None = None) -> ResolvedTime | None:
    """The instant that is meant: None for now, and where no slot is free. Raises Refused for an unreadable time.

    A slot that `post` itself has taken is free for it, so that asking twice gives the same one.
    """
    if when.mode == "slot":
        return find_free_slot(channels, clock.now(), zone, besides=post)
    if when.mode == "now":
        return None
    try:
        wall = datetime.fromisoformat(when.local)
    except ValueError:
        raise Refused(
            Problem(
                code="time_missing",
                message=gettext_noop("The post has no time yet."),
                field="due_at",
                fix=gettext_noop("Choose a day and a time."),
            )
        ) from None
    if wall.tzinfo is not None:
        wall = wall_of(wall, zone)
    return resolve_local(wall.replace(second=0, microsecond=0), zone)


def is_past(moment: ResolvedTime) -> bool:
    """Whether the moment is gone."""
    return moment.instant <= clock.now()
