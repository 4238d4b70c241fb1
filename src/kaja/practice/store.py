"""The state in memory, and the append-only journal that brings it back after a restart.

Every change is one JSON line, written (not synced) before it is applied: a killed process loses nothing that it
answered; a machine that loses power may lose the last moments, which is good enough for practice.
"""

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from kaja.practice.http import Refusal
from kaja.practice.state import (
    COMMENTS,
    DIRECT,
    FOLLOW,
    LIKE,
    Account,
    App,
    Consent,
    Container,
    Dialogue,
    Entry,
    Medium,
    Post,
    Sign,
)


class StorageFull(Refusal):
    """The change could not be written; nothing of it was kept."""

    def __init__(self) -> None:
        super().__init__(507, "storage_full", "The practice network has no room left; nothing was stored.")


_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


def digest(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


class Store:
    """All accounts, posts and media of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults_version = 0  # grows with every change, so that what was read from the rules can be kept
        self.media_folder = folder / "media"
        self.media_folder.mkdir(parents=True, exist_ok=True)
        self.clear()
        self._journal = os.open(folder / "journal.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = 0
        self._replay()

    def clear(self) -> None:
        """Forget everything that is held in memory."""
        self.accounts: dict[str, Account] = {}  # by name
        self.tokens: dict[str, Account] = {}  # by digest
        self.apps: dict[str, App] = {}  # by client id
        self.consents: dict[str, Consent] = {}  # by id
        self.posts: dict[str, Post] = {}  # by id, in order of creation
        self.entries: dict[str, Entry] = {}  # what the audience said, and what was answered
        self.containers: dict[str, Container] = {}
        self.media: dict[str, Medium] = {}
        self.faults: dict[str, dict[str, Any]] = {}  # by account name; "*" is everybody
        self.mood: dict[str, Any] = {}  # how the audience is (`moods.py`); empty: as the process was started
        self.told = 0  # how many deeds of its story were told
        self.last_id = 100_000
        self.faults_version += 1

    def close(self) -> None:
        os.close(self._journal)

    def next_id(self) -> str:
        """Ids grow, so that a list can be paged by them."""
        self.last_id += 1
        return str(self.last_id)

    def media_path(self, medium_id: str) -> Path:
        return self.media_folder / medium_id

    def record(self, event: str, **data: Any) -> Any:
        """Write one change, then apply it; gives back the object that it made or changed."""
        line = _encode([event, data]).encode() + b"\n"
        try:
            written = os.write(self._journal, line)
        except OSError as error:
            raise StorageFull from error
        if written != len(line):
            os.ftruncate(self._journal, self._size)
            raise StorageFull
        self._size += written
        return self._apply(event, data)

    def reset(self) -> None:
        """Forget everything, also on disk."""
        os.ftruncate(self._journal, 0)
        self._size = 0
        self.clear()
        for path in self.media_folder.iterdir():
            path.unlink()

    def _replay(self) -> None:
        with (self.folder / "journal.jsonl").open("rb") as lines:
            for line in lines:
                # A line that the process did not finish was never answered.
                if not line.endswith(b"\n"):
                    break
                event, data = json.loads(line)
                self._apply(event, data)
                self._size += len(line)
        os.ftruncate(self._journal, self._size)

    def _apply(self, event: str, data: dict[str, Any]) -> Any:
        apply: Callable[..., Any] = getattr(self, f"_on_{event}")
        return apply(**data)

    def _seen(self, id: str) -> None:  # noqa: A002
        self.last_id = max(self.last_id, int(id))

    def _on_account(self, id: str, name: str, kind: str, created: float, workspace: str = "") -> Account:  # noqa: A002
        self._seen(id)
        account = self.accounts[name] = Account(id, name, kind, created, workspace)
        return account

    def _on_owner(self, account: str, workspace: str) -> None:
        self.accounts[account].workspace = workspace

    def _on_token(self, account: str, digest: str) -> None:
        self.tokens[digest] = self.accounts[account]

    def _on_revoke(self, account: str, digest: str = "") -> None:
        """One token, or every token of the account."""
        for key in [digest] if digest else [k for k, owner in self.tokens.items() if owner.name == account]:
            self.tokens.pop(key, None)

    def _on_app(self, **data: Any) -> App:
        app = App(**data)
        self._seen(app.client_id.removeprefix("app"))
        self.apps[app.client_id] = app
        return app

    def _on_consent(self, **data: Any) -> Consent:
        consent = Consent(**data)
        self._seen(consent.id)
        self.consents[consent.id] = consent
        return consent

    def _on_tokens(self, consent: str, access: str, ends: float, refresh: str, before: str) -> None:
        row = self.consents[consent]
        row.access = {key: until for key, until in row.access.items() if until > ends - 86400.0} | {access: ends}
        # What came of a renewal whose answer was lost is known to nobody.
        row.spent |= {key for key in (row.refresh, row.before) if key and key != before}
        row.refresh, row.before = refresh, before

    def _on_used(self, consent: str) -> None:
        row = self.consents[consent]
        row.spent.add(row.before)
        row.before = ""

    def _on_page_token(self, consent: str, account: str, digest: str) -> None:
        self.consents[consent].page_tokens.add(digest)
        self.tokens[digest] = self.accounts[account]

    def _on_end(self, consent: str) -> None:
        row = self.consents[consent]
        row.over = True
        for digest in row.page_tokens:
            self.tokens.pop(digest, None)

    def _on_medium(self, **data: Any) -> Medium:
        medium = Medium(**data)
        self._seen(medium.id)
        self.media[medium.id] = medium
        return medium

    def _on_post(self, key: str = "", **data: Any) -> Post:
        data["media"] = tuple(data["media"])
        post = Post(**data)
        self._seen(post.id)
        account = self.accounts[post.account]
        self.posts[post.id] = post
        account.posts.append(post)
        account.active = max(account.active, post.created)
        if key:
            account.keys[key] = post.id
        if post.container:
            self.containers[post.container].posts.append(post.id)
        if parent := self.posts.get(post.reply_to):
            parent.replies.append(post)
        return post

    def _on_container(self, **data: Any) -> Container:
        container = Container(**data)
        self._seen(container.id)
        self.containers[container.id] = container
        return container

    def _on_comment(self, post: str, **data: Any) -> Entry:
        """As journals of earlier versions have it."""
        entry = {"account": self.posts[post].account, "stream": COMMENTS, "place": post, "stored": data["created"]}
        return self._on_entry(**entry, **data)

    def _on_entry(self, key: str = "", **data: Any) -> Entry:
        entry = Entry(**data)
        self._seen(entry.id)
        entry.thread = entry.thread or entry.id
        self.entries[entry.id] = entry
        account = self.accounts[entry.account]
        account.feeds[entry.stream].put(entry, int(entry.id), entry.stored)
        if entry.stream == COMMENTS:
            self.posts[entry.place].comments.append(entry)
        elif entry.stream == DIRECT:
            account.dialogues[entry.place].messages.append(entry)
        if entry.by_account:
            # Below a post of another account it is that one's entry, and still this one's answer.
            writer = self.accounts[entry.author]
            writer.active = max(writer.active, entry.created)
            if key:
                writer.keys[key] = entry.id
        return entry

    def _on_dialogue(self, account: str, **data: Any) -> Dialogue:
        dialogue = Dialogue(account=account, **data)
        self.accounts[account].dialogues[dialogue.id] = dialogue
        return dialogue

    def _on_change(self, id: str, revision: int, at: float, **changes: Any) -> Entry:  # noqa: A002
        """Of an entry, by its author or by the account."""
        entry = self.entries[id]
        self.last_id = max(self.last_id, revision)
        for name, value in changes.items():
            setattr(entry, name, value)
        self.accounts[entry.account].feeds[entry.stream].put(entry, revision, at)
        return entry

    def _on_relation(self, account: str, author: str, kind: str, on: bool) -> None:
        """Whom an account has blocked or muted, and who has blocked it."""
        authors: set[str] = getattr(self.accounts[account], kind)
        authors.add(author) if on else authors.discard(author)

    def _on_mood(self, **mood: Any) -> None:
        self.mood, self.told = mood, 0

    def _on_told(self, number: int) -> None:
        self.told = number

    def _on_forget(self, account: str, until: int) -> None:
        """The older part of what invented people said to an account, up to a revision; not what it said itself."""
        owner = self.accounts[account]
        gone = {
            entry.id
            for feed in owner.feeds.values()
            for entry in feed.list_after(0)
            if entry.revision <= until and entry.person and not entry.by_account
        }
        for feed in owner.feeds.values():
            feed.drop(gone)
        for post in {self.posts[self.entries[name].place].id for name in gone if self.entries[name].stream == COMMENTS}:
            self.posts[post].comments = [entry for entry in self.posts[post].comments if entry.id not in gone]
        for dialogue in owner.dialogues.values():
            dialogue.messages = [entry for entry in dialogue.messages if entry.id not in gone]
        for name in gone:
            del self.entries[name]
        over = {key: sign.id for key, sign in owner.signs.items() if sign.revision <= until and sign.person}
        owner.signs_feed.drop(over.values())
        for key in over:
            del owner.signs[key]

    def _on_repeat(self, id: str) -> None:  # noqa: A002
        """A publish call was answered with an object that stood there already."""
        (self.posts.get(id) or self.entries[id]).requests += 1

    def _on_edit(self, id: str, at: float, **changes: Any) -> Post:  # noqa: A002
        post = self.posts[id]
        post.edited = at
        for name, value in changes.items():
            setattr(post, name, tuple(value) if name == "media" else value)
        return post

    def _on_delete(self, id: str, at: float) -> None:  # noqa: A002
        self.posts[id].deleted = at

    def _on_like(self, post: str, who: str, liked: bool) -> Post:
        """As journals of earlier versions have it."""
        _put(self.posts[post].likes, who, liked)
        return self.posts[post]

    def _on_sign(self, **data: Any) -> Sign:
        sign = Sign(**data)
        self._seen(sign.id)
        account = self.accounts[sign.account]
        account.signs[sign.kind, sign.post, sign.who] = sign
        account.signs_feed.put(sign, int(sign.id), sign.stored)
        self._count_sign(sign)
        return sign

    def _on_sign_change(
        self, account: str, key: list[str], revision: int, at: float, listed: float, **changes: float
    ) -> Sign:
        kind, post, who = key
        owner = self.accounts[account]
        sign = owner.signs[kind, post, who]
        self.last_id = max(self.last_id, revision)
        for name, value in changes.items():
            setattr(sign, name, value)
        sign.listed = listed
        owner.signs_feed.put(sign, revision, at)
        self._count_sign(sign)
        return sign

    def _count_sign(self, sign: Sign) -> None:
        if sign.kind == FOLLOW:
            _put(self.accounts[sign.account].followers, sign.who, sign.there)
        else:
            post = self.posts[sign.post]
            _put(post.likes if sign.kind == LIKE else post.shares, sign.who, sign.there)

    def _on_faults(self, account: str, rules: dict[str, Any]) -> None:
        self.faults_version += 1
        if rules:
            self.faults[account] = rules
        else:
            self.faults.pop(account, None)


def _put(people: set[str], who: str, on: bool) -> None:
    people.add(who) if on else people.discard(who)
