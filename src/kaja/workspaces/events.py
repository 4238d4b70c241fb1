"""What happens among the people of a workspace, for those above. Published in the transaction that does it."""

from dataclasses import dataclass

from kaja.workspaces.models import Notice


@dataclass(frozen=True)
class NoticesMade:
    """Members were told something; each notice has its member."""

    notices: tuple[Notice, ...]
