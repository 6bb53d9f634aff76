"""What is looked at after a link was made: the four checks, and the onboarding checklist."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.states import CheckKind, CheckOutcome, StandardItem
from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped
from uids.models import LinkedAccount


class LinkCheck(PartnerScoped):
    """The last result of one check on one account, and when it runs again. Changes of the outcome are on the trail.

    `detail` are the facts the words are made of at read time (codes and values, no sentences).
    """

    partner_path: ClassVar[str] = "account__partner"

    account = models.ForeignKey(LinkedAccount, models.PROTECT, related_name="checks")
    kind = models.CharField(_("check"), max_length=20, choices=CheckKind.choices)
    outcome = models.CharField(_("outcome"), max_length=20, choices=CheckOutcome.choices, default=CheckOutcome.NOT_YET)
    detail = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    changed_at = models.DateTimeField(_("outcome since"), null=True, blank=True)
    next_at = models.DateTimeField(_("runs again at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["account", "kind"]
        verbose_name = _("check of a link")
        verbose_name_plural = _("checks of links")
        constraints = [
            models.UniqueConstraint(fields=["account", "kind"], name="linking_check_once"),
            models.CheckConstraint(condition=Q(kind__in=CheckKind.values), name="linking_check_kind"),
            models.CheckConstraint(condition=Q(outcome__in=CheckOutcome.values), name="linking_check_outcome"),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="linking_check_due")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind}: {self.outcome}"


class ChecklistItem(PartnerScoped):
    """A line of the partner's onboarding checklist: its own words, or with `standard` one of the seed's.

    A partner that never changed its list has no rows: it then has the seed's lines in their order.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    standard = models.CharField(max_length=30, choices=StandardItem.choices, blank=True, default="")
    text = models.CharField(_("text"), max_length=200, blank=True, default="")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("checklist item")
        verbose_name_plural = _("checklist items")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "standard"], condition=~Q(standard=""), name="linking_item_standard_once"
            ),
            models.CheckConstraint(
                condition=(Q(standard="") & ~Q(text="")) | (~Q(standard="") & Q(text="")), name="linking_item_says_one"
            ),
        ]

    def __str__(self) -> str:
        return self.text or self.get_standard_display()

    def audit_state(self) -> dict[str, Any]:
        return {"text": self.text or self.standard, "position": self.position, "removed_at": self.removed_at}


class ChecklistTick(PartnerScoped):
    """Who ticked what for which customer, and when. Taking a tick away is on the trail."""

    partner_path: ClassVar[str] = "account__partner"

    account = models.ForeignKey(LinkedAccount, models.PROTECT, related_name="checklist_ticks")
    standard = models.CharField(max_length=30, choices=StandardItem.choices, blank=True, default="")
    item = models.ForeignKey(ChecklistItem, models.PROTECT, null=True, blank=True, related_name="ticks")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("checklist tick")
        verbose_name_plural = _("checklist ticks")
        constraints = [
            models.CheckConstraint(
                condition=Q(standard="", item__isnull=False) | (~Q(standard="") & Q(item__isnull=True)),
                name="linking_tick_names_one",
            ),
            models.UniqueConstraint(
                fields=["account", "standard"], condition=~Q(standard=""), name="linking_tick_standard_once"
            ),
            models.UniqueConstraint(fields=["account", "item"], name="linking_tick_item_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.standard or self.item_id}"
