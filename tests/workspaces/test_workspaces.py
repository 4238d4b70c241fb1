"""Making a workspace and changing its settings."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaja.kernel.problems import NotAllowed, Refused
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.workspaces.actions import create_workspace, update_workspace
from kaja.workspaces.actions.workspaces import SLUG, check_settings
from kaja.workspaces.models import AuditEntry, Member, Role, User, Workspace
from kaja.workspaces.queries import list_memberships, list_workspaces_of
from tests.people import PASSWORD, actor, add_member


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("mari@kohvik.test", PASSWORD, name="Mari")


def test_maker_becomes_curator_and_it_is_in_the_log(person: User) -> None:
    made = create_workspace(person, name="  Kohvik Kaja ", time_zone="Europe/Tallinn", language="et")
    assert (made.name, made.slug, made.time_zone, made.language) == (
        "Kohvik Kaja",
        "kohvik-kaja",
        "Europe/Tallinn",
        "et",
    )
    with workspace_scope(made.id):
        assert Member.objects.get().role == Role.CURATOR
        entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_name, entry.after["slug"]) == ("workspace.create", "Mari", "kohvik-kaja")


def test_same_name_gets_another_address(person: User) -> None:
    slugs = [create_workspace(person, name="Kohvik").slug for _ in range(3)]
    assert slugs == ["kohvik", "kohvik-2", "kohvik-3"]


def test_workspaces_of_one_name_stand_in_the_order_in_which_they_were_made(person: User) -> None:
    maker = User.objects.create_user("liis@kohvik.test", PASSWORD, name="Liis")
    made = [create_workspace(maker, name="Kohvik") for _ in range(5)]
    for each in reversed(made):  # joined the other way round
        add_to(each, person)
    assert [each.workspace for each in list_memberships(person)] == made
    assert list_workspaces_of(person) == made


def add_to(workspace: Workspace, user: User) -> None:
    with system_scope(SystemPurpose.CREATE_WORKSPACE):
        Member.objects.create(workspace=workspace, user=user, role=Role.GUEST)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Кафе «Эхо»", "kafe-ekho"),
        ("迴聲", "huisheng"),
        ("Öine Kõrts & Co", "oine-korts-co"),
        ("Щ" * 40, "shch" * 12 + "sh"),
        ("!!!", None),
    ],
)
def test_name_in_any_script_gets_a_readable_address(person: User, name: str, slug: str | None) -> None:
    made = create_workspace(person, name=name)
    assert SLUG.fullmatch(made.slug)
    assert made.slug == slug or (slug is None and re.fullmatch(r"w-[0-9a-f]{6}", made.slug))
    assert made.name == name


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"name": "  "}, "name_missing", "name"),
        ({"name": "x" * 121}, "name_too_long", "name"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone_unknown", "time_zone"),
        ({"language": "tlh"}, "language_unknown", "language"),
        ({"slug": "No Good"}, "slug_invalid", "slug"),
    ],
)
def test_bad_setting_is_named_and_nothing_is_made(person: User, wrong: dict[str, str], code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        create_workspace(person, **({"name": "Kohvik"} | wrong))  # type: ignore[arg-type]
    assert [(p.code, p.field) for p in refused.value.problems] == [(code, field)]
    assert refused.value.problems[0].fix
    with system_scope(SystemPurpose.MAINTENANCE):
        assert not Workspace.objects.exists()


def test_taken_address_is_refused(person: User) -> None:
    create_workspace(person, name="One", slug="kohvik")
    with pytest.raises(Refused) as refused:
        create_workspace(person, name="Two", slug="kohvik")
    assert refused.value.problems[0].code == "slug_taken"


def test_update_writes_before_and_after(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        update_workspace(
            actor(workspace), name="Acme Ltd", time_zone="Asia/Taipei", language="ru", late_limit_minutes=90
        )
        entry = AuditEntry.objects.get()
        now_is = Workspace.objects.get(id=workspace.id)
    assert (now_is.name, now_is.time_zone, now_is.language, now_is.late_limit_minutes) == (
        "Acme Ltd", "Asia/Taipei", "ru", 90,
    )  # fmt: skip
    assert (entry.before["name"], entry.after["name"]) == ("Acme", "Acme Ltd")


def test_only_a_curator_changes_settings(workspace: Workspace) -> None:
    add_member(workspace, "content@acme.test")
    with workspace_scope(workspace.id), pytest.raises(NotAllowed):
        update_workspace(
            actor(workspace, "content@acme.test"), name="Taken", time_zone="UTC", language="en", late_limit_minutes=30
        )
    with workspace_scope(workspace.id):
        assert Workspace.objects.get(id=workspace.id).name == "Acme"


@settings(deadline=None)  # the machine may be busy
@given(minutes=st.integers(-10, 20_000))
def test_late_limit_has_exact_bounds(minutes: int) -> None:
    problems = check_settings(name="x", time_zone="UTC", language="en", late_limit_minutes=minutes)
    assert (not problems) == (1 <= minutes <= 10_080)
