"""What was read becomes rows: in the transaction that moves the cursor, in a fixed number of statements for a page."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import connection

from kaja.channels.models import Channel
from kaja.inbox.forms import EARLIEST, FINAL, Who, clean_name, clean_url, shorten_ref
from kaja.inbox.handles import Seen, keep_handles
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock_inbox
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import entered_workspace_id
from kaja.networks.kit.reading import Author, Reaction
from kaja.reading.events import ReactionsRead

REACTION = "reaction"
"""The topic of live pages."""

# One statement for a page. Of the same one the newest moments count, whichever was read first; of the same moment the
# greater name, so that the order of pages does not matter. What changes nothing is not written.
_KEEP = """
WITH given AS (
    SELECT DISTINCT ON (mark) decode(mark, 'hex') AS mark, id, kind, who, post_ref, remote_id, url,
        max(at) OVER same AS at, max(gone_at) OVER same AS gone_at
    FROM jsonb_to_recordset(%(given)s) AS g(id uuid, mark text, kind text, who text, post_ref text, remote_id text,
        url text, at timestamptz, gone_at timestamptz)
    WINDOW same AS (PARTITION BY mark)
    ORDER BY mark, g.at DESC, remote_id COLLATE "C" DESC, url COLLATE "C" DESC
)
INSERT INTO inbox_reaction AS r
    (id, workspace_id, channel_id, mark, kind, handle_id, post_ref, remote_id, url, at, gone_at)
SELECT given.id, %(workspace)s, %(channel)s, given.mark, given.kind, h.id, given.post_ref, given.remote_id, given.url,
    given.at, given.gone_at
FROM given JOIN inbox_handle h
    ON h.workspace_id = %(workspace)s AND h.network = %(network)s AND h.remote_id = given.who
ON CONFLICT (channel_id, mark) DO UPDATE SET
    (remote_id, url) = (SELECT n.remote_id, n.url FROM (VALUES
        (r.at, r.remote_id, r.url), (EXCLUDED.at, EXCLUDED.remote_id, EXCLUDED.url)
    ) AS n(at, remote_id, url) ORDER BY n.at DESC, n.remote_id COLLATE "C" DESC, n.url COLLATE "C" DESC LIMIT 1),
    at = greatest(r.at, EXCLUDED.at), gone_at = greatest(r.gone_at, EXCLUDED.gone_at)
WHERE EXCLUDED.at > r.at OR EXCLUDED.gone_at > coalesce(r.gone_at, '-infinity') OR (EXCLUDED.at = r.at
    AND (EXCLUDED.remote_id COLLATE "C", EXCLUDED.url COLLATE "C") > (r.remote_id COLLATE "C", r.url COLLATE "C"))
"""


def take_reactions(read: ReactionsRead) -> None:
    """Take in what was read. Inside the workspace's scope; repeating it changes nothing."""
    known = Channel.objects.select_related("workspace").only("network", "workspace__keep_reactions_days")
    channel = known.get(id=read.channel_id)
    days = channel.workspace.keep_reactions_days
    # What is older than the workspace keeps would be deleted at night, and come again with history.
    oldest = EARLIEST if days is None else now() - timedelta(days=days)
    theirs = [each for each in read.reactions if not each.author.is_us and each.author.id and each.at >= oldest]
    if not theirs:
        return
    lock_inbox(channel.id)
    seen = [Seen(_who_of(each.author), _bounded(each.at), _bounded(each.at)) for each in theirs]
    keep_handles(channel.network, seen, spoke=False)
    if _write(channel.id, channel.network, theirs):
        notify_live(entered_workspace_id(), REACTION)


def _write(channel_id: UUID, network: str, reactions: Sequence[Reaction]) -> int:
    """Gives how many are new or otherwise than they were."""
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            {
                "workspace": entered_workspace_id(),
                "channel": channel_id,
                "network": network,
                "given": json.dumps([_render(each) for each in reactions]),
            },
        )
        return int(cursor.rowcount)


def _render(reaction: Reaction) -> dict[str, str | None]:
    who, post = shorten_ref(_storable(reaction.author.id)), shorten_ref(_storable(reaction.post))
    place = [reaction.kind, who, post, shorten_ref(_storable(reaction.quote))]
    return {
        "id": str(new_id()),
        "mark": sha256(json.dumps(place).encode()).hexdigest(),
        "kind": reaction.kind,
        "who": who,
        "post_ref": post,
        "remote_id": shorten_ref(_storable(reaction.id)),
        "url": clean_url(_storable(reaction.url)),
        "at": _bounded(reaction.at).isoformat(),
        "gone_at": _bounded(reaction.gone_at).isoformat() if reaction.gone_at else None,
    }


def _who_of(author: Author) -> Who:
    return Who(
        id=shorten_ref(_storable(author.id)),
        handle=clean_name(_storable(author.handle)),
        name=clean_name(_storable(author.name)),
        url=clean_url(_storable(author.url)),
        avatar=clean_url(_storable(author.avatar)),
        is_us=False,
    )


def _storable(text: str) -> str:
    """Without what no database holds."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _bounded(moment: datetime) -> datetime:
    return min(max(moment, EARLIEST), FINAL - timedelta(days=1))
