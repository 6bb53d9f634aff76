"""The simulated cloud behind the port: database-backed, every call a transaction of its own (design §9)."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone

from partner_console.cloud.port import (
    BillingReference,
    CloudAccount,
    CloudRefused,
    Credit,
    LinkProgress,
    LinkRequest,
    LinkStatus,
    Ticket,
)
from partner_console.cloud.simulated import clock, services
from partner_console.cloud.simulated.models import SimAccount, SimLink, only_bills
from partner_console.money import QUOTA_PLACES, quantize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

LINKED_ELSEWHERE = "3009"  # “customerAccount is error” is what the gateway says of an account it will not give
BAD_THRESHOLD = "3045"
BAD_STATUS = "3008"
POLICIES = ("immediatelyStop", "delayStop", "noStop")
CONTROLS = ("normal", "ban")
PAY_THEMSELVES = (1, 4)  # agency end users and T2 agencies (acpn.md §2)
FIGURES = (
    "amount", "deducted", "undeducted", "warning_percent",
    "payg_frozen", "purchase_control", "shutdown_policy", "payg_stopped", "trustee_uid",
)  # fmt: skip


class SimulatedCloud:
    """Implements `port.Cloud`. Links at once; knows nothing of the console's tables."""

    def now(self) -> datetime:
        return clock.now()

    def start_link(self, request: LinkRequest) -> Ticket:
        return services.at_the_cloud("start_link", request.uid, lambda: _start_link(request))

    def link_status(self, ticket: Ticket) -> LinkStatus:
        link = SimLink.objects.filter(reference=ticket.reference).first()
        return services.at_the_cloud("link_status", link.uid if link else "", lambda: _link_status(link))

    def unlink(self, *, uid: str, partner_uid: str) -> None:
        def leave(account: SimAccount) -> dict[str, object]:
            return {"partner_uid": "", "linked_at": None} if account.partner_uid == partner_uid else {}

        self._order("unlink", uid, leave, must_be_linked=False)

    def account(self, *, uid: str) -> CloudAccount:
        return services.at_the_cloud("account", uid, lambda: _describe(_linked(uid)))

    def credits(self, *, partner_uid: str, changed_since: datetime | None = None) -> list[Credit]:
        """Includes `changed_since` itself: who passes its newest `as_of` misses nothing and sees that one again."""
        accounts = SimAccount.objects.filter(partner_uid=partner_uid).order_by("changed_at", "pk")
        if changed_since is not None:
            accounts = accounts.filter(changed_at__gte=changed_since)
        return services.at_the_cloud("credits", "", lambda: [_credit(account) for account in accounts])

    def credit(self, *, uid: str) -> Credit:
        return services.at_the_cloud("credit", uid, lambda: _credit(_linked(uid)))

    def set_quota(self, *, uid: str, amount: Decimal) -> None:
        if not amount.is_finite() or amount < 0:
            raise CloudRefused(services.NOT_A_NUMBER, "credit is not a number")
        self._order("set_quota", uid, lambda account: {"amount": quantize(amount, QUOTA_PLACES)})

    def write_off(self, *, uid: str, amount: Decimal) -> None:
        def deduct(account: SimAccount) -> dict[str, object]:
            if not 0 < amount <= max(account.deducted, Decimal(0)):
                raise CloudRefused(services.NOT_A_NUMBER, "credit is not a number")
            return {"deducted": account.deducted - amount}

        self._order("write_off", uid, deduct)

    def refund(self, *, uid: str, amount: Decimal) -> None:
        if not amount.is_finite() or amount <= 0:
            raise CloudRefused(services.NOT_A_NUMBER, "credit is not a number")
        self._order("refund", uid, lambda account: {"deducted": account.deducted - amount})

    def set_warning(self, *, uid: str, percent: int) -> None:
        if not 1 <= percent <= 100:
            raise CloudRefused(BAD_THRESHOLD, "threshold is not 1-100")
        self._order("set_warning", uid, lambda account: {"warning_percent": percent})

    def freeze(self, *, uid: str) -> None:
        self._order("freeze", uid, lambda account: {"payg_frozen": True})

    def thaw(self, *, uid: str) -> None:
        self._order("thaw", uid, lambda account: {"payg_frozen": False})

    def stop_payg(self, *, uid: str) -> None:
        """Since now, by this cloud's clock; a repeat leaves the first moment."""
        self._order("stop_payg", uid, lambda account: {"payg_stopped_at": account.payg_stopped_at or self.now()})

    def resume_payg(self, *, uid: str) -> None:
        self._order("resume_payg", uid, lambda account: {"payg_stopped_at": None})

    def set_trustee(self, *, uid: str, trustee_uid: str) -> None:
        def join(account: SimAccount) -> dict[str, object]:
            # Not locked: two accounts in two orders would wait for each other.
            master = services.meet(trustee_uid) if trustee_uid else None
            if trustee_uid and (master is None or master.trustee_uid or trustee_uid == uid):
                raise CloudRefused(BAD_STATUS, "trusteeship is error")
            return {"trustee_uid": trustee_uid}

        self._order("set_trustee", uid, join)

    def set_purchase_control(self, *, uid: str, control: str) -> None:
        if control not in CONTROLS:
            raise CloudRefused(BAD_STATUS, "purchase control is error")
        self._order("set_purchase_control", uid, lambda account: {"purchase_control": control})

    def set_policy(self, *, uid: str, policy: str) -> None:
        if policy not in POLICIES:
            raise CloudRefused(BAD_STATUS, "shutdown status is error")
        self._order("set_policy", uid, lambda account: {"shutdown_policy": policy})

    def check_access(self, *, uid: str) -> bool:
        known = SimAccount.objects.filter(uid=uid).exclude(partner_uid="")
        return services.at_the_cloud("check_access", uid, known.exists)

    def permissions(self, *, uid: str) -> list[str]:
        return services.at_the_cloud("permissions", uid, lambda: list(_linked(uid).scopes))

    def set_permissions(self, *, uid: str, scopes: Sequence[str]) -> None:
        if not scopes or not all(scopes):
            raise CloudRefused(BAD_STATUS, "permissions are error")
        self._order("set_permissions", uid, lambda account: {"scopes": sorted(set(scopes))})

    def billing(self, *, uid: str) -> BillingReference:
        return services.at_the_cloud("billing", uid, lambda: _billing(_linked(uid)))

    @staticmethod
    def _order(
        operation: str,
        uid: str,
        change: Callable[[SimAccount], dict[str, object]],
        *,
        must_be_linked: bool = True,
    ) -> None:
        """Absolute orders: the value already in force is confirmed again without a change of figures."""

        def work() -> None:
            account = _linked(uid) if must_be_linked else services.lock_account(uid)
            values = change(account)
            if any(getattr(account, name) != value for name, value in values.items()):
                services.save(account, **values)

        services.at_the_cloud(operation, uid, work)


def _linked(uid: str) -> SimAccount:
    """The account, locked; refused when it is linked to nobody: a partner's key does not open it."""
    account = services.lock_account(uid)
    if not account.partner_uid:
        raise CloudRefused(services.INVALID_UID, "invalid UID")
    return account


def _start_link(request: LinkRequest) -> Ticket:
    link = SimLink.objects.select_for_update().filter(reference=request.reference).first()
    if link is None:
        uid = request.uid or _new_uid()
        account, _ = SimAccount.objects.get_or_create(uid=uid)
        account = SimAccount.objects.select_for_update().get(pk=account.pk)
        if account.partner_uid not in ("", request.partner_uid):
            raise CloudRefused(LINKED_ELSEWHERE, "customerAccount is error")
        if not account.partner_uid:
            _take(account, request)
        link, _ = SimLink.objects.get_or_create(
            reference=request.reference,
            defaults={"uid": uid, "partner_uid": request.partner_uid, "progress": LinkProgress.LINKED.value},
        )
    return Ticket(reference=link.reference)


def _take(account: SimAccount, request: LinkRequest) -> None:
    """The partner's first values: a fresh relationship starts with nothing consumed and nothing frozen."""
    zero = Decimal(0)
    services.save(
        account,
        partner_uid=request.partner_uid,
        email=account.email or request.email,
        login_name=account.login_name or request.email.partition("@")[0],
        account_type=request.account_type,
        linked_at=timezone.now(),
        amount=zero if request.quota is None else quantize(request.quota, QUOTA_PLACES),
        deducted=zero,
        undeducted=zero,
        payg_frozen=False,
        payg_stopped_at=None,
        trustee_uid="",
        purchase_control=request.purchase_control or "normal",
        shutdown_policy=request.shutdown_policy or "immediatelyStop",
        scopes=only_bills(),
        bill_to="customer" if request.account_type in PAY_THEMSELVES else "partner",
        first_billed_at=None,
    )


def _link_status(link: SimLink | None) -> LinkStatus:
    if link is None:
        return LinkStatus(LinkProgress.FAILED, code="3060", message="no sending record")
    return LinkStatus(LinkProgress(link.progress), uid=link.uid, at=link.at, code=link.code, message=link.message)


def _new_uid() -> str:
    """Sixteen digits, as the cloud gives them to a customer who signs up on the way."""
    return str(secrets.randbelow(9 * 10**15) + 10**15)


def _describe(account: SimAccount) -> CloudAccount:
    return CloudAccount(
        uid=account.uid,
        login_name=account.login_name,
        account_type=account.account_type,
        email=account.email,
        mobile=account.mobile,
        country=account.country,
        is_enterprise=account.is_enterprise,
        is_certified=account.is_certified,
        linked_at=account.linked_at or account.changed_at,
    )


def _billing(account: SimAccount) -> BillingReference:
    return BillingReference(uid=account.uid, payer=account.bill_to, first_billed_at=account.first_billed_at)


def _credit(account: SimAccount) -> Credit:
    figures = {name: getattr(account, name) for name in FIGURES}
    return Credit(uid=account.uid, as_of=account.changed_at, **figures)
