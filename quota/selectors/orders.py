"""May a customer buy? One rule for the simulated cloud, the API and the pages (design §6.4, acpn.md §8.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import PartnerKind, Permission, require
from partner_console.errors import Invalid, NotFound
from partner_console.web.formats import exact_amount
from quota.models import CreditAccount
from uids.models import LinkedAccount
from uids.selectors import get_account
from uids.states import PaygStatus, PurchaseControl, Relationship

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor


class OrderKind(TextChoices):
    PAYG = "payg", gettext_lazy("Pay-as-you-go")
    SUBSCRIPTION = "subscription", gettext_lazy("Subscription")


@dataclass(frozen=True, slots=True)
class OrderVerdict:
    """`code` is stable, for programs, and "" when the order is allowed; `reason` says it in the reader's language."""

    allowed: bool
    code: str = ""
    reason: str = ""


ALLOWED = OrderVerdict(allowed=True)


def order_allowed(
    *, actor: Actor, kind: OrderKind | str, price: Decimal, account_pk: int | None = None, uid: str = ""
) -> OrderVerdict:
    """Whether this account, named by its pk or its UID, may order now; see `judge_order`. Reads only.

    `price` in the partner's currency, 0 or more: of the whole term for a subscription, of the first hour for
    pay-as-you-go. Raises `NotFound` for an account the actor may not see, `Invalid` for a kind or price that is none.
    """
    require(actor, Permission.CONTROL_VIEW)
    account = _account(actor, account_pk, uid)
    credit = CreditAccount.objects.visible_to(actor).filter(pk=account.in_force.pk).select_related("partner").first()
    return judge_order(account, credit, kind, price)


def judge_order(
    account: LinkedAccount, credit: CreditAccount | None, kind: OrderKind | str, price: Decimal
) -> OrderVerdict:
    """The rule itself: no queries (load `partner` and `trustee`; `credit` is of the account whose money it is).

    Allowed ⇔ relationship normal ∧ purchase control in force normal ∧ available > 0 ∧ price ≤ available ∧ (a
    subscription ∨ PAYG in force normal). What is said is the first that is in the way, the widest first: a ban forbids
    everything, arrears every purchase, a freeze or stop pay-as-you-go alone. Who buys from an agency pays the cloud.
    """
    if kind not in OrderKind.values:
        raise Invalid("unknown_kind", _("An order is for pay-as-you-go or a subscription."), field="kind")
    if not (price.is_finite() and price >= 0):
        raise Invalid("bad_price", _("The price is 0 or more."), field="price")
    return _relationship(account) or _purchase(account) or _money(account, credit, price) or _payg(account, kind)


def _account(actor: Actor, account_pk: int | None, uid: str) -> LinkedAccount:
    if account_pk is None:
        return get_account(actor, uid)
    rows = LinkedAccount.objects.visible_to(actor).select_related("partner", "trustee")
    account: LinkedAccount | None = rows.filter(pk=account_pk).first()
    if account is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return account


def _no(code: str, reason: str) -> OrderVerdict:
    return OrderVerdict(allowed=False, code=code, reason=reason)


def _relationship(account: LinkedAccount) -> OrderVerdict | None:
    if not account.is_live:
        return _no("not_linked", _("The account is no longer linked."))
    if account.relationship != Relationship.NORMAL:
        return _no("relationship_ending", _("The relationship is about to end: nothing can be bought meanwhile."))
    return None


def _purchase(account: LinkedAccount) -> OrderVerdict | None:
    if account.effective_purchase_control is PurchaseControl.NORMAL:
        return None
    if account.purchase_control == PurchaseControl.BAN:
        return _no("purchase_disabled", _("Purchase control is set to Disabled: no new orders."))
    return _no(
        "purchase_disabled_by_master",
        _("Purchase control of its master account %(uid)s is set to Disabled: no new orders.")
        % {"uid": account.in_force.uid},
    )


def _money(account: LinkedAccount, credit: CreditAccount | None, price: Decimal) -> OrderVerdict | None:
    if credit is None:
        is_agency = account.partner.kind == PartnerKind.AGENCY
        return None if is_agency else _no("no_quota", _("The account has no quota."))
    figures = {
        "available": exact_amount(credit.available),
        "price": exact_amount(price),
        "currency": account.partner.currency,
    }
    if credit.available < 0:
        return _no("in_arrears", _("In arrears: Available Quota is %(available)s %(currency)s.") % figures)
    if credit.available == 0:
        return _no(
            "nothing_left", _("Nothing is left to spend: Available Quota is %(available)s %(currency)s.") % figures
        )
    if price > credit.available:
        return _no(
            "more_than_available",
            _("The price of %(price)s %(currency)s is more than the Available Quota of %(available)s %(currency)s.")
            % figures,
        )
    return None


def _payg(account: LinkedAccount, kind: str) -> OrderVerdict:
    """A subscription does not mind a freeze or a stop."""
    status = account.effective_payg_status
    if kind == OrderKind.SUBSCRIPTION or status is PaygStatus.NORMAL:
        return ALLOWED
    if status is PaygStatus.FROZEN:
        return _no("payg_frozen", _("PAYG is frozen: no new pay-as-you-go instances."))
    return _no("payg_stopped", _("PAYG is stopped by arrears: no new pay-as-you-go instances."))
