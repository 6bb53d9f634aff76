"""Reads of batches of quotas and their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, allows, require
from partner_console.approvals.selectors import waiting_about
from partner_console.errors import NotFound
from quota.models import CreditAccount, QuotaBatch, QuotaBatchRow
from quota.models.quota_batch import QuotaBatchState, QuotaRowVerdict
from quota.selectors.exposure import get_exposure
from quota.services.batches.deciding import sums_of
from quota.services.batches.judging import SecondPerson
from quota.services.batches.running import count_rows
from quota.services.batches.starting import going, not_done, same_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.approvals.rules import Need
    from uids.models import LinkedAccount

SHOWN = 20
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Sums:
    """What the rows that go come to, and the partner's own exposure before and after them."""

    n: int
    n_up: int
    n_down: int
    n_arrears: int
    n_check: int
    before: Decimal
    after: Decimal
    exposure: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before

    @property
    def exposure_after(self) -> Decimal:
        return self.exposure + self.difference


@dataclass(frozen=True, slots=True)
class Start:
    """What somebody reads before they start it: what it comes to, which earlier batch had the same rows, and why a
    second person looks at it first (None when nobody does)."""

    sums: Sums
    repeated: QuotaBatch | None
    need: Need | None


def list_batches(actor: Actor) -> QuerySet[QuotaBatch]:
    """Batches of the actor's partner, newest first, without their cells."""
    require(actor, Permission.QUOTA_VIEW)
    rows = QuotaBatch.objects.visible_to(actor).select_related("user", "partner").defer("source")
    return rows.order_by("-created_at", "-pk")


def newest_batches(actor: Actor) -> list[QuotaBatch]:
    return [with_counts(batch) for batch in list_batches(actor)[:SHOWN]]


def get_batch(actor: Actor, pk: int) -> QuotaBatch:
    """One batch of the actor's partner, with its counts as they are now; otherwise `NotFound`."""
    batch = list_batches(actor).filter(pk=pk).first()
    if batch is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return with_counts(batch)


def with_counts(batch: QuotaBatch) -> QuotaBatch:
    """Counts are written when a batch is checked and when it ends; while a worker has it, they are counted."""
    if batch.is_busy:
        batch.counts = count_rows(batch)
    return batch


def list_rows(
    actor: Actor, batch: QuotaBatch, *, q: str = "", verdict: Sequence[str] = (), outcome: Sequence[str] = ()
) -> QuerySet[QuotaBatchRow]:
    """The rows of one batch, unordered. `q` is the beginning of a UID, or part of a nickname."""
    require(actor, Permission.QUOTA_VIEW)
    rows = QuotaBatchRow.objects.visible_to(actor).filter(batch=batch).select_related("account")
    if verdict:
        rows = rows.filter(verdict__in=verdict)
    if outcome:
        rows = rows.filter(outcome__in=outcome).exclude(verdict__in=(QuotaRowVerdict.REFUSE, QuotaRowVerdict.SAME))
    if q:
        rows = rows.filter(uid__startswith=q) if q.isdigit() else rows.filter(account__nickname__icontains=q)
    return rows


def get_sums(actor: Actor, batch: QuotaBatch) -> Sums:
    """In two statements. The exposure is the one of now: meant for before the run."""
    found: dict[str, Any] = sums_of(actor, batch)
    found.pop("largest")
    before, after = found.pop("sum_before"), found.pop("sum_after")
    return Sums(**found, before=before, after=after, exposure=get_exposure(actor).quota)


def before_start(actor: Actor, batch: QuotaBatch) -> Start:
    """As `start` will judge it."""
    sums = get_sums(actor, batch)
    earlier = same_rows(actor, batch)
    return Start(
        sums=sums,
        repeated=earlier,
        need=SecondPerson(actor, batch.partner).need(going(actor, batch).select_related("account")),
    )


def count_not_done(actor: Actor, batch: QuotaBatch) -> int:
    """Rows that were refused or not done and nobody took up again."""
    return int(not_done(actor, batch).count())


def sample(batch: QuotaBatch) -> list[tuple[int, list[str]]]:
    """The first rows as they were read, for choosing the columns."""
    return [(number, cells) for number, cells, _lost in batch.source.get("rows", [])[:SAMPLE]]


def approval_url(actor: Actor, batch: QuotaBatch) -> str:
    """The page of the request that waits for this batch's second person; "" when none does."""
    if batch.state != QuotaBatchState.AWAITING or not allows(actor, Permission.APPROVAL_VIEW):
        return ""
    waiting = waiting_about(actor, "quota.quotabatch", batch.pk).first()
    return reverse("approvals:approval_detail", args=[waiting.pk]) if waiting else ""


def accounts_to_type(actor: Actor, uids: Sequence[str]) -> list[LinkedAccount]:
    """The accounts with these UIDs that have a quota of their own, in the order given; others are left out."""
    require(actor, Permission.QUOTA_EDIT)
    credits = CreditAccount.objects.visible_to(actor).filter(account__uid__in=uids, account__trustee__isnull=True)
    found = {one.account.uid: one.account for one in credits.select_related("account__credit") if one.account.is_live}
    return [found[uid] for uid in dict.fromkeys(uids) if uid in found]
