"""How a comment is answered: by a comment of the channel's user below it, in words alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kaja.kernel.problems import gettext_noop
from kaja.networks.kit.connector import Answering, Count
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.formats import Format, MediaRule
from kaja.networks.kit.results import RemoteRef
from kaja.networks.kit.ruleset import Ruleset
from kaja.networks.kit.text import count_bytes
from kaja.networks.wordpress.blocks import render_comment
from kaja.networks.wordpress.info import INFO

# wp_get_comment_fields_max_lengths(): the column holds so many bytes (wp-includes/comment.php, 6.8, read 2026-11-30).
COMMENT_BYTES = 65_525
_COMMENT = Format("comment", gettext_noop("Comment"), MediaRule(), text="required", threads=False)


def _count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    return Count(count_bytes(render_comment(text)), COMMENT_BYTES, "bytes", str(len(text.split())))


def find_article(target: RemoteRef) -> RemoteRef | None:
    post = str(target.data.get("post") or "")
    return RemoteRef(post, "", {"type": "post"}) if post else None


ANSWERING = Answering(
    {"comment": "reply", "reply": "reply", "review": "reply"},
    Ruleset(replace(INFO, options=()), _count, lambda facts: (_COMMENT,)),
    root=find_article,
)
