"""What is wrong or risky with a post, a form or an account, in a shape that can be shown in any language.

`message` and `fix` are English templates with %(name)s places; they are message ids of the translation catalogues, so
they must be literal strings marked with `gettext_noop` where they are written.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


def gettext_noop(message: str) -> str:
    """Mark a message for translation without Django (the extractor knows the name)."""
    return message


@dataclass(frozen=True)
class Problem:
    """One finding. `field` is a path such as `parts.0.text`, `parts.1.media.0.alt`, `options.title`, or empty."""

    code: str
    message: str
    field: str = ""
    fix: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    severity: Literal["error", "warning"] = "error"

    def text(self) -> str:
        """The message in English."""
        return self.message % self.params if self.params else self.message
