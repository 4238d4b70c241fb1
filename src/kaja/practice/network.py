"""The practice network at work: who calls, what happens to the call, what is stored."""

import asyncio
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kaja.practice.faults import STORE_WITHIN, Faults, Plan
from kaja.practice.http import Drop, Refusal, Request, Response, gettext_noop
from kaja.practice.rules import check_post
from kaja.practice.state import Account, Container, Post, iso
from kaja.practice.store import Store, digest

QUOTA = 10_000
"""Posts that one account may publish within WINDOW seconds."""
WINDOW = 300.0


@dataclass(slots=True)
class Logged:
    """One line of the log of calls."""

    at: float
    account: str
    operation: str
    reference: str
    outcome: str
    seconds: float


def _open_nothing(token: str, account_id: str) -> Account:
    raise Refusal(401, "bad_token", "This token is not known here, or it was revoked.")


class Network:
    """Everything behind the API and the pages."""

    def __init__(self, store: Store, public_url: str = "") -> None:
        self.store = store
        self.public_url = public_url.rstrip("/")
        self.faults = Faults(store)
        self.counts: Counter[tuple[str, str]] = Counter()
        """How many calls of an operation had an outcome."""
        self.log: deque[Logged] = deque(maxlen=1000)
        self.open_account: Callable[[str, str], Account] = _open_nothing
        """The account that the access token of a consent and an account's id open."""

    def base(self, request: Request) -> str:
        return self.public_url or request.origin()

    # Who calls.

    def get_account(self, request: Request) -> Account:
        """The account whose token the call carries."""
        scheme, _, token = request.header(b"authorization").partition(" ")
        token, _, account_id = token.strip().partition(":")
        if account_id:  # of the accounts that a consent opens, the one that is meant
            return self.open_account(token, account_id)
        account = self.store.tokens.get(digest(token)) if scheme.lower() == "bearer" else None
        if account is None:
            raise Refusal(401, "bad_token", "This token is not known here, or it was revoked.")
        return account

    def authorize(self, name: str, kind: str, workspace: str = "") -> tuple[Account, str, bool]:
        """The account of that name (made when it is new), a fresh token for it, and whether it was made.

        An account belongs to the workspace that made it; one from before there were owners to whoever comes first.
        """
        account = self.store.accounts.get(name)
        made = account is None
        if account is None:
            account = self.store.record(
                "account", id=self.store.next_id(), name=name, kind=kind, created=time.time(), workspace=workspace
            )
        elif account.workspace not in ("", workspace):
            raise Refusal(409, "taken", f"The account {name} belongs to another workspace.", "name")
        elif account.kind != kind:
            raise Refusal(
                409, "other_kind", f"The account {name} is there already and is of the kind {account.kind}.", "kind"
            )
        if account.workspace != workspace:
            self.store.record("owner", account=name, workspace=workspace)
        token = f"practice-{secrets.token_urlsafe(24)}"
        self.store.record("token", account=name, digest=digest(token))
        return account, token, made

    # What happens to a call.

    async def call(
        self,
        request: Request,
        account: Account,
        operation: str,
        subject: str,
        accept: Callable[[Plan], Response],
    ) -> Response:
        """Let the faults that are turned on happen around `accept`, which stores and answers."""
        started = time.monotonic()
        plan = self.faults.plan(account.name, operation, subject)
        outcome = "dropped before"
        try:
            hold = min(plan.delay / 2, STORE_WITHIN)
            if hold:
                await asyncio.sleep(hold)
            self._refuse_before(plan)
            if operation == "publish":
                self._spend(account)
            response = accept(plan)
            outcome = "answered"
            if plan.delay:
                await asyncio.sleep(plan.delay - hold)
            if plan.ending == "drop_after":
                outcome = "dropped after"
                raise Drop
            if plan.ending == "error_after" and plan.rule:
                outcome = "error after"
                raise Refusal(int(plan.rule["status"]), "broken", "Something went wrong on the server.")
            response.headers.extend(self.rate_headers(account))
            return response
        except Refusal as refusal:
            if outcome != "error after":
                outcome = f"refused {refusal.status}"
            raise
        finally:
            self.counts[operation, outcome] += 1
            reference = request.header(b"x-client-reference")
            seconds = time.monotonic() - started
            self.log.append(Logged(time.time(), account.name, operation, reference, outcome, seconds))

    def _refuse_before(self, plan: Plan) -> None:
        rule = plan.rule
        if rule is None:
            return
        if plan.ending == "drop_before":
            raise Drop
        if plan.ending == "too_many":
            raise Refusal(429, "too_many", "Too many requests.", retry_after=rule["retry_after"])
        if plan.ending == "error_before":
            raise Refusal(int(rule["status"]), "unavailable", "The server cannot take this now.")
        if plan.ending == "refuse":
            raise Refusal(422, "refused", rule["reason"], rule["field"])

    def _spend(self, account: Account) -> None:
        now = time.time()
        if now - account.window_start >= WINDOW:
            account.window_start, account.window_used = now, 0
        if account.window_used >= QUOTA:
            raise Refusal(
                429, "too_many", "This account has posted too much.", retry_after=account.window_start + WINDOW - now
            )
        account.window_used += 1

    def rate_headers(self, account: Account) -> list[tuple[bytes, bytes]]:
        """The account's budget of posts: limit, what is left of it, when it is full again (ISO 8601)."""
        now = time.time()
        fresh = now - account.window_start >= WINDOW
        left = QUOTA if fresh else QUOTA - account.window_used
        reset = iso(now + WINDOW if fresh else account.window_start + WINDOW)
        return [
            (b"x-ratelimit-limit", str(QUOTA).encode()),
            (b"x-ratelimit-remaining", str(left).encode()),
            (b"x-ratelimit-reset", reset.encode()),
        ]

    # What is stored.

    def repeated(self, account: Account, key: str) -> str:
        """The id of what a key made before; only keyed accounts remember."""
        if account.kind != "keyed" or not key:
            return ""
        found = account.keys.get(key, "")
        if found:
            self.store.record("repeat", id=found)
        return found

    def create_post(
        self,
        account: Account,
        body: dict[str, Any],
        plan: Plan,
        reference: str,
        key: str = "",
        container: str = "",
        created: float = 0.0,
    ) -> Post:
        """`created`: for what was posted in the past."""
        now = created or time.time()
        finishing = plan.finishing if container else 0.0
        post: Post = self.store.record(
            "post",
            id=self.store.next_id(),
            account=account.name,
            **check_post(body, account, self.store),
            created=now,
            listed=now + max(plan.listing, finishing),
            reference=reference,
            container=container,
            finished=now + finishing if finishing else 0.0,
            key=key if account.kind == "keyed" else "",
        )
        return post

    def create_container(self, account: Account, body: dict[str, Any], plan: Plan) -> Container:
        now = time.time()
        check_post(body, account, self.store)
        container: Container = self.store.record(
            "container",
            id=self.store.next_id(),
            account=account.name,
            body=body,
            created=now,
            ready=now + plan.processing,
            failure=plan.failure,
        )
        return container

    def get_post(self, post_id: str) -> Post:
        """A post that stands; deleted ones are gone."""
        post = self.store.posts.get(post_id)
        if post is None or post.deleted:
            raise Refusal(404, "not_found", gettext_noop("There is no such post (any more)."))
        return post

    def get_own_post(self, account: Account, post_id: str) -> Post:
        post = self.get_post(post_id)
        if post.account != account.name:
            raise Refusal(403, "not_yours", "This post belongs to another account.")
        return post
