"""Likes, shares and followers: what people do to an account and its posts without a word, and take back."""

import time
from collections.abc import Callable
from typing import Any

from kaja.practice.faults import AUDIENCE, NOTHING, Plan
from kaja.practice.http import Refusal, Request, gettext_noop
from kaja.practice.network import Network
from kaja.practice.people import find_person
from kaja.practice.rules import post_path
from kaja.practice.state import FOLLOW, SIGNS, Account, Post, Sign, iso


class Signs:
    """All of them, over the store."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.store = network.store
        self.listeners: list[Callable[[Sign], None]] = []
        """Told of each once it is stored, or changed."""

    def put(
        self,
        account: Account,
        kind: str,
        post: Post | None,
        name: str,
        person: str = "",
        *,
        on: bool = True,
        at: float = 0.0,
        quiet: bool = False,
    ) -> Sign | None:
        """Somebody likes or shares a post, or follows the account; or not any more. What is so already stays so."""
        if kind not in SIGNS or (post is None) != (kind == FOLLOW):
            raise Refusal(422, "bad_sign", f"There are {', '.join(SIGNS)}; all but the last are about a post.", "kind")
        who, place, now = person or name, post.id if post else "", time.time()
        if who in account.blocked:
            raise Refusal(403, "blocked", gettext_noop("This account has blocked you."))
        known = account.signs.get((kind, place, who))
        if (known is not None and known.there) == on:
            return known
        plan: Plan = NOTHING if quiet else self.network.faults.plan(account.name, AUDIENCE, f"{kind}/{place}/{who}")
        moment, listed = at or now, now + plan.listing
        if known is None:
            known = self.store.record(
                "sign", id=self.store.next_id(), account=account.name, kind=kind, post=place, author=name,
                person=person, created=moment, stored=now, listed=listed,
            )  # fmt: skip
        else:
            change = {"created": moment} if on else {"gone": max(moment, known.created)}
            self.store.record(
                "sign_change", account=account.name, key=[kind, place, who], revision=int(self.store.next_id()),
                at=now, listed=listed, **change,
            )  # fmt: skip
        if not quiet:
            self.tell(known)
        return known

    def tell(self, sign: Sign) -> None:
        """Whoever listens."""
        for listener in self.listeners:
            listener(sign)

    def is_buried(self, sign: Sign) -> bool:
        """Whether the post is deleted."""
        return bool(sign.post) and self.store.posts[sign.post].deleted > 0

    def show(self, request: Request, sign: Sign) -> dict[str, Any]:
        base, person = self.network.base(request), find_person(sign.person)
        return {
            "id": sign.id,
            "kind": sign.kind,
            "post": sign.post or None,
            "url": base + post_path(sign.account, sign.post),
            "author": sign.author,
            "author_id": sign.who,
            "author_handle": person.handle if person else "",
            "author_url": f"{base}/people/{person.id}" if person else "",
            "avatar": f"{base}/people/{person.id}.png" if person else "",
            "created_at": iso(sign.created),
            "gone_at": iso(sign.gone) if sign.gone else None,
            "changed_at": iso(sign.changed),
            "revision": sign.revision,
        }
