"""For tests and trainers, under /admin: faults, the ground truth, the log of calls. All of it needs the key."""

from typing import Any

from kaja.practice.faults import FAULTS, BadRule, parse_rules
from kaja.practice.guard import Guard
from kaja.practice.http import Handler, Refusal, Request, Response, Routes, answer
from kaja.practice.network import Network
from kaja.practice.state import DIRECT, Account, Entry, Post, iso


class Admin:
    """Handlers of the administration; they are never faulted."""

    def __init__(self, network: Network, guard: Guard) -> None:
        self.network = network
        self.guard = guard
        self.store = network.store

    def add_to(self, routes: Routes) -> None:
        for method, path, handler in (
            ("GET", "/admin/faults", self.get_faults),
            ("PUT", "/admin/faults", self.put_faults),
            ("GET", "/admin/truth", self.get_truth),
            ("GET", "/admin/log", self.get_log),
            ("POST", "/admin/accounts/*/revoke", self.revoke),
            ("POST", "/admin/reset", self.reset),
        ):
            routes.add(method, path, self.keyed(handler))

    def keyed(self, handler: Handler) -> Handler:
        """The handler, for whoever shows the key."""

        async def handle(request: Request) -> Response:
            self.guard.require_key(request)
            return await handler(request)

        return handle

    def get_named(self, name: str) -> Account:
        account = self.store.accounts.get(name)
        if account is None:
            raise Refusal(404, "not_found", f"There is no account {name}.", "account")
        return account

    async def get_faults(self, _: Request) -> Response:
        """What is turned on, and what there is."""
        known = {
            fault.name: {
                "meaning": fault.meaning,
                "on": fault.operations,
                **{s.name: {"from": s.low, "to": s.high, "default": s.default} for s in fault.settings},
                **{name: {"default": default} for name, default in fault.texts},
            }
            for fault in FAULTS
        }
        return answer({"active": self.store.faults, "known": known})

    async def put_faults(self, request: Request) -> Response:
        """`{"account": name or "*", "seed": n, "faults": {name: {probability, ...}}}` replaces what was set there."""
        body = request.json()
        name = body.get("account", "*")
        if name != "*":
            self.get_named(name)
        try:
            rules = parse_rules(body.get("faults", {}), body.get("seed", 0))
        except BadRule as bad:
            raise Refusal(422, "bad_fault", f"{bad.field} {bad}", bad.field) from None
        self.store.record("faults", account=name, rules=rules)
        return answer({"active": self.store.faults})

    async def get_truth(self, request: Request) -> Response:
        """Every stored object, also what lists still hide and what was deleted; `account` and `contains` narrow it."""
        account, contains = request.query.get("account"), request.query.get("contains", "")
        if account is not None:
            self.get_named(account)
        everything: list[Post | Entry] = [*self.store.posts.values()]
        everything += [entry for entry in self.store.entries.values() if entry.by_account]
        objects = [
            item
            for item in everything
            if (account is None or (item.account if isinstance(item, Post) else item.author) == account)
            and contains in item.text
        ]
        return answer({"count": len(objects), "objects": [_show(item) for item in objects]})

    async def get_log(self, _: Request) -> Response:
        """How many calls of each operation ended how (since the start), and the newest 1,000 of them."""
        counts: dict[str, dict[str, int]] = {}
        for (operation, outcome), number in sorted(self.network.counts.items()):
            counts.setdefault(operation, {})[outcome] = number
        calls = [
            {
                "at": iso(entry.at),
                "account": entry.account,
                "operation": entry.operation,
                "reference": entry.reference,
                "outcome": entry.outcome,
                "seconds": round(entry.seconds, 3),
            }
            for entry in reversed(self.network.log)
        ]
        return answer({"counts": counts, "calls": calls})

    async def revoke(self, request: Request) -> Response:
        """Every token of the account stops working."""
        self.store.record("revoke", account=self.get_named(request.parts[0]).name)
        return Response(204)

    async def reset(self, _: Request) -> Response:
        """Forget everything."""
        self.store.reset()
        self.network.counts.clear()
        self.network.log.clear()
        return Response(204)


def _show(item: Post | Entry) -> dict[str, Any]:
    post = item if isinstance(item, Post) else None
    if isinstance(item, Post):
        kind, answers = "post", item.reply_to or None
    elif item.stream == DIRECT:
        kind, answers = "message", item.place
    else:
        kind, answers = ("reply", item.parent) if item.parent else ("comment", item.place)
    return {
        "id": item.id,
        "object": kind,
        "account": item.account if isinstance(item, Post) else item.author,
        "text": item.text,
        "media": len(post.media) if post else 0,
        "reply_to": answers,
        "reference": item.reference,
        "requests": item.requests,
        "created_at": iso(item.created),
        "listed_at": iso(item.listed),
        "deleted": item.deleted > 0,
    }
