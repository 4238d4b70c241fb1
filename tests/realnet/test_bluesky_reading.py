"""What people write to an account on Bluesky's own network, through a client that is not ours, is read: once, in its
place, and as it stands now."""

import asyncio
import json
import logging
from typing import Any

import pytest
from atproto import Client, client_utils, models
from atproto.exceptions import AtProtocolError

from kaja.networks.bluesky.account import Accounts
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.http import Session, close_pools
from kaja.reading.loop import ReadPace
from kaja.workspaces.models import Workspace
from tests.reading.reading import running_reader
from tests.realnet.listening import Ear, listen
from tests.realnet.servers.bluesky import Account, Bluesky
from tests.waiting import wait_until

logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every call of the other client
pytestmark = [pytest.mark.realnet, pytest.mark.django_db(transaction=True)]
LOOPBACK = ("127.0.0.1", "localhost")
POSTS, BLOCKS = "app.bsky.feed.post", "app.bsky.graph.block"


class People:
    """Three people and their programs, made once for the file. Whatever they write is waited for: the AppView follows
    a moment later, and a reply that it knows before its parent is told to nobody."""

    def __init__(self, network: Bluesky) -> None:
        self.network = network
        self.accounts = {name: network.create_account(name) for name in ("alice", "bob", "carol")}
        self.alice, self.bob, self.carol = (self._sign_in(account) for account in self.accounts.values())

    def _sign_in(self, account: Account) -> Client:
        client = Client(base_url=f"{self.network.pds}/xrpc")

        def is_known() -> bool:
            try:
                return bool(client.login(account.handle, account.password))
            except AtProtocolError:
                return False

        wait_until(is_known)
        return client

    def connect(self) -> Connected:
        account, accounts = self.accounts["alice"], Accounts(self.network.pds, self.network.plc)
        form = {"handle": account.handle, "password": account.app_password, "server": self.network.pds}

        async def work() -> Connected:
            try:
                return await accounts.connect(form, {}, Session(allow_private=LOOPBACK))
            finally:
                await close_pools()

        return asyncio.run(work())

    def is_shown(self, uri: str) -> bool:
        return bool(self.bob.get_posts([uri]).posts)

    def post(self, who: Client, text: Any) -> Any:
        made = who.send_post(text)
        wait_until(lambda: self.is_shown(made.uri))
        return made

    def mention(self, who: Client, text: str) -> Any:
        alice = self.accounts["alice"]
        return self.post(who, client_utils.TextBuilder().text(text).mention(f"@{alice.handle}", alice.did))

    def answer(self, who: Client, text: str, root: Any, parent: Any) -> Any:
        refs = {"root": models.create_strong_ref(root), "parent": models.create_strong_ref(parent)}
        made = who.send_post(text, reply_to=models.AppBskyFeedPost.ReplyRef(**refs))
        wait_until(lambda: self.is_shown(made.uri))
        return made


@pytest.fixture(scope="module")
def people(bluesky_network: Bluesky) -> People:
    return People(bluesky_network)


@pytest.fixture
def ear(people: People, workspace: Workspace) -> Ear:
    return listen(workspace, "bluesky", people.connect())


def place(item: dict[str, Any]) -> tuple[str, str, str, str]:
    return item["kind"], item["thread"], item["parent"], item["publication"]


def test_comments_answers_and_mentions_come_in_their_places(people: People, ear: Ear) -> None:
    alice, bob, carol = people.alice, people.bob, people.carol
    post = people.post(alice, "Fresh rye at eight")
    more = people.answer(alice, "And a first comment of our own", post, post)
    one = people.answer(bob, "Привет! Is it warm?", post, post)
    below = people.answer(bob, "And what of this?", post, more)
    ours = people.answer(alice, "It is", post, one)
    back = people.answer(carol, "Lovely", post, ours)
    mention = people.mention(bob, "Go to ")
    theirs = people.answer(carol, "Where is that?", mention, mention)
    elsewhere = people.answer(alice, "In the old town", mention, theirs)
    thanks = people.answer(carol, "Thank you", mention, elsewhere)
    bob.like(post.uri, post.cid)
    wanted = {each.uri for each in (one, below, ours, back, mention, elsewhere, thanks)}
    items = ear.read_until(lambda read: wanted <= set(read))
    assert {more.uri, post.uri, theirs.uri}.isdisjoint(items), "our own posts are no messages, nor is what names nobody"
    assert place(items[one.uri]) == ("comment", one.uri, "", post.uri)
    assert place(items[below.uri]) == ("comment", below.uri, "", more.uri)
    assert place(items[ours.uri]) == ("reply", one.uri, one.uri, post.uri)
    assert place(items[back.uri]) == ("reply", one.uri, ours.uri, post.uri)
    assert place(items[mention.uri]) == ("mention", mention.uri, "", "")
    assert place(items[elsewhere.uri]) == ("reply", mention.uri, theirs.uri, "")
    assert place(items[thanks.uri]) == ("reply", mention.uri, elsewhere.uri, "")
    assert (items[one.uri]["text"], items[one.uri]["author"]["handle"]) == (
        "Привет! Is it warm?",
        people.accounts["bob"].handle,
    )
    assert items[one.uri]["data"] == {"cid": one.cid, "root": {"id": post.uri, "data": {"cid": post.cid}}}
    assert [each["id"] for each in items.values() if each["author"]["is_us"]] == [ours.uri, elsewhere.uri]
    assert ear.look_again(post.uri) == items, "what another way lists is the same, in every letter"
    assert ear.count_changes() == 0
    ear.check_inbox()
    assert ear.read() == items


def test_edits_deletions_and_what_no_list_told_are_noticed_by_the_next_look(people: People, ear: Ear) -> None:
    alice, bob, carol = people.alice, people.bob, people.carol
    post = people.post(alice, "A second post")
    one = people.answer(bob, "Befroe", post, post)
    two = people.answer(carol, "To be deleted", post, post)
    mention = people.mention(carol, "Hi ")
    deep, above = [one], one
    for number in range(7):  # further below than anybody is told of
        above = people.answer(carol if number % 2 else bob, f"Level {number}", post, above)
        deep.append(above)
    ear.read_until(lambda read: {one.uri, two.uri, mention.uri} <= set(read))
    where = {"repo": bob.me.did, "collection": POSTS, "rkey": one.uri.rpartition("/")[2]}
    record = bob.com.atproto.repo.get_record(where).value.model_dump(by_alias=True, exclude_none=True)
    edited = json.loads(json.dumps({**record, "text": "Before"}, default=str))
    bob.com.atproto.repo.put_record({**where, "record": edited})
    carol.delete_post(two.uri)
    carol.delete_post(mention.uri)
    wait_until(lambda: not people.is_shown(two.uri) and not people.is_shown(mention.uri))
    wait_until(lambda: bob.get_posts([one.uri]).posts[0].record.text == "Before")
    items = ear.look_again(post.uri)
    assert items[one.uri]["text"] == "Before"
    assert [items[each.uri]["state"] for each in (one, two, mention)] == ["there", "deleted", "deleted"]
    assert {each.uri for each in deep} <= set(items), "the whole thread is compared"
    assert {items[each.uri]["thread"] for each in deep} == {one.uri}
    changes = ear.count_changes()
    assert ear.look_again(post.uri) == items
    assert ear.count_changes() == changes
    ear.check_inbox()


def test_somebody_who_blocks_the_account_is_not_taken_for_gone(people: People, ear: Ear) -> None:
    carol = people.carol
    post = people.post(people.alice, "A third post")
    one = people.answer(carol, "I shall block you", post, post)
    ear.read_until(lambda read: one.uri in read)
    where = {"repo": carol.me.did, "collection": BLOCKS}
    block = {"$type": BLOCKS, "subject": people.alice.me.did, "createdAt": carol.get_current_time_iso()}
    made = carol.com.atproto.repo.create_record({**where, "record": block})
    wait_until(lambda: not people.alice.get_posts([one.uri]).posts)
    assert ear.look_again(post.uri)[one.uri]["state"] == "there"
    carol.com.atproto.repo.delete_record({**where, "rkey": made.uri.rpartition("/")[2]})
    wait_until(lambda: people.alice.get_posts([one.uri]).posts)


def test_history_is_read_to_its_end(people: People, ear: Ear) -> None:
    """What the tests before have written was there before this channel was connected."""
    mention = people.mention(people.bob, "Long ago: ")
    ear.read_until(lambda read: mention.uri in read)
    wait_until(lambda: ear.read(past=True) and not any(poll.backlog for poll in ear.polls().values()))
    streams = [poll for what, poll in ear.polls().items() if what.startswith("stream.")]
    assert len(streams) == 2
    assert all(poll.reaches_back and poll.complete_until for poll in streams)


def test_a_worker_brings_what_is_written_while_it_runs(people: People, ear: Ear) -> None:
    post = people.post(people.alice, "A last post")
    one = people.answer(people.bob, "Before the worker", post, post)
    with running_reader(ReadPace(poll=0.5, busy=0.05, plan=0.5)):
        wait_until(lambda: one.uri in ear.items(), seconds=180)
        two = people.answer(people.carol, "While it runs", post, one)
        wait_until(lambda: two.uri in ear.items(), seconds=180)
    ear.check_inbox()
