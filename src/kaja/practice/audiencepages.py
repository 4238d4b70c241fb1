"""The audience's pages: its mood, its people, what it says beside comments; and how one speaks as one of it by hand."""

import time
from collections.abc import Mapping

from kaja.practice.conversations import Conversations
from kaja.practice.directing import Direction
from kaja.practice.html import Child, Html, Translate, get_translation, tag
from kaja.practice.http import HTML, Refusal, Request, Response, Routes, gettext_noop
from kaja.practice.pages import Pages
from kaja.practice.people import Person, draw_avatar, find_person
from kaja.practice.player import Player
from kaja.practice.rules import post_path
from kaja.practice.state import DIRECT, MENTIONS, REVIEWS, Account, Entry
from kaja.practice.story import Telling, parse_telling
from kaja.practice.views import render_account, show_time
from kaja.practice.voices import (
    NAMES,
    describe_shares,
    render_branches,
    render_dialogue,
    render_dialogues,
    render_entry,
    render_moods,
    render_saying,
    render_speaker,
    render_stars,
    render_tabs,
)
from kaja.practice.wording import LANGUAGES

DAYS, COUNT = 30, 300
"""Of the past that the page's button makes up."""


class AudiencePages:
    """Handlers of the pages."""

    def __init__(self, pages: Pages, talk: Conversations, player: Player, direction: Direction) -> None:
        self.pages = pages
        self.talk = talk
        self.player = player
        self.direction = direction

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", "/audience", self.audience)
        routes.add("POST", "/audience", self.set_mood)
        routes.add("POST", "/audience/history", self.make_history)
        routes.add("GET", "/people/*", self.person)
        routes.add("POST", "/entries/*", self.change)
        routes.add("GET", "/*/mentions", self.mentions)
        routes.add("POST", "/*/mentions", self.mention)
        routes.add("GET", "/*/reviews", self.reviews)
        routes.add("POST", "/*/reviews", self.review)
        routes.add("GET", "/*/messages", self.dialogues)
        routes.add("POST", "/*/messages", self.write)
        routes.add("GET", "/*/messages/*", self.dialogue)

    # How it is.

    async def audience(self, request: Request) -> Response:
        return self._show_audience(request, {}, saved="saved" in request.query)

    def _show_audience(
        self, request: Request, given: Mapping[str, str], problem: str = "", saved: bool = False
    ) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        telling, moods = self.player.telling, render_moods(_)
        values = {"mood": telling.mood, "seed": str(telling.seed), **describe_shares(telling), **given}
        message: Child = None
        if problem:
            message = tag("p", f"{_('Nothing was changed.')} {problem}", class_="problem", role="alert")
        elif saved:
            message = tag("p", _("Saved. The story begins."), class_="done", role="status")
        until = self.player.until
        content = [
            tag("h1", _("Audience")),
            tag("p", _("Invented people write to every account here. What they do follows from the seed.")),
            message,
            tag(
                "p",
                _("Now:"),
                " ",
                tag("strong", moods[telling.mood][0]),
                [" · ", _("until"), " ", show_time(until)] if until else None,
                " · ",
                _("deeds told:"),
                " ",
                self.talk.store.told,
                class_="small",
            ),
            self._render_form(_, values, moods),
            self._render_past(_),
        ]
        return self.pages.show(request, _("Audience"), content, "/audience", 422 if problem else 200)

    def _render_form(self, _: Translate, values: Mapping[str, str], moods: Mapping[str, tuple[str, str]]) -> Html:
        choices = [
            tag(
                "label",
                tag("input", type="radio", name="mood", value=mood, checked=values["mood"] == mood),
                tag("span", tag("span", name, class_="who"), tag("span", meaning, class_="small"), class_="choice"),
                class_="switch",
            )
            for mood, (name, meaning) in moods.items()
        ]
        number = {"type": "number", "step": "any"}
        shares = [
            tag(
                "label",
                NAMES[language],
                tag("input", name=f"share.{language}", value=values[f"share.{language}"], min=0, max=1000, **number),
            )
            for language in LANGUAGES
        ]
        return tag(
            "form",
            tag("fieldset", tag("legend", _("Mood")), choices, class_="fault"),
            tag("fieldset", tag("legend", _("Languages, in proportion")), tag("div", shares, class_="places flush")),
            tag(
                "div",
                tag(
                    "label",
                    _("Deeds a minute (empty: the mood's own)"),
                    tag("input", name="per_minute", value=values.get("per_minute", ""), min=0, max=6000, **number),
                ),
                tag(
                    "label",
                    _("Against the account, in percent (empty: the mood's own)"),
                    tag("input", name="negative", value=values.get("negative", ""), min=0, max=100, **number),
                ),
                tag(
                    "label",
                    _("Seed: the same number tells the same story"),
                    tag("input", name="seed", type="number", step=1, value=values["seed"]),
                ),
                class_="places flush",
            ),
            tag("button", _("Begin"), type="submit", class_="main"),
            method="post",
            action="/audience",
            class_="fields",
        )

    def _render_past(self, _: Translate) -> Html | None:
        accounts = sorted(self.talk.store.accounts, key=str.casefold)[:200]
        if not accounts:
            return None
        return tag(
            "form",
            tag("h2", _("A month that was before")),
            tag(
                "p",
                _("What was said in the last 30 days, and partly answered; with posts if the account has none."),
                class_="small",
            ),
            tag(
                "label",
                _("Account"),
                tag("select", [tag("option", name, value=name) for name in accounts], name="account"),
            ),
            tag("button", _("Make it up"), type="submit"),
            method="post",
            action="/audience/history",
            class_="fields",
        )

    async def set_mood(self, request: Request) -> Response:
        form = request.form
        try:
            self.player.set_mood(_read_telling(form))
        except ValueError as error:
            return self._show_audience(request, form, str(error))
        return _lead("/audience?saved=1")

    async def make_history(self, request: Request) -> Response:
        account = self.pages.get_account(f"@{request.form.get('account', '')}")
        telling = Telling(seed=self.player.telling.seed, shares=self.player.telling.shares)
        await self.direction.make_history(account, telling, DAYS, COUNT, 12)
        return _lead(post_path(account.name, "").rstrip("/"))

    # Its people.

    async def person(self, request: Request) -> Response:
        """Who they are, and what they said; with `.png` their picture."""
        name, dot, kind = request.parts[0].partition(".")
        person = find_person(name)
        if person is None or (dot and kind != "png"):
            raise Refusal(404, "not_found", gettext_noop("There is no such invented person."))
        if dot:
            headers = [(b"cache-control", b"max-age=86400"), (b"x-content-type-options", b"nosniff")]
            return Response(200, draw_avatar(person.id), b"image/png", headers)
        _ = get_translation(request.header(b"accept-language"))[1]
        content = [*_render_person(_, person), self._render_said(_, person)]
        return self.pages.show(request, person.name, content)

    def _render_said(self, _: Translate, person: Person) -> Child:
        said = [e for e in self.talk.store.entries.values() if e.person == person.id and e.stream != DIRECT][-50:]
        if not said:
            return tag("p", _("They have said nothing yet."), class_="empty")
        rows = [render_entry(_, entry) for entry in reversed(said) if not entry.deleted]
        return tag("ul", rows, class_="entries")

    async def change(self, request: Request) -> Response:
        """By hand, as its author."""
        entry = self.talk.store.entries.get(request.parts[0])
        if entry is None or entry.by_account or entry.deleted:
            raise Refusal(404, "not_found", gettext_noop("There is no such comment or message (any more)."))
        if request.form.get("do") == "delete":
            self.talk.remove(entry)
        else:
            self.talk.edit(entry, request.form.get("text", "").replace("\r\n", "\n"))
        return _lead(self.talk.find_path(entry))

    # What it says beside comments.

    def _frame(self, request: Request, account: Account, current: str, *content: Child, status: int = 200) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        whole = [render_account(_, account), render_tabs(_, account, current), *content]
        return self.pages.show(request, account.name, whole, status=status)

    def _list(self, account: Account, stream: str) -> list[Entry]:
        entries = account.feeds[stream].list_said_before((float("inf"), 0))
        return list(entries)[::-1]

    async def mentions(self, request: Request, given: Mapping[str, str] | None = None, problem: str = "") -> Response:
        account, form = self.pages.get_account(request.parts[0]), given or {}
        _ = get_translation(request.header(b"accept-language"))[1]
        shown = render_branches(_, self._list(account, MENTIONS), newest_first=True)
        return self._frame(
            request,
            account,
            MENTIONS,
            tag("h2", _("Mentions")),
            tag("ul", shown, class_="entries")
            if shown
            else tag("p", _("Nobody has named this account in a post yet."), class_="empty"),
            render_saying(
                _, _place(account, MENTIONS), _("Post it"), form or {"text": f"@{account.name} "}, problem,
                render_speaker(_, form),
            ),
            status=422 if problem else 200,
        )  # fmt: skip

    async def mention(self, request: Request) -> Response:
        account, form = self.pages.get_account(request.parts[0]), request.form
        try:
            made = self.talk.mention(account, self.talk.parse_voice(form.get("name"), form.get("person")), _text(form))
        except Refusal as refusal:
            return await self.mentions(request, form, self._say(request, refusal))
        return _lead(self.talk.find_path(made))

    async def reviews(self, request: Request, given: Mapping[str, str] | None = None, problem: str = "") -> Response:
        account, form = self.pages.get_account(request.parts[0]), given or {}
        _ = get_translation(request.header(b"accept-language"))[1]
        entries = self._list(account, REVIEWS)
        ratings = [entry.rating for entry in entries if entry.rating and not entry.deleted]
        shown = render_branches(_, entries, newest_first=True)
        chosen = form.get("rating", "5")
        stars = tag(
            "label",
            _("Stars"),
            tag(
                "select",
                [tag("option", "★" * n, value=n, selected=str(n) == chosen) for n in range(5, 0, -1)],
                name="rating",
            ),
        )
        average = sum(ratings) / len(ratings) if ratings else 0.0
        return self._frame(
            request,
            account,
            REVIEWS,
            tag("h2", _("Reviews")),
            tag("p", render_stars(_, round(average)), " ", f"{average:.1f} · {len(ratings)}") if ratings else None,
            tag("ul", shown, class_="entries")
            if shown
            else tag("p", _("Nobody has left a review yet."), class_="empty"),
            render_saying(
                _, _place(account, REVIEWS), _("Leave the review"), form, problem, render_speaker(_, form), stars
            ),
            status=422 if problem else 200,
        )

    async def review(self, request: Request) -> Response:
        account, form = self.pages.get_account(request.parts[0]), request.form
        try:
            voice = self.talk.parse_voice(form.get("name"), form.get("person"))
            rating = form.get("rating", "")
            made = self.talk.review(account, voice, int(rating) if rating in "12345" and rating else 0, _text(form))
        except Refusal as refusal:
            return await self.reviews(request, form, self._say(request, refusal))
        return _lead(self.talk.find_path(made))

    async def dialogues(self, request: Request, given: Mapping[str, str] | None = None, problem: str = "") -> Response:
        account, form = self.pages.get_account(request.parts[0]), given or {}
        _ = get_translation(request.header(b"accept-language"))[1]
        return self._frame(
            request,
            account,
            "messages",
            tag("h2", _("Direct messages")),
            tag("p", _("On a real network everybody sees only their own."), class_="small"),
            render_dialogues(_, account),
            render_saying(_, _place(account, "messages"), _("Write directly"), form, problem, render_speaker(_, form)),
            status=422 if problem else 200,
        )

    async def write(self, request: Request) -> Response:
        account, form = self.pages.get_account(request.parts[0]), request.form
        try:
            voice = self.talk.parse_voice(form.get("name"), form.get("person"))
            made = self.talk.write_first(account, voice, _text(form))
        except Refusal as refusal:
            return await self.dialogues(request, form, self._say(request, refusal))
        return _lead(self.talk.find_path(made))

    async def dialogue(self, request: Request) -> Response:
        account = self.pages.get_account(request.parts[0])
        dialogue = self.talk.get_dialogue(account, request.parts[1])
        _ = get_translation(request.header(b"accept-language"))[1]
        who = {"person": dialogue.person, "name": "" if dialogue.person else dialogue.name}
        hidden = [tag("input", type="hidden", name=name, value=value) for name, value in who.items()]
        return self._frame(
            request,
            account,
            "messages",
            tag("h2", dialogue.name),
            render_dialogue(_, self.talk, dialogue, time.time()),
            render_saying(
                _, _place(account, "messages"), _("Write as %(name)s") % {"name": dialogue.name}, {}, "", hidden
            ),
        )

    def _say(self, request: Request, refusal: Refusal) -> str:
        return get_translation(request.header(b"accept-language"))[1](refusal.message)


def _render_person(_: Translate, person: Person) -> list[Child]:
    return [
        tag(
            "section",
            tag("img", src=f"/people/{person.id}.png", alt="", width=80, height=80, class_="avatar large"),
            tag("h1", person.name, lang=person.language),
            tag("p", f"@{person.handle} · {NAMES[person.language]}", class_="small"),
            tag("p", _("This person is invented."), class_="small"),
            class_="profile",
        ),
    ]


def _place(account: Account, page: str) -> str:
    return f"{post_path(account.name, '')}{page}"


def _text(form: Mapping[str, str]) -> str:
    return form.get("text", "").replace("\r\n", "\n")


def _lead(path: str) -> Response:
    return Response(303, b"", HTML, [(b"location", path.encode("ascii"))])


def _read_telling(form: Mapping[str, str]) -> Telling:
    """From the page's form. Raises ValueError, which says what is wrong with which."""

    def read(name: str) -> float | None:
        text = form.get(name, "").strip().replace(",", ".")
        try:
            return float(text) if text else None
        except ValueError:
            raise ValueError(f"{name}: must be a number, not {text[:40]}") from None

    negative = read("negative")
    seed = read("seed")
    return parse_telling(
        {
            "mood": form.get("mood", ""),
            "seed": 1 if seed is None else seed,
            "shares": {language: read(f"share.{language}") or 0 for language in LANGUAGES},
            "negative": None if negative is None else negative / 100,
            "per_minute": read("per_minute"),
        }
    )
