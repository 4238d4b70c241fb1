"""Personal tokens: made once, shown once, kept as a hash, limited by scopes and by the member's role."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from kaja.api.models import Token
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import Conflict, NotFound, Problem, Refused, gettext_noop
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member, Review, User, Workspace
from kaja.workspaces.once import ID_TAKEN, find_made, insert_once
from kaja.workspaces.queries import actor_of

PREFIX = "kaja_"
SCOPES = tuple(permission.value for permission in policy.Permission)
_TOUCH_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Bearer:
    """Who presented a valid token, and for which workspace."""

    token: Token
    workspace: Workspace
    actor: Actor


def _hash(secret: str) -> bytes:
    # The secret has 256 random bits, so a fast hash is enough: there is nothing to guess.
    return hashlib.sha256(secret.encode()).digest()


@transaction.atomic
def create_token(
    actor: Actor,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    token_id: UUID | None = None,
) -> tuple[Token, str]:
    """Make a token of the acting person; returns the row and the secret, which is never shown again.

    A second call with the same `token_id` means that nobody saw the first's answer: it is the same token, and gets a
    new secret as long as the first was never used.
    """
    if actor.user_id is None:
        raise ValueError("a token belongs to a person")
    problems = []
    if not name.strip():
        problems.append(
            Problem(
                code="token_needs_name",
                message=gettext_noop("The token has no name."),
                field="name",
                fix=gettext_noop("Name it after the program that will use it."),
            )
        )
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        problems.append(
            Problem(
                code="token_scope_unknown",
                message=gettext_noop("These scopes cannot be given: %(unknown)s."),
                field="scopes",
                fix=gettext_noop("Choose one or more of: %(known)s."),
                params={"unknown": ", ".join(unknown) or "–", "known": ", ".join(SCOPES)},
            )
        )
    if expires_at is not None and expires_at <= clock.now():
        problems.append(
            Problem(
                code="token_expiry_past",
                message=gettext_noop("The token would have expired already."),
                field="expires_at",
                fix=gettext_noop("Give a later time, or none."),
            )
        )
    if problems:
        raise Refused(*problems)
    for scope in scopes:
        policy.require(actor, policy.Permission(scope))
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        id=token_id or new_id(),
        user_id=actor.user_id,
        name=name.strip()[:80],
        prefix=secret[: len(PREFIX) + 4],
        token_hash=_hash(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    made = find_made(Token, token_id) or insert_once(token)
    if made is not token:
        return _renew_secret(made, token), secret
    audit.record(actor, "token.create", token, after={"name": token.name, "scopes": token.scopes})
    return token, secret


def _renew_secret(made: Token, wanted: Token) -> Token:
    """Give the token of an earlier call the secret of this one. Raises Conflict when it is another or in use."""
    token = lock(Token.objects.filter(id=made.id)).get()
    same = (token.user_id, token.name, token.scopes) == (wanted.user_id, wanted.name, wanted.scopes)
    if not same or token.last_used_at is not None or token.revoked_at is not None:
        raise Conflict(ID_TAKEN)
    token.prefix, token.token_hash = wanted.prefix, wanted.token_hash
    token.save(update_fields=["prefix", "token_hash"])
    return token


@transaction.atomic
def revoke_token(actor: Actor, token_id: UUID) -> Token:
    """End a token at once. A person ends their own; who manages the workspace ends anybody's."""
    token = lock(Token.objects.filter(id=token_id)).first()
    if token is None or (token.user_id != actor.user_id and not policy.can(actor, policy.Permission.MANAGE)):
        raise NotFound(
            Problem(
                code="token_not_found",
                message=gettext_noop("There is no such token."),
                fix=gettext_noop("Look at the list of tokens in the settings."),
            )
        )
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        token.save(update_fields=["revoked_at"])
        audit.record(actor, "token.revoke", token, before={"name": token.name})
    return token


def list_tokens(actor: Actor) -> list[Token]:
    """The acting person's tokens, or everybody's for who manages the workspace; newest first."""
    rows = Token.objects.select_related("user").order_by("-created_at")
    if policy.can(actor, policy.Permission.MANAGE):
        return list(rows)
    return [token for token in rows if token.user_id == actor.user_id]


def page_tokens(actor: Actor, cursor: str = "", limit: int = PAGE) -> Page[Token]:
    """The same, in pages."""
    rows = Token.objects.select_related("user")
    if not policy.can(actor, policy.Permission.MANAGE):
        if actor.user_id is None:
            return Page([])
        rows = rows.filter(user_id=actor.user_id)
    return cut_page(rows, ("-created_at", "-id"), cursor, limit)


def list_tokens_of(user: User) -> list[Token]:
    """A person's own living tokens of all workspaces, each with its workspace; newest first."""
    with system_scope(SystemPurpose.SIGN_IN):
        rows = Token.objects.select_related("workspace").filter(user=user, revoked_at=None).order_by("-created_at")
        return list(rows.exclude(expires_at__lte=clock.now()))


def find_bearer(secret: str) -> Bearer | None:
    """The valid token with this secret; None when it is unknown, expired, revoked, or its person has left."""
    if not secret.startswith(PREFIX):
        return None
    now = clock.now()
    with system_scope(SystemPurpose.SIGN_IN):
        token = (
            Token.objects.select_related("user", "workspace")
            .filter(token_hash=_hash(secret), revoked_at__isnull=True, user__is_active=True)
            .exclude(user__review=Review.RESET)  # they rest until their person has said which stay
            .first()
        )
        if token is None or (token.expires_at is not None and token.expires_at <= now):
            return None
        member = Member.objects.filter(workspace_id=token.workspace_id, user_id=token.user_id).first()
        if member is None:
            return None
        if token.last_used_at is None or now - token.last_used_at > _TOUCH_AFTER:
            Token.objects.filter(id=token.id).update(last_used_at=now)
    person = actor_of(member, token.user)
    actor = Actor(
        "token", str(token.id), f"{person.name} ({token.name})", person.permissions & set(token.scopes), token.user_id
    )
    return Bearer(token, token.workspace, actor)
