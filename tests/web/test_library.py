"""The files of a workspace as they are chosen from: pages, words, kinds, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.models import Workspace
from tests.people import browser

pytestmark = pytest.mark.django_db
LIBRARY = "/w/acme/media/"


@pytest.fixture
def client(workspace: Workspace) -> Client:
    made = browser(workspace)
    made.get(LIBRARY)  # what a session writes once
    return made


def fill(workspace: Workspace, many: int, **more: Any) -> None:
    with workspace_scope(workspace.id):
        made = Asset.objects.bulk_create(
            Asset(
                workspace=workspace, file="x", mime="image/png", size=1, width=2, height=1, sha256="x",
                **{"kind": "image", "filename": f"picture {n}.png", "alt": f"A cup, number {n}", **more},
            )
            for n in range(many)
        )  # fmt: skip
        for n, each in enumerate(made):
            Asset.objects.filter(id=each.id).update(created_at=clock.now() - timedelta(minutes=n // 3))


def ask(client: Client, query: str = "") -> dict[str, Any]:
    answer = client.get(LIBRARY + query)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def test_each_file_stands_on_one_page_the_newest_first(workspace: Workspace, client: Client) -> None:
    assert ask(client) == {"files": [], "next": ""}
    fill(workspace, 90)
    seen: list[str] = []
    after, questions = "", set()
    while True:
        with CaptureQueriesContext(connection) as found:
            page = ask(client, f"?after={after}")
        questions.add(len(found))
        seen += [each["filename"] for each in page["files"]]
        if not (after := page["next"]):
            break
    assert len(seen) == len(set(seen)) == 90
    assert [int(name.split()[1].split(".")[0]) // 3 for name in seen] == [n // 3 for n in range(90)]
    assert len(questions) == 1
    first = ask(client)["files"][0]
    assert set(first) == {"id", "kind", "filename", "alt", "width", "height", "duration", "url", "thumbnail"}


def test_found_by_words_and_kinds(workspace: Workspace, client: Client) -> None:
    fill(workspace, 3)
    fill(workspace, 1, kind="video", filename="100%_film.mp4", alt="")
    assert [each["kind"] for each in ask(client, "?kind=video")["files"]] == ["video"]
    assert len(ask(client, "?kind=image,gif")["files"]) == 3
    assert len(ask(client, "?kind=nonsense")["files"]) == 4
    assert [each["filename"] for each in ask(client, "?q=NUMBER+2")["files"]] == ["picture 2.png"]
    assert [each["filename"] for each in ask(client, "?q=100%25_")["files"]] == ["100%_film.mp4"]
    assert ask(client, "?q=%25%25%25")["files"] == ask(client, "?q=zzz")["files"] == []
    assert len(ask(client, "?q=%00")["files"]) == 4
    assert client.get(f"{LIBRARY}?after=nonsense").json()["problems"][0]["code"] == "cursor_invalid"


def test_nothing_of_another_workspace(workspace: Workspace, other_workspace: Workspace) -> None:
    fill(workspace, 2)
    rival = browser(other_workspace)
    assert rival.get(f"/w/{other_workspace.slug}/media/").json()["files"] == []
    assert rival.get(LIBRARY).status_code == 404
