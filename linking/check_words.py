"""What a check found, in words: what it means and what to do about it. Facts come from `LinkCheck.detail`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from linking.observing import AWAY, NO_GRANT, NOT_OFFERED, UNDER_WAY
from linking.scopes import Scope
from linking.states import BillingExpectation, CheckKind, CheckOutcome
from partner_console.web.formats import absolute

if TYPE_CHECKING:
    from datetime import datetime

    from linking.models import LinkCheck


@dataclass(frozen=True, slots=True)
class Shown:
    """One check as the panel shows it. `can_send`: sending the permissions again is what to do."""

    kind: str
    title: str
    outcome: str
    label: str
    text: str
    todo: str
    checked_at: datetime | None
    next_at: datetime | None
    is_pending: bool
    can_send: bool = False
    can_confirm: bool = False


def in_words(check: LinkCheck) -> Shown:
    kind, outcome = CheckKind(check.kind), CheckOutcome(check.outcome)
    is_pending = check.next_at is not None and check.next_at <= timezone.now()
    text, todo = _common(outcome, check.detail) or _WORDS[kind](outcome, check.detail)
    drifts = kind is CheckKind.PERMISSIONS and outcome is CheckOutcome.DIFFERS and "missing" in check.detail
    return Shown(
        kind=kind.value,
        title=str(kind.label),
        outcome=outcome.value,
        label=str(outcome.label),
        text=text,
        todo=todo,
        checked_at=check.checked_at,
        next_at=check.next_at,
        is_pending=is_pending,
        can_send=drifts,
        can_confirm=outcome is CheckOutcome.UNKNOWN and check.detail.get("code") == NOT_OFFERED,
    )


def scope_names(scopes: list[str]) -> str:
    """“See bills, See resources”; a word the console does not know stays as the cloud said it."""
    known = dict(Scope.choices)
    return ", ".join(str(known.get(scope, scope)) for scope in scopes)


def _common(outcome: CheckOutcome, detail: dict[str, Any]) -> tuple[str, str] | None:
    code = detail.get("code", "")
    if outcome is CheckOutcome.NOT_YET:
        return _("The cloud has not been asked yet."), ""
    if code == AWAY:
        return _("The cloud did not answer."), _("Nothing to do: it is asked again by itself.")
    if code == NOT_OFFERED:
        return (
            _("This cloud does not answer this question."),
            _("Look in the cloud's own console. If it is as expected, say so here."),
        )
    if by := detail.get("by_hand"):
        return _("Looked up in the cloud's own console by %(who)s.") % {"who": by}, ""
    if outcome is CheckOutcome.DIFFERS and code:
        return (
            _("The cloud refused to answer: %(code)s %(message)s")
            % {"code": code, "message": detail.get("message", "")},
            _("Check in the cloud's own console whether the account is still linked to you."),
        )
    return None


def _listed(outcome: CheckOutcome, detail: dict[str, Any]) -> tuple[str, str]:
    if outcome is CheckOutcome.OK:
        at = parse_datetime(detail.get("linked_at", ""))
        since = _("The cloud lists the account as yours since %(at)s.") % {"at": absolute(at)} if at else ""
        return since or _("The cloud lists the account as yours."), ""
    return (
        _("The cloud described another account: %(uid)s.") % {"uid": detail.get("uid", "")},
        _("Stop ordering for this customer and tell your operator."),
    )


def _permissions(outcome: CheckOutcome, detail: dict[str, Any]) -> tuple[str, str]:
    if outcome is CheckOutcome.OK:
        return _("The cloud allows what the customer agreed to, no more and no less."), ""
    if detail.get("code") == NO_GRANT:
        seen = scope_names(detail.get("observed", [])) or _("nothing")
        return (
            _("Nothing is recorded to compare with. At the cloud you may: %(scopes)s.") % {"scopes": seen},
            _("This account was not linked by an invitation. Compare with what you agreed on with the customer."),
        )
    if detail.get("code") == UNDER_WAY:
        return _("The permissions are on their way to the cloud."), ""
    parts = []
    if missing := detail.get("missing"):
        parts.append(_("Agreed, but not in force at the cloud: %(scopes)s.") % {"scopes": scope_names(missing)})
    if extra := [*detail.get("extra", []), *detail.get("strange", [])]:
        parts.append(_("In force at the cloud, but never agreed: %(scopes)s.") % {"scopes": scope_names(extra)})
    return (
        " ".join(parts),
        _(
            "Send the permissions again: the cloud then allows exactly what was agreed. "
            "If the difference comes back, somebody changes it there."
        ),
    )


def _billing(outcome: CheckOutcome, detail: dict[str, Any]) -> tuple[str, str]:
    names = dict(BillingExpectation.choices)
    payer = str(names.get(detail.get("payer", ""), detail.get("payer", "")))
    if outcome is CheckOutcome.OK:
        return _("%(where)s, as expected.") % {"where": payer}, ""
    if outcome is CheckOutcome.NOT_DUE:
        return (
            _("%(where)s, as expected. No charge was reported yet: bills come after the first settlement.")
            % {"where": payer},
            "",
        )
    expected = str(names.get(detail.get("expected", ""), ""))
    return (
        _("Expected: %(expected)s. The cloud says: %(where)s.") % {"expected": expected, "where": payer},
        _("Compare with a customer whose bill is right, then ask the cloud which settlement applies to this account."),
    )


def _access(outcome: CheckOutcome, detail: dict[str, Any]) -> tuple[str, str]:
    if outcome is CheckOutcome.OK:
        return _("The customer can use their own console."), ""
    return (
        _("The cloud says that the customer cannot use their console."),
        _("Ask the customer to sign in, and send them the guide for customers who have no access."),
    )


_WORDS = {
    CheckKind.LISTED: _listed,
    CheckKind.PERMISSIONS: _permissions,
    CheckKind.BILLING: _billing,
    CheckKind.ACCESS: _access,
}
