"""What is said to the accounts and what they answer: taken in, changed, shown. Faults have happened before."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kaja.practice.faults import AUDIENCE, NOTHING, Plan
from kaja.practice.http import Refusal, Request, gettext_noop
from kaja.practice.network import Network
from kaja.practice.people import find_person
from kaja.practice.rules import MAX_NAME, MAX_TEXT, check_text, post_path
from kaja.practice.signs import Signs
from kaja.practice.state import COMMENTS, DIRECT, MENTIONS, REVIEWS, Account, Dialogue, Entry, Post, iso

WINDOW = 24 * 3600.0
"""How long after a person's last direct message the account may write back."""
PRIVATE_WINDOW = 7 * 24 * 3600.0
"""How long after a comment the account may answer it in private."""
ACTS: dict[str, dict[str, Any]] = {
    "like": {"liked": True},
    "unlike": {"liked": False},
    "hide": {"state": "hidden"},
    "unhide": {"state": "there"},
    "approve": {"state": "there"},
    "spam": {"state": "hidden", "reported": True},
    "report": {"reported": True},
    "delete": {},
}
RELATIONS = {
    "block": ("blocked", True),
    "unblock": ("blocked", False),
    "mute": ("muted", True),
    "unmute": ("muted", False),
}


@dataclass(frozen=True)
class Voice:
    """Who says something: the account itself, an invented person, or a visitor with any name."""

    name: str
    person: str = ""
    account: Account | None = None
    key: str = ""
    reference: str = ""

    @property
    def author_id(self) -> str:
        return self.account.id if self.account else self.person or self.name


def voice_of(person_id: str) -> Voice:
    """An invented person's. Raises Refusal."""
    person = find_person(person_id)
    if person is None:
        raise Refusal(422, "no_person", gettext_noop("There is no such invented person."), "person")
    return Voice(person.name, person.id)


class Conversations:
    """All that is said, over the store."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.store = network.store
        self.signs = Signs(network)
        self.listeners: list[Callable[[Entry], None]] = []
        """Told of each entry once it is stored, or changed."""

    # Finding.

    def find_author(self, entry: Entry) -> str:
        """How the network names who said it."""
        return self.store.accounts[entry.author].id if entry.by_account else entry.person or entry.author

    def get_entry(self, account: Account, entry_id: str, *, deleted: bool = False) -> Entry:
        """Something in the account's streams that stands; what was `deleted` only where that does not matter."""
        entry = self.store.entries.get(entry_id)
        if entry is None or entry.account != account.name or self.is_buried(entry) or (entry.deleted and not deleted):
            raise Refusal(404, "not_found", gettext_noop("There is no such comment or message (any more)."))
        return entry

    def is_buried(self, entry: Entry) -> bool:
        """Whether the post that it stands under is deleted."""
        return entry.stream == COMMENTS and self.store.posts[entry.place].deleted > 0

    def get_dialogue(self, account: Account, dialogue_id: str) -> Dialogue:
        dialogue = account.dialogues.get(dialogue_id)
        if dialogue is None:
            raise Refusal(404, "not_found", gettext_noop("There is no such dialogue."))
        return dialogue

    def open_dialogue(self, account: Account, voice: Voice) -> Dialogue:
        """The one between an account and somebody."""
        name = f"{account.id}-{voice.author_id}"
        if found := account.dialogues.get(name):
            return found
        made: Dialogue = self.store.record(
            "dialogue", account=account.name, id=name, person=voice.person, name=voice.name
        )
        return made

    def find_window(self, dialogue: Dialogue) -> float:
        """Until when the account may write there."""
        theirs = (message.created for message in reversed(dialogue.messages) if not message.by_account)
        return next(theirs, 0.0) + WINDOW

    def list_thread(self, entry: Entry) -> list[Entry]:
        """A branch with all of its entries that stand, the oldest first."""
        if entry.stream == COMMENTS:
            around = self.store.posts[entry.place].comments
        elif entry.stream == DIRECT:
            around = self.store.accounts[entry.account].dialogues[entry.place].messages
        else:
            around = list(self.store.accounts[entry.account].feeds[entry.stream].list_after(0))
        found = (each for each in around if each.thread == entry.thread and not each.deleted)
        return sorted(found, key=lambda each: int(each.id))

    # Saying.

    def parse_voice(self, name: Any, person: Any) -> Voice:
        """An invented person, or a visitor with any name. Raises Refusal."""
        if person:
            return voice_of(str(person))
        given = check_text(name or "", "name", MAX_NAME).strip()
        if not given:
            raise Refusal(422, "required", gettext_noop("A visitor needs a name."), "name")
        return Voice(given)

    def say(
        self,
        account: Account,
        stream: str,
        voice: Voice,
        text: str,
        plan: Plan = NOTHING,
        *,
        created: float = 0.0,
        quiet: bool = False,
        **more: Any,
    ) -> Entry:
        """Store it and tell of it. `more` are fields of Entry; what is `quiet` nobody is told of."""
        if not check_text(text, "text", MAX_TEXT).strip():
            raise Refusal(422, "required", gettext_noop("A comment needs a text."), "text")
        if voice.account is None and voice.author_id in account.blocked:
            raise Refusal(403, "blocked", gettext_noop("This account has blocked you."))
        if voice.account is None:
            plan = self.network.faults.plan(account.name, AUDIENCE, f"{stream}/{text}")
        now = time.time()
        entry: Entry = self.store.record(
            "entry",
            id=self.store.next_id(),
            account=account.name,
            stream=stream,
            author=voice.name,
            by_account=voice.account is not None,
            person=voice.person,
            text=text,
            created=created or now,
            stored=now,
            listed=now + plan.listing,
            reference=voice.reference,
            key=voice.key if voice.account and voice.account.kind == "keyed" else "",
            **{name: value for name, value in more.items() if value},
        )
        if not quiet:
            self.tell(entry)
        return entry

    def comment(self, post: Post, voice: Voice, text: str, plan: Plan = NOTHING, **more: Any) -> Entry:
        return self.say(self.store.accounts[post.account], COMMENTS, voice, text, plan, place=post.id, **more)

    def reply(self, entry: Entry, voice: Voice, text: str, plan: Plan = NOTHING, **more: Any) -> Entry:
        """An answer to a comment, a mention or a review, in its branch."""
        account = self.store.accounts[entry.account]
        self._require_open(account, voice, entry.person or entry.author)
        if entry.stream == DIRECT:
            return self.write(account.dialogues[entry.place], voice, text, plan, parent=entry.id, **more)
        branch: dict[str, Any] = {"place": entry.place, "parent": entry.id, "thread": entry.thread}
        return self.say(account, entry.stream, voice, text, plan, **branch, **more)

    def write(self, dialogue: Dialogue, voice: Voice, text: str, plan: Plan = NOTHING, **more: Any) -> Entry:
        """A direct message. The account may answer for a day, and not begin."""
        account = self.store.accounts[dialogue.account]
        self._require_open(account, voice, dialogue.person or dialogue.name)
        if voice.account and not more.get("created") and time.time() > self.find_window(dialogue):
            raise Refusal(
                403,
                "window_closed",
                gettext_noop("They last wrote more than 24 hours ago; after that nothing can be sent to them here."),
                "text",
            )
        return self.say(account, DIRECT, voice, text, plan, place=dialogue.id, thread=dialogue.id, **more)

    def list_private(self, account: Account, entry: Entry) -> list[Entry]:
        """What the account said in private to one comment, whatever became of it."""
        dialogue = account.dialogues.get(f"{account.id}-{self.find_author(entry)}")
        messages = dialogue.messages if dialogue else []
        return [each for each in messages if each.by_account and each.parent == entry.id]

    def write_privately(self, entry: Entry, voice: Voice, text: str, plan: Plan = NOTHING) -> Entry:
        """A direct message of the account to whoever wrote a comment, bound to it: one for each comment, and begun
        without their having written directly."""
        account = self.store.accounts[entry.account]
        self._require_open(account, voice, entry.person or entry.author)
        if entry.stream != COMMENTS or entry.by_account:
            raise Refusal(422, "not_a_comment", gettext_noop("Only comments of others are answered in private."))
        if time.time() > entry.created + PRIVATE_WINDOW:
            raise Refusal(
                403, "window_closed", gettext_noop("A comment is answered in private for seven days only."), "text"
            )
        if self.list_private(account, entry):
            raise Refusal(
                409, "private_taken", gettext_noop("This comment was answered in private already, and is only once.")
            )
        dialogue = self.open_dialogue(account, Voice(entry.author, entry.person))
        bound: dict[str, Any] = {"place": dialogue.id, "thread": dialogue.id, "parent": entry.id}
        return self.say(account, DIRECT, voice, text, plan, **bound)

    def _require_open(self, account: Account, voice: Voice, author_id: str) -> None:
        """Who has blocked the account gets no answer of it. Raises Refusal."""
        if voice.account is account and author_id in account.blocked_by:
            raise Refusal(403, "blocked_by", gettext_noop("They have blocked this account."), "text")

    def write_first(self, account: Account, voice: Voice, text: str, plan: Plan = NOTHING, **more: Any) -> Entry:
        """A person's direct message, whether they have written before or not."""
        return self.write(self.open_dialogue(account, voice), voice, text, plan, **more)

    def mention(self, account: Account, voice: Voice, text: str, plan: Plan = NOTHING, **more: Any) -> Entry:
        """A post of their own that names the account."""
        return self.say(account, MENTIONS, voice, text, plan, **more)

    def review(
        self, account: Account, voice: Voice, rating: Any, text: str, plan: Plan = NOTHING, **more: Any
    ) -> Entry:
        if not isinstance(rating, int) or not 1 <= rating <= 5:
            raise Refusal(422, "bad_rating", gettext_noop("A review has one to five stars."), "rating")
        return self.say(account, REVIEWS, voice, text, plan, rating=rating, **more)

    # Changing.

    def change(self, entry: Entry, *, quiet: bool = False, **changes: Any) -> Entry:
        """Write down what became of it, where that is anything new."""
        if all(getattr(entry, name) == value for name, value in changes.items()):
            return entry
        now = time.time()
        self.store.record("change", id=entry.id, revision=int(self.store.next_id()), at=now, **changes)
        if not quiet:
            self.tell(entry)
        return entry

    def edit(self, entry: Entry, text: str, *, quiet: bool = False) -> Entry:
        """By its author."""
        if not check_text(text, "text", MAX_TEXT).strip():
            raise Refusal(422, "required", gettext_noop("A comment needs a text."), "text")
        if entry.text == text:
            return entry
        return self.change(entry, text=text, edited=max(time.time(), entry.created), quiet=quiet)

    def remove(self, entry: Entry, *, quiet: bool = False) -> Entry:
        """By its author, or by the account."""
        return entry if entry.deleted else self.change(entry, deleted=time.time(), quiet=quiet)

    def act(self, entry: Entry, act: str) -> Entry:
        """What the account does to something; what is so already stays so. Raises Refusal."""
        if act not in ACTS:
            raise Refusal(422, "bad_act", f"There is no such act; there are {', '.join(ACTS)}.", "act")
        elsewhere = entry.stream == DIRECT or (entry.stream != COMMENTS and not entry.parent)
        if act in ("hide", "unhide", "approve", "spam") and (entry.by_account or elsewhere):
            raise Refusal(422, "bad_act", "That can be done to what others write below yours only.", "act")
        if act == "delete" and not entry.by_account and elsewhere:
            raise Refusal(403, "not_yours", "Only what stands below yours can be deleted.", "act")
        return self.remove(entry) if act == "delete" else self.change(entry, **ACTS[act])

    def relate(self, account: Account, author_id: str, act: str) -> None:
        """Block or mute somebody, or take that back."""
        if act not in RELATIONS:
            raise Refusal(422, "bad_act", f"There is no such act; there are {', '.join(RELATIONS)}.", "act")
        self.put_relation(account, author_id, *RELATIONS[act])

    def put_relation(self, account: Account, author_id: str, kind: str, on: bool) -> None:
        """Write down who has blocked or muted whom, where that is new."""
        if (author_id in getattr(account, kind)) != on:
            self.store.record("relation", account=account.name, author=author_id, kind=kind, on=on)

    def tell(self, entry: Entry) -> None:
        """Whoever listens to what is said."""
        for listener in self.listeners:
            listener(entry)

    # Showing.

    def show(self, request: Request, entry: Entry) -> dict[str, Any]:
        base, account = self.network.base(request), self.store.accounts[entry.account]
        person = find_person(entry.person)
        state = "deleted" if entry.deleted else entry.state
        shown = {
            "id": entry.id,
            "stream": entry.stream,
            "post": entry.place if entry.stream == COMMENTS else None,
            "dialogue": entry.place if entry.stream == DIRECT else None,
            "parent": entry.parent or None,
            "thread": entry.thread,
            "url": base + self.find_path(entry),
            "author": entry.author,
            "author_id": self.find_author(entry),
            "author_handle": person.handle if person else "",
            "author_url": f"{base}/people/{person.id}" if person else "",
            "avatar": f"{base}/people/{person.id}.png" if person else "",
            "by_account": entry.by_account,
            "text": "" if entry.deleted else entry.text,
            "language": entry.language,
            "rating": entry.rating or None,
            "state": state,
            "liked": entry.liked,
            "created_at": iso(entry.created),
            "edited_at": iso(entry.edited) if entry.edited else None,
            "deleted_at": iso(entry.deleted) if entry.deleted else None,
            "stored_at": iso(entry.stored),
            "changed_at": iso(entry.changed),
            "revision": entry.revision,
        }
        if entry.stream == DIRECT:
            shown["window_until"] = iso(self.find_window(account.dialogues[entry.place]))
        return shown

    def find_path(self, entry: Entry) -> str:
        """Where a visitor finds it."""
        if entry.stream == COMMENTS:
            return f"{post_path(entry.account, entry.place)}#c{entry.id}"
        page = {MENTIONS: "mentions", REVIEWS: "reviews"}.get(entry.stream, f"messages/{quote(entry.place)}")
        return f"{post_path(entry.account, '')}{page}#c{entry.id}"
