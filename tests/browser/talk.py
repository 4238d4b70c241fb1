"""Conversations for the pages that are looked at. Imported inside a running application only."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kaja.channels.models import Channel
from kaja.content.models import Label
from kaja.delivery.models import Publication
from kaja.inbox.models import ConversationLabel, Message, MessageVersion
from kaja.inbox.saved import save_reply
from kaja.inbox.views import save_view
from kaja.kernel.clock import now
from kaja.workspaces.actor import Actor
from tests.browser.words import Words
from tests.web.inbox.conversations import make_conversation, make_handle

STRANGERS = ("Anna Õunapuu", "Пётр Константинопольский", "陳大文", "אברהם")


def talk(actor: Actor, words: Words, channel_ids: Sequence[str], number: int = 3) -> dict[str, Any]:
    """So many conversations; the newest has all that a thread can have."""
    channels = [Channel.objects.get(id=each) for each in channel_ids]
    label = Label.objects.order_by("name").first()
    for n in range(number - 1):
        channel = channels[n % len(channels)]
        name = STRANGERS[n % len(STRANGERS)]
        made = make_conversation(
            channel, make_handle(name, channel.network, remote_id=f"s{n}"), [words.posts[n % len(words.posts)]],
            at=now() - timedelta(minutes=11 * (n + 1)), kind=("comments", "mention", "direct")[n % 3],
            assignee_id=actor.user_id if n % 4 == 1 else None, priority=1 if n % 5 == 2 else 0,
            state=("new", "open")[n % 2],
        )  # fmt: skip
        if label is not None and n % 3 == 0:
            ConversationLabel.objects.create(conversation=made, label=label)
    post = Publication.objects.select_related("delivery").first()
    newest = make_conversation(
        channels[0], make_handle(words.people[1], channels[0].network),
        [words.posts[0], f"> {words.posts[3]}", f"# {words.posts[4]}", f"{words.posts[2]}", words.posts[5]],
        at=now() - timedelta(days=1), publication=post, post_ref=post.remote_id if post else "",
    )  # fmt: skip
    first, *_others, last = Message.objects.filter(conversation=newest).order_by("at")
    MessageVersion.objects.create(message=first, text=words.posts[1], at=first.at, until=now())
    Message.objects.filter(id=first.id).update(edited_at=now())
    Message.objects.filter(id=last.id).update(state="deleted", deleted_at=now())
    newest.last_at = now()
    newest.save()
    save_reply(actor, words.campaign, {"en": words.posts[1]})
    save_view(actor, words.labels[0], {"view": "all", "kind": "direct"})
    return {"conversation": str(newest.id)}
