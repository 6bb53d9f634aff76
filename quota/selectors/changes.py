"""What a change of money would do, before anybody makes it: figures, effect, warnings, the partner's own exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.money import ZERO, quantize
from quota.effects import effect_in_arrears, figures_after, lines_crossed
from quota.rules import (
    clean_boost,
    clean_taken_off,
    clean_until,
    ensure_new_amount,
    ensure_no_boost,
    ensure_version,
)
from quota.selectors.exposure import get_exposure
from quota.services import checked
from quota.states import PARTNER_BITS, CreditStatus, EntryKind, credit_status, lines_below

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.approvals.rules import Need
    from quota.models import Boost, CreditAccount


@dataclass(frozen=True, slots=True)
class Row:
    """One figure before and after; `places` as many as either needs."""

    label: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before

    @property
    def places(self) -> int:
        return 2 if all(quantize(value) == value for value in (self.before, self.after)) else 6


@dataclass(frozen=True, slots=True)
class Change:
    """What would be so afterwards. `crosses` are warning lines in words, `why_checked` why a second
    person has to agree."""

    rows: tuple[Row, ...]
    status_before: CreditStatus
    status_after: CreditStatus
    arrears_effect: str
    crosses: str
    will_recover: bool
    why_checked: str
    until: datetime | None = None


def preview_total(actor: Actor, credit: CreditAccount, *, version: int, amount: Decimal) -> Change:
    """What `services.edit_quota` with this total would do now; raises what it would raise about the total."""
    amount = ensure_new_amount(credit, version=version, amount=amount)
    need = checked.needs_second_person(actor, credit, credit.amount, amount)
    return _change(actor, credit, amount=amount - credit.amount, need=need)


def preview_taking_off(
    actor: Actor, credit: CreditAccount, kind: EntryKind, *, version: int, amount: Decimal
) -> Change:
    """The same for a write-off or refund of `amount`."""
    amount = clean_taken_off(credit, kind, amount)
    ensure_version(credit, version, yours={"amount": amount}, theirs={"amount": credit.deducted})
    need = checked.needs_for(actor, credit, checked.TAKING_OFF[kind], amount)
    return _change(actor, credit, deducted=-amount, need=need)


def preview_boost(
    actor: Actor, credit: CreditAccount, boost: Boost | None, *, version: int, amount: Decimal, until: datetime
) -> Change:
    """The same for a temporary boost of `amount`."""
    amount, until = clean_boost(credit, amount), clean_until(until)
    ensure_version(credit, version, yours={"amount": amount}, theirs={"amount": credit.amount})
    ensure_no_boost(boost)
    need = checked.needs_second_person(actor, credit, credit.amount, credit.amount + amount)
    return _change(actor, credit, amount=amount, need=need, until=until)


def preview_end_of_boost(actor: Actor, credit: CreditAccount, boost: Boost) -> Change:
    """The same for a boost that ends now."""
    return _change(actor, credit, amount=-min(boost.amount, credit.amount), need=None)


def _change(
    actor: Actor,
    credit: CreditAccount,
    *,
    amount: Decimal = ZERO,
    deducted: Decimal = ZERO,
    need: Need | None,
    until: datetime | None = None,
) -> Change:
    account = credit.account
    available = credit.available + amount - deducted
    after = figures_after(credit, amount=credit.amount + amount, available=available)
    goes_under = available < 0 and amount < 0
    return Change(
        rows=tuple(_rows(actor, credit, amount, deducted)),
        status_before=_status(credit, credit.available),
        status_after=_status(credit, available),
        arrears_effect=effect_in_arrears(account, available, credit.partner.currency) if goes_under else "",
        crosses=lines_crossed(credit, after, credit.partner.currency),
        will_recover=bool(credit.alarms & PARTNER_BITS) and not lines_below(after) & PARTNER_BITS,
        why_checked=str(need) if need else "",
        until=until,
    )


def _status(credit: CreditAccount, available: Decimal) -> CreditStatus:
    account = credit.account
    return credit_status(
        available=available,
        policy=account.shutdown_policy,
        overdraft=account.overdraft,
        is_stopped=account.payg_stopped_at is not None,
    )


def _rows(actor: Actor, credit: CreditAccount, amount: Decimal, deducted: Decimal) -> list[Row]:
    rows = []
    if amount:
        rows.append(Row(_("Quota Amount"), credit.amount, credit.amount + amount))
    if deducted:
        rows.append(Row(_("Consumed & Deducted Value"), credit.deducted, credit.deducted + deducted))
    rows.append(Row(_("Available Quota"), credit.available, credit.available + amount - deducted))
    if amount:
        total = get_exposure(actor).quota
        rows.append(Row(_("All your quotas together"), total, total + amount))
    return rows
