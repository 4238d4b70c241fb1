"""Every address of the screen, read from Django's resolver, and what a request to each carries.

Nothing here is found by hand: `ROUTES` is walked, and `REQUESTS` is held against it in both directions by
`test_routes.py`, so a new address fails the tests until somebody has said what is sent to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from kaja.crisis.queries import PlannedFilter
from kaja.inbox.retention import terms as keeping

API = "api/v1/"


@dataclass(frozen=True)
class Route:
    """One address: its name and the names of its parameters."""

    name: str
    pattern: str
    parameters: tuple[str, ...]

    @property
    def of_workspace(self) -> bool:
        return "slug" in self.parameters

    @property
    def objects(self) -> tuple[str, ...]:
        """Parameters that name a thing in a workspace."""
        return tuple(name for name in self.parameters if name.endswith("_id"))

    def address(self, values: dict[str, str]) -> str:
        """The address with these values. A parameter that nobody knows is an error of the test: fill it in."""
        known = {"number": "1", "pk": "1", "network": "practice", "key": str(UUID(int=1)), "uidb36": "1",
                 "token": "no-such-token-" * 4, "ending": "jpg", "nonce": "no-nonce", "place": "inbox",
                 **values}  # fmt: skip
        missing = set(self.parameters) - set(known)
        assert not missing, f"tests/walls/world.py has no value for {missing} of {self.name}"
        return reverse(self.name, kwargs={name: known[name] for name in self.parameters})

    def __str__(self) -> str:
        return self.name


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, space: str, names: tuple[str, ...]) -> Iterator[Route]:
    for each in patterns:
        text = prefix + str(each.pattern)
        found = (*names, *each.pattern.regex.groupindex)
        if isinstance(each, URLResolver):
            inner = space + (f"{each.namespace}:" if each.namespace else "")
            yield from _walk(each.url_patterns, text, inner, found)
        else:
            assert each.name, f"{text} has no name"
            yield Route(space + each.name, text, found)


EVERY = list(_walk(get_resolver().url_patterns, "", "", ()))
ROUTES = [route for route in EVERY if not route.pattern.startswith(API)]
OF_API = [route for route in EVERY if route.pattern.startswith(API)]
OF_WORKSPACE = [route for route in ROUTES if route.of_workspace]


@dataclass(frozen=True)
class Sent:
    """A POST: form fields, or JSON. `{names}` in it are filled with ids of a world."""

    body: dict[str, Any]
    json: bool = False

    def post(self, client: Client, address: str, values: dict[str, str], **headers: Any) -> Any:
        body = _fill(self.body, values)
        if self.json:
            return client.post(address, body, content_type="application/json", **headers)
        return client.post(address, body, **headers)


def _fill(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return values[value[1:-1]]
    if isinstance(value, dict):
        return {_fill(key, values): _fill(inner, values) for key, inner in value.items()}
    return [_fill(inner, values) for inner in value] if isinstance(value, list) else value


def form(**fields: Any) -> Sent:
    return Sent(fields)


def data(**fields: Any) -> Sent:
    return Sent(fields, json=True)


_TEXT = {"parts": [{"text": "stolen"}]}
_EDIT: dict[str, Any] = {
    "post": "{post_id}", "revision": 1, "document": _TEXT, "channels": ["{channel_id}"], "campaign": "{campaign_id}",
}  # fmt: skip

# The example of RFC 8291.
PUSH_KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}

REQUESTS: dict[str, Sent] = {
    "onboarding:practice": form(),
    "onboarding:hide_steps": form(),
    "channels:connect_network": form(name="Stolen", kind="plain", base_url="http://127.0.0.1:1"),
    "channels:choose": form(account="1"),
    "channels:check": form(),
    "settling:decide": form(missing="skip", unclear="skip"),
    "settling:look": form(),
    "channels:follow": form(to="https://moved.test"),
    "channels:reconnect": form(name="Stolen", kind="plain", base_url="http://127.0.0.1:1"),
    "channels:disconnect": form(),
    "settings:workspace": form(name="Stolen", time_zone="UTC", language="en", late_limit_minutes="5"),
    "settings:network": form(do="store", slot="", client_id="stolen", secret="stolen", webhook_secret=""),
    "settings:pause": form(),
    "settings:resume": form(),
    "settings:tell_again": form(),
    "settings:look": form(),
    "settings:invite": form(email="thief@evil.test", role="curator"),
    "settings:member_role": form(role="curator"),
    "settings:member_remove": form(),
    "settings:invitation_revoke": form(),
    "settings:profile": form(name="Me"),
    "settings:tokens": form(do="revoke", token="{token_id}"),
    "settings:new_webhook": form(name="Stolen", address="https://stolen.test/", kinds="post.failed"),
    "settings:webhook": form(name="Stolen", address="https://stolen.test/", kinds="post.failed"),
    "settings:do_webhook": form(do="off"),
    "settings:resend": form(),
    "needs_you:settle": form(do="drop"),
    "needs_you:read_notices": form(),
    "needs_you:read_notice": form(),
    "calendar:move": data(post="{post_id}", to="2031-05-05T09:00"),
    "calendar:bulk": data(do="delete", posts=["{post_id}"]),
    "undo": form(),
    "calendar:slots": form(day=["1"], time="10:30"),
    "calendar:copy_slots": form(to=["{channel_id}"]),
    "groups:create_campaign": form(name="Stolen", colour="ink"),
    "groups:campaign": form(name="Stolen", colour="ink"),
    "groups:archive_campaign": form(),
    "groups:labels": form(name="Stolen"),
    "groups:label": form(name="Stolen"),
    "inboxdesk:new_rule": form(name="Stolen", words="stolen", notify="on", do="save"),
    "inboxdesk:rule": form(name="Stolen", words="stolen", notify="on", do="save"),
    "inboxdesk:do_rule": form(do="off"),
    "inboxdesk:undo_hits": form(hit="{hit_id}", rule="{rule_id}"),
    "inboxdesk:new_private": form(
        name="Stolen",
        words="stolen",
        channels="{channel_id}",
        text="stolen",
        pause_least="1",
        pause_most="2",
        daily="5",
        do="save",
    ),
    "inboxdesk:private_reply": form(
        name="Stolen",
        words="stolen",
        channels="{channel_id}",
        text="stolen",
        pause_least="1",
        pause_most="2",
        daily="5",
        do="save",
    ),
    "inboxdesk:do_private": form(do="off"),
    "inboxdesk:stop_sendings": form(sending="{sending_id}", reply="{reply_id}"),
    "inboxdesk:see_alarm": form(),
    "inboxdesk:draw_quality": form(week="2026-01-05", size="1"),
    "inboxdesk:quality_card": form(correct="yes", tone="no", solved="partly", note="stolen"),
    "inboxdesk:person": form(name="Stolen"),
    "inboxdesk:join_person": form(other="{other_person}"),
    "inboxdesk:part_person": form(other="{joined_person}"),
    "inboxdesk:erase_person": form(),
    "inboxdesk:hand_over": form(what="Stolen", to_name="Thief", consent="on"),
    "inboxdesk:take_back_lead": form(),
    "inboxdesk:keeping": form(messages="7", do="save", seen=keeping.mark_of(keeping.Terms(messages=7))),
    "inboxdesk:new_target": form(name="Stolen", always="on", first_count="1", warn_minutes="1"),
    "inboxdesk:target": form(name="Stolen", always="on", first_count="1", warn_minutes="1"),
    "inboxdesk:do_target": form(do="delete"),
    "crisis:start": form(name="Stolen"),
    "crisis:decide": form(text="stolen"),
    "crisis:pause": form(seen=PlannedFilter().mark),
    "crisis:write": form(title="Stolen", text_en="stolen"),
    "crisis:statement": form(do="approve", version="1"),
    "crisis:approvers": form(approver="{member_user}"),
    "crisis:choose": form(on="filter", words="stolen"),
    "crisis:put": form(do="add", conversation="{conversation_id}"),
    "crisis:end": form(usual="delete"),
    "composer:check": Sent(_EDIT, json=True),
    "composer:save": Sent(_EDIT, json=True),
    "composer:finish": Sent(_EDIT, json=True),
    "composer:cut": data(text="stolen", channels=["{channel_id}"]),
    "composer:upload": form(),
    "composer:card": data(url="http://127.0.0.1:1/"),
    "composer:restore": form(),
    "post:duplicate": form(),
    "post:delete": form(),
    "post:restore": form(),
    "post:unschedule": form(),
    "post:publish": form(),
    "post:change_remote": form(do="delete"),
    "inbox:work": form(conversation=["{conversation_id}"], do="state:done"),
    "inbox:save_reply": form(title="Stolen", text_en="stolen"),
    "inbox:delete_reply": form(),
    "inbox:keep_view": form(name="Stolen", q_view="all", everybody="1"),
    "inbox:delete_view": form(),
    "inbox:act": form(act="hide"),
    "inbox:take_back": form(),
    "inbox:presence": form(what="looking"),
    "inbox:check": data(text="stolen"),
    "inbox:reply": form(text="stolen"),
    "inbox:note": form(text="stolen"),
    "app:add_device": data(endpoint="https://push.test/stolen", keys=PUSH_KEYS),
    "app:choose_kinds": form(kind=["inbox"]),
    "app:choose_quiet": form(begins="22:00", ends="07:00", time_zone="UTC"),
    "app:test_device": form(),
    "app:remove_device": form(),
    "app:share": data(id=str(UUID(int=0x7 << 76 | 0x8 << 60)), text="stolen"),
    "ideas:add": form(text="stolen"),
    "ideas:move": data(state="draft"),
}
"""What is posted to the addresses of a workspace that take a POST."""

OTHER_IDS = {"post:restore": {"post_id": "binned_id"}, "inbox:take_back": {"message_id": "answer_id"}}
"""Where an address is about another thing of the world than the one that its parameter usually names."""

PERSONAL = {
    "onboarding:hide_steps": "puts one's own list of first steps away",
    "settings:profile": "one's own name and language",
    "settings:tokens": "one's own tokens, which can do no more than their person",
    "app:add_device": "one's own device",
    "app:choose_kinds": "one's own device",
    "app:choose_quiet": "one's own devices",
    "app:test_device": "one's own device",
    "app:remove_device": "one's own device",
    "needs_you:read_notices": "one's own notices",
    "needs_you:read_notice": "one's own notices",
}
"""POSTs that every member may make, because they touch nobody else."""
