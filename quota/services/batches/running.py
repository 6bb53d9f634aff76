"""The worker's side: claim, change some fifty quotas a transaction, end. And what a lost worker left behind.

A transaction holds the batch's row and writes what became of its rows together with their ledger entries. So a
redelivered message finds nothing to claim, a killed worker's successor goes on at the next row, and a batch that is
stopped ends between two transactions. Every total is compared once more with what the dry run showed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console import jobs
from partner_console.access.actor import system_actor
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Conflict, DomainError
from partner_console.web.formats import exact_amount
from quota import locks, tasks
from quota.effects import effect_in_arrears
from quota.models.quota_batch import GOING, QuotaBatch, QuotaBatchRow, QuotaBatchState, QuotaRowOutcome
from quota.rules import ensure_own_quota
from quota.services import edits
from quota.services.batches.judging import goes_below

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from quota.locks import LockedCredit

S = QuotaBatchState
COMMAND = "set_quotas"
AT_ONCE = 50  # rows a transaction: usage of these accounts waits for it, some tenths of a second
NEXT_STATE = {S.QUEUED.value: S.RUNNING.value}
BEFORE = {S.RUNNING.value: S.QUEUED.value}
MOST_ATTEMPTS = 5
SILENT_FOR = timedelta(minutes=3)
ABANDONED_AFTER = timedelta(days=7)
SWEPT_AT_ONCE = 100
WORDS = {jobs.TOO_LONG: gettext_lazy("It took too long. Check the rows that are left once more.")}


def run_batch(*, batch_pk: int) -> None:
    """Change what the batch waits to change. One that is not waiting (redelivered, stopped, unknown) is left alone.

    The actor and their permission are rebuilt now.
    """
    batch = jobs.claim(QuotaBatch, batch_pk, NEXT_STATE)
    if batch is None:
        return
    with jobs.ending_in_words(batch, lambda error: end(batch, S.FAILED, error=error), words=WORDS):
        work(batch)


def work(batch: QuotaBatch) -> None:
    actor = jobs.actor_of(batch, command=COMMAND)
    require(actor, Permission.QUOTA_EDIT)
    while _run_some(actor, batch):
        pass


@transaction.atomic
def _run_some(actor: Actor, batch: QuotaBatch) -> bool:
    """The next rows; False when the batch is over, or another worker's."""
    current = jobs.still_ours(batch)
    if current is None:
        return False
    waiting = QuotaBatchRow.objects.visible_to(actor).filter(
        batch=batch, verdict__in=GOING, outcome=QuotaRowOutcome.WAITING
    )
    rows = [] if current.cancel_requested else list(waiting.order_by("number")[:AT_ONCE])
    if not rows:
        end(batch, S.DONE)
        return False
    pks = [row.account_id for row in rows]
    credits_by_pk = {credit.pk: credit for credit in locks.lock_credits(actor, pks, with_accounts=True)}
    for row in rows:
        try:
            with transaction.atomic():
                _change(actor, current, row, credits_by_pk.get(row.account_id))
        except DomainError as error:  # the row's own, and undoes nothing but itself
            row.outcome, row.reason = QuotaRowOutcome.FAILED, str(error)
        else:
            row.outcome = QuotaRowOutcome.DONE
    QuotaBatchRow.objects.bulk_update(rows, ["outcome", "reason"])
    current.heartbeat_at = timezone.now()
    current.save(update_fields=["heartbeat_at"])
    return True


def _change(actor: Actor, batch: QuotaBatch, row: QuotaBatchRow, credit: LockedCredit | None) -> None:
    """One quota, judged anew under its lock: days may have passed since somebody looked at the dry run."""
    if credit is None or row.before is None or row.after is None:
        raise Conflict("not_found", _("No account with this UID is linked to you."))
    ensure_own_quota(credit.account)
    if credit.amount != row.before:
        raise Conflict(
            "moved_on",
            _("Its quota was %(before)s at the check and is %(now)s now. Nothing was changed.")
            % {"before": exact_amount(row.before), "now": exact_amount(credit.amount)},
        )
    available = credit.available + row.after - row.before
    if goes_below(row.after - row.before, available) and not row.is_arrears:
        raise Conflict("would_be_in_arrears", effect_in_arrears(credit.account, available, batch.partner.currency))
    edits.set_total(
        actor=actor,
        credit=credit,
        amount=row.after,
        reason=batch.reason,
        operation_id=batch.operation_id,
        key=row.key,
    )


@transaction.atomic
def end(batch: QuotaBatch, state: QuotaBatchState, *, error: str = "") -> None:
    """Write the outcome, if the batch is still this worker's."""
    current = jobs.still_ours(batch)
    if current is not None:
        finish(current, S.CANCELLED if current.cancel_requested else state, error=error)


def finish(batch: QuotaBatch, state: QuotaBatchState, *, error: str = "") -> None:
    """Set the outcome of a locked batch, in the caller's transaction. Rows the run did not reach are said to be so."""
    was_under_way = batch.is_busy
    before = batch.audit_state()
    if was_under_way and state != S.DONE:
        left = QuotaBatchRow.objects.filter(batch=batch, verdict__in=GOING, outcome=QuotaRowOutcome.WAITING)
        left.update(outcome=QuotaRowOutcome.FAILED, reason=_("It was stopped before this row."))
    batch.state, batch.error, batch.heartbeat_at, batch.source = state, error, None, {}
    batch.counts, batch.finished_at = count_rows(batch), timezone.now()
    batch.save(update_fields=["state", "error", "heartbeat_at", "source", "counts", "finished_at"])
    if was_under_way:
        worker = system_actor("quota batches", partner=batch.partner)
        audit.record(worker, Action.QUOTA_BATCH_FINISHED, batch, before=before, note=error)


def count_rows(batch: QuotaBatch) -> dict[str, int]:
    """How many rows of each verdict, and of each outcome among those that go."""
    return jobs.count_rows(QuotaBatchRow.objects.filter(batch=batch), GOING)


def sweep_batches() -> None:
    """Take over from dead workers, wake what waits, close what nobody went on with. Safe at any time, twice."""
    jobs.recover_silent(
        QuotaBatch,
        before=BEFORE,
        silent_for=SILENT_FOR,
        is_hopeless=lambda batch: batch.attempts >= MOST_ATTEMPTS,
        finish=lambda batch, state, error: finish(batch, S(state), error=error),
    )
    waiting = QuotaBatch.objects.filter(state=S.QUEUED).order_by("pk").values_list("pk", flat=True)
    for pk in waiting[:SWEPT_AT_ONCE]:
        tasks.run_quota_batch.delay(pk)
    _close_abandoned()


@transaction.atomic
def _close_abandoned() -> None:
    open_ones = QuotaBatch.objects.select_for_update(skip_locked=True, of=("self",)).select_related("partner", "user")
    abandoned = open_ones.filter(created_at__lt=timezone.now() - ABANDONED_AFTER, state__in=(S.UPLOADED, S.CHECKED))
    for batch in abandoned.order_by("pk")[:SWEPT_AT_ONCE]:
        finish(batch, S.CANCELLED)
