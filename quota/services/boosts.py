"""Temporary boosts: more quota until a moment, then back by itself, exactly once (issue 4).

A boost is one row, and at most one is in force for an account. Its start and its end are ledger entries with keys of
their own under the account's lock, so neither happens twice, whoever sweeps.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from partner_console.access.actor import system_actor
from partner_console.access.models import Membership
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import DomainError
from partner_console.money import ZERO
from partner_console.web.formats import exact_amount
from partner_console.web.mail import absolute_url, queue_mail
from quota import locks
from quota.days import RECORDS_ZONE
from quota.effects import effect_in_arrears
from quota.errors import NoBoostInForce, WouldBeInArrears
from quota.models import Boost, BoostState
from quota.rules import clean_boost, clean_reason, clean_until, ensure_no_boost, ensure_own_quota, ensure_version
from quota.services import checked, edits
from quota.services.notices import recipients_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from quota.locks import LockedCredit

logger = structlog.get_logger(__name__)

BATCH = 200
REMIND_BEFORE = timedelta(days=1)
REASON_OVER = gettext_noop("Temporary boost over")


@transaction.atomic
def start_boost(
    *, actor: Actor, account_pk: int, version: int, amount: Decimal, until: datetime, reason: str
) -> Approval | None:
    """Add `amount` (2 places) to the quota until `until` (aware); None when it is in force.

    The request when the partner's rules want a second person for the total it makes. Raises `StaleVersion`, 409
    `boost_in_force`, `UnderTrusteeship`, `NotLive`, and `Invalid` naming the field.
    """
    require(actor, Permission.QUOTA_EDIT)
    credit = locks.lock_account_and_credit(actor, account_pk)
    ensure_own_quota(credit.account)
    reason = clean_reason(reason)
    amount, until = clean_boost(credit, amount), clean_until(until)
    ensure_version(credit, version, yours={"amount": amount}, theirs={"amount": credit.amount})
    ensure_no_boost(find_boost(credit))
    total = credit.amount + amount
    if need := checked.needs_second_person(actor, credit, credit.amount, total):
        payload = {"before": str(credit.amount), "amount": str(total), "boost": str(amount), "until": until.isoformat()}
        return checked.ask(actor=actor, credit=credit, need=need, payload=payload, reason=reason)
    begin(actor=actor, credit=credit, amount=amount, until=until, reason=reason)
    return None


def begin(*, actor: Actor, credit: LockedCredit, amount: Decimal, until: datetime, reason: str) -> Boost:
    """The boost and its entry, together. Checks nothing: the caller has, and holds the row."""
    boost = Boost.objects.create(
        credit=credit,
        partner_id=credit.partner_id,
        amount=amount,
        until=until,
        reason=reason,
        asked_by_id=actor.user_pk,
        operator=actor.label,
        operation_id=uuid.uuid4(),
    )
    edits.set_total(
        actor=actor,
        credit=credit,
        amount=credit.amount + amount,
        reason=f"{reason} (→ {until.astimezone(RECORDS_ZONE):%Y-%m-%d %H:%M} UTC+8)",
        operation_id=boost.operation_id,
        key=f"boost:{boost.pk}:start",
    )
    _note(actor, Action.BOOST_STARTED, credit, boost, {"boost": [None, str(amount)], "until": [None, str(until)]})
    return boost


@transaction.atomic
def extend_boost(*, actor: Actor, account_pk: int, until: datetime, reason: str) -> Approval | None:
    """Give the boost in force another end, later or earlier. A later one is judged as its start was."""
    require(actor, Permission.QUOTA_EDIT)
    credit, boost = _lock_in_force(actor, account_pk)
    ensure_own_quota(credit.account)
    reason, until = clean_reason(reason), clean_until(until, other_than=boost.until)
    before = credit.amount - min(boost.amount, credit.amount)
    if until > boost.until and (need := checked.needs_second_person(actor, credit, before, credit.amount)):
        total = str(credit.amount)
        payload = {"before": total, "amount": total, "extends": boost.pk, "until": until.isoformat()}
        return checked.ask(actor=actor, credit=credit, need=need, payload=payload, reason=reason)
    move_end(actor=actor, credit=credit, boost=boost, until=until, reason=reason)
    return None


def move_end(*, actor: Actor, credit: LockedCredit, boost: Boost, until: datetime, reason: str) -> None:
    """Another end, and a reminder before that one. Checks nothing."""
    changes: dict[str, list[str | None]] = {"until": [str(boost.until), str(until)]}
    boost.until, boost.reminded_at = until, None
    boost.save(update_fields=["until", "reminded_at"])
    _note(actor, Action.BOOST_EXTENDED, credit, boost, changes, reason)


@transaction.atomic
def end_boost(*, actor: Actor, account_pk: int, reason: str, accept_arrears: bool = False) -> Boost:
    """End it now. Raises `NoBoostInForce`, and `WouldBeInArrears` unless that was read and accepted."""
    require(actor, Permission.QUOTA_EDIT)
    credit, boost = _lock_in_force(actor, account_pk)
    ensure_own_quota(credit.account)
    reason = clean_reason(reason)
    available = credit.available - min(boost.amount, credit.amount)
    if available < 0 and not accept_arrears:
        effect = effect_in_arrears(credit.account, available, credit.partner.currency)
        raise WouldBeInArrears(effect, available=available)
    _fall_back(actor, credit, boost, BoostState.ENDED_EARLY, reason)
    return boost


def close_refused(*, actor: Actor, credit: LockedCredit, operation_id: uuid.UUID | None, cause: str) -> None:
    """The cloud refused the order of a boost's start, and the total is back already: nothing is left to take away."""
    boost = find_boost(credit)
    if boost is not None and boost.operation_id == operation_id:
        _close(actor, credit, boost, BoostState.ENDED_EARLY, returned=ZERO, reason=cause)


def sweep() -> None:
    """As beat runs it: remind of what ends within a day, end what is over. Twice, or at once, changes nothing more."""
    actor, now = system_actor("quota-boosts"), timezone.now()
    in_force = Boost.objects.visible_to(actor).filter(state=BoostState.IN_FORCE).order_by("until", "pk")
    for pk in list(in_force.filter(until__lte=now).values_list("pk", flat=True)[:BATCH]):
        _one(end_due, actor, pk)
    soon = in_force.filter(until__gt=now, until__lte=now + REMIND_BEFORE, reminded_at__isnull=True)
    # Whoever gave it for less than a day needs no reminder a day before.
    for pk in list(soon.filter(until__gt=F("started_at") + REMIND_BEFORE).values_list("pk", flat=True)[:BATCH]):
        _one(remind, actor, pk)


def _one(work: Callable[..., bool], actor: Actor, pk: int) -> None:
    """One boost; one that cannot be dealt with is logged and must not stop the others."""
    try:
        work(actor=actor, boost_pk=pk)
    except DomainError as error:
        logger.exception("boost not dealt with", boost=pk, code=error.code)


@transaction.atomic
def end_due(*, actor: Actor, boost_pk: int) -> bool:
    """End one whose time is over; False when it was ended or given another end meanwhile."""
    boost = Boost.objects.visible_to(actor).get(pk=boost_pk)
    credit = locks.lock_credit(actor, boost.credit_id)
    boost.refresh_from_db()
    if boost.state != BoostState.IN_FORCE or boost.until > timezone.now():
        return False
    _fall_back(actor, credit, boost, BoostState.OVER, f"{REASON_OVER}: {boost.reason}")
    return True


@transaction.atomic
def remind(*, actor: Actor, boost_pk: int) -> bool:
    """One mail a day before it ends, to whoever started it and the alert recipients; False when there is no need."""
    boost = Boost.objects.visible_to(actor).get(pk=boost_pk)
    credit = locks.lock_credit(actor, boost.credit_id)
    boost.refresh_from_db(fields=["state", "until", "reminded_at"])
    if boost.state != BoostState.IN_FORCE or boost.reminded_at is not None or not credit.account.is_live:
        return False
    boost.reminded_at = timezone.now()
    boost.save(update_fields=["reminded_at"])
    recipients = list(dict.fromkeys([*_still_a_member(boost), *recipients_of(credit)]))
    _note(actor, Action.BOOST_REMINDED, credit, boost, {"mailed_to": [None, ", ".join(recipients)]})
    if recipients:
        partner, back = credit.partner, min(boost.amount, credit.amount)
        queue_mail(
            to=recipients,
            template="quota_boost_ending",
            context={
                "boost": boost,
                "partner": partner,
                "account": credit.account,
                "customer": credit.account.known_as,
                "available": credit.available - back,
                "facts": [
                    (_("Quota Amount now"), f"{exact_amount(credit.amount)} {partner.currency}"),
                    (_("Quota Amount then"), f"{exact_amount(credit.amount - back)} {partner.currency}"),
                    (_("Available Quota then"), f"{exact_amount(credit.available - back)} {partner.currency}"),
                    (_("Reason"), boost.reason),
                ],
                "url": absolute_url("quota:account_quota", credit.account.uid),
            },
            language=partner.language,
            zone=partner.time_zone,
            partner_code=partner.code,
        )
    return bool(recipients)


def _still_a_member(boost: Boost) -> list[str]:
    """Whoever started it, unless they have left the partner since."""
    members = Membership.objects.active().filter(partner=boost.partner_id, user=boost.asked_by_id)
    return [email.lower() for email in members.values_list("user__email", flat=True)]


def find_boost(credit: LockedCredit) -> Boost | None:
    """The one in force, for whoever holds the account's row."""
    found: Boost | None = Boost.objects.filter(credit=credit, state=BoostState.IN_FORCE).first()
    return found


def _lock_in_force(actor: Actor, account_pk: int) -> tuple[LockedCredit, Boost]:
    credit = locks.lock_account_and_credit(actor, account_pk)
    boost = find_boost(credit)
    if boost is None:
        raise NoBoostInForce
    return credit, boost


def _fall_back(actor: Actor, credit: LockedCredit, boost: Boost, state: BoostState, reason: str) -> None:
    """Take it away again, as far as the total reaches. What is no longer linked keeps its last figures."""
    back = min(boost.amount, credit.amount) if credit.account.is_live else ZERO
    edits.set_total(
        actor=actor,
        credit=credit,
        amount=credit.amount - back,
        reason=reason,
        operation_id=uuid.uuid4(),
        key=f"boost:{boost.pk}:end",
    )
    _close(actor, credit, boost, state, returned=back, reason=reason)


def _close(
    actor: Actor, credit: LockedCredit, boost: Boost, state: BoostState, *, returned: Decimal, reason: str
) -> None:
    boost.state, boost.returned, boost.ended_at = state, returned, timezone.now()
    boost.save(update_fields=["state", "returned", "ended_at"])
    _note(actor, Action.BOOST_ENDED, credit, boost, {"boost": [str(boost.amount), None]}, reason)


def _note(
    actor: Actor,
    action: Action,
    credit: LockedCredit,
    boost: Boost,
    changes: dict[str, list[str | None]],
    reason: str = "",
) -> None:
    """On the account's trail, under the operation that the boost began with."""
    note = reason or boost.reason
    audit.record(actor, action, credit.account, changes=changes, note=note, operation_id=boost.operation_id)
