"""Refusals that carry more than their problems."""

from kaja.content.snapshot import PostContent
from kaja.kernel.problems import Conflict, Problem


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
