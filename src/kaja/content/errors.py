"""Refusals that carry more than their problems, and findings that several places have."""

from kaja.channels.models import Channel
from kaja.content.snapshot import PostContent
from kaja.kernel.problems import Conflict, Problem, gettext_noop


class EditConflict(Conflict):
    """Somebody saved the post after the version that this edit began with. Nothing was changed.

    `theirs` stands in the database at `revision`; `yours` is what the refused edit would have saved. Saving `yours` (or
    a mixture) again with `base_revision=revision` overwrites knowingly.
    """

    def __init__(
        self, problem: Problem, theirs: PostContent, yours: PostContent, revision: int, author_name: str
    ) -> None:
        super().__init__(problem)
        self.theirs = theirs
        self.yours = yours
        self.revision = revision
        self.author_name = author_name


def channel_disconnected(channel: Channel) -> Problem:
    """A channel that was let go carries nothing."""
    return Problem(
        code="channel_disconnected",
        message=gettext_noop("The channel “%(channel)s” is disconnected."),
        field="channels",
        fix=gettext_noop("Connect it again, or choose another channel."),
        params={"channel": str(channel)},
    )
