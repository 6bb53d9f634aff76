"""Planned changes of switches: what will be set when, and when it ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import F, Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import LANGUAGE_CHOICES, Partner, User
from partner_console.access.scoping import PartnerScoped
from uids.states import Control, PaygStatus, PurchaseControl, ShutdownPolicy

from .account import LinkedAccount

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise


class ScheduleState(TextChoices):
    PLANNED = "planned", _("Planned")
    IN_FORCE = "in_force", _("In force until its end")
    DONE = "done", _("Done")
    ENDED = "ended", _("Ended")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Could not be done")


# What still has something ahead of it: at most one for each switch of an account.
SCHEDULE_OPEN = (ScheduleState.PLANNED, ScheduleState.IN_FORCE)
PLANNABLE = (Control.PAYG_FREEZE, Control.PURCHASE_CONTROL, Control.SHUTDOWN_POLICY)
# Nothing that takes away from a customer happens in quiet hours; these give, and never wait (design §6).
EASING = frozenset({"normal", "noStop"})


# What there is to plan, in the words of the switches' own buttons.
SCHEDULE_CHANGES: dict[tuple[Control, str], str | Promise] = {
    (Control.PAYG_FREEZE, PaygStatus.FROZEN.value): _("Freeze PAYG"),
    (Control.PAYG_FREEZE, PaygStatus.NORMAL.value): _("Unfreeze PAYG"),
    (Control.PURCHASE_CONTROL, PurchaseControl.BAN.value): _("Disable purchases"),
    (Control.PURCHASE_CONTROL, PurchaseControl.NORMAL.value): _("Allow purchases again"),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.IMMEDIATELY_STOP.value): _("Shutdown policy: Immediate shutdown"),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.DELAY_STOP.value): _("Shutdown policy: Delayed shutdown"),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.NO_STOP.value): _("Shutdown policy: No shutdown"),
}


class ScheduledControl(PartnerScoped):
    """One switch set to `value` at `starts_at`, and set back at `ends_at` if anybody wanted that. Times are UTC.

    `due_at` is when the sweep has to do the next thing: the start, then the end, each after quiet hours; empty when
    nothing is ahead. `operation_id` names the change that was made, which the end takes back exactly. The customer is
    told at `notice_at`; `noticed_at` and `noticed_of` say when and of what time they were.
    """

    partner_path: ClassVar[str] = "partner"

    account = models.ForeignKey(LinkedAccount, models.PROTECT, related_name="scheduled_controls")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    what = models.CharField(_("control"), max_length=20, choices=[(one.value, one.label) for one in PLANNABLE])
    before = models.CharField(_("before"), max_length=20, blank=True, default="")
    value = models.CharField(_("after"), max_length=20)
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends by itself"), null=True, blank=True)
    due_at = models.DateTimeField(_("next step"), null=True, blank=True)
    reason = models.TextField(_("reason"))
    notice_hours = models.PositiveSmallIntegerField(_("customer told before (hours)"), null=True, blank=True)
    notice_email = models.CharField(_("customer told at"), max_length=254, blank=True, default="")
    notice_language = models.CharField(
        _("language of the notice"), max_length=10, choices=LANGUAGE_CHOICES, blank=True, default=""
    )
    notice_at = models.DateTimeField(_("notice goes out"), null=True, blank=True)
    noticed_at = models.DateTimeField(_("customer told"), null=True, blank=True)
    noticed_of = models.DateTimeField(null=True, blank=True)
    state = models.CharField(_("state"), max_length=20, choices=ScheduleState.choices, default=ScheduleState.PLANNED)
    cause = models.TextField(_("cause"), blank=True, default="")
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    operator = models.CharField(_("operator"), max_length=254)
    operation_id = models.UUIDField(_("operation"))
    version = models.PositiveIntegerField(default=1, editable=False)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    created_at = models.DateTimeField(_("planned at"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("planned change")
        verbose_name_plural = _("planned changes")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "what"], condition=Q(state__in=SCHEDULE_OPEN), name="uids_schedule_one_open"
            ),
            models.CheckConstraint(condition=Q(state__in=ScheduleState.values), name="uids_schedule_state"),
            models.CheckConstraint(condition=Q(what__in=PLANNABLE), name="uids_schedule_what"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="uids_schedule_end"
            ),
            # Whatever is open has a next step, whatever is closed has none.
            models.CheckConstraint(
                condition=Q(state__in=SCHEDULE_OPEN, due_at__isnull=False, closed_at__isnull=True)
                | (~Q(state__in=SCHEDULE_OPEN) & Q(due_at__isnull=True, closed_at__isnull=False)),
                name="uids_schedule_step",
            ),
        ]
        indexes = [
            # What the sweep looks for, and what is ahead for one partner; both stay small.
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="uids_schedule_due"),
            models.Index(
                fields=["notice_at", "id"],
                condition=Q(state="planned", notice_at__isnull=False, noticed_at__isnull=True),
                name="uids_schedule_notice",
            ),
            models.Index(fields=["partner", "due_at", "id"], name="uids_schedule_partner"),
            models.Index(fields=["account", "created_at", "id"], name="uids_schedule_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.value} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def title(self) -> str:
        """“Freeze PAYG”."""
        return str(SCHEDULE_CHANGES[Control(self.what), self.value])

    @property
    def is_open(self) -> bool:
        return self.state in SCHEDULE_OPEN

    @property
    def is_moved(self) -> bool:
        """Whether quiet hours put off what comes next."""
        planned: datetime | None = self.starts_at if self.state == ScheduleState.PLANNED else self.ends_at
        return self.due_at is not None and planned is not None and self.due_at > planned

    def audit_state(self) -> dict[str, Any]:
        return {
            "switch": self.what,
            "set_to": self.value,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "notice_hours": self.notice_hours,
            "notice_email": self.notice_email,
        }
