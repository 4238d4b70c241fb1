"""People of a workspace, and browsers that they are signed in with."""

from django.conf import settings
from django.test import Client

from kaja.kernel.codes import FIRST_ACCOUNT, make_code
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member, Role, User, Workspace
from kaja.workspaces.queries import actor_of

PASSWORD = "correct horse battery"


def first_code() -> str:
    """What `kaja up` prints for whoever makes the first account."""
    return make_code(settings.SECRET_KEY, FIRST_ACCOUNT)


def add_member(workspace: Workspace, email: str, role: str = Role.CONTENT_MANAGER, name: str = "") -> User:
    """One more person in the workspace."""
    user = User.objects.create_user(email, PASSWORD, name=name)
    with system_scope(SystemPurpose.CREATE_WORKSPACE):
        Member.objects.create(workspace=workspace, user=user, role=role)
    return user


def member_of(workspace: Workspace, email: str = "") -> Member:
    """A membership; the curator's without an address."""
    with system_scope(SystemPurpose.SIGN_IN):
        rows = Member.objects.select_related("user", "workspace").filter(workspace=workspace)
        return rows.get(user__email=email) if email else rows.get(role=Role.CURATOR)


def actor(workspace: Workspace, email: str = "") -> Actor:
    """A person as the actor of actions; the curator without an address."""
    member = member_of(workspace, email)
    return actor_of(member, member.user)


def browser(workspace: Workspace, email: str = "") -> Client:
    """A signed-in browser; the curator's without an address."""
    client = Client()
    client.force_login(member_of(workspace, email).user)
    return client


def prove(client: Client, password: str = PASSWORD) -> None:
    """The password once more, as Kaja asks before what matters."""
    assert client.post("/account/reauthenticate/", {"password": password}).status_code == 302
