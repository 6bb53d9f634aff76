"""A second person agreed to a change of money: it is judged anew, then done as by whoever asked for it.

The person who asked is the operator of the records, with the rights they have now; who agreed is on the request.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.actor import actor_for_membership
from partner_console.access.models import Membership
from partner_console.access.policy import Permission, allows
from partner_console.approvals.registry import CheckedAction, Description, Rule
from partner_console.approvals.states import When
from partner_console.errors import Conflict
from partner_console.web.formats import absolute, exact_amount
from partner_console.web.formats import amount as in_words
from quota import locks
from quota.effects import effect_in_arrears
from quota.errors import AskerMayNot, MovedOn, NoBoostInForce, TakenOffMeanwhile
from quota.models import CreditAccount
from quota.rules import clean_taken_off, clean_until, ensure_no_boost, ensure_own_quota
from quota.services import boosts, edits, money
from quota.states import EntryKind

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from uids.models import LinkedAccount

NOTHING_HAPPENS = gettext_lazy("Nothing is changed. Whoever asked can ask anew.")
DEFAULT = Rule(When.LIMITS, amount_from=Decimal(10_000))  # like invitations, so that neither is a way round the other


def asker_of(actor: Actor, approval: Approval, permission: Permission = Permission.QUOTA_EDIT) -> Actor:
    """Whoever asked, as they are now; `AskerMayNot` when they have left or lost the right meanwhile."""
    members = Membership.objects.active().select_related("user", "partner")
    member = members.filter(partner_id=approval.partner_id, user_id=approval.asked_by_id).first()
    if member is None:
        raise AskerMayNot
    asker = replace(actor_for_membership(member, request_id=actor.request_id), channel=actor.channel)
    if not allows(asker, permission):
        raise AskerMayNot
    return asker


def _adjust(*, actor: Actor, approval: Approval) -> None:
    asker, payload = asker_of(actor, approval), approval.payload
    credit = _lock(actor, approval)
    before, amount = Decimal(payload["before"]), Decimal(payload["amount"])
    if credit.amount != before:
        raise MovedOn(before=before, now=credit.amount, currency=credit.partner.currency)
    if "until" in payload:
        _boost(asker, credit, approval)
        return
    available = credit.available + amount - before
    if amount < before and available < 0 and not approval.payload.get("accept_arrears"):
        raise Conflict("would_be_in_arrears", effect_in_arrears(credit.account, available, credit.partner.currency))
    edits.set_total(actor=asker, credit=credit, amount=amount, reason=approval.reason, operation_id=uuid.uuid4())


def _boost(asker: Actor, credit: locks.LockedCredit, approval: Approval) -> None:
    """A boost begins, or the one in force gets another end."""
    payload, in_force = approval.payload, boosts.find_boost(credit)
    until = clean_until(datetime.fromisoformat(payload["until"]))
    if "extends" in payload:
        if in_force is None or in_force.pk != payload["extends"]:
            raise NoBoostInForce
        boosts.move_end(actor=asker, credit=credit, boost=in_force, until=until, reason=approval.reason)
        return
    ensure_no_boost(in_force)
    amount = Decimal(payload["boost"])
    boosts.begin(actor=asker, credit=credit, amount=amount, until=until, reason=approval.reason)


def _write_off(*, actor: Actor, approval: Approval) -> None:
    _take_off(actor, approval, EntryKind.WRITE_OFF)


def _refund(*, actor: Actor, approval: Approval) -> None:
    _take_off(actor, approval, EntryKind.REFUND)


def _take_off(actor: Actor, approval: Approval, kind: EntryKind) -> None:
    """Usage only ever adds to what was deducted; less of it means that somebody took some off meanwhile."""
    asker = asker_of(actor, approval)
    credit = _lock(actor, approval)
    asked_on = Decimal(approval.payload["deducted"])
    if credit.deducted < asked_on:
        raise TakenOffMeanwhile(before=asked_on, now=credit.deducted, currency=credit.partner.currency)
    amount = clean_taken_off(credit, kind, Decimal(approval.payload["amount"]))
    money.take_off(
        actor=asker, credit=credit, kind=kind, amount=amount, reason=approval.reason, operation_id=uuid.uuid4()
    )


def nothing(*, actor: Actor, approval: Approval) -> None:
    """Nothing was changed by asking, so there is nothing to take back."""


def _lock(actor: Actor, approval: Approval) -> locks.LockedCredit:
    credit = locks.lock_account_and_credit(actor, approval.subject_pk)
    ensure_own_quota(credit.account)
    return credit


def _describe_adjustment(*, actor: Actor, approval: Approval) -> Description:
    credit, payload = _credit(actor, approval), approval.payload
    before, after = Decimal(payload["before"]), Decimal(payload["amount"])
    available = credit.available + after - before
    facts = [
        *account_facts(credit.account),
        (_("Quota Amount"), _change(before, after, credit)),
        (_("Available Quota"), _change(credit.available, available, credit)),
    ]
    if "until" in payload:
        until = absolute(datetime.fromisoformat(payload["until"]))
        facts.append((_("Temporary boost until"), until))
        effect = _("The boost is in force at once and falls back by itself: %(until)s.") % {"until": until}
        return Description(facts=facts, effect=effect, refusal=NOTHING_HAPPENS, url=_url(credit))
    return Description(
        facts=facts,
        effect=_("The quota of UID %(uid)s becomes %(amount)s %(currency)s at once.") % _words(credit, after),
        refusal=NOTHING_HAPPENS,
        url=_url(credit),
    )


def _describe_taking_off(*, actor: Actor, approval: Approval) -> Description:
    credit, amount = _credit(actor, approval), Decimal(approval.payload["amount"])
    words = {"amount": exact_amount(amount), "currency": credit.partner.currency}
    return Description(
        facts=[
            *account_facts(credit.account),
            (_("Amount"), f"{words['amount']} {words['currency']}"),
            (_("Consumed & Deducted Value"), _change(credit.deducted, credit.deducted - amount, credit)),
            (_("Available Quota"), _change(credit.available, credit.available + amount, credit)),
        ],
        effect=_("%(amount)s %(currency)s are taken off what was deducted: here at once, then at the cloud.") % words,
        refusal=NOTHING_HAPPENS,
        url=_url(credit),
    )


def _credit(actor: Actor, approval: Approval) -> CreditAccount:
    found: CreditAccount = (
        CreditAccount.objects.visible_to(actor).select_related("account", "partner").get(pk=approval.subject_pk)
    )
    return found


def account_facts(account: LinkedAccount) -> list[tuple[Any, str]]:
    """Which account a request is about, for its second person."""
    facts = [(_("UID"), account.uid)]
    return [*facts, (_("Nickname"), account.nickname)] if account.nickname else facts


def _change(before: Decimal, after: Decimal, credit: CreditAccount) -> str:
    return f"{exact_amount(before)} → {exact_amount(after)} {credit.partner.currency}"


def _words(credit: CreditAccount, amount: Decimal) -> dict[str, str]:
    return {"uid": credit.account.uid, "amount": in_words(amount), "currency": credit.partner.currency}


def _url(credit: CreditAccount) -> str:
    return reverse("quota:account_quota", args=[credit.account.uid])


ADJUSTING = CheckedAction(
    title=gettext_lazy("Change a quota"),
    permission=Permission.QUOTA_EDIT,
    execute=_adjust,
    refuse=nothing,
    describe=_describe_adjustment,
    default=DEFAULT,
    amount_label=gettext_lazy("Raised to a total of at least"),
    amount_permission=Permission.QUOTA_VIEW,
    has_sandbox=True,
)

WRITING_OFF = CheckedAction(
    title=gettext_lazy("Write off what was deducted"),
    permission=Permission.QUOTA_EDIT,
    execute=_write_off,
    refuse=nothing,
    describe=_describe_taking_off,
    default=DEFAULT,
    amount_label=gettext_lazy("Write-off of at least"),
    amount_permission=Permission.QUOTA_VIEW,
    has_sandbox=True,
)

REFUNDING = CheckedAction(
    title=gettext_lazy("Refund"),
    permission=Permission.QUOTA_EDIT,
    execute=_refund,
    refuse=nothing,
    describe=_describe_taking_off,
    default=DEFAULT,
    amount_label=gettext_lazy("Refund of at least"),
    amount_permission=Permission.QUOTA_VIEW,
    has_sandbox=True,
)
