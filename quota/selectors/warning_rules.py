"""Which warning lines are in force, what they mean in money, and who set them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partner_console.access.policy import Permission, require
from partner_console.access.selectors import get_own_partner
from partner_console.errors import Conflict, NotFound
from partner_console.web.formats import amount as in_words
from partner_console.web.formats import exact_amount, listed
from quota.days import record_day
from quota.models import RuleRefresh, WarningRule
from quota.selectors.backtest import BackTest, backtest_account, backtest_partner
from quota.states import INHERITED, PARTNER_BITS, PARTNER_KINDS, Line, LineKind, lines_below
from uids.models import Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner
    from quota.models import CreditAccount

COLUMNS = {
    LineKind.PERCENT: "warning_percent", LineKind.AMOUNT: "warning_amount", LineKind.DAYS: "warning_days",
    LineKind.CUSTOMER: "customer_line",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an account or a label has without rules of its own: the value (None: no such line), and whose it is."""

    value: Decimal | None
    labels: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """In words."""
        if not self.labels:
            return _("all customers")
        return ngettext("label %(names)s", "labels %(names)s", len(self.labels)) % {"names": listed(self.labels)}


@dataclass(frozen=True, slots=True)
class LineInForce:
    """One line of one account. `line` is the amount of money it stands for, None when there is none."""

    kind: LineKind
    value: Decimal | None
    line: Decimal | None
    is_own: bool
    is_below: bool
    inherited: Inherited
    currency: str

    @property
    def meaning(self) -> str:
        return value_in_words(self.kind, self.value, self.currency)

    @property
    def origin(self) -> str:
        """Who set it, in words."""
        return _("this customer's own") if self.is_own else self.inherited.origin


@dataclass(frozen=True, slots=True)
class LabelLines:
    """A label and its rules by kind, in words; empty while it has none."""

    label: Label
    rules: dict[LineKind, WarningRule]
    facts: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PartnerLines:
    """What all customers of a partner are warned at, its labels, and how far the accounts follow the newest rules."""

    partner: Partner
    values: dict[LineKind, Decimal | None]
    labels: list[LabelLines]
    refresh: RuleRefresh | None

    @property
    def facts(self) -> list[tuple[str, str]]:
        return _facts(self.values, self.partner.currency)


def lines_in_force(actor: Actor, credit: CreditAccount) -> list[LineInForce]:
    """The three lines a partner sets, of an account the actor was allowed to see (load `partner` with it)."""
    rules = WarningRule.objects.visible_to(actor).filter(partner=credit.partner_id).select_related("label")
    carried = Label.objects.filter(accounts=credit.pk)
    rows = list(rules.filter(Q(credit=credit) | Q(label__in=carried) | Q(label__isnull=True, credit__isnull=True)))
    inherited = _inherited(credit.partner, [rule for rule in rows if rule.credit_id is None])
    own = {rule.kind for rule in rows if rule.credit_id is not None}
    below = lines_below(credit)
    return [
        LineInForce(
            kind=kind,
            value=None if value is None else Decimal(value),
            line=line_of(credit, kind),
            is_own=kind in own,
            is_below=bool(below & kind),
            inherited=inherited[kind],
            currency=credit.partner.currency,
        )
        for kind in PARTNER_KINDS
        for value in (getattr(credit, COLUMNS[kind]),)
    ]


def line_of(credit: CreditAccount, kind: LineKind) -> Decimal | None:
    """The amount of money a line stands for now; None while there is no such line, or days without any use."""
    value = getattr(credit, COLUMNS[kind])
    if value is None:
        return None
    if kind == LineKind.PERCENT:
        return credit.amount * Decimal(value) / 100
    if kind == LineKind.DAYS:
        return credit.daily_use * value if credit.daily_use > 0 else None
    return Decimal(value)


def get_partner_lines(actor: Actor) -> PartnerLines:
    """The rules of the actor's own partner; `Forbidden` for who may not see quota, `Conflict` for who has none."""
    require(actor, Permission.QUOTA_VIEW)
    if actor.partner_pk is None:
        raise Conflict("no_partner", _("Choose a partner at the top left to see its settings."))
    partner = get_own_partner(actor)
    rows = list(
        WarningRule.objects.visible_to(actor).filter(partner=partner, credit__isnull=True).select_related("label")
    )
    by_label: dict[int, dict[LineKind, WarningRule]] = {}
    for rule in rows:
        if rule.label_id is not None:
            by_label.setdefault(rule.label_id, {})[LineKind(rule.kind)] = rule
    labels = [
        LabelLines(
            label,
            rules := by_label.get(label.pk, {}),
            _facts({kind: rule.value for kind, rule in rules.items()}, partner.currency),
        )
        for label in Label.objects.visible_to(actor).filter(partner=partner).order_by("name", "pk")
    ]
    values = {kind: found.value for kind, found in _inherited(partner, [r for r in rows if r.label_id is None]).items()}
    refresh = RuleRefresh.objects.visible_to(actor).filter(pk=partner.pk, finished_at__isnull=True).first()
    return PartnerLines(partner, values, labels, refresh)


def value_in_words(kind: LineKind, value: Decimal | None, currency: str) -> str:
    """“20 %”, “500.00 USD”, “7 days”, or that there is none."""
    if value is None:
        return _("none")
    if kind == LineKind.PERCENT:
        return f"{int(value)} %"
    if kind == LineKind.DAYS:
        return ngettext("%(days)s day left", "%(days)s days left", int(value)) % {"days": int(value)}
    return f"{in_words(value)} {currency}"


def _inherited(partner: Partner, rules: Iterable[WarningRule]) -> dict[LineKind, Inherited]:
    """From the rules of a partner and of the labels one account carries. `services.lines` says the same
    for many: change both or neither."""
    found: dict[LineKind, Inherited] = {}
    for kind in PARTNER_KINDS:
        ours = [rule for rule in rules if rule.kind == kind]
        of_labels = [rule for rule in ours if rule.label_id is not None]
        if of_labels:
            values = [rule.value for rule in of_labels if rule.value is not None]
            highest = max(values, default=None)
            names = sorted(rule.label.name for rule in of_labels if rule.label and rule.value == highest)
            found[kind] = Inherited(highest, tuple(names))
        elif kind == LineKind.PERCENT:
            found[kind] = Inherited(Decimal(partner.warning_percent))
        else:
            found[kind] = Inherited(next((rule.value for rule in ours), None))
    return found


def _facts(values: Mapping[LineKind, Decimal | None], currency: str) -> list[tuple[str, str]]:
    return [(str(kind.label), value_in_words(kind, values[kind], currency)) for kind in PARTNER_KINDS if kind in values]


@dataclass(frozen=True, slots=True)
class LinesPreview:
    """What saving would do at once, in sentences, and what it would have done in the last six months."""

    sentences: list[str]
    past: BackTest


def preview_lines(credit: CreditAccount, wanted: Mapping[LineKind, Line], now: Iterable[LineInForce]) -> LinesPreview:
    """Nothing is saved. `now` are the lines in force; what is inherited comes from them."""
    inherited = {line.kind: line.inherited.value for line in now}
    then = copy(credit)
    for kind, one in wanted.items():
        value = inherited[kind] if one.is_inherited else one.value
        setattr(then, COLUMNS[kind], int(value) if value is not None and kind != LineKind.AMOUNT else value)
    before, after = credit.alarms & PARTNER_BITS, lines_below(then) & PARTNER_BITS
    currency = credit.partner.currency
    sentences = []
    for kind in PARTNER_KINDS:
        line = line_of(then, kind)
        if line is not None and kind != LineKind.AMOUNT:
            meaning = value_in_words(kind, Decimal(getattr(then, COLUMNS[kind])), currency)
            sentences.append(f"{kind.label}: {meaning} = {exact_amount(line)} {currency}")
    if after & ~before:
        sentences.append(_("Available Quota is already below that: a warning is mailed when you save."))
    if before & ~after:
        sentences.append(_("This ends a warning in force; the alert recipients are told."))
    if before == after:
        sentences.append(_("No warning begins or ends when you save."))
    return LinesPreview(sentences, past_of(then))


def past_of(credit: CreditAccount) -> BackTest:
    """What the lines of this account, as they stand on the instance, would have done."""
    return backtest_account(
        credit,
        percent=credit.warning_percent,
        amount=credit.warning_amount,
        days=credit.warning_days,
        today=record_day(timezone.now()),
    )


def past_of_partner(actor: Actor, wanted: Mapping[LineKind, Line]) -> BackTest:
    """The same for these lines over all of the actor's partner's accounts."""
    percent, amount, days = (wanted[kind].value for kind in PARTNER_KINDS)
    return backtest_partner(
        actor,
        percent=int(percent or 0),
        amount=amount,
        days=None if days is None else int(days),
        today=record_day(timezone.now()),
    )


def get_label_lines(actor: Actor, pk: int) -> tuple[Label, dict[LineKind, Line], dict[LineKind, Inherited], str]:
    """A label of the actor's partner: its own lines, what it inherits, and the currency; `NotFound` for another's."""
    found = get_partner_lines(actor)
    one = next((one for one in found.labels if one.label.pk == pk), None)
    if one is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    own = {kind: Line(one.rules[kind].value) if kind in one.rules else INHERITED for kind in PARTNER_KINDS}
    inherited = {kind: Inherited(value) for kind, value in found.values.items()}
    return one.label, own, inherited, found.partner.currency
