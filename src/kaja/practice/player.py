"""The audience at work: it tells the story in its mood's pace, and goes on when it is answered.

What is said follows from the seed (`story.py`); at what it is said follows from what is there.
"""

import asyncio
import heapq
import itertools
import logging
import random
import time
from collections.abc import Callable
from typing import Any

from kaja.practice.conversations import Conversations, Voice
from kaja.practice.http import Refusal
from kaja.practice.people import find_person
from kaja.practice.state import COMMENTS, DIRECT, FOLLOW, Account, Entry, Sign
from kaja.practice.story import (
    MOODS,
    Deed,
    Gesture,
    Telling,
    describe_telling,
    list_gestures,
    make_deed,
    parse_telling,
    react,
)

log = logging.getLogger(__name__)
MOST_KEPT = 20_000
"""So much of what invented people said to an account is kept; the oldest is forgotten first."""
AT_ONCE = 100
"""So much is told in one go when the clock has run ahead; then others have their turn."""
RECENT = 30
HOUR, DAY = 3600.0, 86400.0
FIRST_AFTER = 8.0
"""A fresh post, or a fresh account, is noticed within so many seconds on a calm day."""


def slow_down(idle: float) -> float:
    """How much of the usual pace a calm day has, by how long ago the account did something; so that a Kaja that
    nobody looks at does not fill itself."""
    if idle < HOUR:
        return 1.0
    return 0.15 if idle < DAY else 0.03 if idle < 3 * DAY else 0.0


class Player:
    """Tells the story to all accounts, live."""

    def __init__(self, talk: Conversations, mood: str = "off") -> None:
        self.talk = talk
        self.store = talk.store
        self.usual = mood
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._order = itertools.count()
        self._next = 0.0
        self._seen: dict[str, float] = {}
        talk.listeners.append(self.hear)

    # Settings.

    @property
    def telling(self) -> Telling:
        kept = self.store.mood
        if not kept:
            return Telling(self.usual)
        if kept["until"] and time.time() >= kept["until"]:
            return parse_telling({**kept, "mood": "calm", "negative": None, "per_minute": None})
        return parse_telling(kept)

    @property
    def until(self) -> float:
        """When the mood passes; 0 for one that stays."""
        until = float(self.store.mood.get("until", 0.0))
        return until if until > time.time() else 0.0

    def set_mood(self, telling: Telling, minutes: float | None = None) -> None:
        """Begin another story, from its first deed."""
        lasts = MOODS[telling.mood].minutes if minutes is None else minutes
        until = time.time() + lasts * 60 if lasts else 0.0
        self._next = 0.0
        self.store.record("mood", **describe_telling(telling), until=until)
        self._wake.set()

    # The clock.

    def begin(self) -> None:
        """Tell it from now on, until the process ends."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            try:
                wait = self.play(time.time())
            except Refusal as refusal:  # the disk is full, say: later
                log.info("the audience is held up: %s", refusal.code)
                wait = 10.0
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    def play(self, now: float) -> float:
        """Tell what is due by now; seconds until the next look."""
        told = 0
        while self._due and self._due[0][0] <= now and told < AT_ONCE:
            heapq.heappop(self._due)[2]()
            told += 1
        telling = self.telling
        pace = telling.pace * (self._find_pace(now) if telling.mood == "calm" and telling.per_minute is None else 1.0)
        if pace <= 0 or not self.store.accounts:
            self._next = 0.0
            return self._wait_for_due(now, 5.0)
        if not self._next:
            self._next = now + min(FIRST_AFTER, 60.0 / pace)
        while self._next <= now and told < AT_ONCE:
            deed = self.step()
            told += 1
            self._next += deed.pause * 60.0 / pace if deed else 60.0 / pace
        if self._next < now - 60.0:  # it slept; what was missed is not made up for
            self._next = now
        return self._wait_for_due(now, min(max(self._next - now, 0.02), 5.0))

    def _wait_for_due(self, now: float, most: float) -> float:
        return max(min(most, self._due[0][0] - now), 0.02) if self._due else most

    def _find_pace(self, now: float) -> float:
        """By the account that did something last; its fresh post brings somebody soon."""
        idle = DAY * 365
        for account in self.store.accounts.values():
            active = max(account.active, account.created)
            if active > self._seen.get(account.name, 0.0):
                self._seen[account.name] = active
                if now - active < 60.0:
                    self._next = min(self._next or now + FIRST_AFTER, now + FIRST_AFTER)
            idle = min(idle, now - active)
        return slow_down(idle)

    # Deeds.

    def step(self, account: Account | None = None) -> Deed | None:
        """Tell the next deed of the story; None when there is nobody to tell it to."""
        number, telling = self.store.told, self.telling
        chance = random.Random(f"{telling.seed}/whose/{number}")  # noqa: S311
        owner = account or self._choose_account(chance.random())
        if owner is None or telling.mood == "off":
            return None
        deed = make_deed(telling, number, owner.name)
        self.store.record("told", number=number + 1)
        try:
            self.carry_out(owner, deed)
        except Refusal as refusal:
            # Somebody who is blocked, most likely; the story goes on.
            log.debug("a deed was refused: %s", refusal.code)
        for gesture in list_gestures(telling, number):
            try:
                self.show_sign(owner, gesture)
            except Refusal as refusal:
                log.debug("a gesture was refused: %s", refusal.code)
        self._forget(owner)
        return deed

    def _choose_account(self, aim: float) -> Account | None:
        """Of those that somebody uses, rather one that posts."""
        used = [account for account in self.store.accounts.values() if account.posts] or list(
            self.store.accounts.values()
        )
        return used[int(aim * len(used))] if used else None

    def carry_out(self, account: Account, deed: Deed, created: float = 0.0, quiet: bool = False) -> Entry | None:
        """Do it, at what is there. What has nothing to be done to becomes a direct message, or is left."""
        person = find_person(deed.person)
        assert person is not None, deed.person
        voice = Voice(person.name, person.id)
        more: dict[str, Any] = {"language": deed.language, "theme": deed.theme, "created": created, "quiet": quiet}
        if deed.way == "mention":
            return self.talk.mention(account, voice, deed.text, **more)
        if deed.way == "direct":
            return self.talk.write_first(account, voice, deed.text, **more)
        if deed.way == "review":
            return self.talk.review(account, voice, deed.rating, deed.text, **more)
        if deed.way in ("edit", "delete"):
            return self._change(account, deed, quiet)
        if deed.way == "chat" and (there := self._find_to_answer(account, deed)):
            return self.talk.reply(there, voice, deed.text, **more)
        posts = [post for post in account.posts[-50:] if not post.deleted and (not created or post.created < created)]
        if not posts:
            return None if deed.way == "chat" else self.talk.write_first(account, voice, deed.text, **more)
        # The newest most: two thirds of what is said stands under the last third of the posts.
        post = posts[min(int((1 - deed.aim**2.5) * len(posts)), len(posts) - 1)]
        state = "pending" if deed.theme == "spam" and deed.aim < 0.5 else ""
        return self.talk.comment(post, voice, deed.text, state=state, **more)

    def show_sign(self, account: Account, gesture: Gesture, at: float = 0.0, quiet: bool = False) -> Sign | None:
        """Like, share, follow, or take back what somebody did before; what has no post to be done to is left."""
        person = find_person(gesture.person)
        assert person is not None, gesture.person
        more: dict[str, Any] = {"at": at, "quiet": quiet}
        if not gesture.on:
            theirs = (sign for sign in account.signs.values() if sign.person and sign.kind == gesture.kind)
            standing = [sign for sign in theirs if sign.there]
            if not standing:
                return None
            sign = standing[int(gesture.aim * len(standing))]
            post = self.store.posts.get(sign.post)
            return self.talk.signs.put(account, sign.kind, post, sign.author, sign.person, on=False, **more)
        if gesture.kind == FOLLOW:
            return self.talk.signs.put(account, FOLLOW, None, person.name, person.id, **more)
        posts = [post for post in account.posts[-50:] if not post.deleted and (not at or post.created < at)]
        if not posts:
            return None
        liked = posts[min(int((1 - gesture.aim**2.5) * len(posts)), len(posts) - 1)]
        return self.talk.signs.put(account, gesture.kind, liked, person.name, person.id, **more)

    def _list_recent(self, account: Account) -> list[Entry]:
        """What was said lately under its posts and stands."""
        newest = account.feeds[COMMENTS].list_newest()
        standing = (e for e in newest if not e.deleted and e.state == "there" and not self.talk.is_buried(e))
        return list(itertools.islice(standing, RECENT))

    def _find_to_answer(self, account: Account, deed: Deed) -> Entry | None:
        """A comment of somebody else's in the same language, of the same mind if there is one."""
        others = [
            entry
            for entry in self._list_recent(account)
            if entry.person != deed.person and entry.language == deed.language and entry.theme != "spam"
        ]
        alike = [e for e in others if (e.theme.split(".")[0] in ("complaint", "storm")) == deed.negative]
        found = alike or ([] if deed.negative else others)
        return found[int(deed.aim * len(found))] if found else None

    def _change(self, account: Account, deed: Deed, quiet: bool) -> Entry | None:
        own = [e for e in self._list_recent(account) if e.person and not e.by_account and not e.edited]
        fitting = [e for e in own if e.language == deed.language] if deed.way == "edit" else own
        if not fitting:
            return None
        entry = fitting[int(deed.aim * len(fitting))]
        if deed.way == "delete":
            return self.talk.remove(entry, quiet=quiet)
        joint = "" if entry.language == "zh-Hant" else " "
        return self.talk.edit(entry, f"{entry.text}{joint}{deed.text}"[:500], quiet=quiet)

    def _forget(self, account: Account) -> None:
        kept = sum(map(len, account.feeds.values())) + len(account.signs)
        if kept > MOST_KEPT:
            said = [entry.revision for feed in account.feeds.values() for entry in feed.list_after(0)]
            oldest = sorted([*said, *(sign.revision for sign in account.signs.values())])
            self.store.record("forget", account=account.name, until=oldest[kept // 10])

    # Being answered.

    def hear(self, entry: Entry) -> None:
        """Somebody said something: when it was an account, whom it answered may go on."""
        self._wake.set()
        telling = self.telling
        said_now = entry.by_account and entry.revision == int(entry.id)
        if not said_now or telling.mood == "off":
            return
        asked = self._find_asked(entry)
        if asked is None:
            return
        branch = self.talk.list_thread(entry)
        turn = max(sum(each.person == asked.person for each in branch) - 1, 0)
        # The branch by its first words: what the network calls it is another thing in each telling.
        key = f"{branch[0].text[:40]}/{branch[0].person}"
        account = self.store.accounts[entry.account]
        reaction = react(telling.seed, key, asked.theme, asked.person, turn, account.name)
        if reaction.text:
            hurry = min(1.0, 6.0 / telling.pace) if telling.pace > 0 else 1.0
            self._later(reaction.after * hurry, lambda: self._go_on(entry, asked, reaction.theme, reaction.text))

    def _find_asked(self, entry: Entry) -> Entry | None:
        """Whose words the account answered."""
        if entry.stream == DIRECT:
            messages = self.store.accounts[entry.account].dialogues[entry.place].messages
            return next((each for each in reversed(messages) if each.person), None)
        asked = self.store.entries.get(entry.parent)
        return asked if asked is not None and asked.person else None

    def _later(self, seconds: float, do: Callable[[], Any]) -> None:
        heapq.heappush(self._due, (time.time() + seconds, next(self._order), do))
        self._wake.set()

    def _go_on(self, ours: Entry, asked: Entry, theme: str, text: str) -> None:
        if ours.deleted or ours.id not in self.store.entries or self.talk.is_buried(ours):
            return
        more: dict[str, Any] = {"language": asked.language, "theme": theme}
        try:
            self.talk.reply(ours, Voice(asked.author, asked.person), text, **more)
        except Refusal as refusal:
            log.debug("nobody went on: %s", refusal.code)
