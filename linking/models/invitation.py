"""The invitation: one partner asks one customer to link one UID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.scopes import Scope
from linking.states import (
    CAME_TO_NOTHING,
    CONSENTED,
    LIVE,
    WITH_CUSTOMER,
    BillingExpectation,
    DeclineReason,
    InvitationState,
    Progress,
    Turn,
    progress,
    turn,
)
from partner_console.access.models import LANGUAGE_CHOICES, Partner, User
from partner_console.access.scoping import PartnerScoped, ScopedQuerySet
from uids.models import LinkedAccount
from uids.models.account import MANAGER_CHARACTERS, NICKNAME_BYTES, REMARKS_BYTES
from uids.models.search import Normalize
from uids.models.validators import MaxBytesValidator
from uids.states import AccountType, Environment, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from datetime import datetime, timedelta


NAMES_A_CONTACT = Q(state__in=CAME_TO_NOTHING) & ~Q(email="")


class InvitationQuerySet(ScopedQuerySet):
    def with_shown_state(self, now: datetime) -> InvitationQuerySet:
        """`shown_state`: the state as pages show it, EXPIRED as soon as the time is over."""
        is_over = Q(state__in=WITH_CUSTOMER, expires_at__lte=now)
        shown = Case(When(is_over, then=Value(InvitationState.EXPIRED.value)), default=F("state"))
        rows: InvitationQuerySet = self.annotate(shown_state=shown)
        return rows

    def due_to_expire(self, now: datetime) -> InvitationQuerySet:
        return self.filter(state__in=WITH_CUSTOMER, expires_at__lte=now)

    def due_to_forget(self, ended_before: datetime) -> InvitationQuerySet:
        """Over since then without a link, and still naming whom it was for."""
        return self.filter(NAMES_A_CONTACT, closed_at__lte=ended_before)

    def to_link(self, now: datetime, lease: timedelta) -> InvitationQuerySet:
        """Approved, and either nobody has taken it up and its time has come, or whoever did has been gone too long."""
        waiting = Q(in_flight_since__isnull=True) & (Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now))
        return self.filter(waiting | Q(in_flight_since__lte=now - lease), state=InvitationState.APPROVED)


class Invitation(PartnerScoped):
    """What is asked, where it stands, and what the link starts with (design §5).

    EXPIRED is computed at read time (`current_state`) and made final by the worker. The customer's way in is an
    `InvitationToken`, whose plain form is only ever in the mail.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="invitations")
    uid = models.CharField(
        _("UID"), max_length=20, blank=True, default="", validators=[RegexValidator(r"^[0-9]{1,20}$")]
    )
    email = models.EmailField(_("customer's e-mail"))
    company = models.CharField(_("company"), max_length=NICKNAME_BYTES, validators=[MaxBytesValidator(NICKNAME_BYTES)])
    account_type = models.PositiveSmallIntegerField(_("account type"), choices=AccountType.choices)
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    purpose = models.CharField(_("purpose"), max_length=200, blank=True, default="")
    crm_reference = models.CharField(_("CRM reference"), max_length=80, blank=True, default="")
    environment = models.CharField(
        _("environment"), max_length=20, choices=Environment.choices, default=Environment.PRODUCTION
    )
    language = models.CharField(_("language of the mail"), max_length=10, choices=LANGUAGE_CHOICES, default="en")
    note_to_customer = models.CharField(_("note to the customer"), max_length=500, blank=True, default="")

    quota = models.DecimalField(
        _("starting quota"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    warning_percent = models.PositiveSmallIntegerField(
        _("Quota Warning Threshold (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    shutdown_policy = models.CharField(
        _("shutdown policy"),
        max_length=20,
        choices=ShutdownPolicy.choices,
        default=ShutdownPolicy.IMMEDIATELY_STOP,
    )
    purchase_control = models.CharField(
        _("purchase control"), max_length=20, choices=PurchaseControl.choices, default=PurchaseControl.NORMAL
    )
    business_manager = models.CharField(_("business manager"), max_length=MANAGER_CHARACTERS, blank=True, default="")
    remarks = models.CharField(
        _("remarks"),
        max_length=REMARKS_BYTES,
        blank=True,
        default="",
        validators=[MaxBytesValidator(REMARKS_BYTES)],
    )

    # What the partner may do afterwards: the template's version as chosen, and the scopes as the customer reads them.
    template_version = models.ForeignKey(
        "linking.TemplateVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="invitations",
        verbose_name=_("permission template"),
    )
    scopes = ArrayField(
        models.CharField(max_length=40, choices=Scope.choices), default=list, blank=True, verbose_name=_("permissions")
    )
    billing_expectation = models.CharField(
        _("billing expectation"), max_length=20, choices=BillingExpectation.choices, blank=True, default=""
    )
    # The customer has no account yet: the cloud says which UID it became, and `uid` is empty until then (design §5).
    learns_uid = models.BooleanField(_("the customer has no account yet"), default=False)
    # A code to the address as well as the digits; always so when the UID is not known yet (design §5).
    asks_code = models.BooleanField(_("ask for a code sent by e-mail too"), default=False)
    valid_days = models.PositiveSmallIntegerField(
        _("valid for (days)"), null=True, blank=True, validators=[MinValueValidator(7), MaxValueValidator(30)]
    )
    # It asks a customer who is linked (`earlier_account`) for other permissions: approved, nothing is linked anew.
    renews = models.BooleanField(_("asks for other permissions"), default=False)
    # The ended link this one takes up again, whose settings were proposed; with `renews` the one that is in force.
    earlier_account = models.ForeignKey(LinkedAccount, models.PROTECT, null=True, blank=True, related_name="+")
    next_reminder_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(_("state"), max_length=20, choices=InvitationState.choices, default=InvitationState.DRAFT)
    expires_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # All wrong tries ever; every fifth locks for a while.
    proof_failures = models.PositiveIntegerField(default=0)
    proof_locked_until = models.DateTimeField(null=True, blank=True)
    decline_code = models.CharField(max_length=20, choices=DeclineReason.choices, blank=True, default="")
    decline_reason = models.CharField(max_length=500, blank=True, default="")

    # Linking at the cloud: claimed before the network call, so a redelivered task finds it (style §12).
    # `link_round` counts what staff retried after a refusal; `attempts` counts the calls of this round.
    link_round = models.PositiveSmallIntegerField(default=1)
    attempts = models.PositiveSmallIntegerField(default=0)
    vendor_ticket = models.CharField(max_length=100, blank=True, default="")
    in_flight_since = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=60, blank=True, default="")
    failure_message = models.CharField(max_length=500, blank=True, default="")
    account = models.ForeignKey(LinkedAccount, models.PROTECT, null=True, blank=True, related_name="invitations")

    search = models.GeneratedField(
        expression=Lower(
            Normalize(
                Concat(
                    F("uid"), Value(" "), F("company"), Value(" "), F("email"), Value(" "), F("crm_reference"),
                    output_field=models.TextField(),
                )
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )  # fmt: skip
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    # The plain link, only on the object `invite` and `resend` return; never stored.
    fresh_token: str = ""

    objects = InvitationQuerySet.as_manager()  # type: ignore[misc]  # a manager is a class variable by nature

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=InvitationState.values), name="linking_invitation_state"),
            models.UniqueConstraint(
                fields=["partner", "uid"],
                condition=Q(state__in=LIVE) & ~Q(uid=""),
                name="linking_invitation_one_open",
            ),
            models.CheckConstraint(
                condition=~Q(uid="")
                | Q(state__in=[InvitationState.DRAFT, InvitationState.WITHDRAWN])
                | (Q(learns_uid=True) & ~Q(state__in=[InvitationState.LINKED, InvitationState.VERIFIED])),
                name="linking_invitation_of_whom",
            ),
            models.CheckConstraint(
                condition=Q(renews=False) | Q(earlier_account__isnull=False), name="linking_invitation_renews_whom"
            ),
            # Never a link without the customer's approval, whatever code or console is used (design §5).
            models.CheckConstraint(
                condition=~Q(state__in=CONSENTED) | Q(approved_at__isnull=False), name="linking_invitation_consented"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[InvitationState.LINKED, InvitationState.VERIFIED]) | Q(account__isnull=False),
                name="linking_invitation_account",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "created_at", "id"], name="linking_partner_created"),
            models.Index(fields=["partner", "state", "created_at", "id"], name="linking_partner_state"),
            models.Index(fields=["partner", "expires_at", "id"], name="linking_partner_expires"),
            models.Index(fields=["uid"], name="linking_uid"),
            GinIndex(F("partner"), OpClass(F("search"), "gin_trgm_ops"), name="linking_search"),
            models.Index(fields=["expires_at"], condition=Q(state__in=WITH_CUSTOMER), name="linking_expiry_due"),
            models.Index(fields=["closed_at", "id"], condition=NAMES_A_CONTACT, name="linking_forget_due"),
            models.Index(fields=["id"], condition=Q(state=InvitationState.APPROVED), name="linking_approved"),
            models.Index(
                fields=["next_reminder_at"],
                condition=Q(state__in=WITH_CUSTOMER, next_reminder_at__isnull=False),
                name="linking_reminder_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.uid or self.email} {self.company}".strip()

    @property
    def reference(self) -> str:
        """Ours for this link at the cloud: the same in every repeat, new only after a refusal was retried."""
        return f"invitation-{self.pk}-{self.link_round}"

    @property
    def masked_uid(self) -> str:
        """The UID without the digits that prove it: what a mail and a page before the proof may show."""
        return self.uid[:-6] + "•" * len(self.uid[-6:])

    @property
    def is_asked_of_cloud(self) -> bool:
        """A request may have reached the cloud: from here on only its answer decides."""
        return self.state == InvitationState.APPROVED and self.attempts > 0

    @property
    def current_state(self) -> InvitationState:
        """The stored state, or EXPIRED when its time is over although no worker has said so yet."""
        if self.state in WITH_CUSTOMER and self.expires_at is not None and self.expires_at <= timezone.now():
            return InvitationState.EXPIRED
        return InvitationState(self.state)

    @property
    def progress(self) -> Progress:
        return progress(self.current_state)

    @property
    def turn(self) -> Turn:
        return turn(self.current_state)

    def audit_state(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "email": self.email,
            "uid": self.uid,
            "decline_code": self.decline_code,
            "failure_code": self.failure_code,
        }
