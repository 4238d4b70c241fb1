"""What a device shows of a notice. Pure but for the language."""

import json
import re
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kaja.push.sealing import LARGEST
from kaja.workspaces.models import Notice
from kaja.workspaces.wording import say

LONGEST = 400
"""Characters of a message; screens show fewer."""
_CONVERSATION = re.compile(r"inbox/([0-9a-f-]{36})/$")
_DELIVERY = re.compile(r"needs-you/#delivery-([0-9a-f-]{36})$")


def list_buttons(kind: str, path: str, at: str) -> list[dict[str, Any]]:
    """What can be done about a notice without opening it. `post` and `form`: where the worker sends it, in the session
    of the person; a button without them opens the page. Phones show two."""
    if found := _CONVERSATION.search(path):
        done = {"post": f"{at}inbox/work", "form": {"conversation": found[1], "do": "state:done"}}
        said = pgettext("conversation", "Done")
        return [{"action": "answer", "title": _("Answer")}, {"action": "done", "title": said, **done}]
    if kind == "delivery.missed" and (found := _DELIVERY.search(path)):
        send = {"post": f"{at}needs-you/deliveries/{found[1]}/", "form": {"do": "send_now"}}
        return [{"action": "send_now", "title": _("Send now"), **send}, {"action": "open", "title": _("Look")}]
    return []


def render_notice(notice: Notice) -> bytes:
    """The message for the worker, in its person's language. The notice has its member, their person, its workspace."""
    with translation.override(notice.member.user.language or notice.workspace.language):
        at = f"/w/{notice.workspace.slug}/"
        return render_message(
            title=notice.workspace.name,
            body=say(notice.message, notice.params),
            url=f"{at}{notice.path}" if notice.path else f"{at}needs-you/",
            tag=str(notice.id),
            buttons=list_buttons(notice.kind, notice.path, at),
            failed=_("That could not be done. Press to see why."),
        )


def render_message(
    *, title: str, body: str, url: str, tag: str, buttons: list[dict[str, Any]], failed: str = ""
) -> bytes:
    """As the worker reads it. A notice with the same tag replaces the one before."""
    told = {"title": title[:120], "url": url, "tag": tag, "buttons": buttons, "failed": failed}
    longest = LONGEST
    while True:
        shown = body if len(body) <= longest else body[: longest - 1] + "…"
        message = json.dumps({**told, "body": shown}, ensure_ascii=False).encode()
        if len(message) <= LARGEST or longest < 20:
            return message
        longest //= 2  # what JSON writes in six bytes for one
