"""The lists beside the conversations."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from kaja.inbox.leads.queries import page_leads
from kaja.inbox.models import Conversation, ConversationKind, Lead, Message
from kaja.inbox.people.queries import page_people
from kaja.inbox.quality.models import QualityCard
from kaja.inbox.quality.queries import page_cards
from kaja.inbox.queries import Filters, page_conversations
from kaja.inbox.rules.queries import list_counted_rules, list_rules, page_hits
from kaja.inbox.saved import list_titles
from kaja.inbox.targets.models import Measure
from kaja.inbox.targets.queries import list_targets, page_asked
from kaja.inbox.trouble.models import Alarm
from kaja.inbox.trouble.watching import list_messages_of, page_alarms
from kaja.kernel.clock import now
from kaja.kernel.pages import Page
from kaja.publishing.choices import Choice, list_choices
from kaja.web.inbox.lists import choices_of
from kaja.web.inbox.people import shown_name
from kaja.web.inboxdesk.target_form import describe_hours
from kaja.web.inboxdesk.words import WEEKDAYS, describe_span, describe_then, describe_when, name_person
from kaja.web.kit.filters import Filter
from kaja.web.kit.listing import Asked, Empty, Listing
from kaja.web.workspace import WorkspaceRequest

Row = dict[str, Any]


def _rules(_asked: Asked) -> Page[Row]:
    counted, choices = list_counted_rules(), list_choices()
    replies = dict(list_titles()) if any(rule.then.get("draft") for rule, _lately in counted) else {}
    return Page(
        [
            {
                "rule": rule,
                "when": describe_when(rule.when, choices),
                "then": describe_then(rule.then, choices, replies),
                "lately": lately,
                "first": place == 0,
                "last": place == len(counted) - 1,
            }
            for place, (rule, lately) in enumerate(counted)
        ]
    )


RULES: Listing[Row] = Listing(
    "rules",
    _rules,  # 200 at most, and each is asked after the one above: they stand on one page
    Empty(
        "wand-sparkles",
        _("No rule yet"),
        _(
            "A rule does by itself what is always the same: it labels complaints, gives a language to its speaker and "
            "puts spam away. It is tried on what came in before, and everything that it does can be undone."
        ),
    ),
)


def _named(_request: WorkspaceRequest) -> Mapping[str, Sequence[Choice]]:
    return {"rule": [Choice(str(rule.id), rule.name) for rule in list_rules()]}


def _hits(asked: Asked) -> Page[Row]:
    rule = asked.chosen.get("rule", "")
    page = page_hits(asked.cursor, asked.limit, UUID(rule) if rule else None)
    return page.map(lambda hits: [{"hit": hit, "who": shown_name(hit.message.handle)} for hit in hits])


HITS: Listing[Row] = Listing(
    "hits",
    _hits,
    Empty("history", _("No rule has done anything yet."), _("Every single thing that a rule does is listed here.")),
    filters=(Filter("rule", _("Rule"), "wand-sparkles", _("Show all rules again")),),
    choices=_named,
    unmatched=Empty("history", _("This rule has done nothing yet.")),
    newest_first=True,
)


ALARMS: Listing[Alarm] = Listing(
    "alarms",
    lambda asked: page_alarms(asked.cursor, asked.limit),
    Empty(
        "activity",
        _("No alarm so far"),
        _(
            "Kaja looks every five minutes whether the last hour holds more than such hours do. It needs two weeks of "
            "what was written to know what is usual."
        ),
    ),
    newest_first=True,
)
ALARM_MESSAGES: Listing[Message] = Listing(
    "alarm-messages",
    lambda asked: Page(list_messages_of(asked.about["alarm"])),  # a hundred at most, kept with the alarm
    Empty("message-square", _("The messages are gone.")),
)


def _targets(_asked: Asked) -> Page[Row]:
    targets, choices = list_targets(), list_choices()
    names = {choice.value: choice.name for choice in choices.channel}
    return Page(
        [
            {
                "target": target,
                "channels": [names[each] for each in target.channel_ids if each in names],
                "kinds": [ConversationKind(each).label for each in target.kinds],
                "week": [(day, describe_hours(target.week.get(str(n), ()))) for n, day in enumerate(WEEKDAYS)]
                if target.week is not None
                else [],
                "times": [
                    (measure.label, describe_span(60 * minutes))
                    for measure in Measure
                    if (minutes := getattr(target, f"{measure.value}_minutes"))
                ],
                "first": place == 0,
                "last": place == len(targets) - 1,
            }
            for place, target in enumerate(targets)
        ]
    )


TARGETS: Listing[Row] = Listing(
    "targets",
    _targets,  # a hundred at most, and the first that fits counts: they stand on one page
    Empty(
        "timer",
        _("Nothing is promised yet"),
        _(
            "A target says how soon somebody is answered, on which channels and in which hours. Kaja tells you before "
            "one is missed."
        ),
    ),
)


def _asked(asked: Asked) -> Page[Row]:
    wanted = asked.about["wanted"]
    page = page_asked(
        wanted.measure, wanted.since, wanted.until, asked.about["by"], asked.about["key"], wanted.zone, asked.cursor,
        asked.limit,
    )  # fmt: skip
    moment = now()
    return page.map(
        lambda waits: [
            {
                "wait": wait,
                "who": shown_name(wait.conversation.handle) if wait.conversation else "",
                "after": describe_span((wait.ended_at - wait.begun_at).total_seconds()) if wait.ended_at else "",
                "late": wait.due_at is not None and (wait.ended_at or moment) > wait.due_at,
            }
            for wait in waits
        ]
    )


ASKED: Listing[Row] = Listing(
    "asked",
    _asked,
    Empty("message-square", _("Nobody asked anything in this period.")),
    newest_first=True,
)


def _people(asked: Asked) -> Page[Row]:
    page = page_people(asked.about["text"], asked.cursor, asked.limit)
    return page.map(lambda people: [{"person": each, "name": name_person(each)} for each in people])


PEOPLE: Listing[Row] = Listing(
    "people",
    _people,
    Empty("users", _("Nobody is found."), _("Whoever writes on one of the channels is listed here.")),
    newest_first=True,
    cursor="people-after",
)
PERSON_CONVERSATIONS: Listing[Conversation] = Listing(
    "person-conversations",
    lambda asked: page_conversations(
        Filters(person=asked.about["person"]), asked.request.user.id, asked.cursor, asked.limit
    ),
    Empty("messages-square", _("No conversation is left.")),
    newest_first=True,
)


def _cards(asked: Asked) -> Page[QualityCard]:
    member, standing = asked.chosen.get("member", ""), asked.chosen.get("standing", "")
    return page_cards(
        asked.about["since"],
        asked.cursor,
        asked.limit,
        member=UUID(member) if member else None,
        standing="open" if standing == "open" else "rated" if standing == "rated" else "",
    )


def _card_choices(request: WorkspaceRequest) -> Mapping[str, Sequence[Choice]]:
    return {
        "member": choices_of(request).owner,
        "standing": [Choice("open", str(_("To be rated"))), Choice("rated", str(_("Rated")))],
    }


CARDS: Listing[QualityCard] = Listing(
    "quality-cards",
    _cards,
    Empty(
        "badge-check",
        _("Nothing is drawn yet"),
        _("Draw a few answered conversations of a week; a colleague rates each of them on a short card."),
    ),
    filters=(
        Filter("member", _("Who answered"), "user", _("Cards of everybody")),
        Filter("standing", _("Rated or not"), "check", _("All cards")),
    ),
    choices=_card_choices,
    unmatched=Empty("badge-check", _("No card is like that.")),
    newest_first=True,
)
LEADS: Listing[Lead] = Listing(
    "leads",
    lambda asked: page_leads(asked.cursor, asked.limit),
    Empty(
        "share-2",
        _("Nobody was handed over yet"),
        _("Whoever wants to buy is handed over to those who sell: on their page, or beside their conversation."),
    ),
    newest_first=True,
)
