"""Workbooks of batches: the rows that were not done, to be corrected; and a sheet of accounts to type totals into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.access.policy import Permission, require
from partner_console.exports.cells import Kind
from partner_console.exports.filling import REASON, Plain
from partner_console.exports.filling import write_sheet as write
from partner_console.money import QUOTA_PLACES, quantize
from quota.models.quota_batch import QuotaRowMode, QuotaRowProblem
from quota.services.batches.reading import LABELS
from quota.services.batches.starting import MOST_ROWS, not_done
from uids.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from quota.models import QuotaBatch, QuotaBatchRow
    from uids.models import LinkedAccount

CHUNK = 1_000


def write_not_done(*, actor: Actor, batch: QuotaBatch, path: Path) -> int:
    """Write the refused and failed rows of a batch the actor may see, with the reason; it comes in again as it is."""
    require(actor, Permission.QUOTA_EDIT)
    labels = [str(LABELS["uid"]), _("Nickname"), str(LABELS["total"]), str(LABELS["change"]), str(REASON)]
    rows = not_done(actor, batch).select_related("account")
    title = _("Rows of %(file)s that were not done") % {"file": batch.title}
    filter_text = _("Refused rows, and rows that failed")
    columns = [Plain(label) for label in labels]
    return write(path, actor=actor, title=title, filter_text=filter_text, columns=columns, rows=_cells(rows))


def write_sheet(*, actor: Actor, accounts: QuerySet[LinkedAccount], path: Path) -> int:
    """Write chosen accounts with their quota and an empty column for the new total, as `upload` takes it.

    Only those whose quota may change: linked, and not spending a master's. The first 5,000 in the order given.
    """
    require(actor, Permission.QUOTA_EDIT)
    own = accounts.filter(relationship__in=LIVE, trustee__isnull=True, credit__isnull=False).select_related("credit")
    columns = [
        Plain(str(LABELS["uid"])),
        Plain(_("Nickname")),
        Plain(_("Quota Amount"), Kind.MONEY),
        Plain(_("Available Quota"), Kind.MONEY),
        Plain(str(LABELS["total"])),
        Plain(str(LABELS["change"])),
    ]
    rows = (
        [one.uid, one.nickname, one.credit.amount, quantize(one.credit.available, QUOTA_PLACES), "", ""]
        for one in own[:MOST_ROWS].iterator(chunk_size=CHUNK)
    )
    title = _("Quotas to fill in")
    return write(path, actor=actor, title=title, filter_text=_("Chosen accounts"), columns=columns, rows=rows)


def _cells(rows: QuerySet[QuotaBatchRow]) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=CHUNK):
        total, change = row.typed_amount, ""
        if row.problem == QuotaRowProblem.BOTH:
            total, _slash, change = row.typed_amount.partition(" / ")
        elif row.mode == QuotaRowMode.CHANGE:
            total, change = "", row.typed_amount
        nickname = row.account.nickname if row.account else ""
        yield [row.uid or row.typed_uid, nickname, total, change, row.reason]
