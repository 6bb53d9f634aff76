"""Which warning lines are in force for accounts: their own, else their labels', else their partner's (design §4).

`CreditAccount` carries what is in force, so that the database itself sees a crossing. Here that is kept true, by sets
of accounts: when they come in, when their labels change, and batch by batch after a rule of many has changed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from partner_console.batched import batched
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from partner_console.waking import after_commit
from quota import tasks
from quota.models import CreditAccount, RuleRefresh, WarningRule
from quota.services.alarms import evaluate_many
from quota.states import LineKind
from uids.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from quota.locks import LockedCredit

logger = structlog.get_logger(__name__)

BATCH = 2000
PORTION = 250  # accounts a statement looks at
STALE = timedelta(minutes=2)
# Accounts opened in the very moment a rule changed are found by the next day's round.
ROUND = timedelta(days=1)
REASON = gettext_noop("Warning rules changed")

_PERCENT, _AMOUNT, _DAYS = LineKind.PERCENT.value, LineKind.AMOUNT.value, LineKind.DAYS.value

# The lines of these accounts, and what they inherit. Of several labels the most careful line counts; one that is set
# beats “no line here”. Rules are gathered first and once: while thousands come in, PostgreSQL still takes tables for
# empty, and would compare each with each.
_LINES = f"""
partners AS MATERIALIZED (
    SELECT r.partner_id,
        max(r.value) FILTER (WHERE r.kind = {_AMOUNT}) AS amount, max(r.value) FILTER (WHERE r.kind = {_DAYS}) AS days
    FROM quota_warningrule r WHERE r.label_id IS NULL AND r.credit_id IS NULL GROUP BY r.partner_id
), labels AS MATERIALIZED (
    SELECT carried.linkedaccount_id AS account_id,
        max(r.value) FILTER (WHERE r.kind = {_PERCENT}) AS percent,
        bool_or(r.kind = {_AMOUNT}) AS has_amount, max(r.value) FILTER (WHERE r.kind = {_AMOUNT}) AS amount,
        bool_or(r.kind = {_DAYS}) AS has_days, max(r.value) FILTER (WHERE r.kind = {_DAYS}) AS days
    FROM uids_linkedaccount_labels carried JOIN quota_warningrule r ON r.label_id = carried.label_id
    WHERE carried.linkedaccount_id = ANY(%(pks)s) GROUP BY carried.linkedaccount_id
), own AS MATERIALIZED (
    SELECT r.credit_id AS account_id,
        max(r.value) FILTER (WHERE r.kind = {_PERCENT}) AS percent,
        bool_or(r.kind = {_AMOUNT}) AS has_amount, max(r.value) FILTER (WHERE r.kind = {_AMOUNT}) AS amount,
        bool_or(r.kind = {_DAYS}) AS has_days, max(r.value) FILTER (WHERE r.kind = {_DAYS}) AS days
    FROM quota_warningrule r WHERE r.credit_id = ANY(%(pks)s) GROUP BY r.credit_id
), inherited AS MATERIALIZED (
    SELECT c.account_id, c.partner_id, c.warning_percent AS was,
        coalesce(labels.percent, p.warning_percent)::smallint AS percent,
        CASE WHEN labels.has_amount THEN labels.amount ELSE partners.amount END AS amount,
        CASE WHEN labels.has_days THEN labels.days ELSE partners.days END::smallint AS days
    FROM quota_creditaccount c JOIN access_partner p ON p.id = c.partner_id
    LEFT JOIN partners ON partners.partner_id = c.partner_id
    LEFT JOIN labels ON labels.account_id = c.account_id
    WHERE c.account_id = ANY(%(pks)s)
), lines AS MATERIALIZED (
    SELECT i.account_id, i.was, coalesce(own.percent, i.percent)::smallint AS percent,
        CASE WHEN own.has_amount THEN own.amount ELSE i.amount END AS amount,
        CASE WHEN own.has_days THEN own.days ELSE i.days END::smallint AS days
    FROM inherited i LEFT JOIN own ON own.account_id = i.account_id
)
"""  # noqa: S608 constants of this module

_FOLLOW = f"""
WITH {_LINES}
UPDATE quota_creditaccount c
SET warning_percent = lines.percent, warning_amount = lines.amount, warning_days = lines.days, updated_at = now()
FROM lines, uids_linkedaccount a
WHERE c.account_id = lines.account_id AND a.id = c.account_id
    AND c.account_id = ANY(%(pks)s) AND a.id = ANY(%(pks)s)
    AND (c.warning_percent, c.warning_amount, c.warning_days)
        IS DISTINCT FROM (lines.percent, lines.amount, lines.days)
RETURNING c.account_id, c.warning_percent, c.warning_amount, c.warning_days, c.partner_id, a.uid,
    lines.was <> c.warning_percent AND a.trustee_id IS NULL AND a.relationship = ANY(%(live)s)
"""  # noqa: S608 constants of this module

_OWN = f"""
WITH {_LINES}
INSERT INTO quota_warningrule (partner_id, credit_id, kind, value, updated_at)
SELECT partner_id, account_id, {_PERCENT}, was, now() FROM inherited WHERE was <> percent
"""  # noqa: S608 constants of this module

Lines = tuple[int, "Decimal | None", int | None]


def adopt(pks: Sequence[int]) -> dict[int, Lines]:
    """For accounts that were just opened: one whose percent is what it inherits follows that from now on, another gets
    a rule of its own; amount and days are inherited. Returns the percent, amount and days of those that changed.

    Tells nobody and evaluates nothing: whoever opens them does.
    """
    with connection.cursor() as cursor:
        for few in batched(pks, PORTION):
            cursor.execute(_OWN, {"pks": few})
    return {pk: (percent, amount, days) for pk, percent, amount, days, *_rest in _follow(pks)}


def follow(*, actor: Actor, pks: Sequence[int]) -> int:
    """Bring accounts whose rows the caller holds to the lines their rules demand now; how many changed.

    A changed percent is ordered from the cloud, and what was crossed by that is warned of. The rule's change is on the
    trail; what follows from it for each account is not repeated there.
    """
    changed = _follow(pks)
    if not changed:
        return 0
    orders = [(partner_pk, uid, {"percent": percent}) for _, percent, _, _, partner_pk, uid, told in changed if told]
    if orders:
        cloud.queue_many(actor=actor, operation=Operation.SET_WARNING, orders=orders, reason=REASON, operation_id=None)
    evaluate_many([row[0] for row in changed])
    return len(changed)


def follow_one(credit: LockedCredit) -> None:
    """The same for one account whose own rules were just written; the caller tells the cloud and evaluates."""
    for _pk, percent, amount, days, *_rest in _follow([credit.pk]):
        credit.warning_percent, credit.warning_amount, credit.warning_days = percent, amount, days


def follow_labels(*, actor: Actor, account_pks: Sequence[int]) -> None:
    """Labels were put on or taken off these accounts, in the caller's transaction, which holds the accounts.

    Set-based, and nothing but one look where no label has a rule.
    """
    rules = WarningRule.objects.visible_to(actor).filter(label__isnull=False)
    if account_pks and rules.exists():
        credits = CreditAccount.objects.visible_to(actor).filter(pk__in=account_pks).order_by("pk").only("pk")
        follow(actor=actor, pks=[credit.pk for credit in credits.select_for_update(of=("self",), no_key=True)])


def label_leaves(*, actor: Actor, label_pk: int) -> None:
    """A label is about to be removed: its rules go with it, and its accounts fall back, in the background."""
    rules = WarningRule.objects.visible_to(actor).filter(label=label_pk)
    partner_pk = rules.values_list("partner_id", flat=True).first()
    if partner_pk is not None:
        rules.delete()
        start_refresh(partner_pk)


def start_refresh(partner_pk: int) -> None:
    """A rule of many accounts changed in the caller's transaction: begin (again) to bring them all to it."""
    now = timezone.now()
    RuleRefresh.objects.update_or_create(
        partner_id=partner_pk,
        defaults={
            "last_pk": 0,
            "n_rows": CreditAccount.objects.filter(partner_id=partner_pk).count(),
            "n_done": 0,
            "n_changed": 0,
            "started_at": now,
            "heartbeat_at": None,
            "finished_at": None,
        },
    )
    after_commit(tasks.refresh_warning_lines, partner_pk)


def run_refresh(*, actor: Actor, partner_pk: int) -> None:
    """Batch after batch until every account follows. In other hands, finished or unknown: left alone."""
    while _run_batch(actor, partner_pk):
        pass


def sweep_refreshes() -> None:
    """Refreshes whose message or worker was lost, and the daily round."""
    now = timezone.now()
    for refresh in RuleRefresh.objects.filter(finished_at__lt=now - ROUND)[:50]:
        with transaction.atomic():
            start_refresh(refresh.partner_id)
    for refresh in RuleRefresh.objects.filter(finished_at__isnull=True)[:50]:
        if (refresh.heartbeat_at or refresh.started_at) < now - STALE:
            logger.info("refresh of warning lines resumed", partner=refresh.partner_id)
            tasks.refresh_warning_lines.delay(refresh.partner_id)


def _follow(pks: Sequence[int]) -> list[tuple[int, int, Decimal | None, int | None, int, str, bool]]:
    """Account, percent, amount, days, partner, UID and whether the cloud is to be told, of those that changed."""
    live, found = [str(state) for state in LIVE], []
    with connection.cursor() as cursor:
        for few in batched(pks, PORTION):
            cursor.execute(_FOLLOW, {"pks": few, "live": live})
            found += cursor.fetchall()
    return found


@transaction.atomic
def _run_batch(actor: Actor, partner_pk: int) -> bool:
    """True while there may be more. The batch and how far it is are one transaction."""
    refresh = (
        RuleRefresh.objects.visible_to(actor)
        .select_for_update(skip_locked=True, of=("self",))
        .filter(pk=partner_pk, finished_at__isnull=True)
        .first()
    )
    if refresh is None:
        return False
    rows = CreditAccount.objects.filter(partner_id=partner_pk, pk__gt=refresh.last_pk).order_by("pk").only("pk")
    pks = [credit.pk for credit in rows.select_for_update(of=("self",), no_key=True)[:BATCH]]
    refresh.heartbeat_at = timezone.now()
    if pks:
        refresh.n_changed += follow(actor=actor, pks=pks)
        refresh.n_done += len(pks)
        refresh.last_pk = pks[-1]
    else:
        refresh.finished_at = refresh.heartbeat_at
    refresh.save(update_fields=["heartbeat_at", "n_changed", "n_done", "last_pk", "finished_at"])
    return bool(pks)
