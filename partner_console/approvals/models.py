"""Two-person check: a request, a second person, an execution (design §4); and a partner's rules for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped, ScopedQuerySet
from partner_console.audit.actions import Action

from .registry import CHECKED, get_checked
from .states import ApprovalState as ApprovalState
from .states import When as RuleWhen

if TYPE_CHECKING:
    from datetime import datetime

S = ApprovalState


class ApprovalQuerySet(ScopedQuerySet):
    def waiting(self) -> ApprovalQuerySet:
        """Nobody has decided and the time is not over."""
        rows: ApprovalQuerySet = self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), state=S.WAITING)
        return rows

    def with_shown_state(self) -> ApprovalQuerySet:
        """`shown`: the state as pages show it, EXPIRED as soon as the time is over."""
        is_over = Q(state=S.WAITING, expires_at__lte=timezone.now())
        shown = Case(When(is_over, then=Value(S.EXPIRED.value)), default=F("state"))
        rows: ApprovalQuerySet = self.annotate(shown=shown)
        return rows

    def due_to_expire(self) -> ApprovalQuerySet:
        rows: ApprovalQuerySet = self.filter(state=S.WAITING, expires_at__lte=timezone.now())
        return rows


class Approval(PartnerScoped):
    """Somebody asked for `action` on a subject; a second person, never the first, decides.

    `payload` is all the executor needs beside the subject itself; amounts in it are strings. `subject_label` and
    `payload` never hold `blind_answer`, which the second person types without having seen it here.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_pk = models.BigIntegerField()
    subject_label = models.CharField(_("subject"), max_length=200)
    payload = models.JSONField(default=dict)
    reason = models.TextField(_("reason"), blank=True, default="")
    # Which part of the rule asked for a second person: `rules.Need` as JSON.
    because = models.JSONField(default=dict, blank=True)
    blind_answer = models.CharField(max_length=200, blank=True, default="")
    # Wrong blind entries, by the person's pk: whoever sees which places differ too often would learn the answer.
    wrong_tries = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("state"), max_length=20, choices=S.choices, default=S.WAITING)
    # Null: a program of ours asked, for nobody in particular; `asked_label` is what records call whoever asked.
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by"))
    asked_label = models.CharField(max_length=254, blank=True, default="")
    # Everybody who had a hand in it before it was asked for, the asker included: none of them is a second person.
    involved = ArrayField(models.BigIntegerField(), default=list, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"))
    is_break_glass = models.BooleanField(_("decided alone"), default=False)
    note = models.TextField(_("note"), blank=True, default="")
    asked_at = models.DateTimeField(_("asked at"), default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ApprovalQuerySet.as_manager()  # type: ignore[misc]  # a manager is a class variable by nature

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.CheckConstraint(
                condition=Q(is_break_glass=True) | Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="approvals_second_person_or_alone",
            ),
            models.CheckConstraint(condition=Q(state__in=S.values), name="approvals_state"),
            # Nothing is approved by nobody, and deciding alone always says why.
            models.CheckConstraint(
                condition=~Q(state=S.APPROVED) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="approvals_approved_by_somebody",
            ),
            models.CheckConstraint(condition=Q(is_break_glass=False) | ~Q(note=""), name="approvals_alone_says_why"),
            models.UniqueConstraint(
                fields=["action", "subject_type", "subject_pk"],
                condition=Q(state=S.WAITING),
                name="approvals_one_waiting",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "state", "asked_at"], name="approvals_partner_state"),
            models.Index(fields=["partner", "asked_at", "id"], name="approvals_partner_asked"),
            models.Index(fields=["expires_at"], condition=Q(state=S.WAITING), name="approvals_expiry_due"),
            models.Index(fields=["subject_type", "subject_pk"], name="approvals_subject"),
        ]

    def __str__(self) -> str:
        return self.subject_label

    @property
    def title(self) -> str:
        """The action in words; one that a later version no longer checks stays as it was written."""
        return str(get_checked(self.action).title) if self.action in CHECKED else self.action

    @property
    def shown_state(self) -> ApprovalState:
        """The state to show: a request whose time is over has expired, though nobody wrote it down yet."""
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        state = ApprovalState(self.state)
        return S.EXPIRED if state == S.WAITING and is_over else state

    @property
    def ended_at(self) -> datetime | None:
        """When it was decided, or its time was over; None while it waits."""
        return None if self.is_waiting else self.decided_at or self.expires_at

    @property
    def is_waiting(self) -> bool:
        return self.shown_state == S.WAITING

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "is_break_glass": self.is_break_glass}


class ApprovalRule(PartnerScoped):
    """When this partner wants a second person for an action. Without a row, the action's own default holds.

    `amount_from` is in the partner's currency and included: at exactly that amount a second person is needed.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=60)
    when = models.CharField(_("ask for a second person"), max_length=20, choices=RuleWhen.choices)
    amount_from = models.DecimalField(
        _("from an amount of"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    is_for_sensitive = models.BooleanField(_("when it allows more than usual"), default=False)
    is_for_sandbox = models.BooleanField(_("sandbox accounts too"), default=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["action", "pk"]
        verbose_name = _("approval rule")
        verbose_name_plural = _("approval rules")
        constraints = [
            models.UniqueConstraint(fields=["partner", "action"], name="approvals_rule_once"),
            models.CheckConstraint(condition=Q(when__in=RuleWhen.values), name="approvals_rule_when"),
            models.CheckConstraint(
                condition=Q(amount_from__isnull=True) | Q(amount_from__gte=0), name="approvals_rule_amount"
            ),
            # Limits without any limit would read as a check and never ask for one.
            models.CheckConstraint(
                condition=~Q(when=RuleWhen.LIMITS) | Q(amount_from__isnull=False) | Q(is_for_sensitive=True),
                name="approvals_rule_limits",
            ),
        ]

    def __str__(self) -> str:
        return str(Action(self.action).label) if self.action in Action.values else self.action

    def audit_state(self) -> dict[str, Any]:
        names = ("when", "amount_from", "is_for_sensitive", "is_for_sandbox")
        return {name: getattr(self, name) for name in names}
