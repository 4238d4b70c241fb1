"""What a rule does, and doing it: each effect is a step that a person could have taken, in the log and to be undone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field

from kaja.inbox.actions import add_label, assign, plan_task, propose_draft, set_priority, set_state
from kaja.inbox.actions.changing import Done
from kaja.inbox.acts import do_act
from kaja.inbox.models import ConversationState, Priority
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem, Refused
from kaja.workspaces.actor import Actor, make_system_actor


class Task(BaseModel):
    """What somebody is to do about a conversation, in so many minutes after the rule was for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=200)]
    member: UUID
    minutes: Annotated[int, Field(ge=1, le=60 * 24 * 365)]


class Then(BaseModel):
    """The effects of a rule, as they are stored. Nothing of it writes in public."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    labels: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=20)] = ()
    assignee: UUID | None = None
    priority: Annotated[int, Field(ge=-1, le=2)] | None = None
    state: Literal["done", "spam"] | None = None
    hide: bool = False
    """On the network, until somebody has looked at it; where a network cannot hide, the hit says so."""
    notify: bool = False
    draft: UUID | None = None
    """A saved reply, proposed to whoever opens the conversation. Nothing sends it but a person."""
    task: Task | None = None

    def is_empty(self) -> bool:
        """Whether nothing is done."""
        return self == Then()


def make_rule_actor(name: str) -> Actor:
    """Kaja itself, acting for a rule; what it does bears the rule's name."""
    return make_system_actor(name)


def do_effects(name: str, then: Then, conversation_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Do what a rule says to these conversations; gives the lines by conversation. Inside the workspace's scope and one
    transaction. Raises Refused, when something of it cannot be done: then nothing of it is."""
    actor = make_rule_actor(name)
    steps: list[Done] = [add_label(actor, conversation_ids, label, by=name) for label in then.labels]
    if then.assignee is not None:
        steps.append(assign(actor, conversation_ids, then.assignee, by=name))
    if then.priority is not None:
        steps.append(set_priority(actor, conversation_ids, Priority(then.priority), by=name))
    if then.state is not None:
        steps.append(set_state(actor, conversation_ids, ConversationState(then.state), by=name))
    if then.draft is not None:
        steps.append(propose_draft(actor, conversation_ids, then.draft, by=name))
    if then.task is not None:
        due = now() + timedelta(minutes=then.task.minutes)
        steps.append(plan_task(actor, conversation_ids, then.task.text, then.task.member, due, by=name))
    lines: dict[UUID, list[UUID]] = {}
    for step in steps:
        for event_id, conversation_id in zip(step.events, step.changed, strict=True):
            lines.setdefault(conversation_id, []).append(event_id)
    return lines


def hide_messages(name: str, message_ids: Sequence[UUID]) -> dict[UUID, Problem]:
    """Have these messages hidden on their networks, each by itself; gives why those were not that could not be. Inside
    the workspace's scope and a transaction that holds what waits to be done to them (`lock_acts`)."""
    refused: dict[UUID, Problem] = {}
    for message_id in message_ids:
        try:
            with transaction.atomic():
                do_act(make_rule_actor(name), message_id, "hide", by=name)
        except Refused as problem:
            refused[message_id] = problem.problems[0]
    return refused
