"""The phone's share sheet: what it gives becomes one draft, at once or when there is a network again."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page, expect

from kaja.content.models import Post, PostState
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.web.app.sharing import join_words
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser, member_of
from tests.waiting import wait_until
from tests.web.app.conftest import WithWorker

pytestmark = pytest.mark.django_db(transaction=True)

SHARE = """async ({ words, pictures }) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: "/share", enctype: "multipart/form-data" });
  for (const [name, value] of Object.entries(words)) {
    form.append(Object.assign(document.createElement("input"), { name, value }));
  }
  const given = new DataTransfer();
  for (let number = 0; number < pictures; number += 1) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 40 + number, height: 30 });
    canvas.getContext("2d").fillRect(0, 0, 20, 20);
    const bytes = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    given.items.add(new File([bytes], `photo-${number}.png`, { type: "image/png" }));
  }
  const files = Object.assign(document.createElement("input"), { type: "file", name: "media", multiple: true });
  files.files = given.files;
  form.append(files);
  document.body.append(form);
  form.submit();
}"""


def share(page: Page, pictures: int = 0, **words: str) -> None:
    """As the share sheet does: a form that nobody on the page has made."""
    with page.expect_navigation():
        page.evaluate(SHARE, {"words": words, "pictures": pictures})


def drafts(workspace: Workspace) -> list[Post]:
    with workspace_scope(workspace.id):
        return list(Post.objects.order_by("created_at"))


COUNT_KEPT = """async () => (await indexedDB.databases()).length && new Promise((resolve) => {
  const opening = indexedDB.open("kaja", 1);
  opening.onsuccess = () => {
    const count = opening.result.transaction("shared").objectStore("shared").count();
    count.onsuccess = () => { opening.result.close(); resolve(count.result); };
  };
})"""


def kept(page: Page) -> int:
    """How many things wait on the device."""
    return int(page.evaluate(COUNT_KEPT))


def text_of(post: Post) -> str:
    return str(post.document["parts"][0]["text"])


@pytest.mark.browser
def test_a_photo_and_a_link_become_a_draft_in_the_composer(workspace: Workspace, with_worker: WithWorker) -> None:
    page = with_worker(browser(workspace))
    share(page, 2, title="Sunrise", text="Over the bay", url="https://lummus.test/bay")
    page.wait_for_url("**/edit")
    expect(page.locator("textarea").first).to_have_value("Sunrise\n\nOver the bay\n\nhttps://lummus.test/bay")
    [post] = drafts(workspace)
    assert post.state == PostState.DRAFT
    with workspace_scope(workspace.id):
        names = {str(asset.id): asset.filename for asset in Asset.objects.all()}
    media = [names[item["asset"]] for item in post.document["parts"][0]["media"]]
    assert media == ["photo-0.png", "photo-1.png"]
    assert kept(page) == 0


@pytest.mark.browser
def test_without_network_it_is_kept_and_sent_once_when_there_is_one(
    workspace: Workspace, with_worker: WithWorker
) -> None:
    page = with_worker(browser(workspace))
    other = page.context.new_page()
    other.goto("/w/acme/needs-you/")
    page.context.set_offline(True)
    share(page, 1, text="Written in the tunnel")
    expect(page.get_by_role("heading", name="Kept on this device")).to_be_visible()
    share(page, 0, text="And another one")
    expect(page.locator("#kept-count")).to_have_text("2")
    assert drafts(workspace) == []
    # Both windows and the browser itself notice at once that there is a network.
    page.context.set_offline(False)
    wait_until(lambda: len(drafts(workspace)) == 2)
    page.wait_for_url("**/edit")
    wait_until(lambda: kept(page) == 0)
    other.reload()
    other.evaluate(ASK_TO_SEND)
    assert sorted(map(text_of, drafts(workspace))) == ["And another one", "Written in the tunnel"]


ASK_TO_SEND = """() => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => resolve(data);
  const { person } = document.body.dataset;
  navigator.serviceWorker.controller.postMessage({ say: "send", person }, [port2]);
})"""

KEEP_AGAIN = """(key) => new Promise((resolve) => {
  const opening = indexedDB.open("kaja", 1);
  opening.onsuccess = () => {
    const turn = opening.result.transaction("shared", "readwrite");
    turn.objectStore("shared").put({
      key, person: "", title: "", text: "first words", url: "", files: [], media: [], refused: [],
    });
    turn.oncomplete = () => { opening.result.close(); resolve(); };
  };
})"""


@pytest.mark.browser
def test_an_answer_that_was_lost_makes_no_second_draft_and_overwrites_nothing(
    workspace: Workspace, with_worker: WithWorker
) -> None:
    page = with_worker(browser(workspace))
    share(page, 0, text="first words")
    page.wait_for_url("**/edit")
    [post] = drafts(workspace)
    with workspace_scope(workspace.id):
        Post.objects.filter(id=post.id).update(document={"parts": [{"text": "better words"}]})
    page.evaluate(KEEP_AGAIN, str(post.id))  # as if the device had never heard the answer
    told: Any = page.evaluate(ASK_TO_SEND)
    assert [each["key"] for each in told["made"]] == [str(post.id)]
    assert told["waiting"] == 0
    assert [text_of(each) for each in drafts(workspace)] == ["better words"]


@pytest.mark.browser
def test_a_file_that_kaja_does_not_take_is_named_and_the_rest_comes(
    workspace: Workspace, with_worker: WithWorker
) -> None:
    page = with_worker(browser(workspace))
    page.evaluate(SHARE.replace("new File([bytes]", 'new File(["no picture"]').replace("form.submit()", "0"),
                  {"words": {"text": "With a broken picture"}, "pictures": 1})  # fmt: skip
    with page.expect_navigation():
        page.evaluate("document.querySelector('form[action=\"/share\"]').submit()")
    expect(page.locator("#refused")).to_contain_text("photo-0.png")
    page.get_by_role("link", name="Open the draft").click()
    page.wait_for_url("**/edit")
    assert [text_of(post) for post in drafts(workspace)] == ["With a broken picture"]


@pytest.mark.browser
def test_signed_out_it_waits_and_goes_with_whoever_signs_out_here(
    workspace: Workspace, with_worker: WithWorker
) -> None:
    page = with_worker(browser(workspace))
    page.evaluate(ASK_TO_SEND)  # the worker knows by now who is there
    page.context.set_offline(True)
    share(page, 0, text="Nobody's business")
    expect(page.locator("#kept-count")).to_have_text("1")
    page.context.clear_cookies()
    page.context.set_offline(False)
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert kept(page) == 1
    assert drafts(workspace) == []
    # Somebody else sits down at this device: it is not theirs to send.
    add_member(workspace, "liis@lummus.test", Role.CONTENT_MANAGER)
    cookie = browser(workspace, "liis@lummus.test").cookies["kaja_session"].value
    page.context.add_cookies([{"name": "kaja_session", "value": cookie, "url": page.url}])
    page.goto("/w/acme/needs-you/")
    wait_until(lambda: kept(page) == 0)
    assert drafts(workspace) == []


@pytest.mark.browser
def test_signing_out_leaves_nothing_on_the_device(workspace: Workspace, with_worker: WithWorker) -> None:
    page = with_worker(browser(workspace))
    page.evaluate(ASK_TO_SEND)  # it has its place by now
    page.evaluate(KEEP_AGAIN, str(new_id()))
    assert kept(page) == 1
    page.locator(".bottom-more summary").click()
    page.locator(".bottom-more").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/login/**")
    wait_until(lambda: kept(page) == 0)


NO_KEY = str(UUID(int=5))
"""An id in no order of time."""


def post_share(client: Client, **body: Any) -> Any:
    return client.post("/w/acme/share", {"id": str(new_id()), **body}, content_type="application/json")


def test_the_same_key_is_the_same_draft(workspace: Workspace) -> None:
    client, key = browser(workspace), str(new_id())
    first = post_share(client, id=key, text="one").json()
    assert post_share(client, id=key, text="one").json() == first
    assert post_share(client, id=key, text="something else").json() == first
    assert [text_of(post) for post in drafts(workspace)] == ["one"]
    assert client.get(first["edit"]).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{"id": "none"}, {"text": 5}, {"media": ["x"]}, {"more": 1}, {"text": "x" * 100_001}, {"id": NO_KEY}],
)  # fmt: skip
def test_what_is_no_shared_thing_is_refused_in_words(workspace: Workspace, body: dict[str, Any]) -> None:
    answer = post_share(browser(workspace), **body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["problems"][0]["text"]
    assert drafts(workspace) == []


def test_a_picture_of_another_workspace_cannot_be_shared(workspace: Workspace) -> None:
    answer = post_share(browser(workspace), text="x", media=[str(new_id())])
    assert answer.status_code in (400, 404, 422)
    assert drafts(workspace) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("", "", ""), ""),
        (("A", "A", ""), "A"),
        (("Title", "Text https://a.test/x", "https://a.test/x"), "Title\n\nText https://a.test/x"),
        (("A day", "A day at sea", ""), "A day at sea"),
        (("  spaces   here ", "two\nlines", ""), "spaces here\n\ntwo\nlines"),
    ],
)
def test_words_are_said_once(words: tuple[str, ...], said: str) -> None:
    assert join_words(*words) == said


def test_a_visit_says_where_things_go_and_says_nothing_to_strangers(
    workspace: Workspace, other_workspace: Workspace
) -> None:
    assert (Client().get("/visit").status_code, Client().get("/visit").json()) == (401, {})
    client = browser(workspace)
    client.get("/w/acme/")
    told = client.get("/visit").json()
    assert told["share"] == "/w/acme/share"
    assert told["upload"] == "/w/acme/posts/upload"
    assert len(told["csrf"]) == 64
    with CaptureQueriesContext(connection) as asked:
        client.get("/visit")
    assert len([q for q in asked.captured_queries if q["sql"].startswith("SELECT")]) == 4, asked.captured_queries
    add_member(workspace, "ants@lummus.test", Role.ANALYST)
    assert browser(workspace, "ants@lummus.test").get("/visit").json()["share"] == ""


def test_a_share_that_no_worker_took_fills_the_composer(workspace: Workspace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member_of(workspace).user)
    answer = client.post("/share", {"title": "A", "text": "B & C", "url": "https://a.test/?x=1"})
    assert answer.status_code == 302
    page = client.get(answer["Location"], follow=True)
    assert page.redirect_chain[-1][0].startswith("/w/acme/posts/new?text=A%0A%0AB+%26+C")
    assert "https://a.test/?x=1" in page.content.decode()
    assert drafts(workspace) == [], "nothing is written for a form that anybody can send"
