"""One id, many calls at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from kaja.content.actions import create_post
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import AuditEntry, Workspace
from tests.people import actor

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_calls_with_one_id_at_the_same_moment_make_one_post(workspace: Workspace) -> None:
    mari = actor(workspace)
    document = Document(parts=(PartDocument(text="Bread"),))
    for _ in range(10):
        chosen, together = new_id(), Barrier(2)

        def make() -> Post:
            try:
                with workspace_scope(workspace.id):
                    together.wait(120)  # noqa: B023  # the loop waits for both
                    return create_post(mari, document, post_id=chosen)  # noqa: B023
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            posts = [future.result() for future in [pool.submit(make), pool.submit(make)]]
        assert [post.id for post in posts] == [chosen, chosen]
        with workspace_scope(workspace.id):
            assert AuditEntry.objects.filter(action="post.create", target_id=str(chosen)).count() == 1
