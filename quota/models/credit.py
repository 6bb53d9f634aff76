"""The credit account: how much one linked account may spend. The row is the lock (design §6.10)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped
from quota.states import ALL_BITS, PARTNER_BITS, CreditStatus, LineKind, credit_status
from uids.models import LinkedAccount

DIGITS = 22
MOST_DAYS = 365

# Spelled out: PostgreSQL lets no generated column read another one.
_AVAILABLE = F("amount") - F("deducted") - F("undeducted")


def _bit(kind: LineKind, *conditions: LessThan | GreaterThan) -> Case:
    """The kind's bit where all conditions hold. A line that is not set is NULL, and nothing is below that."""
    return Case(When(Q(*conditions), then=Value(kind.value)), default=Value(0), output_field=IntegerField())


# The same as `quota.states.lines_below`, in the database. Change both or neither.
_LINES_BELOW = (
    _bit(LineKind.PERCENT, LessThan(_AVAILABLE * 100, F("amount") * F("warning_percent")))
    + _bit(LineKind.AMOUNT, LessThan(_AVAILABLE, F("warning_amount")))
    + _bit(
        LineKind.DAYS, GreaterThan(F("daily_use"), Value(0)), LessThan(_AVAILABLE, F("daily_use") * F("warning_days"))
    )
    + _bit(LineKind.CUSTOMER, LessThan(_AVAILABLE, F("customer_line")))
)

# PAYG is to be stopped, or to run again, and nobody has done it. A stop is a latch: within the overdraft again is not
# enough, money must be there (acpn.md §8.2). Below no line at all is nothing, so one that is NULL never stops.
_STOP_DUE = Case(
    When(Q(is_stopped=False) & Q(LessThan(_AVAILABLE, F("stop_line"))), then=Value(value=True)),
    When(
        Q(is_stopped=True) & (Q(GreaterThanOrEqual(_AVAILABLE, Value(0))) | Q(stop_line__isnull=True)),
        then=Value(value=True),
    ),
    default=Value(value=False),
    output_field=models.BooleanField(),
)

# Crossed a line, or came back to it, and nobody has noticed. (Not “<>”: Django adds a test for NULL to that.)
DUE = Q(alarms__lt=F("lines_below")) | Q(alarms__gt=F("lines_below"))


class CreditAccount(PartnerScoped):
    """Balances equal the sum of the ledger. Amounts in the partner's currency: quota 2 places, consumption 6.

    `deducted` and `available` may be negative (acpn.md §6.2). 0 means nothing to spend, never “unlimited”.

    The warning lines are those in force here, whoever set them (`WarningRule` says who). `lines_below` are the
    `LineKind` bits of the lines that available is strictly below, computed by the database; `alarms` those warned of.
    `daily_use` is the use of an average day; while it is 0 no number of days is ever left.

    `stop_line` is what PAYG stops strictly below: 0, or minus the overdraft; NULL where arrears stop nothing here (no
    shutdown, a sub-account, an ended relationship). `is_stopped` says of a live account what its `payg_stopped_at`
    says. Both are kept by `quota.services.stop_lines` and `…enforcing`; `stop_due` is what the latter looks for.
    """

    partner_path: ClassVar[str] = "partner"

    account = models.OneToOneField(LinkedAccount, models.PROTECT, primary_key=True, related_name="credit")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    amount = models.DecimalField(
        _("Quota Amount"), max_digits=DIGITS, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    deducted = models.DecimalField(_("Consumed & Deducted Value"), max_digits=DIGITS, decimal_places=6, default=0)
    undeducted = models.DecimalField(_("Consumed & Undeducted Value"), max_digits=DIGITS, decimal_places=6, default=0)
    available = models.GeneratedField(
        expression=F("amount") - F("deducted") - F("undeducted"),
        output_field=models.DecimalField(_("Available Quota"), max_digits=DIGITS + 2, decimal_places=6),
        db_persist=True,
    )
    warning_percent = models.PositiveSmallIntegerField(
        _("Quota Warning Threshold (%)"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    warning_amount = models.DecimalField(
        _("warning line, amount"),
        max_digits=DIGITS,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    warning_days = models.PositiveSmallIntegerField(
        _("warning line, days left"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
    )
    customer_line = models.DecimalField(
        _("customer's own alert"),
        max_digits=DIGITS,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    daily_use = models.DecimalField(_("use a day"), max_digits=DIGITS, decimal_places=6, default=0, editable=False)
    alarms = models.PositiveSmallIntegerField(default=0, editable=False)
    lines_below = models.GeneratedField(
        expression=_LINES_BELOW, output_field=models.PositiveSmallIntegerField(), db_persist=True
    )
    in_alarm = models.GeneratedField(
        expression=GreaterThan(F("alarms").bitand(PARTNER_BITS), Value(0)),
        output_field=models.BooleanField(_("below the warning threshold")),
        db_persist=True,
    )
    stop_line = models.DecimalField(max_digits=DIGITS, decimal_places=2, null=True, default=0, editable=False)
    is_stopped = models.BooleanField(default=False, editable=False)
    stop_due = models.GeneratedField(expression=_STOP_DUE, output_field=models.BooleanField(), db_persist=True)
    last_seq = models.PositiveBigIntegerField(default=0, editable=False)
    last_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    as_of = models.DateTimeField(_("figures as of"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("credit account")
        verbose_name_plural = _("credit accounts")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="quota_credit_amount"),
            models.CheckConstraint(condition=Q(warning_percent__range=(1, 100)), name="quota_credit_percent"),
            models.CheckConstraint(
                condition=Q(warning_amount__isnull=True) | Q(warning_amount__gte=0), name="quota_credit_line_amount"
            ),
            models.CheckConstraint(
                condition=Q(warning_days__isnull=True) | Q(warning_days__range=(1, MOST_DAYS)),
                name="quota_credit_line_days",
            ),
            models.CheckConstraint(
                condition=Q(customer_line__isnull=True) | Q(customer_line__gte=0), name="quota_credit_line_customer"
            ),
            models.CheckConstraint(condition=Q(daily_use__gte=0), name="quota_credit_daily_use"),
            models.CheckConstraint(condition=Q(alarms__lte=ALL_BITS), name="quota_credit_alarms"),
            models.CheckConstraint(
                condition=Q(stop_line__isnull=True) | Q(stop_line__lte=0), name="quota_credit_stop_line"
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "available", "account"], name="quota_list_available"),
            models.Index(fields=["partner", "amount", "account"], name="quota_list_amount"),
            # The warning sweep reads only what is due: the condition is the index (style §23).
            models.Index("account", condition=DUE, name="quota_warning_due"),
            models.Index("partner", "account", condition=Q(in_alarm=True), name="quota_in_alarm"),
            models.Index("account", condition=Q(stop_due=True), name="quota_stop_due"),
        ]

    def __str__(self) -> str:
        return str(self.account_id)

    @property
    def credit_status(self) -> CreditStatus:
        """Of this account on its own (load `account` with it); a sub-account under trusteeship has its master's."""
        return credit_status(
            available=self.available,
            policy=self.account.shutdown_policy,
            overdraft=self.account.overdraft,
            is_stopped=self.is_stopped,
        )

    def audit_state(self) -> dict[str, Any]:
        return {"amount": self.amount, "warning_percent": self.warning_percent}
