"""From *in process* to *terminated* to *deleted*: the worker's part of a termination (design §5).

Settled → the order to unlink is in the outbox → confirmed, or recorded by hand where the cloud offers no such thing →
terminated → after 90 days the contact data is forgotten. Every step is one transaction under the account's lock and
finds out from the rows what is left to do: a repeated or lost message changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from linking import blockers, tasks
from linking.endings import KEPT_FOR, ensure_move
from linking.errors import CannotTerminate, NotUnlinking
from linking.models import Invitation, Termination
from linking.services import ending_mails as mails
from linking.services.forgetting import forget
from linking.services.granting import close_grant
from linking.services.terminating import clean_reason, lock_account, lock_termination
from linking.states import TERMINATING, Side, TerminationState
from partner_console.access.actor import system_actor
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CommandState, Operation
from partner_console.cloud.port import CloudRefused, CloudUnavailable, NotOffered, OutcomeUnknown, get_cloud
from partner_console.errors import NotFound
from partner_console.waking import after_commit
from quota.locks import lock_credits
from quota.models import CreditAccount
from quota.services import apply_credit_figures
from quota.services.customer_alerts import forget_alert
from quota.services.scheduling import cancel_all
from uids.services import forget_contact, set_relationship
from uids.states import Relationship

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

logger = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(minutes=5)
BATCH = 100
T = TerminationState
ENDING = (Relationship.TO_BE_CONFIRMED, Relationship.IN_PROCESS)


def due_terminations(*, actor: Actor) -> list[int]:
    """What a worker should look at now, those longest unseen first, at most 100: settled yet, or unlinked by now."""
    require(actor, Permission.LINK_TERMINATE)
    unseen = Q(checked_at__isnull=True) | Q(checked_at__lte=timezone.now() - LOOK_AGAIN)
    due = Q(unlink__isnull=True) & unseen | Q(unlink__state=CommandState.CONFIRMED)
    rows = Termination.objects.visible_to(actor).filter(due, state=T.IN_PROCESS)
    return list(rows.order_by(F("checked_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)[:BATCH])


def settle(*, actor: Actor, termination_pk: int) -> None:
    """Take one termination a step on: ask the cloud to unlink once everything is settled, end it once that is done.

    The figures are read at the cloud first; while it does not answer, nothing is decided. Leaves quietly when there is
    nothing to do. Never called inside a transaction.
    """
    require(actor, Permission.LINK_TERMINATE)
    termination = _in_process(actor, termination_pk)
    if termination is None:
        return
    if termination.unlink is None:
        if read_figures(termination.account):
            _ask_to_unlink(actor, termination_pk)
        else:
            _note_looked(termination_pk)
    elif termination.unlink.state == CommandState.CONFIRMED:
        _finish(actor, termination_pk)


@transaction.atomic
def look_again(*, actor: Actor, termination_pk: int) -> Termination:
    """Staff do not want to wait for the next round: the worker looks now. 409 unless it is in process."""
    require(actor, Permission.LINK_TERMINATE)
    termination = lock_termination(actor, termination_pk)
    if termination.state != T.IN_PROCESS:
        raise NotUnlinking
    after_commit(tasks.settle_termination, termination.pk)
    return termination


@transaction.atomic
def record_unlinked(*, actor: Actor, termination_pk: int, note: str) -> Termination:
    """Staff unlinked the account in the cloud's own console and say so; the relationship ends with it.

    For a cloud that offers no unlinking or refused it. `note` (required) says who did it and where. 409 unless the
    cloud was asked and has not confirmed, and while it is being asked this very moment.
    """
    require(actor, Permission.LINK_TERMINATE)
    note = clean_reason(note)
    termination = lock_termination(actor, termination_pk)
    if termination.state != T.IN_PROCESS or termination.unlink is None:
        raise NotUnlinking
    cloud.record_by_hand(actor=actor, command_pk=termination.unlink.pk, note=note)
    _end(actor, termination, reason=note)
    return termination


@transaction.atomic
def record_outside(*, actor: Actor, account_pk: int, has_ended: bool, note: str) -> LinkedAccount:
    """How an end came out that was never asked for here: it ran in the cloud's own console (imported accounts).

    `has_ended`: the relationship is *terminated*, with everything that follows; otherwise it is *normal* again. 409
    unless it is ending and no request of ours is open, and while financial trusteeship ties it to others
    (`CannotTerminate`): nobody's money stays with an account that is gone. `note` (required) stays in the records.
    """
    require(actor, Permission.LINK_TERMINATE)
    note = clean_reason(note)
    account = lock_account(actor, account_pk)
    is_ours = Termination.objects.filter(account=account, state__in=TERMINATING).exists()
    if account.relationship not in ENDING or is_ours:
        raise NotUnlinking
    if not has_ended:
        return set_relationship(
            actor=actor, account=account, to=Relationship.NORMAL, action=Action.TERMINATION_WITHDRAWN, reason=note
        )
    if found := blockers.to_record(account):
        raise CannotTerminate(found)
    now = timezone.now()
    termination = Termination.objects.create(
        account=account,
        side=Side.PARTNER,
        asked_by_id=actor.user_pk,
        reason=note,
        state=T.IN_PROCESS,
        asked_at=now,
        answer_due_at=now,
        answered_at=now,
    )
    if account.relationship == Relationship.TO_BE_CONFIRMED:
        set_relationship(
            actor=actor, account=account, to=Relationship.IN_PROCESS, action=Action.TERMINATION_CONFIRMED, reason=note
        )
    _end(actor, termination, reason=note)
    return account


def delete_due(*, actor: Actor) -> int:
    """Forget the contact data of what ended 90 days ago; returns how many. Bounded; each its own transaction."""
    require(actor, Permission.LINK_TERMINATE)
    due = Termination.objects.visible_to(actor).filter(state=T.TERMINATED, delete_due_at__lte=timezone.now())
    return sum(
        _delete(actor, pk) for pk in list(due.order_by("delete_due_at", "pk").values_list("pk", flat=True)[:BATCH])
    )


def read_figures(account: LinkedAccount) -> bool:
    """Bring the account's figures up to the cloud's; False when it does not answer. Outside any transaction.

    An account without a quota of its own has none to read. One the cloud no longer gives to us keeps its figures.
    """
    if account.trustee_id is not None or not CreditAccount.objects.filter(pk=account.pk).exists():
        return True
    try:
        credit = get_cloud().credit(uid=account.uid)
    except (CloudUnavailable, OutcomeUnknown):
        return False
    except (CloudRefused, NotOffered):
        return True
    apply_credit_figures(actor=system_actor("termination", partner=account.partner), credit=credit)
    return True


def _in_process(actor: Actor, pk: int) -> Termination | None:
    rows = Termination.objects.visible_to(actor).select_related("account__partner", "unlink")
    found: Termination | None = rows.filter(pk=pk, state=T.IN_PROCESS).first()
    return found


def _note_looked(pk: int) -> None:
    Termination.objects.filter(pk=pk).update(checked_at=timezone.now())


@transaction.atomic
def _ask_to_unlink(actor: Actor, pk: int) -> None:
    termination = lock_termination(actor, pk)
    if termination.state != T.IN_PROCESS or termination.unlink is not None:
        return
    account = termination.account
    _note_looked(pk)
    if blockers.to_settle(account):
        return
    worker = system_actor("termination", partner=account.partner)
    order_unlink(worker, termination)
    audit.record(worker, Action.TERMINATION_SETTLED, account)
    logger.info("termination settled", termination=pk)


def order_unlink(actor: Actor, termination: Termination) -> None:
    """Put the order into the outbox and remember it, in the caller's transaction, under the account's lock."""
    account = termination.account
    termination.unlink = cloud.queue(
        actor=actor,
        partner_pk=account.partner_id,
        uid=account.uid,
        operation=Operation.UNLINK,
        payload={},
        reason=termination.reason,
        operation_id=None,
    )
    termination.save(update_fields=["unlink"])


@transaction.atomic
def _finish(actor: Actor, pk: int) -> None:
    try:
        termination = lock_termination(actor, pk)
    except NotFound:
        return
    unlink = termination.unlink
    if termination.state == T.IN_PROCESS and unlink is not None and unlink.state == CommandState.CONFIRMED:
        _end(system_actor("termination", partner=termination.account.partner), termination, reason=termination.reason)


def _end(actor: Actor, termination: Termination, *, reason: str) -> None:
    """It is over: nothing is allowed, checked or ordered any more; both sides are told."""
    ensure_move(termination.state, T.TERMINATED)
    account, now = termination.account, timezone.now()
    termination.state, termination.ended_at, termination.delete_due_at = T.TERMINATED, now, now + KEPT_FOR
    termination.version += 1
    termination.save(update_fields=["state", "ended_at", "delete_due_at", "version"])
    close_grant(actor=actor, account_pk=account.pk)
    worker = system_actor("termination", partner=account.partner)
    with translation.override(account.partner.language):  # it stays with the plan, whoever reads it later
        cancel_all(actor=worker, account=account, cause=_("The relationship has ended."))
    cloud.drop_waiting(partner_pk=account.partner_id, uid=account.uid)
    set_relationship(
        actor=actor, account=account, to=Relationship.TERMINATED, action=Action.ACCOUNT_TERMINATED, reason=reason
    )
    if termination.is_undo:
        mails.tell_undone(account)
    else:
        mails.tell_ended(termination)
    logger.info("terminated", termination=termination.pk)


@transaction.atomic
def _delete(actor: Actor, pk: int) -> bool:
    """Invitations are locked before the account, as everywhere. What customers agreed to, and the trail, stay."""
    account_pk = Termination.objects.filter(pk=pk).values_list("account_id", flat=True).first()
    invitations = list(Invitation.objects.filter(account_id=account_pk).select_for_update().order_by("pk"))
    termination = lock_termination(actor, pk)
    if termination.state != T.TERMINATED or termination.delete_due_at is None:
        return False
    account = termination.account
    worker = system_actor("termination", partner=account.partner)
    if not account.is_enterprise:  # a private person's name
        for invitation in invitations:
            invitation.company = account.uid
    forget(invitations)
    for credit in lock_credits(worker, [account.pk]):
        forget_alert(actor=worker, credit=credit)
    forget_contact(actor=worker, account=account, reason="")
    termination.delete_due_at = None
    termination.save(update_fields=["delete_due_at"])
    return True
