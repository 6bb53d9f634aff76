"""The dry run: what every row would do to its account, and the verdict. Reads set-based, writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.approvals.models import Approval, ApprovalRule
from partner_console.approvals.rules import Need, apply, rule_of
from partner_console.approvals.states import Cause
from partner_console.audit.actions import Action
from partner_console.errors import DomainError, Invalid
from partner_console.money import ZERO
from partner_console.web.formats import absolute, exact_amount, sentences
from partner_console.web.uploads import parse_money
from quota.effects import effect_in_arrears, figures_after, lines_crossed
from quota.models import Boost, BoostState
from quota.models.quota_batch import QuotaBatchRow, QuotaRowMode, QuotaRowProblem, QuotaRowVerdict
from quota.rules import clean_amount, ensure_own_quota
from quota.services.checked import SUBJECT
from uids.identifiers import recognise
from uids.models import LinkedAccount
from uids.states import Environment
from uids.verdicts import REASON_ADVICE, REASON_TEXTS, Level, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner
    from quota.models import CreditAccount
    from quota.services.batches.reading import TypedRow

V = QuotaRowVerdict
MUCH = 10  # so many times the present quota is more often a slip of a zero than meant
SIGNS = "+-−＋－"


class Judge:
    """Verdicts for rows of one partner, in the active language. Everything is read once, for all rows together."""

    def __init__(self, actor: Actor, partner: Partner, rows: Iterable[TypedRow]) -> None:
        self.partner, self.currency = partner, partner.currency
        self.rows = list(rows)
        self.found = [recognise(row.uid) for row in self.rows]
        self.accounts = _accounts(actor, partner, {one.uid for one in self.found if one.uid})
        pks = [account.pk for account in self.accounts.values()]
        waiting = Approval.objects.visible_to(actor).waiting().filter(subject_type=SUBJECT, subject_pk__in=pks)
        self.waiting = set(waiting.values_list("subject_pk", flat=True))
        in_force = Boost.objects.visible_to(actor).filter(credit__in=pks, state=BoostState.IN_FORCE)
        self.boosts = {boost.credit_id: boost for boost in in_force}
        self.rule = SecondPerson(actor, partner)
        self.first_rows: dict[str, int] = {}

    def all(self) -> list[QuotaBatchRow]:
        """Unsaved rows, in the order given."""
        return [self._one(row, at) for at, row in enumerate(self.rows)]

    def _one(self, typed: TypedRow, at: int) -> QuotaBatchRow:
        found = self.found[at]
        row = QuotaBatchRow(
            number=typed.number,
            typed_uid=typed.uid[:80],
            typed_amount=typed.amount[:80],
            mode=typed.mode,
            problem=typed.problem,
            verdict=V.OK,
        )
        if typed.problem == QuotaRowProblem.LOST_DIGITS:
            return _refuse_id(row, Reason.LOST_DIGITS)
        if not found.is_accepted:
            return _refuse_id(row, found.reason)
        row.uid = found.uid
        first = self.first_rows.setdefault(found.uid, typed.number)
        if first != typed.number:
            return _refuse(row, _("The same UID stands in row %(row)d. Keep one of the two.") % {"row": first})
        account = self.accounts.get(found.uid)
        if account is None:
            return _refuse(row, _("No account with this UID is linked to you."))
        row.account = account
        try:
            self._figures(row, account)
        except DomainError as error:
            return _refuse(row, str(error))
        if row.verdict == V.OK and found.level is Level.WARN and found.reason is Reason.WAS_NUMBER:
            _warn(row, sentences(REASON_TEXTS[found.reason], REASON_ADVICE[found.reason]))
        return row

    def _figures(self, row: QuotaBatchRow, account: LinkedAccount) -> None:
        """From the amount to what the account would have, and what people should look at. Raises to refuse."""
        ensure_own_quota(account)
        credit: CreditAccount | None = getattr(account, "credit", None)
        if credit is None:
            raise Invalid("no_quota", _("This account has no quota here."))
        after = self._total(row, credit.amount)
        row.before, row.after = credit.amount, after
        row.available = credit.available + after - credit.amount
        if after == credit.amount:
            row.verdict, row.reason = V.SAME, ""
            return
        row.is_arrears = goes_below(after - credit.amount, row.available)
        row.needs_check = self.rule.is_needed(account, credit.amount, after)
        if row.is_arrears:
            _warn(row, effect_in_arrears(account, row.available, self.currency))
        elif not after:
            _warn(row, _("With a quota of 0 it has nothing to spend."))
        then = figures_after(credit, amount=after, available=row.available)
        if lines := lines_crossed(credit, then, self.currency):
            told = _("Available Quota will be below a warning line (%(lines)s): the alert recipients are told.")
            _warn(row, told % {"lines": lines})
        if credit.amount and after >= credit.amount * MUCH:
            _warn(row, _("%(times)s times its present quota.") % {"times": f"{int(after / credit.amount):,}"})
        if boost := self.boosts.get(account.pk):
            _warn(row, _in_force(boost, self.currency))
        if account.pk in self.waiting:
            _warn(row, _("A change of its money waits for a second person."))

    def _total(self, row: QuotaBatchRow, before: Decimal) -> Decimal:
        if row.problem == QuotaRowProblem.BOTH:
            raise Invalid("both", _("It has a new total and an amount to add. Leave one of them empty."))
        amount = parse_money(row.typed_amount, currency=self.currency)
        if row.mode == QuotaRowMode.TOTAL:
            if row.typed_amount.strip()[:1] in SIGNS[0] + SIGNS[3]:
                raise Invalid("signed_total", _("A new total has no sign. To add, use a column “Add or subtract”."))
            return clean_amount(amount)
        if before + amount < 0:
            raise Invalid(
                "below_nothing",
                _("Its quota is %(amount)s: there is not so much to subtract.") % {"amount": exact_amount(before)},
            )
        return clean_amount(before + amount)


class SecondPerson:
    """The partner's rule for changes of quota, read once: it holds for many as it holds for one."""

    def __init__(self, actor: Actor, partner: Partner) -> None:
        row = ApprovalRule.objects.visible_to(actor).filter(partner=partner, action=Action.QUOTA_ADJUSTED).first()
        self.rule, self.currency = rule_of(row, Action.QUOTA_ADJUSTED), partner.currency

    def is_needed(self, account: LinkedAccount, before: Decimal, after: Decimal) -> bool:
        return self._cause(account, before, after) is not None

    def need(self, rows: Iterable[QuotaBatchRow]) -> Need | None:
        """Why these rows (with their accounts) need a second person, the first reason met; None when they do not."""
        for row in rows:
            if row.account is None or row.before is None or row.after is None:
                continue
            if cause := self._cause(row.account, row.before, row.after):
                limit = self.rule.amount_from if cause == Cause.AMOUNT else None
                return Need(Action.QUOTA_BATCH_STARTED.value, cause, limit, self.currency)
        return None

    def _cause(self, account: LinkedAccount, before: Decimal, after: Decimal) -> Cause | None:
        return apply(
            self.rule,
            amount=after if after > before else None,
            is_sensitive=False,
            is_production=account.environment == Environment.PRODUCTION,
        )


def goes_below(difference: Decimal, available: Decimal) -> bool:
    """Whether a change puts or leaves the account in arrears by lowering its quota (design §6.1)."""
    return difference < ZERO and available < ZERO


def _accounts(actor: Actor, partner: Partner, uids: set[str]) -> dict[str, LinkedAccount]:
    """By UID: the live one where an ended record has the same."""
    rows: Sequence[LinkedAccount] = list(
        LinkedAccount.objects.visible_to(actor)
        .filter(partner=partner, uid__in=uids)
        .select_related("trustee", "credit")
        .order_by("pk")
    )
    return {account.uid: account for account in sorted(rows, key=lambda one: one.is_live)}


def _in_force(boost: Boost, currency: str) -> str:
    return _(
        "A temporary boost of +%(amount)s %(currency)s is part of the Quota Amount until %(until)s. "
        "Then it falls back by itself."
    ) % {"amount": exact_amount(boost.amount), "currency": currency, "until": absolute(boost.until)}


def _refuse(row: QuotaBatchRow, reason: str) -> QuotaBatchRow:
    row.verdict, row.reason = V.REFUSE, reason
    return row


def _refuse_id(row: QuotaBatchRow, reason: Reason) -> QuotaBatchRow:
    said = str(REASON_TEXTS[reason])
    return _refuse(row, sentences(f"{said[:1].upper()}{said[1:]}.", REASON_ADVICE[reason]))


def _warn(row: QuotaBatchRow, reason: str) -> None:
    row.verdict, row.reason = V.WARN, sentences(row.reason, reason)
