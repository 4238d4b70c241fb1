"""What people write below a site's articles is read: by the site's own forms of access, with other accounts."""

import asyncio
from typing import Any

import httpx2
import pytest

from kaja.networks.kit.connector import Connected
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.wordpress import site
from kaja.workspaces.models import Workspace
from tests.realnet.listening import Ear, listen
from tests.realnet.servers.wordpress import WordPress
from tests.waiting import wait_until

pytestmark = [pytest.mark.realnet, pytest.mark.django_db(transaction=True)]


class Site:
    """The site as everybody else sees it: over plain HTTP, with other accounts."""

    def __init__(self, wordpress: WordPress) -> None:
        self.wordpress = wordpress

    def call(self, method: str, route: str, body: dict[str, Any] | None = None, *, who: str = "admin") -> Any:
        auth = (who, self.wordpress.passwords[who])
        url = f"{self.wordpress.url}/wp-json/wp/v2/{route}"
        answer = httpx2.request(method, url, auth=auth, json=body, timeout=120)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def publish(self, title: str, who: str) -> str:
        made = self.call("POST", "posts", {"title": title, "content": "Fresh", "status": "publish"}, who=who)
        return str(made["id"])

    def comment(self, post: str, text: str, name: str = "", who: str = "admin", **fields: Any) -> str:
        """With a name it is a guest's: the administrator may enter those."""
        guest = {"author_name": name, "author_email": "mari@example.org"} if name else {}
        body = {"post": int(post), "content": text, **guest, **fields}
        return str(self.call("POST", "comments", body, who=who)["id"])

    def connect(self, who: str) -> Connected:
        form = {"site": self.wordpress.url, "username": who, "password": self.wordpress.passwords[who]}

        async def work() -> Connected:
            try:
                return await site.connect(form, {}, Session(allow_private=("127.0.0.1",)))
            finally:
                await close_pools()

        return asyncio.run(work())


@pytest.fixture(scope="module")
def blog(wordpress: WordPress) -> Site:
    return Site(wordpress)


@pytest.fixture
def ear(blog: Site, workspace: Workspace) -> Ear:
    return listen(workspace, "wordpress", blog.connect("editor"))


def place(item: dict[str, Any]) -> tuple[str, str, str, str]:
    return item["kind"], item["thread"], item["parent"], item["publication"]


def test_comments_come_in_their_places_and_states(blog: Site, ear: Ear) -> None:
    post = blog.publish("Bread", "editor")
    one = blog.comment(post, "Is it <b>warm</b> &amp; fresh?", "Mari", author_url="https://mari.example")
    two = blog.comment(post, "It is", who="editor", parent=int(one))
    three = blog.comment(post, "I come", "Mari", author_url="https://mari.example", parent=int(two))
    held, spam = blog.comment(post, "Held", "Jüri", status="hold"), blog.comment(post, "Buy", "Bot", status="spam")
    member = blog.comment(post, "A member's", who="reader")
    items = ear.read_until(lambda read: {one, two, three, held, spam, member} <= set(read))
    assert place(items[one]) == ("comment", one, "", post)
    assert place(items[two]) == ("reply", one, one, post)
    assert place(items[three]) == ("reply", one, two, post)
    assert items[one]["text"] == "Is it warm & fresh?"
    assert [items[each]["state"] for each in (one, held, spam)] == ["there", "pending", "hidden"]
    below = {each: item for each, item in items.items() if item["publication"] == post}
    assert [each for each, item in below.items() if item["author"]["is_us"]] == [two]
    assert items[one]["author"] == items[three]["author"]
    assert items[one]["author"]["id"] != items[held]["author"]["id"]
    assert "mari@example.org" not in str(items)
    assert "gravatar" not in str(items), "its address is made of somebody's e-mail address"
    assert ear.look_again(post) == items
    assert ear.count_changes() == 0
    ear.check_inbox()


def test_edits_approvals_and_deletions_are_noticed_by_the_next_look(blog: Site, ear: Ear) -> None:
    post = blog.publish("Rolls", "editor")
    names = ("Befroe", "Held", "Binned", "Gone")
    one, held, binned, gone = (
        blog.comment(post, name, f"Guest {name}", status="hold" if name == "Held" else "approved") for name in names
    )
    ear.read_until(lambda read: {one, held, binned, gone} <= set(read))
    blog.call("POST", f"comments/{one}", {"content": "Before"})
    blog.call("POST", f"comments/{held}", {"status": "approved"})
    blog.call("DELETE", f"comments/{binned}")
    blog.call("DELETE", f"comments/{gone}?force=true")
    items = ear.look_again(post)
    assert (items[one]["text"], items[held]["state"]) == ("Before", "there")
    assert (items[binned]["state"], items[gone]["state"]) == ("deleted", "deleted")
    changes = ear.count_changes()
    assert ear.look_again(post) == items
    assert ear.count_changes() == changes
    ear.check_inbox()


def test_who_may_not_moderate_reads_what_everybody_sees_and_what_is_approved_later(
    blog: Site, workspace: Workspace
) -> None:
    ear = listen(workspace, "wordpress", blog.connect("author"))
    post, own = blog.publish("Cake", "editor"), blog.publish("Pie", "author")
    below_own = blog.comment(own, "Held below one's own", "Mari", status="hold")
    there, held = blog.comment(post, "There", "Mari"), blog.comment(post, "Held", "Mari", status="hold")
    items = ear.read_until(lambda read: there in read)
    assert (held in items, items[below_own]["state"]) == (False, "pending")
    for number in range(12):
        blog.comment(post, f"Since then {number}", f"Guest {number}")
    blog.call("POST", f"comments/{held}", {"status": "approved"})
    assert ear.look_again(post)[held]["text"] == "Held"


def test_history_of_many_pages_is_read_to_its_end_while_comments_go_and_come(blog: Site, workspace: Workspace) -> None:
    post = blog.publish("Long ago", "editor")
    made = [blog.comment(post, f"Old {number}", f"Guest {number}") for number in range(125)]
    ear = listen(workspace, "wordpress", blog.connect("editor"))
    ear.read()
    assert ear.polls()["stream.comments"].backlog
    new = blog.comment(post, "New above", "Mari")
    for each in made[-3:]:  # on the page that was read: everything behind moves up
        blog.call("DELETE", f"comments/{each}?force=true")
    wait_until(lambda: ear.read(past=True) and not ear.polls()["stream.comments"].backlog)
    assert {*made, new} <= set(ear.items())
