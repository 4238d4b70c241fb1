"""Rules, targets, figures and alarms for the pages that are looked at. Imported inside a running application only."""

from datetime import timedelta
from typing import Any

from kaja.crisis.models import AffectedConversation, Crisis, LogLine, Statement
from kaja.inbox.models import (
    Alarm,
    AnswerTarget,
    AnswerWait,
    Conversation,
    Direction,
    Lead,
    Message,
    PrivateReply,
    PrivateSending,
    QualityCard,
    QualitySample,
    Rule,
    RuleHit,
)  # fmt: skip
from kaja.inbox.privately.refusals import ANSWERED_BY_US
from kaja.inbox.targets.follow import mark_due
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.problems import fill_params, render_problem
from kaja.outgoing.models import Endpoint, OutgoingEvent, Sending, SendingTry
from kaja.outgoing.secrets import new_secret, seal_secret
from kaja.outgoing.sending import NOT_TAKEN
from kaja.workspaces.actor import Actor
from tests.browser.words import Words

WEEK = {str(day): [[540, 780], [840, 1080]] for day in range(5)}


def furnish(actor: Actor, words: Words, number: int = 3) -> dict[str, Any]:
    """So many of each beside the conversations that are there."""
    moment = now()
    messages = list(Message.objects.filter(direction=Direction.IN).select_related("handle").order_by("-at")[:60])
    rules = [
        Rule.objects.create(
            name=f"{words.ideas[n % len(words.ideas)]} {n + 1}"[:60], position=n, stops=n == 1,
            when={"words": [words.labels[n % 3], f"{words.campaign}*"], "has_link": True, "kinds": ["comment"]},
            then={"labels": [words.labels[n % 3]], "priority": 1, "hide": n % 2 == 0, "notify": True},
            on_since=moment if n % 2 else None,
        )
        for n in range(min(number, 40))
    ]  # fmt: skip
    for n, message in enumerate(messages):
        RuleHit.objects.create(
            rule=rules[0], rule_name=rules[0].name, message=message, conversation_id=message.conversation_id,
            at=moment - timedelta(minutes=n), undone_at=moment if n % 3 == 1 else None,
        )  # fmt: skip
    private = PrivateReply.objects.create(
        name=words.campaign[:60], on_since=moment,
        wanted={"channel_ids": [str(messages[0].channel_id)] if messages else [], "publication_ids": [],
                "words": [words.labels[0]], "pattern": ""},
        said={"public": [words.labels[1], words.labels[2]], "text": words.ideas[0]},
        limits={"pause_least": 60, "pause_most": 300, "daily": 50, "target": None},
    )  # fmt: skip
    asked: dict[Any, Message] = {}
    for message in messages:
        if message.handle is not None:
            asked.setdefault(message.handle.person_id, message)
    for n, (person_id, message) in enumerate(list(asked.items())[:number]):
        assert message.handle is not None
        state = ("sent", "waiting", "stopped")[n % 3]
        PrivateSending.objects.create(
            reply=private, reply_name=private.name, channel=message.channel, handle=message.handle,
            person_id=person_id, message=message, conversation_id=message.conversation_id, text=words.ideas[0],
            state=state, open=state == "waiting", sent_at=moment if state == "sent" else None,
            due_at=moment + timedelta(minutes=5) if state == "waiting" else None,
            problem=render_problem(ANSWERED_BY_US) if state == "stopped" else None, at=moment - timedelta(minutes=n),
        )  # fmt: skip
    targets = [
        AnswerTarget.objects.create(
            name=f"{words.labels[n % 3]} {n + 1}", position=n, first_minutes=60, next_minutes=90 if n % 2 else None,
            week=WEEK if n % 2 == 0 else None, country="EE", closed=["2026-12-24"],
        )
        for n in range(min(number, 20))
    ]  # fmt: skip
    for n, talk in enumerate(Conversation.objects.select_related("channel")[:number]):
        begun = moment - timedelta(hours=5 * n + 1)
        done = n % 3 != 2
        AnswerWait.objects.create(
            conversation=talk, channel=talk.channel, measure=("first", "next", "first", "resolution")[n % 4],
            begun_at=begun, ended_at=begun + timedelta(minutes=7 * n + 3) if done else None,
            by_id=actor.user_id if done else None, target=targets[0], due_at=begun + timedelta(minutes=30),
            open_seconds=60 * (7 * n + 3) if done else None,
        )  # fmt: skip
    alarms = [
        Alarm.objects.create(
            kind="volume" if n % 3 else "bad", channel=messages[0].channel if n % 2 and messages else None,
            began_at=moment - timedelta(days=n, hours=1), last_at=moment - timedelta(days=n),
            ended_at=moment - timedelta(days=n) if n > 1 else None, count=43, expected=2.25, limit=9,
            messages=[str(each.id) for each in messages[:20]], seen_by_id=actor.user_id if n == 1 else None,
            seen_at=moment if n == 1 else None,
        )
        for n in range(number)
    ]  # fmt: skip
    crises = [
        Crisis.objects.create(
            name=f"{words.campaign} {n + 1}", why=words.posts[0], began_at=moment - timedelta(days=n + 1, hours=7),
            ended_at=moment - timedelta(days=n + 1), began_by_id=actor.user_id, lesson=words.posts[1],
            approvers=[str(actor.user_id)],
        )
        for n in range(min(number, 60))
    ]  # fmt: skip
    for n, message in enumerate(messages[:12]):
        AffectedConversation.objects.update_or_create(
            crisis=crises[0], conversation_id=message.conversation_id, defaults={"is_in": True, "at": moment}
        )
        LogLine.objects.create(
            crisis=crises[0], at=crises[0].began_at + timedelta(minutes=11 * n), name=words.people[n % 3],
            what=("start", "pause", "decision", "approved", "decision")[n % 5],
            text=words.posts[n % 3] if n % 2 else "",
            params={"name": crises[0].name, "count": 4, "title": words.ideas[0]},
        )  # fmt: skip
    Statement.objects.create(
        crisis=crises[0], title=words.ideas[0], texts={"en": words.posts[2]}, written_at=moment, approved_at=moment,
        approved_name=words.people[1],
    )  # fmt: skip
    monday = (moment - timedelta(days=moment.weekday() + 7)).date()
    sample = QualitySample.objects.create(
        week=monday, size=5, seed="0f" * 16, answered=number, drawn_by_id=actor.user_id
    )
    cards = [
        QualityCard.objects.create(sample=sample, conversation=talk, note=words.posts[n % 3] if n % 2 else "")
        for n, talk in enumerate(Conversation.objects.all()[:number])
    ]
    for n, card in enumerate(cards[1:]):
        card.correct, card.tone, card.solved, card.rated_at = "yes", ("yes", "partly", "no")[n % 3], "no", moment
        card.save()
    mark_due([talk.id for talk in Conversation.objects.all()])
    webhook = _add_webhook(words, number)
    whose = next(each.handle for each in messages if each.handle)
    contact = {"name": words.campaign, "accounts": [{"network": whose.network, "handle": whose.handle, "url": ""}]}
    leads = [
        Lead.objects.create(
            person_id=whose.person_id, conversation=messages[0].conversation,
            what=words.ideas[n % len(words.ideas)][:200],
            note=words.ideas[0], contact=contact, to_name="Liis Tamm", to_email="liis@example.org",
            handed_by_id=actor.user_id, handed_at=moment - timedelta(hours=n),
            taken_back_at=moment if n % 3 == 1 else None,
        )
        for n in range(number)
    ]  # fmt: skip
    return {
        "lead": str(leads[0].id),
        "person": str(whose.person_id),
        "card": str(cards[0].id),
        "rule": str(rules[0].id),
        "private": str(private.id),
        "target": str(targets[0].id),
        "alarm": str(alarms[0].id),
        "crisis": str(crises[0].id),
        "webhook": webhook,
    }


def _add_webhook(words: Words, number: int) -> str:
    """One that is told, with its log; nothing of it waits, for nobody is there."""
    moment, endpoint_id = now(), new_id()
    row = Endpoint.objects.create(
        id=endpoint_id, name=words.campaign, address="https://shop.example.org/hooks/kaja?" + "long=" * 30,
        kinds=["message.received", "post.failed"], failing_since=moment, secret=seal_secret(endpoint_id, new_secret()),
    )  # fmt: skip
    for n in range(number):
        at = moment - timedelta(minutes=9 * n)
        event = OutgoingEvent.objects.create(kind="message.received", body="{}", at=at)
        failed = n % 3 == 0
        sending = Sending.objects.create(endpoint=row, event=event, state="failed" if failed else "sent", tries=1)
        for status in (500, 503) if failed else (204,):
            problem = render_problem(fill_params(NOT_TAKEN, status=status)) if failed else None
            SendingTry.objects.create(
                sending=sending, at=at, seconds=0.31, status=status, answer="<h1>Error</h1>" * 9, problem=problem
            )
    return str(row.id)
