"""A budget that is used up holds back what draws on it, and nothing else."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from kaja.channels.models import Channel, QuotaState
from kaja.channels.sessions import render_facts
from kaja.content.actions import create_post
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post
from kaja.delivery.engine.claim import claim_due
from kaja.delivery.engine.prepare import FactsCache, Prepared, prepare
from kaja.delivery.engine.threads import close_connections
from kaja.delivery.models import State
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.media.item import MediaItem
from kaja.media.models import Asset
from kaja.publishing.actions import schedule_post
from kaja.workspaces.models import Workspace
from tests.networks.mastodon.server import FACTS
from tests.publishing.delivering import ACTOR, QUICK

pytestmark = pytest.mark.django_db(transaction=True)


def due_post(name: str, bucket: str, media: bool) -> Post:
    """A due post of a Mastodon channel of its own, whose budget is used up for ten minutes."""
    channel = Channel.objects.create(
        network="mastodon", account_id=name, name=name, handle=name, facts=render_facts(FACTS)
    )
    QuotaState.objects.create(
        channel=channel, bucket=bucket, limit=30, remaining=0, resets_at=now() + timedelta(minutes=10)
    )
    asset = Asset.objects.create(
        kind="image", file="x/1.png", filename="1.png", mime="image/png", size=1, width=1, height=1, sha256="x"
    )
    items = (MediaItem(asset=asset.id, alt="A door"),) if media else ()
    post = create_post(ACTOR, Document(parts=(PartDocument(text=name, media=items),)), [channel.id])
    schedule_post(ACTOR, post, now())
    return post


def prepare_due() -> dict[str, Prepared]:
    async def work() -> list[Prepared]:
        async with await psycopg.AsyncConnection.connect(**get_address(), autocommit=True) as connection:
            rows = await claim_due(connection, 10, 60.0)
        try:
            return await prepare(rows, FactsCache(), now(), QUICK)
        finally:
            close_connections()

    return {each.row.access.name: each for each in asyncio.run(work())}


def test_only_posts_with_files_wait_for_the_budget_of_files(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        for name, bucket, media in (
            ("files spent, text", "media", False),
            ("files spent, picture", "media", True),
            ("deletions spent, text", "delete", False),
            ("calls spent, text", "api", False),
        ):
            due_post(name, bucket, media)
    prepared = prepare_due()
    goes = {name for name, each in prepared.items() if each.verdict is None and each.work is not None}
    assert goes == {"files spent, text", "deletions spent, text"}
    for name in prepared.keys() - goes:
        verdict = prepared[name].verdict
        assert verdict is not None
        assert (verdict.state, verdict.problem and verdict.problem.code) == (State.WAITING, "quota_used_up")
    assert len(prepared) == 4
