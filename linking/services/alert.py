"""The customer's alert on /my/: saved by whoever proved to be the contact; a new address is proved by a code first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking import limits, tokens
from linking.contacts import lock_own_account
from linking.errors import NoAddressWaiting, WrongCode
from partner_console.access.actor import system_actor
from partner_console.access.policy import Permission, require
from partner_console.errors import DomainError, Invalid
from partner_console.web.mail import queue_mail
from quota.errors import NoAlertHere
from quota.locks import LockedCredit, lock_credits
from quota.models import CustomerAlert
from quota.services import customer_alerts
from uids.identifiers import clean

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

CODE_VALID = timedelta(minutes=15)
TRIES = 5


@transaction.atomic
def save_alert(
    *, actor: Actor, account_pk: int, is_on: bool, amount: Decimal | None, email: str, language: str
) -> CustomerAlert:
    """Save one account's alert; without an amount the earlier one stays.

    Mail goes at once to the address the actor signed in with, or to one proved before. Any other waits in
    `pending_email` for the code that is mailed to it now, and the proved one is used meanwhile. While the alert is off
    no address is asked about. `NotFound` for an account that is not theirs, `NoAlertHere`, `Invalid`, and
    `TooManyVisits` when codes were asked for too often; nothing is saved then.
    """
    require(actor, Permission.LINK_OWN)
    account = lock_own_account(actor, account_pk)
    credit = _lock_credit(account)
    known = CustomerAlert.objects.filter(credit=credit).first()
    if amount is None:
        if known is None and is_on:
            raise Invalid("amount_missing", _("Type an amount."), field="amount")
        amount = known.amount if known else credit.amount * 0
    wanted = _clean_email(email) if is_on else ""
    proved = {actor.contact_email, known.email if known else ""}
    current = (known.email if known else "") or actor.contact_email
    alert = customer_alerts.set_alert(
        actor=actor, credit=credit, is_on=is_on, amount=amount, language=language,
        email=wanted if wanted in proved else current,
    )  # fmt: skip
    if wanted in proved or not is_on:
        customer_alerts.clear_pending(alert)
    elif wanted != alert.pending_email or not _has_code(alert):
        alert.pending_email = wanted
        _send_code(alert, account, language)
    return alert


@transaction.atomic
def send_alert_code(*, actor: Actor, account_pk: int, language: str) -> CustomerAlert:
    """Another code to the address that waits; earlier ones stop fitting. `NoAddressWaiting` (409) when none does."""
    require(actor, Permission.LINK_OWN)
    account = lock_own_account(actor, account_pk)
    alert = _lock_waiting(account)
    _send_code(alert, account, language)
    return alert


def prove_address(*, actor: Actor, account_pk: int, code: str) -> CustomerAlert:
    """Check the code mailed to the new address; from now on the alert goes there.

    `WrongCode` says the same whether the code is wrong, old or has had 5 tries.
    """
    require(actor, Permission.LINK_OWN)
    result = _try_code(actor, account_pk, code)
    if isinstance(result, DomainError):  # raised out here: the count must stay
        raise result
    return result


@transaction.atomic
def keep_address(*, actor: Actor, account_pk: int) -> CustomerAlert:
    """Give the new address up: the alert stays with the proved one."""
    require(actor, Permission.LINK_OWN)
    alert = _lock_waiting(lock_own_account(actor, account_pk))
    customer_alerts.clear_pending(alert)
    return alert


@transaction.atomic
def _try_code(actor: Actor, account_pk: int, typed: str) -> CustomerAlert | DomainError:
    alert = _lock_waiting(lock_own_account(actor, account_pk))
    is_right = tokens.same(tokens.code_digest(clean(typed), of=_owner(alert)), alert.code_digest)
    if not _has_code(alert) or alert.code_failures >= TRIES:
        return WrongCode()
    if not is_right:
        alert.code_failures += 1
        alert.save(update_fields=["code_failures"])
        return WrongCode()
    return customer_alerts.confirm_address(actor=actor, alert=alert)


def _send_code(alert: CustomerAlert, account: LinkedAccount, language: str) -> None:
    limits.count(
        (limits.CODES_TO_MAILBOX, alert.pending_email),
        (limits.CODES_TO_MAILBOX_A_DAY, alert.pending_email),
        (limits.ALERT_CODES_OF_ACCOUNT, str(account.pk)),
    )
    code = tokens.new_code()
    alert.code_digest = tokens.code_digest(code, of=_owner(alert))
    alert.code_expires_at, alert.code_failures = timezone.now() + CODE_VALID, 0
    alert.save(update_fields=["pending_email", "code_digest", "code_expires_at", "code_failures"])
    queue_mail(
        to=alert.pending_email,
        template="alert_code",
        context={"code": code, "email": alert.pending_email, "account": account, "partner": account.partner},
        language=language,
        zone=account.partner.time_zone,
        partner_code=account.partner.code,
    )


def _has_code(alert: CustomerAlert) -> bool:
    return alert.code_expires_at is not None and alert.code_expires_at > timezone.now()


def _lock_credit(account: LinkedAccount) -> LockedCredit:
    """A customer has no partner, so scoping shows them nothing: the account was theirs, and so is its money."""
    found = lock_credits(system_actor("customer-alert", partner=account.partner), [account.pk])
    if not found:
        raise NoAlertHere
    return found[0]


def _lock_waiting(account: LinkedAccount) -> CustomerAlert:
    alert: CustomerAlert | None = (
        CustomerAlert.objects.select_related("credit__account")
        .select_for_update(of=("self",), no_key=True)
        .filter(credit_id=account.pk)
        .exclude(pending_email="")
        .first()
    )
    if alert is None:
        raise NoAddressWaiting
    return alert


def _clean_email(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid("not_an_email", _("Type an e-mail address like name@example.com."), field="email") from error
    return address


def _owner(alert: CustomerAlert) -> str:
    return f"alert {alert.pk} {alert.pending_email}"
