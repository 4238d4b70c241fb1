"""Noticing that another installation sends to our channel.

A copy with a database of its own, or another workspace, posts as Kaja does. Where the network names the application of
each post, what Kaja made and this workspace does not know was made there. Elsewhere nothing says who made a post; but
what two copies send is the same, so a post of ours that stands there twice, and that we sent once, is told.
"""

from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from kaja.channels.models import Channel
from kaja.channels.queries import get_channel
from kaja.channels.sessions import facts_of, open_session, record_quota
from kaja.delivery.actions.looking import wanted_of_sent
from kaja.delivery.matching import match_posts, words_of
from kaja.delivery.models import Delivery, Kind, Publication, State
from kaja.kernel.clock import now
from kaja.kernel.problems import gettext_noop
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.http import run_blocking
from kaja.networks.kit.results import Candidate, CannotTell
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.models import AuditEntry, Workspace
from kaja.workspaces.notices import create_notice
from kaja.workspaces.policy import Permission

BACK = timedelta(minutes=70)
"""A little more than the time between two looks."""
LATELY = timedelta(hours=24)
"""How long ago a post of ours may have gone out that somebody sends once more."""
TELLING = 12
"""Letters and digits from which on the same words are no chance."""
_UNDER_WAY = (State.SENDING, State.PROCESSING, State.UNCERTAIN)
_TOLD = gettext_noop(
    "On %(channel)s stands a post that Kaja made, but not from here. Does a second installation send there, too?"
)
_TWICE = gettext_noop(
    "On %(channel)s the same post stands twice, and one of them was not sent from here. Does a second installation "
    "send there, too?"
)


def list_watched() -> list[tuple[UUID, UUID]]:
    """Workspace and id of the channels to look at: all where the network says what Kaja made, else those to which
    something went out lately."""
    named = [key for key, connector in CONNECTORS.items() if connector.info.names_maker]
    with system_scope(SystemPurpose.JOB_DISPATCH):
        lately = Publication.objects.filter(channel_id=OuterRef("id"), published_at__gt=now() - LATELY)
        rows = Channel.objects.filter(disconnected_at=None, network__in=CONNECTORS, health_failures=0)
        return list(rows.filter(Q(network__in=named) | Exists(lately)).values_list("workspace_id", "id"))


def look_for_others(workspace_id: UUID, channel_id: UUID) -> bool:
    """Ask the network once, and tell who looks after channels when another Kaja posts there. Called outside a scope."""
    with workspace_scope(workspace_id):
        channel = get_channel(channel_id)
        if channel.disconnected_at is not None or Workspace.objects.get(id=workspace_id).held_at is not None:
            return False  # a held workspace is shown all that it does not know
        since = max(now() - BACK, channel.created_at)
        settled = AuditEntry.objects.filter(action="workspace.settle", at__gt=since).order_by("-at").first()
        since = settled.at if settled else since
        try:
            session = open_session(channel)
        except VaultError:
            return False
        facts, publisher = facts_of(channel), CONNECTORS[channel.network].publisher
    if publisher is None:
        return False
    told = run_blocking(lambda: publisher.list_recent(since, facts, session))
    with workspace_scope(workspace_id):
        record_quota(channel, session.quotas.values())
        if isinstance(told, CannotTell):
            return False  # the channel's check says what is wrong
        if Delivery.objects.filter(channel_id=channel_id, state__in=_UNDER_WAY).exists():
            return False  # it may be ours; the next look knows
        fresh = [post for post in told.posts if post.posted_at and post.posted_at >= since]
        ids = [post.ref.id for post in fresh]
        owned = Publication.objects.filter(delivery__channel_id=channel_id, remote_id__in=ids)
        ours = set(owned.values_list("remote_id", flat=True))
        others = [post for post in fresh if post.ref.id not in ours]
        message = _TOLD if any(post.by_kaja for post in others) else _TWICE if _stand_twice(channel, others) else ""
        if message:
            path, name = f"channels/{channel_id}/", str(channel)
            create_notice("channel.others", message, {"channel": name}, path=path, permission=Permission.CHANNELS)
    return bool(message)


def _stand_twice(channel: Channel, others: list[Candidate]) -> bool:
    """Whether one of them says, word for word, what we sent lately."""
    if not others:
        return False
    rows = Publication.objects.filter(channel=channel, published_at__gt=now() - LATELY, deleted_at=None)
    # Comments are not listed, and answers say the same words to several people.
    rows = rows.filter(delivery__kind__in=(Kind.POST, Kind.CONTINUATION))
    titled = CONNECTORS[channel.network].info.lists_titles
    sent = [wanted_of_sent(row, titled) for row in rows]
    # Short words are said twice by people, too.
    wanted = [each for each in sent if len(words_of(each.text)) >= TELLING]
    return any(match.sure for match in match_posts(wanted, others).values())
