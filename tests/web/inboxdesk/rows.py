"""So many rows for the lists beside the conversations. Inside the workspace's scope."""

from datetime import timedelta

from kaja.channels.models import Channel
from kaja.inbox.models import (
    Alarm,
    AnswerTarget,
    AnswerWait,
    Conversation,
    Message,
    Person,
    PrivateReply,
    PrivateSending,
    QualityCard,
    QualitySample,
    Reaction,
    Rule,
    RuleHit,
)  # fmt: skip
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.workspaces.models import Workspace
from tests.web.inbox.conversations import make_channel, make_handle

ALARM = new_id()
PERSON = new_id()


def _talk(workspace: Workspace) -> Conversation:
    channel = Channel.objects.create(network="practice", account_id="inbox", name="Inbox")
    return Conversation.objects.create(channel=channel, thread="t", kind="comments", last_at=clock.now())


def _heard(workspace: Workspace, count: int) -> list[Message]:
    talk, moment = _talk(workspace), clock.now()
    return Message.objects.bulk_create(
        Message(
            workspace=workspace, conversation=talk, channel=talk.channel, direction="in", kind="comment", text=f"m {n}",
            remote_id=f"m{n}", at=moment - timedelta(seconds=n),
        )
        for n in range(count)
    )  # fmt: skip


def fill_rules(workspace: Workspace, count: int) -> None:
    Rule.objects.bulk_create(
        Rule(workspace=workspace, name=f"r {n}", position=n, when={"words": ["x"]}, then={"notify": True})
        for n in range(count)
    )


def fill_hits(workspace: Workspace, count: int) -> None:
    rule = Rule.objects.create(name="r", when={"words": ["x"]}, then={"notify": True})
    RuleHit.objects.bulk_create(
        RuleHit(
            workspace=workspace, rule=rule, rule_name="r", message=each, conversation_id=each.conversation_id,
            at=clock.now() - timedelta(seconds=n // 3),
        )
        for n, each in enumerate(_heard(workspace, count))
    )  # fmt: skip


def fill_private(workspace: Workspace, count: int) -> None:
    PrivateReply.objects.bulk_create(
        PrivateReply(
            workspace=workspace, name=f"p {n}",
            wanted={"channel_ids": [], "publication_ids": [], "words": ["x"], "pattern": ""},
            said={"public": [], "text": "x"},
            limits={"pause_least": 1, "pause_most": 2, "daily": 3, "target": None},
        )
        for n in range(count)
    )  # fmt: skip


def fill_sendings(workspace: Workspace, count: int) -> None:
    messages = _heard(workspace, count)
    for n, message in enumerate(messages):
        handle = make_handle(f"asks {n}")
        PrivateSending.objects.create(
            workspace=workspace, reply_name="p", channel=message.channel, handle=handle, person_id=handle.person_id,
            message=message, conversation_id=message.conversation_id, text="x", delivery_id=new_id(),
            at=clock.now() - timedelta(seconds=n // 3),
        )  # fmt: skip


def fill_alarms(workspace: Workspace, count: int) -> None:
    moment = clock.now()
    Alarm.objects.bulk_create(
        Alarm(
            workspace=workspace, kind="volume", began_at=moment - timedelta(hours=n // 4), last_at=moment,
            ended_at=moment, count=9,
        )
        for n in range(count)
    )  # fmt: skip


def fill_alarm_messages(workspace: Workspace, count: int) -> None:
    ids = [str(each.id) for each in _heard(workspace, count)]
    moment = clock.now()
    Alarm.objects.create(id=ALARM, kind="volume", began_at=moment, last_at=moment, count=count, messages=ids)


def fill_activity(workspace: Workspace, count: int) -> None:
    """Some at the same moment, a third about posts that we know."""
    channel, moment = make_channel(), clock.now()
    Reaction.objects.bulk_create(
        Reaction(
            workspace=workspace, channel=channel, mark=n.to_bytes(32), kind=("like", "follow", "repost")[n % 3],
            handle=make_handle(f"r{n}"), post_ref="" if n % 3 == 1 else f"post {n % 7}", remote_id=str(n),
            at=moment - timedelta(minutes=n // 4), gone_at=moment if n % 5 == 4 else None,
        )
        for n in range(count)
    )  # fmt: skip


def fill_people(workspace: Workspace, count: int) -> None:
    for n in range(count):
        make_handle(f"h{n}")


def fill_talks_of_one(workspace: Workspace, count: int) -> None:
    channel, moment = make_channel(), clock.now()
    handle = make_handle("h", person=Person.objects.create(id=PERSON))
    Conversation.objects.bulk_create(
        Conversation(
            workspace=workspace, channel=channel, thread=f"t{n}", kind="comments", handle=handle,
            last_at=moment - timedelta(minutes=n // 3),
        )
        for n in range(count)
    )  # fmt: skip


def fill_asked(workspace: Workspace, count: int) -> None:
    talk, moment = _talk(workspace), clock.now()
    AnswerWait.objects.bulk_create(
        AnswerWait(
            workspace=workspace, conversation=talk, channel=talk.channel, measure="first",
            begun_at=moment - timedelta(seconds=n), due_at=moment,
        )
        for n in range(count)
    )  # fmt: skip


def fill_cards(workspace: Workspace, count: int) -> None:
    channel, today = make_channel(), clock.now().date()
    monday = today - timedelta(days=today.weekday() + 7)
    sample = QualitySample.objects.create(week=monday, size=count, seed="x")
    talks = Conversation.objects.bulk_create(
        Conversation(workspace=workspace, channel=channel, thread=f"q{n}", kind="comments", last_at=clock.now())
        for n in range(count)
    )
    QualityCard.objects.bulk_create(
        QualityCard(workspace=workspace, sample=sample, conversation=talk, note=f"n {n}")
        for n, talk in enumerate(talks)
    )


def fill_targets(workspace: Workspace, count: int) -> None:
    AnswerTarget.objects.bulk_create(
        AnswerTarget(workspace=workspace, name=f"t {n}", position=n, first_minutes=60) for n in range(count)
    )
