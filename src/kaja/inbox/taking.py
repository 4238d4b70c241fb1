"""What was read becomes conversations, messages, versions, handles and persons: in the transaction that keeps the
items, in a fixed number of statements for a page, whatever is in it.

What is made is a function of the set of forms that were read and not of their order (`forms.py` says which form is the
newer, `standing.py` how a conversation stands by its messages), so a page that comes again, late or in another order
changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from kaja.channels.models import Channel
from kaja.delivery.models import Kind as DeliveryKind
from kaja.delivery.models import Publication
from kaja.inbox.events import MessagesCame
from kaja.inbox.forms import FINAL, RANKS, Form, Words, parse_form, words_of
from kaja.inbox.handles import Seen, keep_handles
from kaja.inbox.joining import ANSWER, is_written_here, join_echo
from kaja.inbox.languages import find_language
from kaja.inbox.live import tell_conversations
from kaja.inbox.models import (
    Conversation,
    ConversationEvent,
    Direction,
    Message,
    MessageState,
    MessageVersion,
)
from kaja.inbox.privately.stopping import hold_open, settle_held
from kaja.inbox.standing import COMPUTED, bring_up_to_date
from kaja.inbox.writing import write_rows
from kaja.kernel.clock import now
from kaja.kernel.events import publish
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock, lock_inbox
from kaja.kernel.tenancy import entered_workspace_id
from kaja.reading.events import ItemsRead

OURS = (DeliveryKind.COMMENT, DeliveryKind.REPLY, DeliveryKind.MESSAGE)
"""What of ours stands in a conversation; posts and their next parts are what conversations are about."""
WRITTEN = (
    "conversation", "direction", "kind", "remote_id", "parent_ref", "handle", "text", "media", "language", "rating",
    "url", "data", "state", "at", "form_at", "words_at", "gone_at", "edited_at", "deleted_at", "delivery_id",
)  # fmt: skip


def take_items(read: ItemsRead) -> None:
    """Take in what was read. Inside the workspace's scope and the transaction that keeps the items."""
    forms = [form for form in map(parse_form, read.forms) if form.id]
    if forms:
        _Taking(read.channel_id).take(forms)


@dataclass
class Known:
    """A message as it stands, with its earlier words."""

    row: Message
    fresh: bool = False
    thread: str = ""  # where the newest form says that it belongs
    earlier: dict[Words, MessageVersion] = field(default_factory=dict)
    loose: list[MessageVersion] = field(default_factory=list)
    """Of `earlier`, what is to be written; those that are to go are in `gone`."""
    gone: list[MessageVersion] = field(default_factory=list)

    @property
    def words(self) -> Words:
        return words_of(self.row.text, self.row.media)

    def keep_words(self, words: Words, text: str, media: list[dict[str, Any]], at: Any) -> None:
        """Among the earlier ones; of the same words the moment at which they were first said."""
        known = self.earlier.get(words)
        if known is None:
            known = MessageVersion(
                workspace_id=self.row.workspace_id, message=self.row, text=text, media=media, at=at, until=now()
            )
            self.earlier[words] = known
        elif known.at is None or (at is not None and at < known.at):
            known.at = at
        else:
            return
        if known not in self.loose:
            self.loose.append(known)

    def drop_words(self, words: Words) -> Any:
        """Out of the earlier ones, for they hold again; gives since when."""
        known = self.earlier.pop(words, None)
        if known is None:
            return None
        if known in self.loose:
            self.loose.remove(known)
        if not known._state.adding:
            self.gone.append(known)
        return known.at


def apply_form(known: Known, form: Form) -> bool:
    """Bring one form to a message; whether anything changed."""
    row = known.row
    if row.form_at == FINAL:
        return False  # its words were forgotten, and stay so
    if form.deleted:
        if row.gone_at is not None and row.gone_at >= form.form_at:
            return False
        row.gone_at = form.form_at
        if row.form_at is None:
            _place(known, form)
            row.at = _moment_of(row, form)
    elif row.form_at is None or form.key >= (row.form_at, RANKS.get(row.kind, 0)):
        _renew(known, form)
    elif not (is_written_here(row) and form.edited_at is None):
        if form.words == known.words:
            if row.words_at is not None and row.words_at <= form.form_at:
                return False
            row.words_at = form.form_at
        else:
            known.keep_words(form.words, form.text, form.media, form.form_at)
    else:
        return False
    _settle_state(row, None if form.deleted or form.form_at != row.form_at else form.state)
    return True


def _renew(known: Known, form: Form) -> None:
    """The form is the newest with words."""
    row = known.row
    first = row.form_at is None
    here = is_written_here(row)
    # What we sent stands as we wrote it: a network gives it back in another shape. Not so once it was edited there.
    if not here or form.edited_at is not None:
        if form.words != known.words:
            if here and row.words_at is None:
                known.keep_words(known.words, row.text, row.media, row.arrived_at)
            elif not first:
                known.keep_words(known.words, row.text, row.media, row.words_at)
            if not first and form.edited_at is None:
                row.edited_at = now()  # noticed, for the network does not say it
            row.words_at = min(filter(None, (known.drop_words(form.words), form.form_at)))
            row.text, row.media = form.text, form.media
        else:
            row.words_at = min(filter(None, (row.words_at, form.form_at)))
            row.media = form.media
        row.edited_at = form.edited_at or row.edited_at
    row.form_at, row.at = form.form_at, _moment_of(row, form)
    row.language, row.rating = form.language or find_language(form.text), form.rating
    _place(known, form)


def _moment_of(row: Message, form: Form) -> datetime:
    """When it was said: as the network says, but never later than it came here. A clock that is ahead would keep it
    above all that is said until then. What we wrote was here before it was said there."""
    if is_written_here(row):
        return form.at if form.at <= now() else row.at
    return min(form.at, row.arrived_at)


def _place(known: Known, form: Form) -> None:
    row = known.row
    row.kind, row.parent_ref, row.url = form.kind, form.parent, form.url
    # With an answer of ours stands what was sent beside its words (`source.py`).
    row.data = {**row.data, **form.data, ANSWER: row.data[ANSWER]} if ANSWER in row.data else form.data
    known.thread = form.thread


def _settle_state(row: Message, given: MessageState | None) -> None:
    if row.gone_at is not None and (row.form_at is None or row.gone_at >= row.form_at):
        if row.state != MessageState.DELETED:
            row.state, row.deleted_at = MessageState.DELETED, now()
    elif given is not None:
        row.state, row.deleted_at = given, None
    elif row.state == MessageState.DELETED:
        row.state, row.deleted_at = MessageState.THERE, None


class _Taking:
    """One page of one channel."""

    def __init__(self, channel_id: UUID) -> None:
        self.workspace_id = entered_workspace_id()
        self.moment = now()
        known = Channel.objects.select_related("workspace")
        self.channel = known.only("id", "network", "created_at", "workspace__keep_messages_days").get(id=channel_id)
        self.published: dict[str, Publication] = {}
        self.known: dict[str, Known] = {}
        self.by_delivery: dict[UUID, Message] = {}
        self.left: set[UUID] = set()  # conversations that a message was taken out of
        self.threads: dict[str, Conversation] = {}
        self.conversations: dict[UUID, Conversation] = {}

    def take(self, forms: Sequence[Form]) -> None:
        # What people write, and what we answer elsewhere, may forbid a private reply that waits: in this transaction,
        # and its delivery is locked before anything of the inbox.
        held = hold_open(self._about_private(forms))
        self._take(forms)
        settle_held(held)

    def _about_private(self, forms: Sequence[Form]) -> Q:
        ids, threads = sorted({form.id for form in forms}), sorted({form.thread for form in forms})
        who = sorted({form.who.id for form in forms if not form.who.is_us})
        here = Q(message__remote_id__one_of=ids) | Q(message__conversation__thread__one_of=threads)
        theirs = Q(handle__person__handles__remote_id__one_of=who) & Q(handle__network=self.channel.network)
        answered = Q(handle__conversations__thread__one_of=threads) & Q(handle__conversations__channel=self.channel.id)
        return (here & Q(channel_id=self.channel.id)) | theirs | answered

    def _take(self, forms: Sequence[Form]) -> None:
        lock_inbox(self.channel.id)
        self._find_publications(forms)
        forms = [form for form in forms if not self._is_post(form)]
        if not forms:
            return
        self._lock_rows(forms)
        forms = self._drop_over(forms)
        if not forms:
            return
        seen = [Seen(form.who, form.at, form.edited_at or form.at) for form in forms]
        handles = keep_handles(self.channel.network, seen)
        changed: dict[UUID, Known] = {}
        # In the order in which they were said: what a clock that is ahead says of several is the same moment here, and
        # then the ids decide.
        for form in sorted(forms, key=lambda each: each.at):
            known = self._known_of(form)
            if known.row.handle_id is None and not form.who.is_us:
                known.row.handle_id = handles.get(form.who.id)
            if apply_form(known, form):
                changed[known.row.id] = known
        if changed or self.left:
            self._write(list(changed.values()), forms)

    def _drop_over(self, forms: Sequence[Form]) -> Sequence[Form]:
        """Without what is older than the workspace keeps, unless its conversation goes on: it would be deleted at
        night, and come again when history is read again."""
        days = self.channel.workspace.keep_messages_days
        if days is None:
            return forms
        oldest = now() - timedelta(days=days)
        return [form for form in forms if form.at >= oldest or form.id in self.known or form.thread in self.threads]

    def _find_publications(self, forms: Sequence[Form]) -> None:
        refs = {form.id for form in forms if form.who.is_us} | {form.publication for form in forms}
        rows = Publication.objects.filter(channel_id=self.channel.id, remote_id__one_of=sorted(refs - {""}))
        for row in rows.select_related("delivery").only("id", "remote_id", "data", "delivery__id", "delivery__kind"):
            self.published[row.remote_id] = row

    def _is_post(self, form: Form) -> bool:
        """Whether it is a post of our own: conversations are about it, it is none."""
        if not form.who.is_us:
            return False
        publication = self.published.get(form.id)
        if publication is not None:
            return publication.delivery.kind not in OURS
        return form.kind == "mention" and not form.parent

    def _lock_rows(self, forms: Sequence[Form]) -> None:
        ids = sorted({form.id for form in forms})
        ours = [row.delivery_id for row in self.published.values() if row.delivery.kind in OURS]
        here = Message.objects.filter(Q(channel_id=self.channel.id, remote_id__one_of=ids))
        if ours:
            here |= Message.objects.filter(delivery_id__in=ours)
        threads = Q(channel_id=self.channel.id, thread__one_of=sorted({form.thread for form in forms}))
        rows = lock(Conversation.objects.filter(threads | Q(id__in=here.values("conversation_id"))))
        self.conversations = {row.id: row for row in rows}
        self.threads = {row.thread: row for row in self.conversations.values()}
        messages = self._join_echoes(list(lock(here)))
        for message in messages:
            if message.remote_id:
                self.known[message.remote_id] = Known(
                    message, thread=self.conversations[message.conversation_id].thread
                )
            elif message.delivery_id:
                self.by_delivery[message.delivery_id] = message
        by_id = {known.row.id: known for known in self.known.values()}
        for version in MessageVersion.objects.filter(message_id__one_of=[row.id for row in messages]):
            if version.message_id in by_id:
                by_id[version.message_id].earlier[words_of(version.text, version.media)] = version

    def _join_echoes(self, messages: list[Message]) -> list[Message]:
        """What was read of an answer before it was known as ours is the answer itself."""
        by_ref = {row.remote_id: row for row in messages if row.delivery_id is None}
        for row in [each for each in messages if each.delivery_id and not each.remote_id]:
            publication = next(each for each in self.published.values() if each.delivery_id == row.delivery_id)
            echo = by_ref.get(publication.remote_id)
            if echo is not None:
                messages.remove(echo)
                self.left.add(echo.conversation_id)
                join_echo(row, echo, publication.data)
        return messages

    def _known_of(self, form: Form) -> Known:
        known = self.known.get(form.id)
        publication = self.published.get(form.id) if form.who.is_us else None
        if known is None:
            row = self.by_delivery.get(publication.delivery_id) if publication is not None else None
            known = Known(row or self._make_message(form), fresh=row is None)
            if row is not None:
                known.thread = self.conversations[row.conversation_id].thread
                row.remote_id = form.id
                row.data = {**(publication.data if publication else {}), **row.data}
            self.known[form.id] = known
        if publication is not None and known.row.delivery_id is None:
            known.row.delivery_id = publication.delivery_id
        return known

    def _make_message(self, form: Form) -> Message:
        direction = Direction.OUT if form.who.is_us else Direction.IN
        return Message(
            id=new_id(), workspace_id=self.workspace_id, channel_id=self.channel.id, remote_id=form.id,
            direction=direction, at=min(form.at, self.moment), arrived_at=self.moment,
        )  # fmt: skip

    def _write(self, changed: Sequence[Known], forms: Sequence[Form]) -> None:
        came = {each.row for each in changed if each.fresh and each.row.direction == Direction.IN}
        touched = self._place(changed)
        self._describe(forms)
        write_rows([known.row for known in changed], WRITTEN)
        self._write_versions(changed)
        lines = bring_up_to_date(
            touched,
            self.channel.created_at,
            {row.conversation_id for row in came if row.state != MessageState.DELETED},
        )
        new = [row for row in touched if row._state.adding]
        write_rows(touched, COMPUTED)
        if lines:
            ConversationEvent.objects.bulk_create(lines)
        self._forget_empty(touched)
        tell_conversations([row.id for row in touched], bool(new))
        if came:
            ids = tuple(sorted(row.id for row in came))
            publish(MessagesCame(self.channel.id, ids, tuple(sorted({row.conversation_id for row in came}))))

    def _place(self, changed: Iterable[Known]) -> list[Conversation]:
        """Every message in its conversation; gives those that it touches."""
        touched = {each: self.conversations[each] for each in sorted(self.left)}
        for known in changed:
            row = known.row
            before = self.conversations.get(row.conversation_id)
            if before is not None:
                touched[before.id] = before
            if before is not None and (row.delivery_id or before.thread == known.thread):
                continue
            conversation = self.threads.get(known.thread)
            if conversation is None:
                conversation = Conversation(
                    id=new_id(), workspace_id=self.workspace_id, channel_id=self.channel.id, thread=known.thread,
                    last_at=row.at,
                )  # fmt: skip
                self.threads[known.thread] = self.conversations[conversation.id] = conversation
            row.conversation_id = conversation.id
            touched[conversation.id] = conversation
        return list(touched.values())

    def _describe(self, forms: Iterable[Form]) -> None:
        """What the forms say of where their conversations stand; the greater of two, whatever came first."""
        for form in forms:
            conversation = self.threads.get(form.thread)
            if conversation is None or self.known[form.id].row.conversation_id != conversation.id:
                continue
            conversation.post_ref = max(conversation.post_ref, form.publication)
            conversation.post_url = max(conversation.post_url, form.post_url)
            publication = self.published.get(conversation.post_ref)
            if publication is not None:
                conversation.publication_id = publication.id

    def _write_versions(self, changed: Iterable[Known]) -> None:
        loose = [version for known in changed for version in known.loose]
        gone = [version.id for known in changed for version in known.gone]
        if loose:
            MessageVersion.objects.bulk_create(loose, update_conflicts=True, unique_fields=["id"], update_fields=["at"])
        if gone:
            MessageVersion.objects.filter(id__in=gone).delete()

    def _forget_empty(self, touched: Iterable[Conversation]) -> None:
        """A conversation that all messages have left, and about which the team said nothing, is none."""
        empty = [row.id for row in touched if not row.messages_count]
        if empty:
            Conversation.objects.filter(id__in=empty, messages=None, events=None, conversation_labels=None).delete()
