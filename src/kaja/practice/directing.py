"""For trainers, tests and benchmarks, under /admin: the mood of the audience, a made-up past, and much at once."""

import asyncio
import random
import time
from typing import Any

from kaja.practice.admin import Admin
from kaja.practice.conversations import Conversations, Voice
from kaja.practice.faults import NOTHING
from kaja.practice.http import Refusal, Request, Response, Routes, answer
from kaja.practice.people import PER_LANGUAGE, name_person
from kaja.practice.player import DAY, Player
from kaja.practice.state import COMMENTS, FOLLOW, LIKE, STREAMS, Account, Entry, Post, iso
from kaja.practice.story import (
    MOODS,
    Deed,
    Telling,
    describe_telling,
    list_gestures,
    list_posts,
    make_deed,
    parse_telling,
    react,
)
from kaja.practice.wording import LANGUAGES, fill, load_words, write_sentence

MOST_AT_ONCE = 100_000
MOST_DAYS = 400
BREATH = 200
"""After so many things the server answers others before it goes on."""
_HOURS = (1, 0, 0, 0, 0, 1, 3, 8, 9, 8, 7, 7, 9, 8, 6, 6, 7, 8, 9, 8, 7, 5, 3, 2)
"""How much is said in each hour of a day (UTC, near enough)."""


class Direction:
    """Handlers for those who say what the audience does; never faulted."""

    def __init__(self, admin: Admin, talk: Conversations, player: Player) -> None:
        self.admin = admin
        self.talk = talk
        self.player = player
        self.store = talk.store

    def add_to(self, routes: Routes) -> None:
        for method, path, handler in (
            ("GET", "/admin/audience", self.get_mood),
            ("PUT", "/admin/audience", self.put_mood),
            ("POST", "/admin/audience/step", self.step),
            ("POST", "/admin/audience/history", self.post_history),
            ("POST", "/admin/audience/entries", self.post_entries),
            ("POST", "/admin/audience/signs", self.post_signs),
            ("PUT", "/admin/entries/*", self.edit),
            ("DELETE", "/admin/entries/*", self.remove),
            ("PUT", "/admin/people/*", self.put_person),
        ):
            routes.add(method, path, self.admin.keyed(handler))

    def describe(self) -> dict[str, Any]:
        telling = self.player.telling
        return {
            **describe_telling(telling),
            "until": iso(self.player.until) if self.player.until else None,
            "told": self.store.told,
            "moods": list(MOODS),
            "languages": list(LANGUAGES),
        }

    async def get_mood(self, _: Request) -> Response:
        """How the audience is, and how many deeds of the story are told."""
        return answer(self.describe())

    async def put_mood(self, request: Request) -> Response:
        """`{"mood", "seed", "shares", "negative", "per_minute", "minutes"}`: another story, from its beginning."""
        body = request.json()
        try:
            telling = parse_telling(body)
        except ValueError as error:
            raise _bad(error) from None
        minutes = None if body.get("minutes") is None else _count(body, "minutes", 0, 0, 100_000)
        self.player.set_mood(telling, minutes)
        return answer(self.describe())

    async def step(self, request: Request) -> Response:
        """`{"account", "count"}`: the next deeds of the story at once."""
        body = request.json()
        account = self.admin.get_named(str(body.get("account", "")))
        deeds = [self.player.step(account) for _ in range(_count(body, "count", 1, 1, 1000))]
        return answer({"deeds": [{"theme": d.theme, "person": d.person, "text": d.text} for d in deeds if d]})

    # A past.

    async def post_history(self, request: Request) -> Response:
        """`{"account", "days", "count", "posts", "seed", "shares"}`: what was said, and answered, before today."""
        body = request.json()
        account = self.admin.get_named(str(body.get("account", "")))
        try:
            telling = parse_telling({"mood": "calm", "seed": body.get("seed", 1), "shares": body.get("shares")})
        except ValueError as error:
            raise _bad(error) from None
        days, count = _count(body, "days", 30, 1, MOST_DAYS), _count(body, "count", 300, 1, MOST_AT_ONCE)
        made = await self.make_history(account, telling, days, count, _count(body, "posts", 12, 0, 200))
        return answer(made, 201)

    async def make_history(
        self, account: Account, telling: Telling, days: int, count: int, posts: int
    ) -> dict[str, Any]:
        """Posts of the account only where it has none: lists have the newest first, and nothing comes in between."""
        now = time.time()
        made = 0 if account.posts else self._make_posts(account, telling, days, posts, now)
        chance = random.Random(f"{telling.seed}/history/{days}/{count}")  # noqa: S311
        moments = sorted(_draw_moment(chance, now, days) for _ in range(count))
        told = answered = 0
        for number, moment in enumerate(moments):
            deed = make_deed(telling, number, account.name)
            entry = self.player.carry_out(account, deed, moment, quiet=True)
            told += entry is not None
            if entry is not None and deed.way not in ("edit", "delete"):
                answered += self._answer_then(account, telling, deed, entry, chance, now)
            for gesture in list_gestures(telling, number):
                self.player.show_sign(account, gesture, moment, quiet=True)
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        self._tell_all(account)
        return {"posts": made, "entries": told, "answers": answered}

    def _make_posts(self, account: Account, telling: Telling, days: int, count: int, now: float) -> int:
        chance = random.Random(f"{telling.seed}/posts")  # noqa: S311
        spoken = sorted(telling.shares)
        languages = chance.choices(spoken, [telling.shares[each] for each in spoken], k=count)
        for number, language in enumerate(languages):
            lines = list_posts(language)
            text = fill(lines[number % len(lines)], load_words(language), chance, {"account": account.name})
            moment = now - days * DAY * (1 - (number + 0.3) / count)
            self.talk.network.create_post(account, {"text": text, "language": language}, NOTHING, "", created=moment)
        return count

    def _answer_then(
        self, account: Account, telling: Telling, deed: Deed, entry: Entry, chance: random.Random, now: float
    ) -> int:
        """Perhaps an answer of the account, written on the network itself, and what they said to it."""
        kind = {"question": "question", "direct": "direct", "complaint": "complaint", "review": "complaint"}.get(
            deed.theme.split(".")[0], "thanks"
        )
        moment = entry.created + 300 + chance.random() * 3 * 3600
        if chance.random() > (0.2 if kind == "thanks" else 0.65) or deed.theme == "spam" or moment > now:
            return 0
        kind = "thanks" if deed.rating > 3 else kind
        text = write_sentence(deed.language, f"ours.{kind}", chance, account.name, dressed=False)
        ours = self.talk.reply(entry, Voice(account.name, account=account), text, created=moment, quiet=True)
        reaction = react(telling.seed, deed.text[:40], deed.theme, deed.person, 0, account.name)
        if reaction.text and moment + reaction.after < now:
            more: dict[str, Any] = {
                "language": deed.language,
                "theme": reaction.theme,
                "created": moment + reaction.after,
            }
            self.talk.reply(ours, Voice(entry.author, entry.person), reaction.text, quiet=True, **more)
        return 1

    def _tell_all(self, account: Account) -> None:
        """One hook for each stream in which something stands."""
        for stream in STREAMS:
            if newest := next(account.feeds[stream].list_newest(), None):
                self.talk.tell(newest)
        if sign := next(account.signs_feed.list_newest(), None):
            self.talk.signs.tell(sign)

    # Much at once.

    async def post_entries(self, request: Request) -> Response:
        """Either `{"account", "entries": [{stream, person or name, text, ...}]}`, or `{"account", "people", "count"}`:
        so many people say so many things. Quiet unless `told`."""
        body = request.json()
        account = self.admin.get_named(str(body.get("account", "")))
        stream = body.get("stream", COMMENTS)
        if stream not in STREAMS:
            raise Refusal(422, "bad_stream", f"The stream must be one of {', '.join(STREAMS)}.", "stream")
        if "entries" in body:
            given = body["entries"]
            if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
                raise Refusal(422, "bad_entries", "This must be a list of objects.", "entries")
        else:
            given = self._draw(body, account, stream)
        ids = []
        for number, item in enumerate(given):
            ids.append(self._plant(account, {"stream": stream, **item}).id)
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        if body.get("told"):
            self._tell_all(account)
        return answer({"count": len(ids), "ids": ids}, 201)

    async def post_signs(self, request: Request) -> Response:
        """`{"account", "signs": [{"kind", "post", "person" or "name", "gone", "age"}]}`: likes, shares, followers, and
        taking them back; about the newest post where none is named. Quiet unless `told`."""
        body = request.json()
        account = self.admin.get_named(str(body.get("account", "")))
        given = body.get("signs")
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise Refusal(422, "bad_signs", "This must be a list of objects.", "signs")
        ids = []
        for number, item in enumerate(given):
            voice, kind = self.talk.parse_voice(item.get("name"), item.get("person")), str(item.get("kind", LIKE))
            post = None if kind == FOLLOW else self._find_post(account, item.get("post"))
            sign = self.talk.signs.put(
                account, kind, post, voice.name, voice.person, on=item.get("gone") is not True,
                at=time.time() - _count(item, "age", 0, 0, MOST_DAYS * 86400), quiet=True,
            )  # fmt: skip
            ids += [sign.id] if sign else []
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        if body.get("told"):
            self._tell_all(account)
        return answer({"count": len(ids), "ids": ids}, 201)

    def _draw(self, body: dict[str, Any], account: Account, stream: str) -> Any:
        """Lines of the story, spread over the people in turn."""
        people, count = _count(body, "people", 10, 1, 400), _count(body, "count", 100, 1, MOST_AT_ONCE)
        seed, spread = _count(body, "seed", 1, 0, 2**31), _count(body, "spread", 0, 0, MOST_DAYS * 86400)
        theme = {"mentions": "mention.good", "direct": "direct", "reviews": "review.4"}.get(stream, "praise")
        chance, now = random.Random(f"{seed}/planted"), time.time()  # noqa: S311
        for number in range(count):
            person = number % people
            language = LANGUAGES[person % len(LANGUAGES)]
            yield {
                "person": name_person(language, person // len(LANGUAGES) % PER_LANGUAGE),
                "text": write_sentence(language, theme, chance, account.name, dressed=False),
                "language": language,
                "theme": theme,
                "rating": 4 if stream == "reviews" else 0,
                "post": body.get("post"),
                "age": now - (now - spread * (1 - number / count)),
            }

    def _plant(self, account: Account, item: dict[str, Any]) -> Entry:
        ours = Voice(account.name, account=account) if item.get("by_account") else None
        voice = ours or self.talk.parse_voice(item.get("name"), item.get("person"))
        age = item.get("age", 0)
        if isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age < MOST_DAYS * DAY:
            raise Refusal(422, "bad_age", "The age is in seconds.", "age")
        more: dict[str, Any] = {
            "language": str(item.get("language", "")),
            "theme": str(item.get("theme", "")),
            "state": str(item.get("state", "")),
            "created": time.time() - age if age else 0.0,
            "quiet": not item.get("told"),
        }
        text = str(item.get("text", ""))
        if item.get("parent"):
            return self.talk.reply(self.talk.get_entry(account, str(item["parent"])), voice, text, **more)
        if item["stream"] == "mentions":
            return self.talk.mention(account, voice, text, **more)
        if item["stream"] == "direct":
            return self.talk.write_first(account, voice, text, **more)
        if item["stream"] == "reviews":
            return self.talk.review(account, voice, item.get("rating", 5), text, **more)
        return self.talk.comment(self._find_post(account, item.get("post")), voice, text, **more)

    def _find_post(self, account: Account, post_id: Any) -> Post:
        """The one that is named, or the newest."""
        if post_id:
            return self.talk.network.get_own_post(account, str(post_id))
        standing = (post for post in reversed(account.posts) if not post.deleted)
        if (post := next(standing, None)) is None:
            raise Refusal(422, "no_post", "The account has no post that a comment could stand under.", "post")
        return post

    def _find_entry(self, request: Request) -> Entry:
        entry = self.store.entries.get(request.parts[0])
        if entry is None:
            raise Refusal(404, "not_found", "There is no such entry.")
        return entry

    async def edit(self, request: Request) -> Response:
        """`{"text"}`: its author changes it; `{"state"}`: the network holds it back, or does not any more."""
        entry, body = self._find_entry(request), request.json()
        if "state" in body:
            if body["state"] not in ("there", "pending", "hidden"):
                raise Refusal(422, "bad_state", "The state is there, pending or hidden.", "state")
            self.talk.change(entry, state=body["state"])
        if "text" in body:
            self.talk.edit(entry, body["text"])
        return answer(self.talk.show(request, entry))

    async def remove(self, request: Request) -> Response:
        """Its author deletes it."""
        self.talk.remove(self._find_entry(request))
        return Response(204)

    async def put_person(self, request: Request) -> Response:
        """`{"account", "blocks"}`: somebody, by the id of an author, blocks the account, or does not any more."""
        body = request.json()
        account = self.admin.get_named(str(body.get("account", "")))
        self.talk.put_relation(account, request.parts[0], "blocked_by", body.get("blocks") is True)
        return answer({"blocked_by": sorted(account.blocked_by)})


def _bad(error: ValueError) -> Refusal:
    return Refusal(422, "bad_mood", str(error), str(error).partition(":")[0])


def _count(body: dict[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refusal(422, "bad_number", f"{name} must be a whole number from {low} to {high}.", name)
    return value


def _draw_moment(chance: random.Random, now: float, days: int) -> float:
    """Some time of the last days, by day rather than by night; never today's future."""
    day = now - now % DAY - chance.randrange(days) * DAY
    hour = chance.choices(range(24), _HOURS)[0]
    moment = day + hour * 3600 + chance.random() * 3600
    return moment if moment < now - 60 else moment - DAY
