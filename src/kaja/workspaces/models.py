"""People, workspaces, who may do what in them, and the record of what was done."""

from functools import cache
from typing import ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from kaja.kernel.ids import new_id
from kaja.workspaces.customs import DateStyle, WeekStart
from kaja.workspaces.tenant import TenantModel


class UserManager(BaseUserManager["User"]):
    """Makes users whose name is their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Review(models.TextChoices):
    """After what a person still has to say which factors and tokens stay. After a reset these rest until then."""

    NONE = "", ""
    CHANGE = "change", "a new password"
    RESET = "reset", "a reset of the password"


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. What they may do stands in their memberships."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("theme"), max_length=5, blank=True, choices=[("light", _("Light")), ("dark", _("Dark"))])
    review = models.CharField(
        max_length=6, blank=True, default="", db_default="", choices=Review.choices, editable=False
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email


@cache
def list_time_zones() -> frozenset[str]:
    """The names that the IANA database knows; reading them walks through hundreds of files."""
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """Refuse a name that the IANA database does not know."""
    if name not in list_time_zones():
        raise ValidationError(_("“%(zone)s” is not a known time zone."), params={"zone": name})


class Held(models.TextChoices):
    """Why nothing is sent until somebody has looked."""

    RESTORE = "restore", _("a backup was restored")
    COPY = "copy", _("this installation was moved or copied")
    CLOCK = "clock", _("the clock jumped")


class Workspace(models.Model):
    """One brand or client: the tenant. Its own table is protected by its id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    language = models.CharField(_("language"), max_length=10, default="en")
    late_limit_minutes = models.PositiveIntegerField(_("late limit, minutes"), default=30)
    date_style = models.CharField(max_length=3, blank=True, default="", db_default="", choices=DateStyle.choices)
    week_start = models.CharField(max_length=3, blank=True, default="", db_default="", choices=WeekStart.choices)
    # Days for which things are kept, by kind (`inbox.retention`); None: for ever. `deleted`: words that their author
    # deleted on a network.
    keep_deleted_days = models.PositiveSmallIntegerField(null=True, default=30, db_default=30)
    keep_messages_days = models.PositiveIntegerField(null=True)
    keep_versions_days = models.PositiveIntegerField(null=True)
    keep_people_days = models.PositiveIntegerField(null=True)
    keep_reactions_days = models.PositiveIntegerField(null=True)
    keep_hits_days = models.PositiveIntegerField(null=True)
    keep_audit_days = models.PositiveIntegerField(null=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    # Paused until somebody has settled what may have happened without this database knowing; see `Held`.
    held_at = models.DateTimeField(null=True, blank=True)
    held_reason = models.CharField(max_length=10, blank=True, default="", db_default="")
    held_since = models.DateTimeField(null=True, blank=True)
    # Since when a crisis lasts (`kaja.crisis`): what machinery would do in public by itself stops.
    crisis_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """Presets of permissions; `policy.py` says what each may do."""

    CURATOR = "curator", _("Curator (owner)")
    CONTENT_MANAGER = "content_manager", _("Content manager")
    COMMUNITY_MANAGER = "community_manager", _("Community manager")
    MARKETER = "marketer", _("Marketer")
    ANALYST = "analyst", _("Analyst")
    DESIGNER = "designer", _("Designer")
    APPROVER = "approver", _("Client approver")
    GUEST = "guest", _("Guest")


class Mails(models.TextChoices):
    """Which notices of a workspace a member gets by e-mail, too."""

    ALL = "all", _("Everything that needs somebody")
    MINE = "mine", _("Only what concerns my own posts")
    NONE = "none", _("None")


class Member(TenantModel):
    """A person in a workspace. Without a choice of their own, mails go by the role (`policy.list_mails_of`)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    joined_at = models.DateTimeField(auto_now_add=True)
    last_seen_notice_at = models.DateTimeField(null=True, blank=True)
    first_steps_hidden_at = models.DateTimeField(null=True, blank=True)
    mails = models.CharField(_("e-mails"), max_length=4, blank=True, choices=Mails.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="member_once")]


class Invitation(TenantModel):
    """An invitation by e-mail; only the token's hash is kept."""

    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role.choices)
    token_hash = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)


class AuditEntry(TenantModel):
    """Who did what, with the values before and after. Append-only."""

    at = models.DateTimeField(auto_now_add=True)
    actor_kind = models.CharField(max_length=10)  # user, token, system
    actor_id = models.CharField(max_length=64, blank=True)
    actor_name = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=40)
    target_id = models.CharField(max_length=64)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-at"], name="audit_recent"),
            models.Index(fields=["workspace", "target_type", "target_id", "at"], name="audit_target"),
        ]


class Notice(TenantModel):
    """Something one member should know, shown in the application and sent by e-mail where they asked for it.

    What many should know is a row for each of them, so that everybody puts it away by themselves.
    """

    kind = models.CharField(max_length=40)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="notices")
    message = models.CharField(max_length=300)  # a message id of the catalogues
    params = models.JSONField(default=dict)
    path = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "member", "-created_at"], name="notice_recent")]


class Instance(models.Model):
    """What holds for the whole installation. One row, id 1."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    identity = models.UUIDField(default=new_id, null=True)
    place = models.CharField(max_length=64, blank=True, default="", db_default="")
    """Where this installation's database stands (`kernel.place`); another place means moved, or copied."""

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="instance_single_row")]
