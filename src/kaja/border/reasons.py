"""What comes over the border instead of a result."""

from typing import Any, Literal

Kind = Literal["time", "memory", "crash", "error", "busy"]


class Declined(Exception):
    """Raised by a function in an outpost that looked and says no: the caller gets the same reason and facts."""

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.reason, self.facts = reason, facts


class ForeignTrouble(Exception):
    """The function came to no answer; `kind` says how it ended.

    - "time": it used up its seconds. "memory": it wanted more than it may have. "crash": its process died.
    - "error": it raised something; `detail` has it for the log.
    - "busy": all outposts were at work for so long that this call did not begin; nothing is said about the input.
    """

    def __init__(self, kind: Kind, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind, self.detail = kind, detail
