"""Making rules, trying them on what came before, carrying them out, and taking back what they did."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kaja.inbox.actions import undo
from kaja.inbox.acts import do_act, list_hidden_by, lock_acts
from kaja.inbox.models import Conversation, ConversationState, Direction, Message
from kaja.inbox.refusals import IN_CRISIS
from kaja.inbox.rules.conditions import Heard, When, does_match, mark_of
from kaja.inbox.rules.effects import Then, do_effects, hide_messages
from kaja.inbox.rules.models import Rule, RuleHit
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, Refused, gettext_noop, render_problem
from kaja.kernel.tenancy import entered_workspace_id
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.notices import create_notice
from kaja.workspaces.queries import is_in_crisis

RULES_MAX = 200
TRIED = 1000
"""How many of the newest messages a rule is tried against."""
SHOWN = 20
OLDEST = timedelta(hours=1)
"""A rule is for what is written from now on; clocks of networks differ, and what is late is still new."""
MATCHED = gettext_noop("The rule “%(rule)s” was for a message of %(person)s.")


class RuleForm(BaseModel):
    """A rule as a person or a script gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=60)]
    when: When = When()
    then: Then = Then()
    stops: bool = False


def parse_rule(given: Mapping[str, Any]) -> RuleForm:
    """Raises Refused, which says what is wrong."""
    try:
        form = RuleForm.model_validate(given)
    except ValidationError as error:
        found = error.errors()[0]
        place = [str(each) for each in found["loc"]]
        if "pattern" in place:
            raise Refused(_explain_pattern(str(found["msg"]).removeprefix("Value error, "))) from error
        raise Refused(_explain(".".join(place) or "name")) from error
    if form.when.is_empty():
        raise Refused(
            Problem(
                code="rule_for_everything",
                message=gettext_noop("This rule would be for every message."),
                field="when",
                fix=gettext_noop("Give at least one condition."),
            )
        )
    if form.then.is_empty():
        raise Refused(
            Problem(
                code="rule_without_effect",
                message=gettext_noop("This rule would do nothing."),
                field="then",
                fix=gettext_noop("Choose at least one thing that it does."),
            )
        )
    return form


def _explain(field: str) -> Problem:
    return Problem(
        code="rule_invalid",
        message=gettext_noop("This is no rule."),
        field=field,
        fix=gettext_noop("Look at the field “%(field)s”."),
        params={"field": field},
    )


def _explain_pattern(said: str) -> Problem:
    return Problem(
        code="rule_pattern_invalid",
        message=gettext_noop("The pattern cannot be read: %(said)s"),
        field="when.pattern",
        fix=gettext_noop("Patterns are those of RE2, without look-around and references back. Try words instead."),
        params={"said": said[:200]},
    )


TAKEN = Problem(
    code="rule_name_taken",
    message=gettext_noop("There is a rule of this name already."),
    field="name",
    fix=gettext_noop("Choose another name."),
)
FULL = Problem(
    code="rules_full",
    message=gettext_noop("A workspace has at most %(limit)s rules."),
    fix=gettext_noop("Delete one that is not needed any more."),
    params={"limit": RULES_MAX},
)
UNTRIED = Problem(
    code="rule_untried",
    message=gettext_noop("This rule was not tried as it is now."),
    fix=gettext_noop("Look at what it would be for now, then switch it on."),
)
GONE = Problem(
    code="rule_not_found",
    message=gettext_noop("There is no such rule any more."),
    fix=gettext_noop("Load the page again."),
)


@transaction.atomic
def create_rule(actor: Actor, form: RuleForm) -> Rule:
    """A new rule, the last in order, switched off until somebody has seen what it would have done."""
    policy.require(actor, policy.Permission.MANAGE)
    if Rule.objects.count() >= RULES_MAX:
        raise Refused(FULL)
    if Rule.objects.filter(name=form.name).exists():
        raise Refused(TAKEN)
    last = Rule.objects.aggregate(last=Max("position"))["last"]
    values = form.model_dump(mode="json")
    rule = Rule.objects.create(position=0 if last is None else last + 1, created_by_id=actor.user_id, **values)
    audit.record(actor, "inbox.rule", rule, {}, values)
    return rule


@transaction.atomic
def update_rule(actor: Actor, rule_id: UUID, form: RuleForm) -> Rule:
    """The same rule, otherwise. It is switched off: what was tried is not what it is now."""
    policy.require(actor, policy.Permission.MANAGE)
    rule = _get(rule_id)
    if Rule.objects.filter(name=form.name).exclude(id=rule_id).exists():
        raise Refused(TAKEN)
    values = form.model_dump(mode="json")
    before = {name: getattr(rule, name) for name in values}
    if (before["when"], before["then"]) != (values["when"], values["then"]):
        rule.on_since = None
    for name, value in values.items():
        setattr(rule, name, value)
    rule.save()
    audit.record(actor, "inbox.rule", rule, before, values)
    return rule


@transaction.atomic
def switch_rule(actor: Actor, rule_id: UUID, on: bool, *, tried: str = "") -> Rule:
    """On: for what is written from now on. `tried` is the mark of the rule that was tried (`mark_of`): whoever asks, a
    rule that was not tried as it is now is refused."""
    policy.require(actor, policy.Permission.MANAGE)
    rule = _get(rule_id)
    if on and tried != mark_of(rule.when):
        raise Refused(UNTRIED)
    if on != (rule.on_since is not None):
        rule.on_since = now() if on else None
        rule.save(update_fields=["on_since"])
        audit.record(actor, "inbox.rule", rule, {"on": not on}, {"on": on})
    return rule


@transaction.atomic
def move_rule(actor: Actor, rule_id: UUID, place: int) -> None:
    """To another place in the order in which rules are asked."""
    policy.require(actor, policy.Permission.MANAGE)
    rules = sorted(lock(Rule.objects.all()), key=lambda each: (each.position, each.id))
    moved = next((each for each in rules if each.id == rule_id), None)
    if moved is None:
        raise NotFound(GONE)
    rules.remove(moved)
    rules.insert(max(0, place), moved)
    for position, each in enumerate(rules):
        each.position = position
    Rule.objects.bulk_update(rules, ["position"])


@transaction.atomic
def delete_rule(actor: Actor, rule_id: UUID) -> None:
    """What it did stays, and can still be undone."""
    policy.require(actor, policy.Permission.MANAGE)
    rule = _get(rule_id)
    audit.record(actor, "inbox.rule", rule, {"name": rule.name}, {})
    rule.delete()


def _get(rule_id: UUID) -> Rule:
    rule = lock(Rule.objects.filter(id=rule_id)).first()
    if rule is None:
        raise NotFound(GONE)
    return rule


@dataclass(frozen=True)
class Tried:
    """What a rule would have been for: how many of the `asked` newest messages, and the newest of them."""

    asked: int
    matched: int
    shown: tuple[Message, ...]


def try_rule(when: When) -> Tried:
    """A rule that need not be saved, against what came last. Changes nothing. Inside the workspace's scope."""
    messages = list(_list_heard(Message.objects.all()).order_by("-at", "-id")[:TRIED])
    found = [message for message in messages if does_match(when, _hear(message))]
    return Tried(len(messages), len(found), tuple(found[:SHOWN]))


def _list_heard(messages: QuerySet[Message]) -> QuerySet[Message]:
    earlier = Message.objects.filter(handle_id=OuterRef("handle_id"), direction=Direction.IN, at__lt=OuterRef("at"))
    rows = messages.filter(direction=Direction.IN).select_related("handle", "conversation")
    return rows.annotate(known_before=Exists(earlier))


def _hear(message: Message) -> Heard:
    handle = message.handle
    return Heard(
        channel_id=message.channel_id,
        kind=message.kind,
        text=message.text,
        language=message.language,
        handle=handle.handle or handle.name if handle else "",
        first_time=not getattr(message, "known_before", False),
        rating=message.rating,
    )


@transaction.atomic
def apply_rules(message_ids: Collection[UUID]) -> int:
    """Carry out what is switched on for messages that came in; gives the number of hits.

    Each rule is for a message at most once, also when this is done again. A rule that cannot do what it says leaves a
    hit with the reason, and the others go on. Inside the workspace's scope.
    """
    rules = [rule for rule in Rule.objects.order_by("position", "id") if rule.on_since is not None]
    if not rules:
        return 0
    ids = list(message_ids)
    messages = list(_list_heard(Message.objects.filter(id__in=ids)).order_by("at", "id"))
    hides = any(Then.model_validate(rule.then).hide for rule in rules)
    quiet = _lock_outward(ids) if hides else False
    # In the order of `kernel/locks`, and whoever does the same at this moment waits here.
    locked = lock(Conversation.objects.filter(id__in={message.conversation_id for message in messages}))
    spam = {row.id for row in locked if row.state == ConversationState.SPAM}
    known = set(RuleHit.objects.filter(message_id__in=ids).values_list("rule_id", "message_id"))
    heard = {message.id: _hear(message) for message in messages}
    over: set[UUID] = set()
    hits = 0
    for rule in rules:
        when = When.model_validate(rule.when)
        matched = [
            message
            for message in messages
            if message.id not in over
            and message.conversation_id not in spam
            and message.at >= (rule.on_since or message.at) - OLDEST
            and does_match(when, heard[message.id])
        ]
        if rule.stops:
            over |= {message.id for message in matched}
        new = [message for message in matched if (rule.id, message.id) not in known]
        hits += len(new)
        _carry_out(rule, new, quiet)
    return hits


def _lock_outward(message_ids: Collection[UUID]) -> bool:
    """Before anything is planned that others see. Gives whether a crisis lasts: one that begins now waits for the
    workspace's row, and finds what was planned here."""
    workspace_id = entered_workspace_id()
    list(lock(Workspace.objects.filter(id=workspace_id)))
    lock_acts(message_ids)
    return is_in_crisis(workspace_id)


def _carry_out(rule: Rule, messages: Sequence[Message], quiet: bool) -> None:
    if not messages:
        return
    then, problem = Then.model_validate(rule.then), None
    lines: dict[UUID, list[UUID]] = {}
    try:
        with transaction.atomic():
            lines = do_effects(rule.name, then, sorted({message.conversation_id for message in messages}))
    except (Refused, NotFound, Conflict) as refused:
        problem = render_problem(refused.problems[0])
    # Without its other effects nothing is hidden: a rule is done whole, or says why it is not.
    hides = then.hide and problem is None
    ids = [message.id for message in messages]
    unhidden = dict.fromkeys(ids, IN_CRISIS) if hides and quiet else hide_messages(rule.name, ids) if hides else {}
    moment, given = now(), set()
    hits = []
    for message in messages:
        # Several messages of one conversation are one change; it is undone with the first.
        events = [] if message.conversation_id in given else lines.get(message.conversation_id, [])
        given.add(message.conversation_id)
        refusal = unhidden.get(message.id)
        hits.append(
            RuleHit(
                workspace_id=rule.workspace_id, rule=rule, rule_name=rule.name, message=message,
                conversation_id=message.conversation_id, events=[str(each) for each in events],
                problem=render_problem(refusal) if refusal else problem, at=moment,
            )
        )  # fmt: skip
    RuleHit.objects.bulk_create(hits)
    if then.notify:
        _tell(rule, messages)


def _tell(rule: Rule, messages: Iterable[Message]) -> None:
    told = set()
    for message in messages:
        if message.conversation_id in told:
            continue
        told.add(message.conversation_id)
        handle = message.handle
        create_notice(
            "inbox.rule",
            MATCHED,
            {"rule": rule.name, "person": (handle and (handle.name or handle.handle)) or "…"},
            path=f"inbox/{message.conversation_id}/",
            permission=policy.Permission.ANSWER,
        )


@transaction.atomic
def undo_hits(actor: Actor, hit_ids: Collection[UUID]) -> int:
    """Take back what rules did; gives the number of hits. What somebody changed since stays as it is.

    What a rule had hidden is shown again; a hit whose message the network cannot show again stays. Raises Conflict
    where what was changed since is all of it, and what the network's refusal is where nothing else could be done."""
    policy.require(actor, policy.Permission.ANSWER)
    rows = RuleHit.objects.filter(id__in=hit_ids)
    lock_acts(list(rows.values_list("message_id", flat=True)))
    list(lock(Conversation.objects.filter(id__in=rows.values("conversation_id"))))
    hits = list(lock(rows.filter(undone_at=None)))
    shown, refused = _show_again(actor, hits)
    done = [hit for hit in hits if hit.id not in refused]
    if refused and not done:
        raise next(iter(refused.values()))
    events = [UUID(each) for hit in done for each in hit.events]
    if events:
        try:
            with transaction.atomic():
                undo(actor, events)
        except Conflict:
            if not shown:
                raise
    RuleHit.objects.filter(id__in=[hit.id for hit in done]).update(undone_at=now())
    return len(done)


def _show_again(actor: Actor, hits: Sequence[RuleHit]) -> tuple[int, dict[UUID, Refused]]:
    """How many messages are shown again, and the hits of those for which that cannot be had."""
    shown, refused = 0, dict[UUID, Refused]()
    by_rule: dict[str, list[RuleHit]] = defaultdict(list)
    for hit in hits:
        by_rule[hit.rule_name].append(hit)
    for name, group in by_rule.items():
        hidden = list_hidden_by([hit.message_id for hit in group], name)
        for hit in group:
            if hit.message_id in hidden:
                try:
                    with transaction.atomic():
                        do_act(actor, hit.message_id, "unhide")
                    shown += 1
                except Refused as problem:
                    refused[hit.id] = problem
    return shown, refused


def list_hits(rule_id: UUID | None = None) -> QuerySet[RuleHit]:
    """What rules did, the newest first."""
    rows = RuleHit.objects.select_related("message", "message__handle", "conversation__channel").order_by("-at", "-id")
    return rows if rule_id is None else rows.filter(rule_id=rule_id)
