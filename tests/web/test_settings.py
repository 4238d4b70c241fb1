"""Settings: of the workspace, its members, the person, tokens, the audit log."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import kaja
from kaja.api.models import Token
from kaja.delivery.models import Delivery, UntoldEvent
from kaja.kernel.clock import now
from kaja.kernel.models import LoopRecord
from kaja.kernel.tenancy import workspace_scope
from kaja.web.settings.words import ACTIONS, LOOPS
from kaja.workspaces.models import AuditEntry, Invitation, Member, Role, User, Workspace
from tests.api.world import build_world
from tests.needed import needs
from tests.people import PASSWORD, add_member, browser, member_of, prove
from tests.web.markup import tight

GOOD = {"name": "Acme", "time_zone": "Asia/Taipei", "language": "en", "late_limit_minutes": "45"}


def fresh(workspace: Workspace) -> Workspace:
    with workspace_scope(workspace.id):
        return Workspace.objects.get(id=workspace.id)


def test_settings_are_saved_and_said(workspace: Workspace) -> None:
    html = browser(workspace).post("/w/acme/settings/", GOOD, follow=True).content.decode()
    assert "The settings are saved." in html
    assert (fresh(workspace).time_zone, fresh(workspace).late_limit_minutes) == ("Asia/Taipei", 45)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"time_zone": "Nowhere"}, "time_zone"),
        ({"late_limit_minutes": "0"}, "late_limit_minutes"),
        ({"late_limit_minutes": "999999"}, "late_limit_minutes"),
        ({"late_limit_minutes": "soon"}, "late_limit_minutes"),
    ],
)
def test_bad_setting_is_shown_at_its_field_and_nothing_is_lost(
    workspace: Workspace, wrong: dict[str, str], field: str
) -> None:
    answer = browser(workspace).post("/w/acme/settings/", GOOD | {"name": "Typed name"} | wrong)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in html
    if field != "name":
        assert 'value="Typed name"' in html
    assert fresh(workspace).late_limit_minutes == 30


def test_member_without_manage_sees_but_does_not_change(workspace: Workspace) -> None:
    add_member(workspace, "content@acme.test")
    client = browser(workspace, "content@acme.test")
    html = client.get("/w/acme/settings/").content.decode()
    assert 'value="Acme"' in html
    assert "Only a curator" in html
    assert client.post("/w/acme/settings/", GOOD | {"name": "Taken"}).status_code == 403
    assert fresh(workspace).name == "Acme"


def test_pausing_is_shown_on_every_page_and_taken_back(workspace: Workspace) -> None:
    client = browser(workspace)
    client.post("/w/acme/settings/pause/")
    assert fresh(workspace).paused_at is not None
    assert "Everything is paused since" in client.get("/w/acme/channels/").content.decode()
    client.post("/w/acme/settings/resume/")
    assert fresh(workspace).paused_at is None
    assert "Everything is paused since" not in client.get("/w/acme/channels/").content.decode()


def test_invitation_link_is_shown_once(workspace: Workspace) -> None:
    client = browser(workspace)
    html = client.post("/w/acme/settings/members/invite/", {"email": "jaan@x.test", "role": "guest"}).content.decode()
    links = re.findall(r"http://localhost:8000(/account/invitation/[\w-]+/)", html)
    assert len(links) == 1
    again = client.get("/w/acme/settings/members/").content.decode()
    assert "jaan@x.test" in again
    assert links[0] not in again
    assert client.get(links[0]).status_code == 200


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("https://kaja.example.org", False),
        ("http://localhost.example.org", False),
    ],
)
def test_link_that_only_this_computer_can_open_says_so(
    workspace: Workspace, settings: Any, base: str, said: bool
) -> None:
    settings.BASE_URL = base
    client = browser(workspace)
    made = client.post("/w/acme/settings/members/invite/", {"email": "jaan@x.test", "role": "guest"}).content.decode()
    assert f"{base}/account/invitation/" in made
    assert ("until the operator sets KAJA_BASE_URL" in made) is said
    # Beside a link only.
    assert "KAJA_BASE_URL" not in client.get("/w/acme/settings/members/").content.decode()


@pytest.mark.parametrize("base", ["http://localhost:8000", "https://kaja.example.org"])
def test_a_mailed_link_that_only_this_computer_can_open_is_said_to_who_invites(
    workspace: Workspace, settings: Any, base: str
) -> None:
    settings.BASE_URL, settings.EMAIL_HOST = base, "mail.test"
    client = browser(workspace)
    made = client.post("/w/acme/settings/members/invite/", {"email": "jaan@x.test", "role": "guest"}).content.decode()
    assert "It is on its way to jaan@x.test" in made
    assert ("The link, in the mail as well, works on this machine only" in made) is ("localhost" in base)


def test_bad_invitation_keeps_the_address(workspace: Workspace) -> None:
    answer = browser(workspace).post("/w/acme/settings/members/invite/", {"email": "owner@acme.test", "role": "guest"})
    assert answer.status_code == 422
    assert "is a member already" in answer.content.decode()
    assert 'value="owner@acme.test"' in answer.content.decode()
    with workspace_scope(workspace.id):
        assert not Invitation.objects.exists()


def test_role_changes_and_last_curator_stays(workspace: Workspace) -> None:
    add_member(workspace, "content@acme.test")
    client = browser(workspace)
    member = member_of(workspace, "content@acme.test")
    client.post(f"/w/acme/settings/members/{member.id}/role/", {"role": "analyst"})
    assert member_of(workspace, "content@acme.test").role == Role.ANALYST
    owner = member_of(workspace)
    answer = client.post(f"/w/acme/settings/members/{owner.id}/role/", {"role": "guest"})
    assert answer.status_code == 422
    assert "is the last curator" in answer.content.decode()
    assert member_of(workspace).id == owner.id


def test_leaving_closes_the_door_behind(workspace: Workspace) -> None:
    add_member(workspace, "content@acme.test")
    client = browser(workspace, "content@acme.test")
    member = member_of(workspace, "content@acme.test")
    assert client.post(f"/w/acme/settings/members/{member.id}/remove/")["Location"] == "/"
    assert client.get("/w/acme/channels/").status_code == 404
    with workspace_scope(workspace.id):
        assert Member.objects.count() == 1


def test_profile_changes_language_and_theme_at_once(workspace: Workspace) -> None:
    client = browser(workspace)
    data = {"name": "Mari", "language": "ru", "theme": "dark"}
    html = client.post("/w/acme/settings/profile/", data, follow=True).content.decode()
    assert '<html lang="ru" data-theme="dark">' in html
    assert User.objects.get().name == "Mari"
    assert 'value="all" selected' in html, "a curator gets every mail until another choice"
    with workspace_scope(workspace.id):
        assert Member.objects.get().mails == ""
    html = client.post("/w/acme/settings/profile/", data | {"mails": "mine"}, follow=True).content.decode()
    assert 'value="mine" selected' in html
    with workspace_scope(workspace.id):
        assert Member.objects.get().mails == "mine"
    assert client.post("/w/acme/settings/profile/", data | {"mails": "loud"}).status_code == 422
    assert client.post("/w/acme/settings/profile/", data | {"theme": "pink"}).status_code == 422


def test_token_is_shown_once_and_revoked(workspace: Workspace) -> None:
    client = browser(workspace)
    prove(client)
    data = {"do": "create", "name": "Web shop", "scopes": ["view", "write"], "days": "30"}
    html = client.post("/w/acme/settings/tokens/", data).content.decode()
    secret = re.search(r'id="token-secret">(kaja_[\w-]+)<', html)
    assert secret is not None
    listed = client.get("/w/acme/settings/tokens/").content.decode()
    assert "Web shop" in listed
    assert secret[1] not in listed
    with workspace_scope(workspace.id):
        token = Token.objects.get()
        assert token.expires_at is not None
    client.post("/w/acme/settings/tokens/", {"do": "revoke", "token": str(token.id)})
    with workspace_scope(workspace.id):
        assert Token.objects.get().revoked_at is not None


def test_making_a_token_asks_for_the_password_first_and_then_goes_on(workspace: Workspace) -> None:
    client = browser(workspace)
    data = {"do": "create", "name": "Web shop", "scopes": ["view", "write"], "days": "30"}
    asked = client.post("/w/acme/settings/tokens/", data)
    assert asked["Location"] == "/account/reauthenticate/?next=%2Fw%2Facme%2Fsettings%2Ftokens%2F"
    with workspace_scope(workspace.id):
        assert not Token.objects.exists()
    wrong = client.post("/account/reauthenticate/", {"password": "not it", "next": "/w/acme/settings/tokens/"})
    assert wrong.status_code != 302
    with workspace_scope(workspace.id):
        assert not Token.objects.exists()
    made = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/w/acme/settings/tokens/"})
    html = made.content.decode()
    secret = re.search(r'id="token-secret">(kaja_[\w-]+)<', html)
    assert secret is not None
    with workspace_scope(workspace.id):
        token = Token.objects.get()
        assert (token.name, set(token.scopes)) == ("Web shop", {"view", "write"})
    # The page came from another address; its forms lead to the tokens' own.
    forms = [form for form in re.findall(r"<form[^>]*>", tight(html)) if "/settings/tokens/" in form]
    assert len(forms) == 2
    # Ending one must be quick, and asks for nothing.
    quick = browser(workspace)
    quick.post("/w/acme/settings/tokens/", {"do": "revoke", "token": str(token.id)})
    with workspace_scope(workspace.id):
        assert Token.objects.get().revoked_at is not None


def test_token_cannot_do_more_than_its_person(workspace: Workspace) -> None:
    add_member(workspace, "designer@acme.test", Role.DESIGNER)
    client = browser(workspace, "designer@acme.test")
    prove(client)
    data = {"do": "create", "name": "Sly", "scopes": ["manage"], "days": "30"}
    assert client.post("/w/acme/settings/tokens/", data).status_code == 422
    with workspace_scope(workspace.id):
        assert not Token.objects.exists()


def test_audit_log_pages_without_gap_or_repetition(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        for number in range(120):
            AuditEntry.objects.create(
                actor_kind="user", actor_name="Mari", action="label.create", target_type="label", target_id="1",
                after={"name": f"label-{number:03}"},
            )  # fmt: skip
    client, address, seen = browser(workspace), "/w/acme/settings/audit/", []
    while address:
        html = client.get(address).content.decode()
        seen += re.findall(r'class="strong">(label-\d+)<', html)
        older = re.search(r'href="(\?after=[\w-]+)"', html)
        address = f"/w/acme/settings/audit/{older[1]}" if older else ""
    assert seen == [f"label-{number:03}" for number in reversed(range(120))]
    assert client.get("/w/acme/settings/audit/?after=x").status_code == 422


def test_every_logged_action_has_words() -> None:
    from pathlib import Path

    import kaja

    logged = set()
    for file in Path(kaja.__path__[0]).rglob("*.py"):
        logged |= set(re.findall(r'audit\.record\(\s*\w+,\s*"([a-z_.]+)"', file.read_text()))
        logged |= set(re.findall(r'_(?:written|again)\(\s*actor,\s*"([a-z_.]+)"', file.read_text()))
    assert len(logged) > 15
    assert sorted(logged - set(ACTIONS)) == []


def test_a_page_that_answers_a_form_names_an_address_that_can_be_looked_at(workspace: Workspace) -> None:
    """Live parts are fetched anew by address; the one of a form may answer 405."""
    client = browser(workspace)
    made = client.post("/w/acme/settings/members/invite/", {"email": "jaan@kohvik.test", "role": "guest"})
    refused = client.post(f"/w/acme/needs-you/deliveries/{uuid4()}/", {"do": "retry"})
    for answer, status in ((made, 200), (refused, 404)):
        assert answer.status_code == status
        found = re.search(r'data-live-page="([^"]+)"', answer.content.decode())
        assert found is not None
        page = client.get(found[1])
        assert page.status_code == 200
        assert 'id="needs-count"' in page.content.decode()


def test_what_runs_and_what_could_not_be_told_is_shown_to_those_who_manage(workspace: Workspace) -> None:
    moment = now()
    LoopRecord.objects.create(
        key="a/deliveries: claim", name="deliveries: claim", host="a", failures=3, error="LookupError at claim.py:1 x",
        failed_at=moment, well_at=moment - timedelta(minutes=5), updated_at=moment,
    )  # fmt: skip
    LoopRecord.objects.create(key="a/live", name="live updates", host="a", well_at=moment, updated_at=moment)
    html = browser(workspace).get("/w/acme/settings/running/").content.decode()
    assert "LookupError at claim.py:1 x" in html
    assert html.index("In trouble") < html.index("Works</span>")
    assert "Sending: takes what is due" in html
    add_member(workspace, "content@acme.test")
    assert browser(workspace, "content@acme.test").get("/w/acme/settings/running/").status_code == 403


def test_what_could_not_be_told_has_a_button_that_tells_it_again(workspace: Workspace) -> None:
    build_world(workspace)
    client = browser(workspace)
    with workspace_scope(workspace.id):
        row = needs(Delivery.objects.first())
        untold = UntoldEvent.objects.create(
            delivery=row, event="failed", tries=6, error="RuntimeError at reading.py:12", failed_at=now()
        )
    address = f"/w/acme/settings/running/{untold.id}/tell/"
    html = client.get("/w/acme/settings/running/").content.decode()
    assert f'action="{address}"' in html
    assert "tried 6 times" in " ".join(html.split()), "how often"
    assert "RuntimeError at reading.py:12" in html, "and why"
    assert client.post(address).headers["Location"] == "/w/acme/settings/running/"
    with workspace_scope(workspace.id):
        untold = UntoldEvent.objects.get()
    assert untold.tries == 0
    assert untold.next_at is not None
    assert client.post(address.replace(str(untold.id), str(uuid4()))).status_code == 404


def test_everything_that_runs_has_words_for_people() -> None:
    """The names are given where loops begin; one that is added there needs words, too."""
    source = Path(kaja.__file__).parent
    given = set()
    for path, prefix in (("delivery/engine/loop.py", "deliveries: "), ("reading/loop.py", "reading: ")):
        found = re.findall(r'self\._keep\("([^"]+)"', (source / path).read_text())
        assert len(found) >= 3, path
        given |= {prefix + name for name in found}
    for file in source.rglob("*.py"):
        text = file.read_text()
        given |= set(re.findall(r'\b(?:keep_running|Loop)\(\s*"([^"]+)"', text))
        given |= {f"process: {name}" for name in re.findall(r'\bPart\(\s*"([^"]+)"', text)}
    assert given == LOOPS.keys()


def test_each_role_says_what_it_may_do_and_only_those_that_differ_are_offered(workspace: Workspace) -> None:
    from kaja.web.settings.words import OFFERED_ROLES, ROLE_WORDS
    from kaja.workspaces.policy import ROLE_PERMISSIONS

    assert set(ROLE_WORDS) == set(Role.values)
    # No two of the offered ones may do the same, and nothing that a role may do is missing among them.
    offered = [ROLE_PERMISSIONS[role] for role in OFFERED_ROLES]
    assert len(set(offered)) == len(offered)
    assert set(offered) == set(ROLE_PERMISSIONS.values())
    add_member(workspace, "old@acme.test", Role.APPROVER)
    html = browser(workspace).get("/w/acme/settings/members/").content.decode()
    for role in OFFERED_ROLES:
        assert str(ROLE_WORDS[role]) in html
    # Whoever has a role of before keeps it, and reads that there is nothing to approve.
    assert "There is no approving in Kaja yet." in html
    assert html.count('value="approver"') == 1
    assert 'value="designer"' not in html
