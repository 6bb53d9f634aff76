"""The linked account: one customer's cloud account, linked to one partner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped, ScopedQuerySet
from uids.states import (
    LIVE,
    RELEASE_AFTER,
    AccountType,
    Environment,
    PaygStatus,
    PurchaseControl,
    Relationship,
    ShutdownPolicy,
    payg_status,
)

from .label import Label
from .search import search_text
from .validators import MaxBytesValidator

if TYPE_CHECKING:
    from datetime import datetime

NICKNAME_BYTES = 150  # acpn.md §3.1, code 3030
REMARKS_BYTES = 3000  # acpn.md §3.1, code 3031
MANAGER_CHARACTERS = 50


class LinkedAccountQuerySet(ScopedQuerySet):
    def live(self) -> LinkedAccountQuerySet:
        return self.filter(relationship__in=LIVE)


class LinkedAccount(PartnerScoped):
    """A UID as its partner sees it. Three statuses stay apart: relationship, credit control, PAYG (design §4).

    A sub-account under financial trusteeship keeps its own switches; what is in force comes from `trustee`.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="accounts", verbose_name=_("partner"))
    uid = models.CharField(_("UID"), max_length=20, validators=[RegexValidator(r"^[0-9]{1,20}$")])
    cid = models.CharField(_("CID"), max_length=20, blank=True, default="")
    login_name = models.CharField(_("login name"), max_length=200, blank=True, default="")
    account_type = models.PositiveSmallIntegerField(_("account type"), choices=AccountType.choices)
    nickname = models.CharField(
        _("nickname"),
        max_length=NICKNAME_BYTES,
        blank=True,
        default="",
        validators=[MaxBytesValidator(NICKNAME_BYTES)],
    )
    business_manager = models.CharField(_("business manager"), max_length=MANAGER_CHARACTERS, blank=True, default="")
    remarks = models.CharField(
        _("remarks"),
        max_length=REMARKS_BYTES,
        blank=True,
        default="",
        validators=[MaxBytesValidator(REMARKS_BYTES)],
    )
    email = models.CharField(_("e-mail"), max_length=254, blank=True, default="")
    mobile = models.CharField(_("mobile"), max_length=40, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    is_enterprise = models.BooleanField(_("enterprise"), null=True, blank=True)
    is_certified = models.BooleanField(_("certified"), null=True, blank=True)
    linked_at = models.DateTimeField(_("associated time"), default=timezone.now)
    environment = models.CharField(
        _("environment"), max_length=20, choices=Environment.choices, default=Environment.PRODUCTION
    )
    relationship = models.CharField(
        _("account status"), max_length=20, choices=Relationship.choices, default=Relationship.NORMAL
    )
    labels = models.ManyToManyField(Label, blank=True, related_name="accounts", verbose_name=_("labels"))

    payg_frozen = models.BooleanField(_("PAYG frozen by the partner"), default=False)
    payg_stopped_at = models.DateTimeField(_("PAYG stopped by arrears at"), null=True, blank=True)
    payg_released_at = models.DateTimeField(_("PAYG released at"), null=True, blank=True)
    purchase_control = models.CharField(
        _("purchase control"), max_length=20, choices=PurchaseControl.choices, default=PurchaseControl.NORMAL
    )
    shutdown_policy = models.CharField(
        _("shutdown policy"),
        max_length=20,
        choices=ShutdownPolicy.choices,
        default=ShutdownPolicy.IMMEDIATELY_STOP,
    )
    overdraft = models.DecimalField(
        _("overdraft"), max_digits=20, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    trustee = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sub_accounts",
        verbose_name=_("financial trusteeship master"),
    )

    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    search = models.GeneratedField(
        expression=search_text(),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects: ClassVar[Any] = LinkedAccountQuerySet.as_manager()

    class Meta:
        ordering = ["-linked_at", "-pk"]
        verbose_name = _("linked account")
        verbose_name_plural = _("linked accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["uid"], condition=Q(relationship__in=LIVE), name="uids_account_one_live_link"
            ),
            models.CheckConstraint(condition=Q(uid__regex=r"^[0-9]{1,20}$"), name="uids_account_uid_digits"),
            models.CheckConstraint(condition=Q(relationship__in=Relationship.values), name="uids_account_relationship"),
            models.CheckConstraint(
                condition=Q(purchase_control__in=PurchaseControl.values), name="uids_account_purchase"
            ),
            models.CheckConstraint(condition=Q(shutdown_policy__in=ShutdownPolicy.values), name="uids_account_policy"),
            models.CheckConstraint(condition=Q(overdraft__gte=0), name="uids_account_overdraft"),
            models.CheckConstraint(condition=~Q(trustee=F("id")), name="uids_account_not_own_trustee"),
        ]
        indexes = [
            # Keyset pages of the list: equality on partner, then the sort key, then the tie-breaker.
            models.Index(fields=["partner", "linked_at", "id"], name="uids_list_linked_at"),
            models.Index(fields=["partner", "uid", "id"], name="uids_list_uid"),
            models.Index(fields=["partner", "nickname", "id"], name="uids_list_nickname"),
            models.Index(fields=["partner", "business_manager", "id"], name="uids_list_manager"),
            models.Index(fields=["partner", "id"], condition=Q(payg_frozen=True), name="uids_list_frozen"),
            models.Index(
                fields=["partner", "id"], condition=Q(payg_stopped_at__isnull=False), name="uids_list_stopped"
            ),
            # Who is released next: sorted and filtered by when the clock began.
            models.Index(
                fields=["partner", "payg_stopped_at", "id"],
                condition=Q(payg_stopped_at__isnull=False),
                name="uids_list_release",
            ),
            models.Index(fields=["partner", "id"], condition=Q(purchase_control="ban"), name="uids_list_banned"),
            models.Index(fields=["partner", "id"], condition=Q(shutdown_policy="noStop"), name="uids_list_nostop"),
            # Counting a filter reads its index alone; sub-accounts are found by their masters, of this partner only.
            models.Index(
                fields=["partner", "country", "relationship", "environment", "account_type"], name="uids_list_counted"
            ),
            models.Index(
                fields=["partner", "trustee", "id"], condition=Q(trustee__isnull=False), name="uids_list_subs"
            ),
            GinIndex(F("partner"), OpClass(F("search"), "gin_trgm_ops"), name="uids_search"),
            # A customer's own accounts, whichever partner's: looked up without regard to case.
            models.Index(Upper("email"), condition=~Q(email=""), name="uids_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.uid} {self.nickname}".strip()

    @property
    def known_as(self) -> str:
        """What people call it: its nickname, else its login name, else its UID."""
        return str(self.nickname or self.login_name or self.uid)

    @property
    def own_payg_status(self) -> PaygStatus:
        """From this account's own switches."""
        return payg_status(
            frozen=self.payg_frozen,
            stopped=self.payg_stopped_at is not None,
            released=self.payg_released_at is not None,
        )

    @property
    def in_force(self) -> LinkedAccount:
        """The account whose switches, policy and quota are in force: the trustee, or itself (load `trustee` too)."""
        return self.trustee or self

    @property
    def effective_payg_status(self) -> PaygStatus:
        """The stricter of its own switch and its master's (design §4: derived by reference)."""
        master = self.in_force
        return payg_status(
            frozen=self.payg_frozen or master.payg_frozen,
            stopped=master.payg_stopped_at is not None,
            released=master.payg_released_at is not None,
        )

    @property
    def release_at(self) -> datetime | None:
        """When what arrears stopped is released for good, by the cloud's clock; None when nothing is to be."""
        master = self.in_force
        stopped: datetime | None = master.payg_stopped_at
        if stopped is None or master.payg_released_at is not None or not self.is_live:
            return None
        return stopped + RELEASE_AFTER

    @property
    def effective_purchase_control(self) -> PurchaseControl:
        """The stricter of its own control and its master's: one ban forbids every order (acpn.md §5.2)."""
        is_banned = PurchaseControl.BAN in (self.purchase_control, self.in_force.purchase_control)
        return PurchaseControl.BAN if is_banned else PurchaseControl.NORMAL

    @property
    def is_live(self) -> bool:
        return self.relationship in LIVE

    def audit_state(self) -> dict[str, Any]:
        return {
            "nickname": self.nickname,
            "business_manager": self.business_manager,
            "remarks": self.remarks,
            "relationship": self.relationship,
            "payg_frozen": self.payg_frozen,
            "purchase_control": self.purchase_control,
            "shutdown_policy": self.shutdown_policy,
            "trustee": self.trustee_id,
        }
