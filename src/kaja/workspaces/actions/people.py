"""What a person changes about themselves."""

from uuid import UUID

from django.conf import settings

from kaja.kernel.clock import now
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.workspaces.models import Mails, Member, Notice, User
from kaja.workspaces.queries import list_notices


def hide_first_steps(member: Member) -> None:
    """Put the list of first steps away for this member."""
    member.first_steps_hidden_at = now()
    member.save(update_fields=["first_steps_hidden_at"])


def update_profile(user: User, *, name: str, language: str, theme: str) -> User:
    """Change one's own name, language and theme. Not a workspace's matter, so in no audit log."""
    name = name.strip()
    if len(name) > 120:
        raise Refused(
            Problem(
                code="name_too_long",
                field="name",
                message=gettext_noop("The name has %(length)d characters; 120 fit."),
                fix=gettext_noop("Shorten the name."),
                params={"length": len(name)},
            )
        )
    if language and language not in dict(settings.LANGUAGES):
        raise Refused(
            Problem(
                code="language_unknown",
                field="language",
                message=gettext_noop("Kaja does not speak “%(language)s”."),
                fix=gettext_noop("Choose one of the listed languages."),
                params={"language": language},
            )
        )
    if theme not in {"", "light", "dark"}:
        raise Refused(
            Problem(
                code="theme_unknown",
                field="theme",
                message=gettext_noop("There is no theme “%(theme)s”."),
                fix=gettext_noop("Choose light, dark, or what the device says."),
                params={"theme": theme},
            )
        )
    user.name, user.language, user.theme = name, language, theme
    user.save(update_fields=["name", "language", "theme"])
    return user


def choose_mails(member: Member, mails: str) -> Member:
    """Which notices of this workspace one gets by e-mail; empty goes by the role. One's own matter, in no audit log."""
    if mails and mails not in Mails.values:
        raise Refused(
            Problem(
                code="mails_unknown",
                field="mails",
                message=gettext_noop("There is no such choice of e-mails."),
                fix=gettext_noop("Choose one of the listed ones."),
            )
        )
    Member.objects.filter(id=member.id).update(mails=mails)
    member.mails = mails
    return member


def read_notice(member: Member, notice_id: UUID) -> None:
    """Put a notice away; one that was put away before stays as it is. NotFound for somebody else's."""
    if not list_notices(member).filter(id=notice_id).exists():
        raise NotFound(
            Problem(
                code="notice_unknown",
                message=gettext_noop("This notice is not here."),
                fix=gettext_noop("Load the page again."),
            )
        )
    list_notices(member, unread=True).filter(id=notice_id).update(read_at=now())


def read_notices(member: Member) -> int:
    """Put all notices away; returns how many."""
    return Notice.objects.filter(id__in=list_notices(member, unread=True).values("id")).update(read_at=now())
