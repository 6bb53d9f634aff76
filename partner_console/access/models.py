"""Partners, people and who belongs to whom."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .policy import MEMBER_ROLES, PartnerKind
from .scoping import PartnerScoped, ScopedQuerySet

LANGUAGE_CHOICES = [("en", "English"), ("zh-hans", "简体中文"), ("ja", "日本語")]
MEMBER_ROLE_CHOICES = [(role.value, role.label) for role in MEMBER_ROLES]
# ACPN prints quota records in UTC+8; a partner starts there (design §4).
DEFAULT_ZONE = "Asia/Shanghai"


class Partner(PartnerScoped):
    """An agency, a reseller or a distributor; with `parent`, a second-tier reseller of that distributor."""

    partner_path: ClassVar[str] = "self"

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=PartnerKind.choices)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="second_tier",
        verbose_name=_("distributor"),
    )
    master_uid = models.CharField(_("master UID"), max_length=20, validators=[RegexValidator(r"^[0-9]{1,20}$")])
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    time_zone = models.CharField(_("time zone"), max_length=60, default=DEFAULT_ZONE)
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGE_CHOICES, default="en")
    contract_countries = ArrayField(
        models.CharField(max_length=2), default=list, blank=True, verbose_name=_("contract countries")
    )
    domain = models.CharField(_("verified domain"), max_length=253, blank=True, default="")
    contact = models.CharField(_("contact for customers"), max_length=200, blank=True, default="")
    alert_recipients = ArrayField(
        models.EmailField(), default=list, blank=True, verbose_name=_("quota alert recipients")
    )
    warning_percent = models.PositiveSmallIntegerField(
        _("default quota warning threshold (%)"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    invitation_days = models.PositiveSmallIntegerField(
        _("invitations valid for (days)"),
        default=15,
        validators=[MinValueValidator(7), MaxValueValidator(30)],
    )
    # In the partner's own zone; over midnight when the end is earlier than the beginning. Both or none.
    quiet_from = models.TimeField(_("quiet hours from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet hours until"), null=True, blank=True)
    increase_is_red = models.BooleanField(_("show increases in red, as ACPN does"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PartnerKind.values), name="access_partner_kind"),
            models.CheckConstraint(condition=Q(warning_percent__range=(1, 100)), name="access_partner_warning_percent"),
            models.CheckConstraint(condition=Q(invitation_days__range=(7, 30)), name="access_partner_invitation_days"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="access_partner_quiet_hours",
            ),
            # A second-tier partner is a reseller: only distributors have them (acpn.md §1).
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | Q(kind=PartnerKind.RESELLER),
                name="access_partner_second_tier",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def audit_state(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in (
                "name", "language", "time_zone", "domain", "contact", "contract_countries", "alert_recipients",
                "warning_percent", "invitation_days", "increase_is_red", "quiet_from", "quiet_until", "is_active",
            )
        }  # fmt: skip


class UserManager(BaseUserManager["User"]):
    """Users are created by invitation, `createpartner` or the demo; the e-mail is the login."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. `is_staff` marks an operator of the platform."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True, default="")
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGE_CHOICES, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True, default="")
    is_staff = models.BooleanField(pgettext_lazy("who runs the platform", "operator"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Demo logins skip the operators' MFA; they can exist only in the embedded demo (issue: Demo data).
    is_demo = models.BooleanField(default=False, editable=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["email"]
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=Q(email=models.functions.Lower("email")), name="access_user_email_lower")
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def first_name(self) -> str:
        """Some libraries greet by it."""
        return self.name


class MembershipQuerySet(ScopedQuerySet):
    def active(self) -> MembershipQuerySet:
        return self.filter(is_active=True, user__is_active=True, partner__is_active=True)


class Membership(PartnerScoped):
    """A person in a partner, with a role. Deactivated, never deleted: records name it."""

    partner_path: ClassVar[str] = "partner"

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=MEMBER_ROLE_CHOICES)
    ram_uid = models.CharField(
        _("RAM account UID"),
        max_length=20,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[0-9]{1,20}$")],
    )
    is_active = models.BooleanField(_("active"), default=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[Any] = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["partner__name", "pk"]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "partner"], name="access_membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=[r.value for r in MEMBER_ROLES]), name="access_membership_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.partner}"

    def audit_state(self) -> dict[str, Any]:
        return {"role": self.role, "ram_uid": self.ram_uid, "is_active": self.is_active}


class MemberInvitation(PartnerScoped):
    """An e-mail asked to join a partner. The token is stored hashed; accepting sets the password and the membership."""

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="member_invitations")
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=20, choices=MEMBER_ROLE_CHOICES)
    ram_uid = models.CharField(
        _("RAM account UID"),
        max_length=20,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[0-9]{1,20}$")],
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("member invitation")
        verbose_name_plural = _("member invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "email"],
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="access_memberinvitation_open_once",
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and self.expires_at > timezone.now()

    def audit_state(self) -> dict[str, Any]:
        return {"email": self.email, "role": self.role, "ram_uid": self.ram_uid}
