"""Financial trusteeship: a master account holds the money of its sub-accounts. One level (acpn.md §9)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from partner_console.copying import copy_in
from partner_console.errors import NotFound
from uids import hooks, locks
from uids.errors import NotLive, ReasonMissing, TrusteeshipImpossible
from uids.models import LinkedAccount
from uids.services.accounts import clean_text
from uids.services.control_records import Move, Why, record
from uids.states import Control
from uids.trusteeship import Obstacle, effects, obstacles

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from uids.models import ControlChange


@transaction.atomic
def set_trustee(
    *, actor: Actor, account_pk: int, trustee_pk: int | None, reason: str, operation_id: uuid.UUID | None = None
) -> LinkedAccount:
    """Record that `trustee_pk` holds this account's money from now on, or with None that nobody does any more.

    The account's own switches stay as they are, so that undoing is exact (design §4). What is in force for it at this
    moment may change all the same: each control that does gets its record, in the name of the master. The cloud is told
    after commit. Repeating changes nothing. Raises `TrusteeshipImpossible` with every reason at once, `ReasonMissing`,
    `NotLive` for an account that ended, and `NotFound` for a master the actor may not see. Money is
    `quota.services.trusteeship`'s question, which calls this.
    """
    require(actor, Permission.CONTROL_CHANGE)
    if not (reason := clean_text(reason)):
        raise ReasonMissing
    account, trustee = _lock(actor, account_pk, trustee_pk)
    if account.trustee_id == trustee_pk:
        return account
    if found := obstacles(account, trustee):
        raise TrusteeshipImpossible(found)
    operation_id, former = operation_id or uuid.uuid4(), account.trustee
    before = account.audit_state()
    account.trustee, account.updated_at = trustee, timezone.now()
    account.save(update_fields=["trustee", "updated_at"])
    audit.record(actor, Action.ACCOUNT_TRUSTEESHIP_SET, account, before=before, note=reason, operation_id=operation_id)
    copy_in(_records(actor, account, former, reason=reason, operation_id=operation_id))
    cloud.queue(
        actor=actor,
        partner_pk=account.partner_id,
        uid=account.uid,
        operation=Operation.SET_TRUSTEE,
        payload={"trustee_uid": trustee.uid if trustee else ""},
        reason=reason,
        operation_id=operation_id,
    )
    hooks.trustee_changed(
        actor=actor,
        account_pk=account.pk,
        former_pk=former.pk if former else None,
        trustee_pk=trustee_pk,
        reason=reason,
        operation_id=operation_id,
    )
    return account


def _lock(actor: Actor, account_pk: int, trustee_pk: int | None) -> tuple[LinkedAccount, LinkedAccount | None]:
    """Both and the master it has, in the order of their pk: no change of a master's switch slips in between.

    Which master it has is read before it is locked; when that is another one a moment later, nothing is decided.
    """
    visible = LinkedAccount.objects.visible_to(actor)
    former_pk = visible.filter(pk=account_pk).values_list("trustee_id", flat=True).first()
    rows = locks.lock_accounts(actor, [pk for pk in (account_pk, trustee_pk, former_pk) if pk is not None])
    account = rows[account_pk]
    if not account.is_live:
        raise NotLive(account)
    if account.trustee_id is not None and account.trustee_id not in rows:
        raise TrusteeshipImpossible([Obstacle("moved", _("It got another master a moment ago: look at it again."))])
    trustee = None if trustee_pk is None else rows[trustee_pk]
    if trustee is not None and trustee.partner_id != account.partner_id:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return account, trustee


def _records(
    actor: Actor, account: LinkedAccount, former: LinkedAccount | None, *, reason: str, operation_id: uuid.UUID
) -> list[ControlChange]:
    """What changed for the account at this moment, whoever's switch says it."""
    trustee, at = account.trustee, timezone.now()
    overdrafts = (former or account).overdraft, (trustee or account).overdraft
    return [
        record(
            Why(actor, effect.what, reason, operation_id, at),
            Move(account, effect.before, effect.after, *(overdrafts if effect.what is Control.SHUTDOWN_POLICY else ())),
            cause=trustee or former,
        )
        for effect in effects(account, former, trustee)
        if not effect.is_same
    ]
