"""Quota warnings: when they fire and when they end (design §6.6). Their mails are in `notices`."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from partner_console.access.actor import Actor, system_actor
from partner_console.waking import after_commit
from quota import tasks
from quota.locks import LockedCredit, lock_credits
from quota.models import CreditAccount, Warning
from quota.states import is_below_threshold
from uids.states import LIVE

BATCH = 500


def evaluate_warning(credit: LockedCredit) -> Warning | None:
    """Fire, or end, the account's warning as its figures now demand; returns the one fired or ended.

    Called inside the transaction that holds the credit row, after every movement and every change of quota or
    threshold; doing it twice changes nothing. Sub-accounts under trusteeship and accounts no longer linked are
    never in alarm: what they had open ends without a notice.
    """
    below = warns(credit) and is_below_threshold(
        available=credit.available, amount=credit.amount, percent=credit.warning_percent
    )
    if below == credit.in_alarm:
        return None
    credit.in_alarm = below
    credit.save(update_fields=["in_alarm"])
    return _fire(credit) if below else _end(credit)


def warns(credit: CreditAccount) -> bool:
    """Whether the account has money of its own to warn about (load `account` with it)."""
    return credit.account.trustee_id is None and credit.account.is_live


def silent_warning(credit: CreditAccount) -> Warning | None:
    """For imports: puts an account that comes in below its threshold in alarm, unsaved, without a mail.

    It did not cross the line here, and an import of thousands must not bury the recipients.
    """
    credit.in_alarm = warns(credit) and is_below_threshold(
        available=credit.available, amount=credit.amount, percent=credit.warning_percent
    )
    return _warning(credit, is_silent=True) if credit.in_alarm else None


def due() -> Q:
    """Below the line and not in alarm. Word for word the condition of the index `quota_warning_due`."""
    return Q(in_alarm=False) & Q(available__lt=F("amount") * F("warning_percent") / 100)


@transaction.atomic
def sweep_due(*, actor: Actor) -> int:
    """Fire what nobody evaluated, at most `BATCH` accounts; returns how many. Rows in use are left for next time."""
    found = (
        CreditAccount.objects.visible_to(actor)
        .filter(due(), account__trustee__isnull=True, account__relationship__in=LIVE)
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    )
    fired = [evaluate_warning(credit) for credit in lock_credits(actor, found, skip_locked=True)]
    return sum(warning is not None for warning in fired)


def sweep_unmailed(*, actor: Actor) -> int:
    """Wake a task for every warning and recovery whose mail is not in the queue yet; at most `BATCH` of each."""
    seen = Warning.objects.visible_to(actor).filter(is_silent=False).order_by("pk")
    fired = list(seen.filter(mailed_at__isnull=True).values_list("pk", flat=True)[:BATCH])
    over = seen.filter(recovered_at__isnull=False, recovery_mailed_at__isnull=True, mailed_at__isnull=False)
    ended = list(over.values_list("pk", flat=True)[:BATCH])
    for pk in fired:
        tasks.send_warning.delay(pk)
    for pk in ended:
        tasks.send_recovery.delay(pk)
    return len(fired) + len(ended)


def _warning(credit: CreditAccount, *, is_silent: bool = False) -> Warning:
    return Warning(
        credit=credit,
        partner_id=credit.partner_id,
        percent=credit.warning_percent,
        amount=credit.amount,
        available=credit.available,
        is_silent=is_silent,
    )


def _fire(credit: LockedCredit) -> Warning:
    warning = _warning(credit)
    warning.save(force_insert=True)
    after_commit(tasks.send_warning, warning.pk)
    return warning


def _end(credit: LockedCredit) -> Warning:
    warning: Warning = Warning.objects.get(credit=credit, recovered_at__isnull=True)
    warning.recovered_at = timezone.now()
    warning.is_silent = warning.is_silent or not warns(credit)
    warning.save(update_fields=["recovered_at", "is_silent"])
    if not warning.is_silent:
        after_commit(tasks.send_recovery, warning.pk)
    return warning


def sweep(*, actor: Actor | None = None) -> None:
    """Both sweeps, as beat runs them."""
    actor = actor or system_actor("quota-warnings")
    sweep_due(actor=actor)
    sweep_unmailed(actor=actor)
