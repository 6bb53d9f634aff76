"""The customer's own Available Credit Alert (seed 004, FAQ): an amount, on or off, and an address of their own.

Who the customer is, and that an address is theirs, is `linking`'s to know: these are called with the credit row locked
and an address that was proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from quota.errors import NoAlertHere
from quota.models import CustomerAlert
from quota.rules import clean_amount
from quota.services.alarms import evaluate_warning, warns

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from quota.locks import LockedCredit


def set_alert(
    *, actor: Actor, credit: LockedCredit, is_on: bool, amount: Decimal, email: str, language: str
) -> CustomerAlert:
    """Switch the alert, set its amount (the partner's currency, 2 places) and its proved address, in one transaction.

    The line is in force at once: below it already, the mail goes out now. Saving the same again changes nothing and
    mails nothing. `NoAlertHere` (409) for an account without money of its own or no longer linked; `Invalid` for an
    amount that is none.
    """
    require(actor, Permission.LINK_OWN)
    if not warns(credit):
        raise NoAlertHere
    amount = clean_amount(amount)
    alert = CustomerAlert.objects.filter(credit=credit).select_for_update(no_key=True).first()
    if alert is None:
        alert = CustomerAlert(credit=credit, partner_id=credit.partner_id)
    before = alert.audit_state()
    now = timezone.now()
    if alert.email != email:
        alert.email, alert.confirmed_at = email, now
    alert.is_on, alert.amount, alert.language, alert.updated_at = is_on, amount, language, now
    alert.full_clean(validate_unique=False)
    alert.save()
    _draw_line(credit, amount if is_on else None)
    if changes := audit.difference(before, alert.audit_state()):
        audit.record(actor, Action.CUSTOMER_ALERT_SET, credit.account, changes=changes, partner_pk=credit.partner_id)
    return alert


def confirm_address(*, actor: Actor, alert: CustomerAlert) -> CustomerAlert:
    """The address that waited is proved: from now on mail goes there. `alert` is locked."""
    require(actor, Permission.LINK_OWN)
    alert.email, alert.confirmed_at = alert.pending_email, timezone.now()
    clear_pending(alert)
    alert.save(update_fields=["email", "confirmed_at"])
    account = alert.credit.account
    audit.record(actor, Action.CUSTOMER_ALERT_CONFIRMED, account, partner_pk=alert.partner_id)
    return alert


def clear_pending(alert: CustomerAlert) -> None:
    """No address waits any more, and no code fits."""
    alert.pending_email = alert.code_digest = ""
    alert.code_expires_at, alert.code_failures = None, 0
    alert.save(update_fields=["pending_email", "code_digest", "code_expires_at", "code_failures"])


def forget_alert(*, actor: Actor, credit: LockedCredit) -> None:
    """An ended customer's alert goes with their contact data; on repeat nothing changes."""
    require(actor, Permission.LINK_TERMINATE)
    CustomerAlert.objects.filter(credit=credit).delete()
    _draw_line(credit, None)


def _draw_line(credit: LockedCredit, line: Decimal | None) -> None:
    if credit.customer_line != line:
        credit.customer_line = line
        credit.save(update_fields=["customer_line"])
    evaluate_warning(credit)
