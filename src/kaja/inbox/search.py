"""Search in what was said, and by whom."""

from django.db.models import Exists, OuterRef, Q

from kaja.inbox.models import Handle, Message


def having_words(text: str) -> Q:
    """The conversations in which every word of `text` was said in one message, or whose author is called so."""
    said, called = Q(), Q()
    for word in text.split():
        said &= Q(text__icontains=word)
        called &= Q(name__icontains=word) | Q(handle__icontains=word)
    return Q(Exists(Message.objects.filter(said, conversation=OuterRef("pk")))) | Q(
        handle_id__in=Handle.objects.filter(called).values("id")
    )
