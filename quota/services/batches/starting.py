"""What people do with a batch: upload, paste or type, settle columns, check once more, start, take up again, stop."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from partner_console.access.models import Partner
from partner_console.access.policy import Permission, require
from partner_console.approvals import services as approvals
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound
from partner_console.waking import after_commit
from partner_console.web.uploads import Limits, read_fitting, read_pasted
from quota import tasks
from quota.models.quota_batch import (
    GOING,
    QuotaBatch,
    QuotaBatchRow,
    QuotaBatchState,
    QuotaRowMode,
    QuotaRowOutcome,
    QuotaRowVerdict,
)
from quota.rules import clean_reason
from quota.services.batches.judging import Judge, SecondPerson
from quota.services.batches.reading import (
    TypedRow,
    ensure_columns,
    guess,
    has_uids,
    is_clear,
    propose,
    rows_of,
    source_of,
)
from quota.services.batches.running import count_rows, finish
from uids.rounding import rounded_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import BinaryIO

    from partner_console.access.actor import Actor
    from partner_console.web.uploads import Table

S = QuotaBatchState
MOST_ROWS = 5_000
LIMITS = Limits(file_size=10_000_000, unpacked_size=100_000_000, rows=MOST_ROWS, columns=100, cell_characters=4_000)
LONGEST_TITLE, CHUNK = 255, 500
NOT_DONE = (QuotaRowOutcome.WAITING, QuotaRowOutcome.FAILED)


def upload(*, actor: Actor, file: BinaryIO, file_name: str, encoding: str = "", sheet: str = "") -> QuotaBatch:
    """Read up to 5,000 rows of UID and new total or difference and say what each would do: a dry run.

    A file whose headers leave doubt waits for `settle_columns` instead. Raises `Invalid` (codes begin with `upload_`)
    for what is no usable table, for ids a spreadsheet rounded and for another currency; `Forbidden` outside a partner.
    """
    require(actor, Permission.QUOTA_EDIT)
    table = read_fitting(file, has_uids, sheet=sheet, encoding=encoding, limits=LIMITS)
    return _keep(actor, table, title=PurePath(file_name.replace("\\", "/")).name or "upload")


def paste(*, actor: Actor, text: str) -> QuotaBatch:
    """The same for cells copied from a spreadsheet, CSV text, or lines of UID and amount."""
    require(actor, Permission.QUOTA_EDIT)
    return _keep(actor, read_pasted(text, limits=LIMITS), title=_("Pasted rows"))


@transaction.atomic
def type_in(*, actor: Actor, totals: Sequence[tuple[str, str]], query: str = "") -> QuotaBatch:
    """The same for (UID, new total) pairs typed beside accounts chosen in the list; `query` is the list's."""
    require(actor, Permission.QUOTA_EDIT)
    rows = [TypedRow(number, uid, text.strip()) for number, (uid, text) in enumerate(totals, 1) if text.strip()]
    if not rows:
        raise Invalid("nothing_typed", _("Type a new total for at least one account."))
    batch = _new(actor, title=_("Typed totals"), query=query[:2000])
    _check(actor, batch, rows)
    return batch


@transaction.atomic
def settle_columns(*, actor: Actor, batch_pk: int, columns: Mapping[str, int]) -> QuotaBatch:
    """Say which column is which (`uid`, `total`, `change`: column index) and check the rows; until it is started.

    Raises `Invalid` naming the field for a needed column that is missing, one used twice, and another currency.
    """
    require(actor, Permission.QUOTA_EDIT)
    batch = lock(actor, batch_pk)
    _ensure(batch, S.UPLOADED, S.CHECKED)
    if not batch.source:
        raise Conflict("no_columns", _("These rows have no columns to choose."))
    ensure_columns(batch.source["headers"], columns, batch.partner.currency)
    batch.columns = dict(columns)
    _check(actor, batch, rows_of(batch.source, columns))
    return batch


@transaction.atomic
def recheck(*, actor: Actor, batch_pk: int) -> QuotaBatch:
    """The dry run once more, with the figures of now."""
    require(actor, Permission.QUOTA_EDIT)
    batch = lock(actor, batch_pk)
    _ensure(batch, S.CHECKED)
    rows = QuotaBatchRow.objects.visible_to(actor).filter(batch=batch).order_by("number")
    _check(actor, batch, _typed(rows))
    return batch


@transaction.atomic
def start(
    *,
    actor: Actor,
    batch_pk: int,
    reason: str,
    accept_arrears: bool = False,
    accept_repeat: bool = False,
    in_background: bool = True,
) -> QuotaBatch:
    """Run what the check let through, as the actor and for one reason; or have a second person look at it first.

    Where the partner's rule for changes of quota asks for a second person for any row, the whole batch waits for one.
    Raises `Conflict` at `accept_arrears` and `accept_repeat` for what nobody has agreed to; a second start is one too,
    and changes nothing.
    """
    require(actor, Permission.QUOTA_EDIT)
    batch = lock(actor, batch_pk)
    _ensure(batch, S.CHECKED)
    rows = list(going(actor, batch).select_related("account"))
    if not rows:
        raise Conflict("nothing_to_run", _("There is no row this can be done with."))
    reason = clean_reason(reason)[:500]
    if (n := sum(row.is_arrears for row in rows)) and not accept_arrears:
        raise Conflict("would_be_in_arrears", words_of_arrears(n), field="accept_arrears")
    if not accept_repeat and (earlier := same_rows(actor, batch)):
        raise Conflict("same_rows", words_of_repeat(earlier), field="accept_repeat")
    before, first = batch.audit_state(), batch.user_id
    # Whose run it is, whoever uploaded it: the operator in the records, and not its second person.
    batch.user_id, batch.reason, batch.source, batch.error = actor.user_pk, reason, {}, ""
    need = SecondPerson(actor, batch.partner).need(rows)
    batch.state = S.AWAITING if need else S.QUEUED
    batch.save(update_fields=["user", "reason", "source", "error", "state"])
    audit.record(actor, Action.QUOTA_BATCH_STARTED, batch, before=before, note=reason)
    if need:
        approvals.ask(
            actor=actor,
            action=Action.QUOTA_BATCH_STARTED,
            subject=batch,
            subject_label=batch.title,
            payload={},
            reason=reason,
            because=need,
            involved=[first] if first else [],
        )
    elif in_background:
        after_commit(tasks.run_quota_batch, batch.pk)
    return batch


@transaction.atomic
def again(*, actor: Actor, batch_pk: int) -> QuotaBatch:
    """Check the rows of an ended batch that were refused or not done once more: a batch of its own, to be started.

    A row is taken up once, so that no amount is added twice. Raises `Conflict` when nothing is left.
    """
    require(actor, Permission.QUOTA_EDIT)
    earlier = lock(actor, batch_pk)
    _ensure(earlier, *(S(state) for state in QuotaBatch.FINAL))
    left = not_done(actor, earlier)
    rows = _typed(left)
    if not rows:
        raise Conflict("nothing_to_run", _("There is no row left to check again."))
    left.update(outcome=QuotaRowOutcome.AGAIN)
    earlier.counts = count_rows(earlier)
    earlier.save(update_fields=["counts"])
    batch = _new(actor, title=earlier.title, query=earlier.query, reason=earlier.reason)
    _check(actor, batch, rows)
    return batch


@transaction.atomic
def cancel(*, actor: Actor, batch_pk: int) -> QuotaBatch:
    """Stop a batch: at once while it waits, after the rows being changed while it runs. What was done stays done."""
    require(actor, Permission.QUOTA_EDIT)
    found = QuotaBatch.objects.visible_to(actor).filter(pk=batch_pk).first()
    if found is not None and found.state == S.AWAITING:  # requests are locked before what they are about
        approvals.withdraw_for(actor=actor, subject=found)
    batch = lock(actor, batch_pk)
    before = batch.audit_state()
    if found is None or found.state != S.AWAITING or batch.state != S.CANCELLED:
        if not batch.can_be_cancelled:
            raise Conflict("batch_ended", _("This batch has already ended."))
        batch.cancel_requested = True
        batch.save(update_fields=["cancel_requested"])
        if batch.state != S.RUNNING:
            finish(batch, S.CANCELLED)
    audit.record(actor, Action.QUOTA_BATCH_CANCELLED, batch, before=before)
    return batch


def lock(actor: Actor, batch_pk: int) -> QuotaBatch:
    rows = QuotaBatch.objects.visible_to(actor).select_for_update(of=("self",)).select_related("partner")
    batch: QuotaBatch | None = rows.filter(pk=batch_pk).first()
    if batch is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return batch


def going(actor: Actor, batch: QuotaBatch) -> Any:
    """The rows the dry run let through, in order."""
    return QuotaBatchRow.objects.visible_to(actor).filter(batch=batch, verdict__in=GOING).order_by("number")


def not_done(actor: Actor, batch: QuotaBatch) -> Any:
    """The rows that were refused or not done and nobody took up again, in order."""
    rows = QuotaBatchRow.objects.visible_to(actor).filter(batch=batch, outcome__in=NOT_DONE)
    return rows.exclude(verdict=QuotaRowVerdict.SAME).order_by("number")


def same_rows(actor: Actor, batch: QuotaBatch) -> QuotaBatch | None:
    """An earlier batch that ran with the same rows: what they add would be added twice. None for totals alone."""
    adds = going(actor, batch).filter(mode=QuotaRowMode.CHANGE)
    if not batch.digest or not adds.exists():
        return None
    ran = QuotaBatch.objects.visible_to(actor).filter(partner_id=batch.partner_id, digest=batch.digest)
    under_way = ran.exclude(pk=batch.pk).filter(state__in=(S.AWAITING, S.QUEUED, S.RUNNING))
    done = ran.exclude(pk=batch.pk).filter(rows__outcome=QuotaRowOutcome.DONE)
    found: QuotaBatch | None = under_way.order_by("-pk").first() or done.order_by("-pk").first()
    return found


def words_of_arrears(n: int) -> str:
    return ngettext(
        "%(n)s account goes below zero. Nothing was started.",
        "%(n)s accounts go below zero. Nothing was started.",
        n,
    ) % {"n": f"{n:,}"}


def words_of_repeat(earlier: QuotaBatch) -> str:
    return _("The same rows were run before, from “%(title)s”. What they add would be added twice.") % {
        "title": earlier.title
    }


@transaction.atomic
def _keep(actor: Actor, table: Table, *, title: str) -> QuotaBatch:
    found = guess(table)
    columns = found if is_clear(found) else propose(table)
    source, title = source_of(table), title[-LONGEST_TITLE:]
    batch = _new(actor, title=title, source=source, columns=columns, n_rows=table.row_count)
    if is_clear(found):
        ensure_columns(table.headers, columns, batch.partner.currency)
        _check(actor, batch, rows_of(source, columns))
    return batch


def _new(actor: Actor, **fields: Any) -> QuotaBatch:
    partner = Partner.objects.visible_to(actor).filter(pk=actor.partner_pk, is_active=True).first()
    if partner is None:
        raise Forbidden("no_partner", _("Only members of a partner can change quotas."))
    batch = QuotaBatch(partner=partner, user_id=actor.user_pk, language=get_language() or "en", **fields)
    batch.full_clean(exclude=["partner", "user"])
    batch.save(force_insert=True)
    return batch


def _check(actor: Actor, batch: QuotaBatch, rows: Iterable[TypedRow]) -> None:
    """Judge the rows and keep what was found, instead of an earlier check's. In the caller's transaction."""
    typed = list(rows)
    if not typed:
        raise Invalid("no_amounts", _("No row has an amount."))
    if suspicion := rounded_batch(row.uid for row in typed):
        raise Invalid("upload_rounded", suspicion.text)
    judged = Judge(actor, batch.partner, typed).all()
    for row in judged:
        row.batch = batch
    QuotaBatchRow.objects.filter(batch=batch).delete()
    QuotaBatchRow.objects.bulk_create(judged, batch_size=CHUNK)
    is_new = batch.checked_at is None
    batch.state, batch.n_rows, batch.digest = S.CHECKED, len(judged), _digest(judged)
    batch.counts, batch.checked_at = count_rows(batch), timezone.now()
    batch.language = get_language() or batch.language
    batch.save(update_fields=["state", "n_rows", "digest", "counts", "checked_at", "language", "columns"])
    if is_new:
        audit.record(actor, Action.QUOTA_BATCH_MADE, batch, changes={"n_rows": [None, batch.n_rows]})


def _typed(rows: Iterable[QuotaBatchRow]) -> list[TypedRow]:
    return [TypedRow(row.number, row.typed_uid, row.typed_amount, QuotaRowMode(row.mode), row.problem) for row in rows]


def _digest(rows: Iterable[QuotaBatchRow]) -> str:
    said = sorted((row.uid or row.typed_uid, row.mode, row.typed_amount) for row in rows)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _ensure(batch: QuotaBatch, *states: QuotaBatchState) -> None:
    if batch.state not in states or (batch.cancel_requested and not batch.is_final):
        raise Conflict("batch_moved_on", _("This batch has moved on: it is “%s” now.") % batch.get_state_display())
