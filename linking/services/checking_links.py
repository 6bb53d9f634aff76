"""The four checks after linking: claim → ask the cloud → record (design §5; seed 000, step 6).

Every check of an account has one row that says what was found last and when it runs again. A cloud that is away
changes no outcome that was found before; it is asked again, later each time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from linking import tasks
from linking.errors import NothingToConfirm
from linking.models import Grant, Invitation, LinkCheck
from linking.observing import NOT_OFFERED, Finding, Known, observe
from linking.states import CheckKind, CheckOutcome, InvitationState
from partner_console.access.actor import Actor, system_actor
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud.port import get_cloud
from partner_console.waking import after_commit
from uids.errors import NotLive
from uids.models import LinkedAccount
from uids.states import LIVE

if TYPE_CHECKING:
    from datetime import datetime

logger = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)  # longer than four calls to the cloud together may take
SWEEP_BATCH = 200  # a minute: a week's round of 1,000,000 accounts needs 100
# When a check runs again, by what it found. A cloud that did not answer is asked after five minutes, then twice as
# long each time, at most six hours.
AGAIN = {
    CheckOutcome.OK: timedelta(days=7),
    CheckOutcome.NOT_DUE: timedelta(days=1),
    CheckOutcome.DIFFERS: timedelta(days=1),
    CheckOutcome.UNKNOWN: timedelta(days=1),
}
ORDER_UNDER_WAY = timedelta(minutes=5)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
BY_HAND = "by hand"
SETTLED = (CheckOutcome.OK, CheckOutcome.NOT_DUE)


def start_checks(*, actor: Actor, account: LinkedAccount) -> None:
    """Let the checks of a fresh link begin, in the transaction that creates it. On repeat nothing happens."""
    require(actor, Permission.LINK_INVITE)
    now = timezone.now()
    LinkCheck.objects.bulk_create(
        [LinkCheck(account=account, kind=kind, next_at=now) for kind in CheckKind], ignore_conflicts=True
    )
    after_commit(tasks.check_link, account.pk)


@transaction.atomic
def recheck(*, actor: Actor, account_pk: int) -> LinkedAccount:
    """[Check now]: all four are due at once, also for an account that was never checked (an imported one).

    Refused (409) for an ended link. A second click while they run lets them run again, which changes nothing.
    """
    require(actor, Permission.LINK_INVITE)
    account = get_visible_or_404(LinkedAccount, actor, pk=account_pk)
    if not account.is_live:
        raise NotLive(account)
    now = timezone.now()
    start_checks(actor=actor, account=account)
    LinkCheck.objects.filter(account=account).update(next_at=now, attempts=0)
    return account


@transaction.atomic
def confirm_by_hand(*, actor: Actor, account_pk: int, kind: str) -> LinkCheck:
    """Record that somebody looked in the cloud's own console and found it as expected (design §9).

    Only where the cloud cannot be asked (409 otherwise); the word stands until the cloud can be asked after all.
    """
    require(actor, Permission.LINK_INVITE)
    account = get_visible_or_404(LinkedAccount, actor, pk=account_pk)
    if not account.is_live:
        raise NotLive(account)
    row: LinkCheck | None = LinkCheck.objects.filter(account=account, kind=kind).select_for_update().first()
    if row is None or row.outcome != CheckOutcome.UNKNOWN or row.detail.get("code") != NOT_OFFERED:
        raise NothingToConfirm
    before, now = row.outcome, timezone.now()
    row.outcome, row.detail = CheckOutcome.OK, {"by_hand": actor.label}
    row.checked_at = row.changed_at = now
    row.save(update_fields=["outcome", "detail", "checked_at", "changed_at"])
    audit.record(actor, Action.LINK_CHECKED, account, changes={kind: [before, row.outcome]}, note=BY_HAND)
    _verify(actor, account)
    return row


def due_checks(*, actor: Actor) -> list[int]:
    """Accounts with a check that is due, the longest waiting first, at most 200."""
    require(actor, Permission.LINK_INVITE)
    due = LinkCheck.objects.visible_to(actor).filter(next_at__lte=timezone.now())
    pks = due.order_by("next_at", "pk").values_list("account_id", flat=True)[: SWEEP_BATCH * len(CheckKind)]
    return list(dict.fromkeys(pks))[:SWEEP_BATCH]


def run_checks(*, actor: Actor, account_pk: int) -> None:
    """Run what is due of one account. Safe under redelivery, at once and after a kill: who claimed a row, writes it.

    Never called inside a transaction. Does nothing for an unknown or ended account.
    """
    require(actor, Permission.LINK_INVITE)
    known, claimed = _claim(actor, account_pk)
    if known is None:
        return
    cloud = get_cloud()
    findings = [(check, observe(cloud, known, CheckKind(check.kind))) for check in claimed]
    _record(known, findings)


@transaction.atomic(durable=True)
def _claim(actor: Actor, account_pk: int) -> tuple[Known | None, list[LinkCheck]]:
    now = timezone.now()
    due = LinkCheck.objects.visible_to(actor).filter(account_id=account_pk, next_at__lte=now)
    claimed = list(due.order_by("pk").select_for_update(skip_locked=True, of=("self",)))
    account = LinkedAccount.objects.select_related("partner").filter(pk=account_pk).first()
    if account is None or not claimed:
        return None, []
    pks = [check.pk for check in claimed]
    if account.relationship not in LIVE:
        LinkCheck.objects.filter(pk__in=pks).update(next_at=None)
        return None, []
    LinkCheck.objects.filter(pk__in=pks).update(next_at=now + LEASE, attempts=F("attempts") + 1)
    for check in claimed:
        check.next_at = now + LEASE
    return Known.of(account), claimed


@transaction.atomic(durable=True)
def _record(known: Known, findings: list[tuple[LinkCheck, Finding]]) -> None:
    """Write what was found, unless somebody else took the row over meanwhile (`next_at` is the fence)."""
    actor = system_actor("link checks", partner=known.account.partner)
    now = timezone.now()
    pks = [check.pk for check, _finding in findings]
    # The grant before the checks, as everywhere.
    held = Grant.objects.filter(account=known.account, ended_at__isnull=True).select_for_update(no_key=True).first()
    rows = LinkCheck.objects.filter(pk__in=pks).order_by("pk").select_for_update()
    current = {row.pk: row for row in rows}
    changes: dict[str, list[str]] = {}
    for check, finding in findings:
        row = current[check.pk]
        if row.next_at != check.next_at:
            continue
        before = row.outcome
        _write(row, finding, now)
        if held is not None and finding.observed is not None:
            held.observed, held.observed_at = finding.observed, now
            held.save(update_fields=["observed", "observed_at"])
        if row.outcome != before:
            changes[row.kind] = [before, row.outcome]
    if changes:
        audit.record(actor, Action.LINK_CHECKED, known.account, changes=changes)
    logger.info("checked", account=known.account.pk, found=[finding.outcome.value for _check, finding in findings])
    _verify(actor, known.account)


def _write(row: LinkCheck, finding: Finding, now: datetime) -> None:
    if finding.detail.get("code") == NOT_OFFERED and "by_hand" in row.detail:
        row.next_at, row.attempts = now + AGAIN[CheckOutcome.OK], 0
        row.save(update_fields=["next_at", "attempts"])
        return
    if finding.is_away and row.checked_at is not None:
        row.next_at = now + _wait(row.attempts)
        row.save(update_fields=["next_at"])
        return
    if row.outcome != finding.outcome:
        row.changed_at = now
    row.outcome, row.detail, row.checked_at = finding.outcome, finding.detail, now
    if finding.is_away:
        row.next_at = now + _wait(row.attempts)
    else:
        row.attempts = 0
        row.next_at = now + (ORDER_UNDER_WAY if finding.is_under_way else AGAIN[finding.outcome])
    row.save(update_fields=["outcome", "detail", "checked_at", "changed_at", "next_at", "attempts"])


def _wait(attempts: int) -> timedelta:
    return min(FIRST_WAIT * int(2 ** min(max(attempts - 1, 0), 10)), LONGEST_WAIT)


def _verify(actor: Actor, account: LinkedAccount) -> None:
    """LINKED → VERIFIED when all four are as expected or not due yet; once, and never back."""
    if LinkCheck.objects.filter(account=account).exclude(outcome__in=SETTLED).exists():
        return
    linked = Invitation.objects.filter(account=account, state=InvitationState.LINKED)
    for invitation in linked.select_for_update(of=("self",)).order_by("pk"):
        before = invitation.audit_state()
        invitation.state = InvitationState.VERIFIED
        invitation.version += 1
        invitation.updated_at = timezone.now()
        invitation.save(update_fields=["state", "version", "updated_at"])
        audit.record(actor, Action.LINK_VERIFIED, invitation, before=before)
