"""Deliveries that were planned before rows said themselves whether they may go."""

import os
from importlib import import_module

import psycopg
import pytest
from django.db import connection

from kaja.content import actions as content
from kaja.delivery.models import Delivery, State
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, later, plan_post

migration = import_module("kaja.publishing.migrations.0010_fill_sources")
pytestmark = pytest.mark.django_db(transaction=True)
KEYS = """
SELECT count(*) FROM pg_constraint
WHERE conrelid = 'publishing_delivery'::regclass AND contype = 'f' AND confrelid = 'content_variant'::regclass
"""


def test_open_rows_learn_what_their_posts_say(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    planned, draft, binned, sent = (
        plan_post(workspace, [channel], text, due_at=later(900)) for text in ("planned", "draft", "binned", "sent")
    )
    with workspace_scope(workspace.id):
        content.delete_post(ACTOR, binned.id)
        type(draft).objects.filter(id=draft.id).update(state="draft")
        # As rows of before stand after the new columns were added: with what the database gives.
        Delivery.objects.update(state=State.FAILED, needs_person=True, subject_id=None, allowed=True, in_bin=False)
        PostDelivery.objects.filter(variant__post=sent).update(state=State.SENT, remote_id="7", needs_person=False)
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=connection.settings_dict["NAME"]) as own:
        own.execute(migration.FILL)
        rows = own.execute("SELECT subject_id, allowed, in_bin FROM publishing_delivery WHERE state <> 'sent'")
        found = {subject_id: (allowed, in_bin) for subject_id, allowed, in_bin in rows}
        assert own.execute("SELECT subject_id FROM publishing_delivery WHERE state = 'sent'").fetchall() == [(None,)]
        assert own.execute(KEYS).fetchall() == [(0,)], "a source need not be a variant"
    assert found == {planned.id: (True, False), draft.id: (False, False), binned.id: (False, True)}


def test_what_the_version_before_inserts_still_fits_and_is_a_posts(
    practice: PracticeServer, workspace: Workspace
) -> None:
    """Its columns, and no other."""
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "planned", due_at=later(900))
    with workspace_scope(workspace.id), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO publishing_delivery (id, workspace_id, variant_id, channel_id, kind, position, state, due_at,"
            " next_at, fence, stage, checkpoint, post_revision, attempts_made, tries, needs_person, candidates,"
            " remote_id, remote_url, announce, created_at, updated_at)"
            " SELECT gen_random_uuid(), workspace_id, variant_id, channel_id, 'comment', 1, state, due_at, NULL, 0, '',"
            " '{}', 1, 0, 0, false, '[]', '', '', '', now(), now() FROM publishing_delivery"
        )
        first, comment = PostDelivery.objects.filter(variant__post=post).order_by("position")
    assert (comment.source_kind, comment.allowed, comment.in_bin, comment.has_late_limit) == ("post", True, False, True)
    assert (comment.subject_id, first.subject_id) == (None, post.id)
