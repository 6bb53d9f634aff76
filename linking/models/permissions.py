"""Permission templates, their versions, and what was granted on an account."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.scopes import Scope
from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped
from uids.models import LinkedAccount


def scope_list(**more: Any) -> ArrayField[Any, Any]:
    """A column of scopes, in the order of `Scope` (linking/scopes.py `complete`)."""
    return ArrayField(models.CharField(max_length=40, choices=Scope.choices), **more)


class PermissionTemplate(PartnerScoped):
    """A named set of scopes a partner asks its customers for. What it contains is in its versions."""

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    is_default = models.BooleanField(_("chosen for new invitations"), default=False)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("permission template")
        verbose_name_plural = _("permission templates")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "name"], condition=Q(archived_at__isnull=True), name="linking_template_name"
            ),
            models.UniqueConstraint(
                fields=["partner"],
                condition=Q(is_default=True, archived_at__isnull=True),
                name="linking_template_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def audit_state(self) -> dict[str, Any]:
        return {"name": self.name, "description": self.description, "is_default": self.is_default}


class TemplateVersion(PartnerScoped):
    """What a template contained from `made_at` on; never changed afterwards. Grants and invitations name one.

    Customers of earlier versions keep what they agreed to, unless staff asked to take away what this version no
    longer has (`take_away_asked_at`); the worker does that account by account until `take_away_done_at`.
    """

    partner_path: ClassVar[str] = "template__partner"

    template = models.ForeignKey(PermissionTemplate, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    scopes = scope_list(verbose_name=_("permissions"))
    days = models.PositiveSmallIntegerField(
        _("ends after (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )
    made_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    take_away_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    take_away_done_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["template", "-number"]
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="linking_template_version_once")]
        indexes = [
            models.Index(
                fields=["take_away_asked_at"],
                condition=Q(take_away_asked_at__isnull=False, take_away_done_at__isnull=True),
                name="linking_template_take_away",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} · {self.number}"

    @property
    def labels(self) -> list[str]:
        return [str(Scope(one).label) for one in self.scopes]


class Grant(PartnerScoped):
    """What the partner may do in one account since the customer agreed; at most one at a time.

    `scopes` is what is in force: what was agreed, less what the customer took back (`withdrawn`) and what a newer
    version of the template took away. When `ends_at` is over, this row ends and one with the required scopes alone
    follows. `observed` is what the cloud last said, for the drift.
    """

    partner_path: ClassVar[str] = "account__partner"

    account = models.ForeignKey(LinkedAccount, models.PROTECT, related_name="grants")
    template_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, null=True, blank=True, related_name="grants", verbose_name=_("template")
    )
    scopes = scope_list(verbose_name=_("permissions"))
    withdrawn = scope_list(default=list, blank=True, verbose_name=_("taken back by the customer"))
    granted_at = models.DateTimeField(_("granted at"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # The least of 30, 7 and 1 days before the end that was already written about.
    reminded_days = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    observed = scope_list(null=True, blank=True, verbose_name=_("seen at the cloud"))
    observed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["-granted_at", "-pk"]
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(ended_at__isnull=True), name="linking_grant_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("granted_at")), name="linking_grant_end_after_start"
            ),
        ]
        indexes = [
            models.Index(fields=["ends_at"], condition=Q(ended_at__isnull=True), name="linking_grant_ending"),
            models.Index(
                fields=["template_version", "id"], condition=Q(ended_at__isnull=True), name="linking_grant_of_template"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {', '.join(self.scopes)}"

    def audit_state(self) -> dict[str, Any]:
        return {"scopes": self.scopes, "withdrawn": self.withdrawn, "ends_at": self.ends_at}
