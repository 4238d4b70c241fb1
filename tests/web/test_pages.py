"""Every page of a workspace, for a member, for somebody from another workspace, and for nobody."""

import re
import uuid
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from kaja.channels.credentials import write_credentials
from kaja.channels.models import Channel, Health, QuotaState
from kaja.kernel.tenancy import workspace_scope
from kaja.web import urls as web_urls
from kaja.workspaces.models import Member, Notice, Role, Workspace
from tests.people import add_member, browser

SECRET = "planted-app-password-7731"
AREAS = ("channels", "settings", "needs_you", "onboarding")
PAGES = [
    "channels/", "channels/connect/", "channels/connect/bluesky/", "channels/connect/mastodon/",
    "channels/connect/wordpress/", "channels/connect/practice/", "channels/{channel}/", "channels/{channel}/reconnect/",
    "settings/", "settings/members/", "settings/profile/", "settings/security/", "settings/tokens/", "settings/audit/",
    "needs-you/", "find/?q=kohvik",
]  # fmt: skip


def make_channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        channel = Channel(
            network="bluesky", account_id="did:plc:x", name="Kohvik <b>Kaja</b>", handle="kohvik.test",
            health=Health.RECONNECT, health_problem={"code": "x", "message": "Not accepted.", "fix": ""},
        )  # fmt: skip
        channel.save()
        write_credentials(channel.id, {"app_password": SECRET})
        QuotaState.objects.create(channel=channel, bucket="posts", limit=300, remaining=12)
        Notice.objects.create(
            kind="test", message="The channel %(channel)s works.", params={"channel": "<i>x</i>"},
            member=Member.objects.get(role=Role.CURATOR),
        )  # fmt: skip
    return channel


class Reader(HTMLParser):
    """Collects what the content security policy would not run, and controls without a name."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if "style" in values or any(name.startswith("on") for name in values):
            self.inline.append(f"<{tag} {values}>")
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type") != "application/json"):
            self.inline.append(f"<{tag}>")
        if values.get("id"):
            self.ids.append(values["id"] or "")


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.mark.parametrize("page", PAGES)
def test_page_is_for_members_only(workspace: Workspace, other_workspace: Workspace, page: str) -> None:
    channel = make_channel(workspace)
    address = f"/w/acme/{page.format(channel=channel.id)}"
    mine = browser(workspace).get(address)
    assert mine.status_code == 200, mine.content.decode()[:500]
    html = mine.content.decode()
    assert SECRET not in html
    assert "<b>Kaja</b>" not in html
    assert "<i>x</i>" not in html
    reader = read(html)
    assert reader.inline == []
    assert len(reader.ids) == len(set(reader.ids)), [i for i in reader.ids if reader.ids.count(i) > 1]
    assert mine["Cache-Control"] == "no-store"

    theirs = browser(other_workspace).get(address)
    assert theirs.status_code == 404
    assert "Kohvik" not in theirs.content.decode()

    nobody = Client().get(address)
    assert nobody.status_code == 302
    assert nobody["Location"].startswith("/account/login/?next=/w/acme/")


@pytest.mark.parametrize("page", ["channels/{channel}/", "channels/{channel}/reconnect/"])
def test_channel_of_another_workspace_is_not_found_in_ones_own(
    workspace: Workspace, other_workspace: Workspace, page: str
) -> None:
    channel = make_channel(workspace)
    answer = browser(other_workspace).get(f"/w/rival/{page.format(channel=channel.id)}")
    assert answer.status_code == 404
    assert "Kohvik" not in answer.content.decode()


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> list[str]:
    found = []
    for pattern in patterns:
        text = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += addresses(pattern.url_patterns, text)
        else:
            found.append(text)
    return found


def fill(address: str) -> str:
    address = re.sub(r"<slug:slug>", "acme", address)
    address = re.sub(r"<uuid:\w+>", str(uuid.UUID(int=7)), address)
    return "/" + re.sub(r"<(?:slug|str|int):?\w+>|<\w+>", "1", address)


WORKSPACE_ADDRESSES = sorted(
    {fill(a) for a in addresses(web_urls.urlpatterns) if "<slug:slug>" in a}  # every area's, not only ours
)


@pytest.mark.parametrize("address", WORKSPACE_ADDRESSES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_address_of_a_workspace_answers_a_stranger(
    workspace: Workspace, other_workspace: Workspace, address: str, method: str
) -> None:
    nobody = getattr(Client(), method)(address)
    assert nobody.status_code in {302, 401, 405}, nobody.status_code
    if nobody.status_code == 302:
        assert nobody["Location"].startswith("/account/login/")
    assert getattr(browser(other_workspace), method)(address).status_code in {404, 405}


def test_every_address_resolves_to_a_view_of_ours() -> None:
    assert len(WORKSPACE_ADDRESSES) > 20
    assert get_resolver().resolve("/w/acme/channels/").func.__module__ == "kaja.web.channels.views"


@pytest.mark.parametrize("role", [Role.ANALYST, Role.APPROVER, Role.GUEST])
def test_role_without_permission_is_told_so(workspace: Workspace, role: str) -> None:
    channel = make_channel(workspace)
    add_member(workspace, "quiet@acme.test", role)
    client = browser(workspace, "quiet@acme.test")
    assert "quiet@acme.test" in client.get("/w/acme/settings/members/").content.decode()
    for method, page in [
        ("get", "channels/connect/"), ("get", "settings/audit/"), ("post", "settings/pause/"),
        ("post", f"channels/{channel.id}/disconnect/"), ("post", "settings/members/invite/"),
    ]:  # fmt: skip
        answer = getattr(client, method)(f"/w/acme/{page}")
        assert answer.status_code == 403, page
        assert "does not allow this" in answer.content.decode()
    with workspace_scope(workspace.id):
        assert Channel.objects.get().disconnected_at is None
        assert Workspace.objects.get(id=workspace.id).paused_at is None


def test_fragment_of_a_refusal_goes_to_the_messages(workspace: Workspace) -> None:
    add_member(workspace, "quiet@acme.test", Role.ANALYST)
    answer = browser(workspace, "quiet@acme.test").post(
        "/w/acme/settings/pause/", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert (answer.status_code, answer["HX-Retarget"]) == (403, "#flashes")
    assert "<html" not in answer.content.decode()


def test_signed_out_fragment_reloads_the_page(workspace: Workspace) -> None:
    answer = Client().get("/w/acme/find/", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


@pytest.mark.parametrize(("language", "word"), [("en", "Channels"), ("de", "Channels")])
def test_unknown_language_reads_english(workspace: Workspace, language: str, word: str) -> None:
    answer = browser(workspace).get("/w/acme/channels/", headers={"Accept-Language": language})
    assert word in answer.content.decode()


def test_times_are_in_the_workspaces_zone(workspace: Workspace) -> None:
    channel = make_channel(workspace)
    with workspace_scope(workspace.id):
        Channel.objects.filter(id=channel.id).update(expires_at="2027-01-15T22:30:00Z")
    assert "Sat 16 Jan 2027, 00:30" in browser(workspace).get(f"/w/acme/channels/{channel.id}/").content.decode()


@pytest.mark.parametrize("count", [1, 3, 30])
def test_channel_list_runs_a_fixed_number_of_queries(
    workspace: Workspace, count: int, django_assert_num_queries: object
) -> None:
    client = browser(workspace)
    with workspace_scope(workspace.id):
        for number in range(count):
            Channel.objects.create(network="bluesky", account_id=str(number), name=f"Channel {number}")
    with django_assert_num_queries(13):  # type: ignore[operator]
        html = client.get("/w/acme/channels/").content.decode()
    assert html.count("badge-done") == count


def test_error_pages_say_what_to_do() -> None:
    answer = Client().get("/no/such/page")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    strict = Client(enforce_csrf_checks=True)
    stale = strict.post("/account/login/", {"login": "x"})
    assert stale.status_code == 403
    assert "open for too long" in stale.content.decode()
    assert read(stale.content.decode()).inline == []


def test_page_of_components_is_for_those_who_work_on_kaja(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert browser(workspace).get("/ui").status_code == 404
    monkeypatch.setenv("KAJA_UI_PAGE", "1")
    answer = Client().get("/ui")
    assert answer.status_code == 200
    assert read(answer.content.decode()).inline == []
