"""What a customer sees of their own links on /my/: status, permissions, limit, ending. Read only.

Everything begins with `contacts.own_accounts`: the accounts whose contact the signed-in address is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from linking import consent
from linking.contacts import own_accounts
from linking.models import ConsentReceipt, Termination
from linking.rights import grant_in_force
from linking.scopes import REQUIRED, Scope
from linking.states import TERMINATING, Side, TerminationState
from partner_console.access.policy import PartnerKind
from partner_console.errors import NotFound
from quota.models import CreditAccount, CustomerAlert
from quota.schedules import noticed
from uids.models import ControlChange, ScheduledControl, ScheduleState
from uids.states import Control, PaygStatus, PurchaseControl, Relationship

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from linking.models import Grant
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

STATUS_TEXTS = {
    Relationship.NORMAL: gettext_lazy("Your account is linked to %(partner)s."),
    Relationship.TO_BE_CONFIRMED: gettext_lazy("Your account is linked to %(partner)s; ending the link was asked for."),
    Relationship.IN_PROCESS: gettext_lazy("The link to %(partner)s is being ended: what is open is settled first."),
    Relationship.TERMINATED: gettext_lazy("The link to %(partner)s has ended."),
}
STATUS_LABELS = {
    Relationship.NORMAL: gettext_lazy("Linked"),
    Relationship.TO_BE_CONFIRMED: gettext_lazy("Ending asked for"),
    Relationship.IN_PROCESS: gettext_lazy("Being ended"),
    Relationship.TERMINATED: gettext_lazy("Ended"),
}
PAYG_TEXTS = {
    PaygStatus.NORMAL: pgettext_lazy("pay-as-you-go services", "Running"),
    PaygStatus.FROZEN: pgettext_lazy("pay-as-you-go services", "Paused by your partner"),
    PaygStatus.STOPPED: pgettext_lazy("pay-as-you-go services", "Stopped, because the limit is used up"),
    PaygStatus.RELEASED: pgettext_lazy("pay-as-you-go services", "Released by the cloud; they cannot be brought back"),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be spent, in the partner's currency. `left` below zero is in arrears."""

    amount: Decimal
    used: Decimal
    left: Decimal
    currency: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class MyLink:
    """One account of the customer's, as its page shows it."""

    account: LinkedAccount
    grant: Grant | None
    limit: Limit | None
    termination: Termination | None
    receipt: ConsentReceipt | None
    alert: CustomerAlert | None
    frozen_since: datetime | None = None
    announced: Sequence[tuple[ScheduledControl, list[str]]] = ()

    @property
    def status(self) -> str:
        text = STATUS_TEXTS[Relationship(self.account.relationship)]
        return str(text) % {"partner": self.account.partner.name}

    @property
    def is_agency(self) -> bool:
        """Its customers pay the cloud themselves: no limit and no switches (design §2)."""
        return bool(self.account.partner.kind == PartnerKind.AGENCY)

    @property
    def may(self) -> list[str]:
        return consent.may(self.grant.scopes) if self.grant else []

    @property
    def may_not(self) -> list[str]:
        return consent.may_not(self.grant.scopes) if self.grant else []

    @property
    def taken_back(self) -> list[str]:
        return consent.may(self.grant.withdrawn) if self.grant else []

    @property
    def optional(self) -> list[tuple[str, str]]:
        """What can be taken back now, as choices."""
        if self.grant is None or not self.account.is_live:
            return []
        return [
            (one.value, str(consent.PERMISSION_TEXTS[one]))
            for one in Scope
            if one.value in self.grant.scopes and one not in REQUIRED
        ]

    @property
    def payg(self) -> str:
        return str(PAYG_TEXTS[self.account.effective_payg_status])

    @property
    def is_frozen(self) -> bool:
        """The partner's own pause, its own account's or the one that holds its money; arrears are another matter."""
        account = self.account
        return account.is_live and bool(account.payg_frozen or account.in_force.payg_frozen)

    @property
    def stopped_since(self) -> datetime | None:
        """Since when arrears stop its services; None when they do not, or when those are gone for good already."""
        holder = self.account.in_force
        is_gone = holder.payg_released_at is not None or not self.account.is_live
        return None if is_gone else holder.payg_stopped_at

    @property
    def missing(self) -> Decimal | None:
        """What has to come back before stopped services run again; None where the money is another account's."""
        return -self.limit.left if self.limit is not None and self.limit.left < 0 else None

    @property
    def orders(self) -> str:
        """Whether something new can be ordered now: no ban, and something left to spend (design §6.4)."""
        if self.account.effective_purchase_control == PurchaseControl.BAN:
            return _("Blocked by your partner")
        if self.limit is not None and self.limit.left <= 0:
            return _("Not while the limit is used up")
        return _("Possible")

    @property
    def is_below_alert(self) -> bool:
        """Less is left than the customer's own alert says."""
        alert = self.alert
        return alert is not None and alert.is_on and self.limit is not None and self.limit.left < alert.amount

    @property
    def is_held_elsewhere(self) -> bool:
        """Its money is another account's: whose, only the partner tells."""
        return self.account.trustee_id is not None

    @property
    def awaits_customer(self) -> bool:
        """The partner asked to end the link, and the customer has not answered."""
        return self._is_asked_by(Side.PARTNER)

    @property
    def awaits_partner(self) -> bool:
        return self._is_asked_by(Side.CUSTOMER)

    @property
    def can_end(self) -> bool:
        return bool(self.account.relationship == Relationship.NORMAL)

    def _is_asked_by(self, side: Side) -> bool:
        asked = self.termination
        return asked is not None and asked.state == TerminationState.TO_BE_CONFIRMED and asked.side == side


def list_links(actor: Actor) -> list[LinkedAccount]:
    """The customer's accounts, live ones first."""
    rows = own_accounts(actor).select_related("partner").order_by("-linked_at", "-pk")
    return sorted(rows, key=lambda row: not row.is_live)


def label(account: LinkedAccount) -> str:
    """The status in a word or two, as customers say it."""
    return str(STATUS_LABELS[Relationship(account.relationship)])


def get_link(actor: Actor, pk: int) -> MyLink:
    """One account of the customer's with all that is shown of it; `NotFound` when it is not theirs."""
    account = own_accounts(actor).select_related("partner", "trustee").filter(pk=pk).first()
    if account is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return MyLink(
        account=account,
        grant=grant_in_force(account),
        limit=_limit(account),
        termination=_termination(account),
        receipt=_receipt(account),
        alert=_alert(account),
        frozen_since=_frozen_since(account),
        announced=_announced(account),
    )


def alert_as_typed(link: MyLink, actor: Actor) -> dict[str, object]:
    """What the alert's form holds to begin with: on, as who comes here wants it, and the address of the sign-in."""
    alert = link.alert
    if alert is None:
        return {"is_on": "on", "email": actor.contact_email}
    return {"is_on": "on", "amount": str(alert.amount), "email": alert.pending_email or alert.email}


def get_receipt(actor: Actor, pk: int) -> ConsentReceipt:
    """The receipt of one account of the customer's; `NotFound` when there is none."""
    receipt = get_link(actor, pk).receipt
    if receipt is None:
        raise NotFound("not_found", _("There is no receipt: this account was not linked through this console."))
    return receipt


def _limit(account: LinkedAccount) -> Limit | None:
    if account.trustee_id is not None:
        return None
    credit = CreditAccount.objects.filter(pk=account.pk).first()
    if credit is None:
        return None
    return Limit(
        amount=credit.amount,
        used=credit.deducted + credit.undeducted,
        left=credit.available,
        currency=account.partner.currency,
        as_of=credit.as_of,
    )


def _termination(account: LinkedAccount) -> Termination | None:
    return Termination.objects.filter(account=account, state__in=TERMINATING, is_undo=False).first()


def _alert(account: LinkedAccount) -> CustomerAlert | None:
    """None without money of its own: what was set before trusteeship rests."""
    if account.trustee_id is not None:
        return None
    return CustomerAlert.objects.filter(credit_id=account.pk).first()


def _frozen_since(account: LinkedAccount) -> datetime | None:
    """When the freeze in force began, as far as the records go back."""
    holder = account if account.payg_frozen else account.in_force
    if not holder.payg_frozen:
        return None
    own = ControlChange.objects.filter(account=holder, what=Control.PAYG_FREEZE, cause__isnull=True)
    newest = own.order_by("-at", "-pk").first()
    return newest.at if newest is not None and newest.after == PaygStatus.FROZEN else None


def _announced(account: LinkedAccount) -> list[tuple[ScheduledControl, list[str]]]:
    """Planned changes the customer was told of by mail, with what they will notice; of the others the partner has said
    nothing yet."""
    plans = ScheduledControl.objects.filter(account=account, state=ScheduleState.PLANNED, noticed_at__isnull=False)
    return [(plan, noticed(plan)) for plan in plans.order_by("due_at", "pk")]


def _receipt(account: LinkedAccount) -> ConsentReceipt | None:
    rows = ConsentReceipt.objects.filter(invitation__account=account).select_related("invitation__partner")
    return rows.order_by("-at", "-pk").first()
