"""Permissions that end or shrink by themselves: reminders, ends, and what a newer template takes away.

Each is a sweep: set-based, bounded, beside other workers and under redelivery (who finds a row has it; who comes later
finds nothing). Mail, trail and orders to the cloud are written with the rows they tell of.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from linking.models import Grant, TemplateVersion
from linking.scopes import REQUIRED, Scope, complete, without
from linking.services.granting import REMINDER_DAYS, check_soon
from linking.services.telling import tell_grants_ended
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import alert_addresses
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from partner_console.web.mail import absolute_url, queue_mail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

BATCH = 500
BATCHES_A_RUN = 20  # the next run goes on
NAMED_IN_MAIL = 20


def end_due(*, actor: Actor) -> int:
    """End the grants whose time is over; how many. What remains is what the link itself requires."""
    require(actor, Permission.LINK_INVITE)
    done = 0
    for _number in range(BATCHES_A_RUN):
        ended = _end_batch(actor)
        done += ended
        if ended < BATCH:
            break
    return done


@transaction.atomic(durable=True)
def _end_batch(actor: Actor) -> int:
    now = timezone.now()
    held = _take(Grant.objects.visible_to(actor).filter(ends_at__lte=now))
    least = complete(REQUIRED)
    Grant.objects.filter(pk__in=[row.pk for row in held]).update(ended_at=now, version=F("version") + 1)
    left = [row for row in held if row.account.is_live]
    new = Grant.objects.bulk_create([Grant(account=row.account, scopes=least, granted_at=now) for row in left])
    tell_grants_ended(new, {one.pk: row.scopes for one, row in zip(new, left, strict=True)})
    audit.record_all(
        audit.entry(actor, Action.GRANT_ENDED, row.account, changes={"scopes": [row.scopes, least]}) for row in held
    )
    _tell_cloud(actor, [row for row in left if row.scopes != least], dict.fromkeys((row.pk for row in left), least))
    return len(held)


def take_away(*, actor: Actor, version_pk: int) -> int:
    """Take from customers of earlier versions what this one no longer has, where staff asked so; how many accounts."""
    require(actor, Permission.LINK_INVITE)
    asked = TemplateVersion.objects.visible_to(actor).filter(
        pk=version_pk, take_away_asked_at__isnull=False, take_away_done_at__isnull=True
    )
    version = asked.first()
    if version is None:
        return 0
    done = 0
    for _number in range(BATCHES_A_RUN):
        reduced = _reduce_batch(actor, version)
        done += reduced
        if reduced < BATCH:
            _finish(version)
            break
    return done


def due_take_aways(*, actor: Actor) -> list[int]:
    """Versions whose taking away is not done yet."""
    require(actor, Permission.LINK_INVITE)
    rows = TemplateVersion.objects.visible_to(actor).filter(
        take_away_asked_at__isnull=False, take_away_done_at__isnull=True
    )
    return list(rows.order_by("take_away_asked_at", "pk").values_list("pk", flat=True)[:BATCH])


@transaction.atomic(durable=True)
def _reduce_batch(actor: Actor, version: TemplateVersion) -> int:
    gone = [scope.value for scope in Scope if scope.value not in version.scopes]
    held = _take(_holding(version, gone))
    former = {row.pk: row.scopes for row in held}
    for row in held:
        row.scopes = without(row.scopes, gone)
        row.version += 1
    audit.record_all(
        audit.entry(
            actor,
            Action.GRANT_REDUCED,
            row.account,
            changes={"scopes": [former[row.pk], row.scopes]},
            note=str(version),
        )
        for row in held
    )
    Grant.objects.bulk_update(held, ["scopes", "version"], batch_size=BATCH)
    tell_grants_ended([row for row in held if row.account.is_live], former, by_partner=True)
    _tell_cloud(actor, held, {row.pk: row.scopes for row in held})
    return len(held)


def _holding(version: TemplateVersion, gone: Sequence[str]) -> QuerySet[Grant]:
    return Grant.objects.filter(
        template_version__template=version.template_id,
        template_version__number__lt=version.number,
        scopes__overlap=list(gone),
    )


@transaction.atomic
def _finish(version: TemplateVersion) -> None:
    """Done only when nobody holds anything of it any more: rows another worker had locked are found again."""
    gone = [scope.value for scope in Scope if scope.value not in version.scopes]
    if not _holding(version, gone).filter(ended_at__isnull=True).exists():
        TemplateVersion.objects.filter(pk=version.pk).update(take_away_done_at=timezone.now())


def remind_due(*, actor: Actor) -> int:
    """Tell partners which permissions end within 1, 7 and 30 days: one mail for all of a partner's; how many grants.

    Nearest first, so that after an outage each customer is named once, in the most urgent mail.
    """
    require(actor, Permission.LINK_INVITE)
    done = 0
    for days in sorted(REMINDER_DAYS):
        for _number in range(BATCHES_A_RUN):
            reminded = _remind_batch(actor, days)
            done += reminded
            if reminded < BATCH:
                break
    return done


@transaction.atomic(durable=True)
def _remind_batch(actor: Actor, days: int) -> int:
    now = timezone.now()
    ending = Grant.objects.visible_to(actor).filter(ends_at__gt=now, ends_at__lte=now + timedelta(days=days))
    held = _take(ending.filter(Q(reminded_days__isnull=True) | Q(reminded_days__gt=days)))
    Grant.objects.filter(pk__in=[row.pk for row in held]).update(reminded_days=days)
    live = sorted((row for row in held if row.account.is_live), key=lambda row: (row.account.partner_id, row.ends_at))
    for _partner_pk, rows in groupby(live, key=lambda row: row.account.partner_id):
        _mail(list(rows), days)
    audit.record_all(
        audit.entry(actor, Action.GRANT_REMINDED, row.account, changes={"ends_at": ["", str(row.ends_at)]})
        for row in live
    )
    return len(held)


def _mail(held: Sequence[Grant], days: int) -> None:
    partner = held[0].account.partner
    recipients = alert_addresses(partner)
    if recipients:
        queue_mail(
            to=recipients,
            template="grants_ending",
            context={
                "partner": partner,
                "days": days,
                "n": len(held),
                "grants": [(row, absolute_url("linking:account_permissions", row.account.uid)) for row in held][
                    :NAMED_IN_MAIL
                ],
                "n_more": max(len(held) - NAMED_IN_MAIL, 0),
            },
            language=partner.language,
            zone=partner.time_zone,
            partner_code=partner.code,
        )


def _take(rows: QuerySet[Grant]) -> list[Grant]:
    """A batch of grants in force with their accounts, both locked; those in other hands are left out.

    Waiting for neither, it cannot deadlock with a customer who holds the account and waits for the grant.
    """
    in_force = rows.filter(ended_at__isnull=True).select_related("account__partner").order_by("ends_at", "pk")
    return list(in_force.select_for_update(skip_locked=True, no_key=True, of=("self", "account"))[:BATCH])


def _tell_cloud(actor: Actor, held: Sequence[Grant], scopes: dict[int, list[str]]) -> None:
    live = [row for row in held if row.account.is_live]
    cloud.queue_many(
        actor=actor,
        operation=Operation.SET_PERMISSIONS,
        orders=[(row.account.partner_id, row.account.uid, {"scopes": scopes[row.pk]}) for row in live],
        reason="",
        operation_id=None,
    )
    check_soon([row.account_id for row in live])
