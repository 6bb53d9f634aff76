"""People say where accounts are warned: for one account, for all that carry a label, for all of a partner."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.locks import lock_partner
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from partner_console.errors import Invalid, NotFound
from quota import locks
from quota.errors import NothingToChange
from quota.models import WarningRule
from quota.models.credit import MOST_DAYS
from quota.rules import clean_amount, clean_percent, clean_reason, ensure_own_quota
from quota.services import lines
from quota.services.alarms import evaluate_warning
from quota.states import INHERITED, OFF, Line, LineKind
from uids.errors import StaleVersion
from uids.models import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner
    from quota.models import CreditAccount


FIELDS = {LineKind.PERCENT: "percent", LineKind.AMOUNT: "amount", LineKind.DAYS: "days"}


@transaction.atomic
def set_account_lines(
    *, actor: Actor, account_pk: int, version: int, wanted: Mapping[LineKind, Line], reason: str
) -> CreditAccount:
    """Set some or all lines of one account, and re-evaluate its warnings (design §6.6). No money moves: no entry.

    A changed percent is ordered from the cloud, also when it is inherited again. Raises `StaleVersion` with the lines
    in force, `UnderTrusteeship`, `NotLive`, `NothingToChange`, and `Invalid` naming the field (`FIELDS`).
    """
    require(actor, Permission.QUOTA_EDIT)
    credit = locks.lock_account_and_credit(actor, account_pk)
    ensure_own_quota(credit.account)
    reason = clean_reason(reason)
    wanted = _cleaned(wanted)
    ours, percent = _in_force(credit), credit.warning_percent
    if credit.version != version:
        yours = {FIELDS[kind]: _text(line.value) for kind, line in wanted.items()}
        raise StaleVersion(
            yours=yours, theirs={name: ours[f"warning_{name}"] for name in yours}, version=credit.version
        )
    own = _write(WarningRule(partner_id=credit.partner_id, credit_id=credit.pk), wanted)
    if not own:
        raise NothingToChange(_("The warnings of this account already are so."), field="")
    lines.follow_one(credit)
    credit.version += 1
    credit.updated_at = timezone.now()
    credit.save(update_fields=["version", "updated_at"])
    evaluate_warning(credit)
    operation_id = uuid.uuid4()
    # Where the lines stay as they are, only whose they are has changed.
    changes = audit.difference(ours, _in_force(credit)) or own
    audit.record(
        actor, Action.QUOTA_THRESHOLD_CHANGED, credit.account, changes=changes, note=reason, operation_id=operation_id
    )
    if credit.warning_percent != percent:
        cloud.queue(
            actor=actor,
            partner_pk=credit.partner_id,
            uid=credit.account.uid,
            operation=Operation.SET_WARNING,
            payload={"percent": credit.warning_percent},
            reason=reason,
            operation_id=operation_id,
        )
    return credit


def set_threshold(*, actor: Actor, account_pk: int, version: int, percent: int, reason: str) -> CreditAccount:
    """The seed's Quota Warning Threshold alone, as the account's own; see `set_account_lines`."""
    wanted = {LineKind.PERCENT: Line(Decimal(percent))}
    return set_account_lines(actor=actor, account_pk=account_pk, version=version, wanted=wanted, reason=reason)


@transaction.atomic
def set_partner_lines(*, actor: Actor, version: int, wanted: Mapping[LineKind, Line]) -> Partner:
    """What accounts without rules of their own or their labels' are warned at; the percent is also what invitations
    start with. The accounts follow in the background. Raises `StaleVersion`, `NothingToChange`, `Invalid`.
    """
    require(actor, Permission.QUOTA_EDIT)
    partner = lock_partner(actor, actor.partner_pk or 0)
    wanted = _cleaned(wanted)
    if partner.version != version:
        raise StaleVersion(yours={}, theirs={}, version=partner.version)
    others: dict[LineKind, Line] = {
        kind: INHERITED if line == OFF else line for kind, line in wanted.items() if kind != LineKind.PERCENT
    }
    changes: dict[str, list[object]] = _write(WarningRule(partner_id=partner.pk), others)
    percent = wanted.get(LineKind.PERCENT, Line(Decimal(partner.warning_percent))).value
    if percent is not None and percent != partner.warning_percent:
        changes["warning_percent"] = [partner.warning_percent, int(percent)]
        partner.warning_percent = int(percent)
    if not changes:
        raise NothingToChange(_("The warnings already are so."), field="")
    partner.version += 1
    partner.updated_at = timezone.now()
    partner.save(update_fields=["warning_percent", "version", "updated_at"])
    audit.record(actor, Action.WARNING_DEFAULTS_CHANGED, partner, changes=changes, partner_pk=partner.pk)
    lines.start_refresh(partner.pk)
    return partner


@transaction.atomic
def set_label_lines(*, actor: Actor, label_pk: int, wanted: Mapping[LineKind, Line]) -> Label:
    """What accounts that carry the label are warned at, unless they have rules of their own. They follow in the
    background. All inherited: the label has no rules any more. Raises `NotFound`, `NothingToChange`, `Invalid`.
    """
    require(actor, Permission.QUOTA_EDIT)
    label = Label.objects.visible_to(actor).select_for_update().filter(pk=label_pk, partner_id=actor.partner_pk).first()
    if label is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    changes = _write(WarningRule(partner_id=label.partner_id, label_id=label.pk), _cleaned(wanted))
    if not changes:
        raise NothingToChange(_("The warnings already are so."), field="")
    audit.record(actor, Action.WARNING_LABEL_CHANGED, label, changes=changes)
    lines.start_refresh(label.partner_id)
    return label  # type: ignore[no-any-return]


def _cleaned(wanted: Mapping[LineKind, Line]) -> dict[LineKind, Line]:
    """Values in range and of their places; percent is never off (design §6.6: the seed's line is always there)."""
    cleaned = {}
    for kind, line in wanted.items():
        field = FIELDS[kind]
        if line.value is None:
            if kind == LineKind.PERCENT and not line.is_inherited:
                raise Invalid("required", _("Every account has a percentage."), field=field)
        elif kind == LineKind.AMOUNT:
            clean_amount(line.value, field=field)
        elif not line.value.is_finite() or line.value != int(line.value):
            raise Invalid("whole_number", _("Enter a whole number."), field=field)
        elif kind == LineKind.PERCENT:
            clean_percent(int(line.value))
        elif not 1 <= line.value <= MOST_DAYS:
            raise Invalid("days_out_of_range", _("Between 1 and %(most)s days.") % {"most": MOST_DAYS}, field=field)
        cleaned[kind] = line
    return cleaned


def _write(owner: WarningRule, wanted: Mapping[LineKind, Line]) -> dict[str, list[object]]:
    """Make these the owner's rules; what changed, in words of the trail. The caller holds the owner's row."""
    rules = {
        rule.kind: rule
        for rule in WarningRule.objects.filter(partner=owner.partner_id, label=owner.label_id, credit=owner.credit_id)
    }
    changes: dict[str, list[object]] = {}
    for kind, line in wanted.items():
        rule = rules.get(kind)
        was = INHERITED if rule is None else Line(rule.value)
        if was == line:
            continue
        changes[f"warning_{FIELDS[kind]}"] = [_meaning(was), _meaning(line)]
        if line.is_inherited and rule is not None:
            rule.delete()
            continue
        rule = rule or WarningRule(
            partner_id=owner.partner_id, label_id=owner.label_id, credit_id=owner.credit_id, kind=kind
        )
        rule.value, rule.updated_at = line.value, timezone.now()
        rule.save()
    return changes


def _in_force(credit: CreditAccount) -> dict[str, object]:
    return {f"warning_{name}": getattr(credit, f"warning_{name}") for name in FIELDS.values()}


def _meaning(line: Line) -> str:
    if line.is_inherited:
        return "inherited"
    return "off" if line.value is None else f"{line.value:f}"


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"
