"""An address that a network or a page gave becomes a link only when it is one of the web, wherever it is shown."""

import re
from typing import Any

import pytest
from django.db import models
from django.template import Context, Template
from django.urls import reverse

from kaja.channels.models import Channel, Grant
from kaja.delivery.models import State
from kaja.inbox.models import Reaction
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.web.foreign import web_address
from kaja.workspaces.models import Workspace
from kaja.workspaces.tenant import TenantModel
from tests.people import browser
from tests.web.inbox.conversations import make_handle
from tests.web.markup import list_templates
from tests.web.test_needs_you import make_waiting

EVIL = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "\x01javascript:x",
    "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil.example", "/w/acme/", "https:", "http://", "https:///x",
    "javascript://example.org/%0aalert(1)", "http://[::1", "blob:https://x", "mailto:a@b.example", "", None,
]  # fmt: skip
OWN = frozenset(
    """
    item.href step.href hit.href card.thumbnail hit.picture each.url each.thumbnail post.card_image.url flash.link
    flash.undo href picture day.write today previous next menu.clear earlier clear pager.first pager.following address
    column.more hand_url files_url mailto row.href do_url
    attrs.src attrs.action attrs.href login_url action_url alt.url totp_svg_data_uri frame.compose_url steps_url
    settle_url edit_url
    log_url delete_url person_url place.href post_address own source each.href view.href views.current.href request.path
    subject_address
    """.split()  # noqa: SIM905
)
"""Addresses that this application makes (or, `picture`, has been through the filter; `source` is our own proxy's,
`mailto` written to an address that was checked).
Whatever else stands in an attribute that a browser follows has to go through `foreign_link` or `web_address`."""
_FOLLOWED = re.compile(
    r"""\b(?:href|src|action|formaction|poster|srcset|data|cite|ping|background|xlink:href)=["']?\{\{\s*(.*?)\s*\}\}"""
)


@pytest.mark.parametrize("address", EVIL)
def test_what_is_no_address_of_the_web_is_plain_text(address: Any) -> None:
    page = Template("{% foreign_link address 'button' %}See <b>it</b>{% end_foreign_link %}{% avatar 'A' address %}")
    html = page.render(Context({"address": address}))
    assert "href" not in html
    assert "<img" not in html
    assert "See <b>it</b>" in html


def test_an_address_of_the_web_is_a_link_that_tells_nothing() -> None:
    page = Template("{% foreign_link address 'button' %}See it{% end_foreign_link %}")
    html = page.render(Context({"address": 'https://кафе.рф/"><script>'}))
    assert html == (
        '<a class="button" href="https://xn--80akn5b.xn--p1ai/%22%3E%3Cscript%3E" target="_blank"'
        ' rel="noopener noreferrer">See it</a>'
    )
    assert web_address("http://127.0.0.1:8001/@mari/1#c2") == "http://127.0.0.1:8001/@mari/1#c2"


def test_templates_follow_no_other_address_than_our_own() -> None:
    found = {
        f"{path.name}: {expression}"
        for path in list_templates()
        for expression in _FOLLOWED.findall(path.read_text())
        if expression.partition("|")[0] not in OWN and not expression.endswith("|web_address")
    }
    assert found == set()


def fields_with_addresses() -> set[str]:
    return {
        f"{model.__name__}.{field.name}"
        for model in TenantModel.__subclasses__()
        for field in model._meta.get_fields()
        if isinstance(field, models.CharField | models.TextField) and re.search(r"ur[il]\b|_url|link", field.name)
    }


def test_every_stored_address_is_known_here() -> None:
    """A new one has to be tried on the pages below."""
    assert fields_with_addresses() == {"Channel.url", "Channel.base_url", "Channel.avatar_url", "Delivery.remote_url",
                                       "Grant.base_url", "Publication.remote_url", "Handle.url",
                                       "Conversation.post_url", "Message.url", "Reaction.url"}  # fmt: skip


def test_pages_link_to_no_script_that_a_network_gave(workspace: Workspace) -> None:
    evil = "javascript:alert(document.domain)//"
    client = browser(workspace)
    found = [{"id": "7", "text": "Is it this?", "url": evil, "created_at": "2026-11-29T09:00:00+00:00"}]
    waiting = make_waiting(workspace, State.UNCERTAIN, candidates=found, uncertain_since=now())
    sent = make_waiting(workspace, State.SENT, remote_id="7", remote_url=evil)
    with workspace_scope(workspace.id):
        grant = Grant.objects.create(network="practice", base_url=evil)
        Channel.objects.update(url=evil, avatar_url=evil, base_url=evil, grant=grant)
        posts = [str(delivery.variant.post_id) for delivery in (waiting, sent)]
        [channel] = Channel.objects.all()
        liked = make_handle("Fan", url=evil, avatar=evil)
        Reaction.objects.create(channel=channel, handle=liked, kind="quote", mark=b"x", url=evil, at=now())
    pages = ["needs-you/", "channels/", "inbox/activity/", f"channels/{channel.id}/", *posts]
    for page in pages:
        answer = client.get(f"/w/acme/{page}" if "/" in page else reverse("post:page", args=["acme", page]))
        assert answer.status_code == 200, page
        html = answer.content.decode()
        assert re.search(r"""(?:href|src|action)\s*=\s*["']?\s*javascript:""", html, re.IGNORECASE) is None, page
