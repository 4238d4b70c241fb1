"""Mastodon, and servers that speak its API (GoToSocial, Pleroma, Akkoma, snac2 ...)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kaja.networks.kit.connector import (
    Authorization,
    Choice,
    Connected,
    Count,
    Facts,
    FormField,
    NetworkInfo,
    OptionField,
    Segment,
    Stage,
)
from kaja.networks.kit.content import Draft, Outgoing
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.outcome import NOT_SENT_AFTER
from kaja.networks.kit.problems import Problem, gettext_noop, pgettext_noop
from kaja.networks.kit.results import (
    CannotTell,
    ChangeResult,
    Checkpoint,
    Later,
    Listing,
    Reconciliation,
    Rejected,
    RemoteRef,
    Resolution,
    StageResult,
)
from kaja.networks.mastodon import changes, delivery, oauth, reconcile, refusals, rules
from kaja.networks.mastodon.account import inspect_account
from kaja.networks.mastodon.api import is_missing
from kaja.networks.mastodon.limits import read_limits

INFO = NetworkInfo(
    key="mastodon",
    name="Mastodon",
    connect="oauth",
    form=(
        FormField(
            "instance",
            gettext_noop("Server"),
            help=gettext_noop("The server where your account lives: the part after the last @ of your handle."),
            placeholder="mastodon.social",
        ),
    ),
    options=(
        OptionField(
            "spoiler_text",
            gettext_noop("Content warning"),
            "text",
            help=gettext_noop("Shown instead of the post until the reader opens it. Its length counts."),
        ),
        OptionField(
            "visibility",
            gettext_noop("Who sees it"),
            "choice",
            choices=(
                Choice("public", gettext_noop("Everybody")),
                Choice("unlisted", gettext_noop("Everybody, but not in public timelines")),
                Choice("private", gettext_noop("Followers only")),
            ),
            default="public",
        ),
        OptionField(
            "sensitive",
            gettext_noop("Hide pictures and videos until clicked"),
            "bool",
        ),
    ),
    names_maker=True,
    threads=True,
    first_comment=True,
    edits=True,
    deletes=True,
    max_images=4,
    # Mastodon itself honours the key, compatible servers may not (Facts.limits["idempotent"] says what is known). It
    # writes the key down after the status (app/services/post_status_service.rb at 0194c3c, read 2026-11-22), so a
    # repetition that meets the first call still at work would double it: we look, whatever the server.
    idempotent=False,
    # https://docs.joinmastodon.org/api/rate-limits/, read 2026-11-22.
    quota_uses={"media": frozenset({"media"}), "delete": frozenset({"change"})},
    settle_seconds=30.0,
    # Servers other than Mastodon have been seen to store a status a minute after they broke off the call.
    settle_unkeyed=120.0,
    help=gettext_noop("Any Mastodon server, and compatible ones."),
    # The consent page of an instance, read 2026-11-22.
    guide=(
        gettext_noop("Write the server that your account is on: the part after the last @ of your handle."),
        gettext_noop(
            "Your server asks whether Kaja may post for you. Sign in there as the account that you want to connect."
        ),
        gettext_noop("Allow it, and you come back here by yourself."),
    ),
    grant_words={
        "profile": pgettext_noop("what a channel may do", "see the profile"),
        "read:accounts": pgettext_noop("what a channel may do", "see the account"),
        "read:statuses": pgettext_noop("what a channel may do", "read posts"),
        "write:statuses": pgettext_noop("what a channel may do", "write posts"),
        "write:media": pgettext_noop("what a channel may do", "upload files"),
    },
    open_credentials=frozenset({"scope", "client_id"}),
    known_again={"instance": "base_url"},
    consent_button=gettext_noop("Go on to your server"),
)


class Mastodon:
    """The connector; it has no state."""

    info = INFO

    def check(self, draft: Draft, facts: Facts) -> list[Problem]:
        return rules.check_draft(draft, facts)

    def count(self, text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
        limits = read_limits(facts.limits)
        return Count(rules.count_status(text, limits, options), limits.max_characters, gettext_noop("characters"))

    def split(self, text: str, facts: Facts) -> list[str]:
        return rules.split_status(text, read_limits(facts.limits))

    def segments(self, text: str, facts: Facts) -> list[Segment]:
        return rules.find_segments(text, facts)

    def stages(self, outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
        return delivery.list_stages(outgoing)

    async def run(
        self, stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> StageResult:
        result = await delivery.run_stage(stage, outgoing, checkpoint, facts, session)
        if stage == delivery.PUBLISH and isinstance(result, Rejected):
            try:
                return await refusals.explain_refusal(result, outgoing, checkpoint, facts, session)
            except TransportError as error:  # an answer that cannot be read: refused it was, and why may be seen later
                return Later(NOT_SENT_AFTER, error.problem)
        if isinstance(result, Rejected) and is_missing(result):
            return refusals.explain_missing(result, session)
        return result

    async def find_delivery(
        self, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
    ) -> Reconciliation:
        try:
            return await reconcile.find_status(outgoing, checkpoint, facts, session)
        except TransportError as error:  # an answer that cannot be read
            return CannotTell(error.problem)

    async def find_post(self, url: str, facts: Facts, session: Session) -> Resolution:
        try:
            return await reconcile.find_status_at(url, facts, session)
        except TransportError as error:
            return CannotTell(error.problem)

    async def list_recent(self, since: datetime, facts: Facts, session: Session) -> Listing | CannotTell:
        try:
            return await reconcile.list_statuses(since, facts, session)
        except TransportError as error:
            return CannotTell(error.problem)

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
        return await changes.edit_status(ref, outgoing, facts, session)

    async def delete(self, ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult:
        return await changes.delete_status(ref, facts, session)

    async def authorize(
        self, form: Mapping[str, str], redirect_uri: str, state: str, session: Session
    ) -> Authorization:
        return await oauth.start(form, redirect_uri, state, session)

    async def connect(self, form: Mapping[str, str], pending: Mapping[str, str], session: Session) -> Connected:
        return await oauth.finish(form, pending, session)

    async def inspect(self, session: Session) -> Facts:
        return await inspect_account(session)
