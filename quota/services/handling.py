"""What people do about warnings: acknowledge, snooze until a time with a reason, and take that back.

A snooze holds for the account: while it lasts, new crossings are recorded and not mailed. What is still below when it
ends is mailed once, in one mail for the account.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid
from partner_console.waking import after_commit
from quota import tasks
from quota.models import Warning
from quota.rules import clean_reason
from quota.services.notices import mail_about, mailing_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

MOST_AT_ONCE = 5_000
LONGEST_SNOOZE = timedelta(days=90)
BATCH = 500


@transaction.atomic
def acknowledge(*, actor: Actor, warning_pks: Iterable[int]) -> int:
    """Say that somebody has it; how many warnings that changed.

    Those over, acknowledged before, or not the actor's to see are left as they are: twice is once.
    """
    require(actor, Permission.WARNING_HANDLE)
    rows = _lock(actor, Q(pk__in=_few(warning_pks), recovered_at__isnull=True, acknowledged_at__isnull=True))
    now = timezone.now()
    Warning.objects.filter(pk__in=[row.pk for row in rows]).update(
        acknowledged_at=now, acknowledged_by_id=actor.user_pk
    )
    _record(actor, Action.WARNING_ACKNOWLEDGED, rows)
    return len(rows)


@transaction.atomic
def snooze(*, actor: Actor, warning_pks: Iterable[int], until: datetime, reason: str) -> int:
    """Mail nothing about the accounts of these warnings until then; how many accounts.

    Every open warning of those accounts is snoozed with them. `until` lies ahead, by 90 days at most; a snooze of
    before is replaced. The reason stays with the warning and on the account's trail. `Invalid` for a bad time or no
    reason.
    """
    require(actor, Permission.WARNING_HANDLE)
    reason = clean_reason(reason)
    now = timezone.now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise Invalid("bad_snooze", _("Choose a time ahead, within 90 days."), field="until")
    rows = _lock_accounts(actor, warning_pks, Q(recovered_at__isnull=True))
    Warning.objects.filter(pk__in=[row.pk for row in rows]).update(
        snoozed_until=until, snoozed_by_id=actor.user_pk, snooze_reason=reason
    )
    return _record(
        actor,
        Action.WARNING_SNOOZED,
        rows,
        changes={"snoozed_until": [None, f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"]},
        note=reason,
    )


@transaction.atomic
def unsnooze(*, actor: Actor, warning_pks: Iterable[int]) -> int:
    """Take the snooze of these warnings' accounts back; how many accounts.

    What was crossed meanwhile and is still below is mailed now; what was mailed before is not mailed again.
    """
    require(actor, Permission.WARNING_HANDLE)
    rows = _lock_accounts(actor, warning_pks, Q(snoozed_until__isnull=False))
    _wake_up(rows)
    for row in rows:
        if row.recovered_at is None and row.mailed_at is None and not row.is_silent:
            after_commit(tasks.send_warning, row.pk)
    return _record(actor, Action.WARNING_UNSNOOZED, rows)


def end_snoozes(*, actor: Actor) -> int:
    """End every snooze whose time is over; how many accounts. Bounded, each its own transaction, repeatable."""
    over = Warning.objects.visible_to(actor).filter(snoozed_until__lte=timezone.now()).order_by("credit_id")
    pks = list(over.values_list("credit_id", flat=True).distinct()[:BATCH])
    return sum(_end_snooze(actor, pk) for pk in pks)


@transaction.atomic
def _end_snooze(actor: Actor, credit_pk: int) -> bool:
    """One account: one mail about all that is still below, however many warnings that are. False for who comes late."""
    unmailed = Q(mailed_at__isnull=True, is_silent=False)
    concerned = Q(snoozed_until__isnull=False) | Q(recovered_at__isnull=True) | unmailed
    rows = _lock(actor, Q(credit=credit_pk) & concerned)
    now = timezone.now()
    if not any(row.snoozed_until is not None and row.snoozed_until <= now for row in rows):
        return False
    if any(row.snoozed_until is not None and row.snoozed_until > now for row in rows):
        return False  # snoozed anew meanwhile
    _wake_up(rows)
    below = [row for row in rows if row.recovered_at is None and not row.is_silent]
    if below and mailing_of(below[0].partner).mails_at_once:
        mail_about(below, template="quota_snooze_over")
        Warning.objects.filter(pk__in=[row.pk for row in below], mailed_at__isnull=True).update(mailed_at=now)
    return True


def _wake_up(rows: Sequence[Warning]) -> None:
    """No longer snoozed; what came and went meanwhile unmailed is told to nobody."""
    pks = [row.pk for row in rows]
    Warning.objects.filter(pk__in=pks).update(snoozed_until=None)
    Warning.objects.filter(pk__in=pks, recovered_at__isnull=False, mailed_at__isnull=True).update(is_silent=True)


def _lock_accounts(actor: Actor, warning_pks: Iterable[int], condition: Q) -> list[Warning]:
    """The partner's own warnings, as `condition` says, of every account one of `warning_pks` is of."""
    chosen = Warning.objects.visible_to(actor).filter(pk__in=_few(warning_pks), for_customer=False)
    return _lock(actor, condition & Q(credit__in=list(chosen.values_list("credit_id", flat=True).distinct())))


def _lock(actor: Actor, condition: Q) -> list[Warning]:
    rows: QuerySet[Warning] = (
        Warning.objects.visible_to(actor)
        .select_related("credit__account", "credit__partner", "partner")
        .prefetch_related("lines")
        .select_for_update(of=("self",))
        .filter(condition, for_customer=False)
        .order_by("pk")
    )
    return list(rows)


def _few(pks: Iterable[int]) -> list[int]:
    few = sorted(set(pks))
    if len(few) > MOST_AT_ONCE:
        raise Invalid(
            "too_many", _("At most %(most)s warnings at once. Narrow the filter.") % {"most": f"{MOST_AT_ONCE:,}"}
        )
    return few


def _record(
    actor: Actor, action: Action, rows: Sequence[Warning], *, changes: dict[str, object] | None = None, note: str = ""
) -> int:
    """One entry on the trail of every account, where people look for it; how many accounts."""
    accounts = {row.credit_id: row.credit.account for row in rows}
    audit.record_all(audit.entry(actor, action, account, changes=changes, note=note) for account in accounts.values())
    return len(accounts)
