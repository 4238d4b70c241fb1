"""What the audience said, as a visitor sees it: comments with their branches, mentions, reviews, dialogues."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from kaja.practice.conversations import Conversations
from kaja.practice.html import Child, Html, Translate, linked, tag
from kaja.practice.people import Person, find_person, name_person
from kaja.practice.rules import MAX_NAME, MAX_TEXT, post_path
from kaja.practice.state import MENTIONS, REVIEWS, Account, Dialogue, Entry
from kaja.practice.story import Telling
from kaja.practice.views import show_time
from kaja.practice.wording import LANGUAGES

SHOWN = 300
"""So many of the newest are on a page."""
OFFERED = 6
"""So many people of each language can be chosen as a speaker."""
NAMES = {"en": "English", "ru": "Русский", "et": "Eesti", "zh-Hant": "繁體中文"}


def render_stars(_: Translate, rating: int) -> Html:
    label = _("%(rating)s of 5 stars") % {"rating": rating}
    return tag("span", "★" * rating + "☆" * (5 - rating), class_="stars", role="img", aria_label=label)


def render_avatar(person: Person | None, name: str) -> Html:
    """A picture beside the name, which says it all to those who do not see it."""
    if person is not None:
        return tag("img", src=f"/people/{person.id}.png", alt="", class_="avatar", width=40, height=40, loading="lazy")
    return tag("span", name[:1].upper(), class_="avatar", aria_hidden="true")


def render_notes(_: Translate, entry: Entry) -> list[Child]:
    states = {
        "pending": _("waits for approval: only the account sees it"),
        "hidden": _("hidden: only the account sees it"),
    }
    told = [states.get(entry.state), _("edited") if entry.edited else None, _("account") if entry.by_account else None]
    told.append(_("liked by the account") if entry.liked else None)
    return [tag("span", note, class_="note") for note in told if note]


def render_entry(_: Translate, entry: Entry, *below: Child) -> Html:
    """One thing that was said, and what answers it."""
    person = find_person(entry.person)
    who: Child = entry.author
    if person:
        who = tag("a", entry.author, href=f"/people/{person.id}", class_="who", lang=person.language)
    elif entry.by_account:
        who = tag("a", entry.author, href=post_path(entry.author, "").rstrip("/"), class_="who")
    else:
        who = tag("span", entry.author, class_="who")
    if entry.deleted:
        said: Child = tag("p", _("Deleted."), class_="small")
    else:
        said = [
            render_stars(_, entry.rating) if entry.rating else None,
            tag("p", linked(entry.text), class_="text", lang=entry.language or None),
            None if entry.by_account else _render_change(_, entry),
        ]
    return tag(
        "li",
        render_avatar(person, entry.author),
        tag(
            "div",
            tag("div", who, show_time(entry.created), render_notes(_, entry), class_="byline"),
            said,
            class_="said",
        ),
        tag("ul", below) if below else None,
        id=f"c{entry.id}",
        class_="entry" if entry.state == "there" else "entry held",
    )


def _render_change(_: Translate, entry: Entry) -> Html:
    """By hand: what its author may do to it."""
    return tag(
        "details",
        tag("summary", _("As its author")),
        tag(
            "form",
            tag(
                "label",
                _("Text"),
                tag("textarea", entry.text, name="text", rows=2, maxlength=MAX_TEXT),
            ),
            tag(
                "p",
                tag("button", _("Change"), name="do", value="edit"),
                " ",
                tag("button", _("Delete"), name="do", value="delete"),
                class_="actions",
            ),
            method="post",
            action=f"/entries/{entry.id}",
            class_="fields",
        ),
        class_="change",
    )


def render_branches(_: Translate, entries: Iterable[Entry], *, newest_first: bool = False) -> list[Child]:
    """Everything with what answers it below; deleted things stand only where something answers them."""
    newest = list(entries)[-SHOWN:]
    ids = {entry.id for entry in newest}
    below: dict[str, list[Entry]] = {}
    for entry in newest:
        below.setdefault(entry.parent if entry.parent in ids else "", []).append(entry)

    def render(entry: Entry) -> Html | None:
        inner = [shown for each in below.get(entry.id, ()) if (shown := render(each)) is not None]
        return None if entry.deleted and not inner else render_entry(_, entry, *inner)

    tops = below.get("", [])
    return [shown for each in (reversed(tops) if newest_first else tops) if (shown := render(each)) is not None]


def render_speaker(_: Translate, given: Mapping[str, str], answering: Iterable[Entry] = ()) -> list[Child]:
    """Who speaks, by hand: an invented person or any name; and to whom."""
    chosen = given.get("person", "")
    groups = [
        tag(
            "optgroup",
            [
                tag("option", person.name, value=person.id, selected=person.id == chosen)
                for number in range(OFFERED)
                if (person := find_person(name_person(language, number))) is not None
            ],
            label=NAMES[language],
        )
        for language in LANGUAGES
    ]
    answers = [entry for entry in answering if not entry.deleted][-30:]
    return [
        tag(
            "label",
            _("Who speaks"),
            tag("select", tag("option", _("somebody else, by the name below"), value=""), groups, name="person"),
        ),
        tag("label", _("Your name"), tag("input", name="name", value=given.get("name", ""), maxlength=MAX_NAME)),
        tag(
            "label",
            _("Answers"),
            tag(
                "select",
                tag("option", _("nobody"), value=""),
                [tag("option", f"{entry.author}: {entry.text[:60]}", value=entry.id) for entry in reversed(answers)],
                name="parent",
            ),
        )
        if answers
        else None,
    ]


def render_saying(_: Translate, action: str, button: str, given: Mapping[str, str], problem: str, *more: Child) -> Html:
    """The form by which somebody of the audience says something."""
    return tag(
        "form",
        tag("p", problem, class_="problem", role="alert") if problem else None,
        more,
        tag(
            "label",
            _("Text"),
            tag("textarea", given.get("text", ""), name="text", rows=3, maxlength=MAX_TEXT, required=True),
        ),
        tag("button", button, type="submit", class_="main"),
        method="post",
        action=action,
        class_="fields",
    )


def _count_begun(account: Account, stream: str) -> int:
    """What stands there, without what answers it."""
    return sum(not entry.parent and not entry.deleted for entry in account.feeds[stream].list_after(0))


def render_tabs(_: Translate, account: Account, current: str) -> Html:
    """What there is of an account."""
    base = post_path(account.name, "")
    places = (
        ("", _("Posts"), sum(not post.deleted for post in account.posts)),
        ("reviews", _("Reviews"), _count_begun(account, REVIEWS)),
        ("mentions", _("Mentions"), _count_begun(account, MENTIONS)),
        ("messages", _("Direct messages"), sum(bool(dialogue.messages) for dialogue in account.dialogues.values())),
    )
    links = [
        tag(
            "a",
            label,
            tag("span", count, class_="count"),
            href=f"{base}{place}" if place else base.rstrip("/"),
            aria_current="page" if place == current else None,
        )
        for place, label, count in places
    ]
    return tag("nav", links, class_="tabs", aria_label=account.name)


def render_dialogues(_: Translate, account: Account) -> Child:
    written = [dialogue for dialogue in account.dialogues.values() if dialogue.messages]
    rows = [
        tag(
            "li",
            render_avatar(find_person(dialogue.person), dialogue.name),
            tag(
                "div",
                tag(
                    "a",
                    dialogue.name,
                    href=f"{post_path(account.name, '')}messages/{quote(dialogue.id)}",
                    class_="who",
                ),
                tag("p", dialogue.messages[-1].text[:120], class_="small"),
                class_="said",
            ),
            show_time(dialogue.messages[-1].created),
            class_="entry",
        )
        for dialogue in sorted(written, key=lambda each: each.messages[-1].created, reverse=True)[:SHOWN]
    ]
    if not rows:
        return tag("p", _("Nobody has written directly yet."), class_="empty")
    return tag("ul", rows, class_="entries")


def render_dialogue(_: Translate, talk: Conversations, dialogue: Dialogue, now: float) -> list[Child]:
    messages = [
        tag(
            "li",
            tag(
                "div",
                tag("span", message.author, class_="who"),
                show_time(message.created),
                render_notes(_, message),
                class_="byline",
            ),
            tag("p", linked(message.text), class_="text", lang=message.language or None)
            if not message.deleted
            else tag("p", _("Deleted."), class_="small"),
            id=f"c{message.id}",
            class_="ours" if message.by_account else None,
        )
        for message in dialogue.messages[-SHOWN:]
    ]
    window = talk.find_window(dialogue)
    note = (
        _("The account may answer until %(time)s.") if window > now else _("The account could answer until %(time)s.")
    )
    before, _sign, after = note.partition("%(time)s")
    return [
        tag("ul", messages, class_="dialogue"),
        tag("p", before, show_time(window), after, class_="small"),
    ]


def render_moods(_: Translate) -> dict[str, tuple[str, str]]:
    """What the moods are called, and what each means."""
    return {
        "off": (_("Off"), _("Nobody says anything.")),
        "calm": (
            _("A calm day"),
            _("Now and then somebody asks, praises or complains."),
        ),
        "launch": (_("A launch"), _("For half an hour many are glad, and ask much.")),
        "storm": (_("A storm"), _("For ten minutes very many write, and most are angry.")),
    }


def describe_shares(telling: Telling) -> dict[str, str]:
    """The weights as the form has them."""
    return {f"share.{language}": f"{telling.shares.get(language, 0):g}" for language in LANGUAGES}
