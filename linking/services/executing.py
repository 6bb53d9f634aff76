"""From *approved* to *linked*: the claim machine around the cloud's `start_link` and `link_status` (design §5, §9).

claim (commit) → ask outside any transaction → write the outcome in one transaction. Whatever is lost between two
steps, the sweep finds the row again; the cloud links one reference once, so asking again is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from linking import locks, tasks
from linking.errors import AlreadyInvited, LinkEnded, NothingToRetry
from linking.models import Invitation
from linking.services.attempts import is_being_unlinked, record_attempt, undo_at_the_cloud
from linking.services.granting import grant
from linking.services.mailing import tell_linked
from linking.services.renewing import renew
from linking.services.sending import ensure_free
from linking.states import FailureCode, InvitationState
from partner_console.access.actor import Actor, system_actor
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud_services
from partner_console.cloud.models import Operation
from partner_console.cloud.port import (
    CloudAccount,
    CloudRefused,
    CloudUnavailable,
    LinkProgress,
    LinkRequest,
    LinkStatus,
    NotOffered,
    OutcomeUnknown,
    Ticket,
    get_cloud,
)
from partner_console.errors import DomainError
from partner_console.waking import after_commit
from quota.rules import LEAST_OVERDRAFT
from quota.services import open_credit
from uids import identifiers
from uids.errors import AlreadyLinked
from uids.models import LinkedAccount
from uids.services import create_account
from uids.states import ShutdownPolicy

if TYPE_CHECKING:
    from datetime import datetime

    from partner_console.cloud.port import Cloud

logger = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)  # longer than every call to the cloud together may take
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=30)
SWEEP_BATCH = 100
NO_RECORD = "3060"  # “no sending record”: the cloud never heard of this reference (agency-api.md §16.6)


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt that is ours: the row as it was claimed, and when."""

    invitation: Invitation
    at: datetime

    @property
    def may_be_known(self) -> bool:
        """An earlier attempt of this round may have reached the cloud."""
        return self.invitation.attempts > 1


def execute_link(*, actor: Actor, invitation_pk: int) -> None:
    """Link one approved invitation at the cloud, then create its account, quota and controls in one transaction.

    Safe under redelivery, at once and after a kill: leaves when the invitation is final, unknown or in somebody's
    hands. A cloud that is away or whose answer was lost is asked again later; its refusal ends in *failed* with its
    code and message. Never called inside a transaction.
    """
    require(actor, Permission.LINK_INVITE)
    claim = _claim(actor, invitation_pk)
    if claim is None:
        return
    try:
        status, account = _ask(get_cloud(), claim)
    except (CloudUnavailable, OutcomeUnknown) as error:
        _later(claim, because=type(error).__name__)
    except CloudRefused as refusal:
        _fail(claim, refusal.code, refusal.message)
    except NotOffered:
        _fail(claim, FailureCode.NOT_OFFERED, "")
    else:
        _write(claim, status, account)


def due_links(*, actor: Actor) -> list[int]:
    """Approved invitations a worker should take up now, oldest first, at most 100."""
    require(actor, Permission.LINK_INVITE)
    due = Invitation.objects.visible_to(actor).to_link(timezone.now(), LEASE)
    return list(due.order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH])


@transaction.atomic
def retry(*, actor: Actor, invitation_pk: int) -> Invitation:
    """Try a refused link again, as a new request to the cloud. The customer's approval still stands.

    Refused (409) unless it *failed*, and when the UID was linked or invited meanwhile.
    """
    require(actor, Permission.LINK_INVITE)
    invitation = locks.lock_invitation(actor, invitation_pk)
    if invitation.state != InvitationState.FAILED or not invitation.email:  # forgotten: invited anew instead
        raise NothingToRetry(invitation)
    ensure_free(invitation)
    before = invitation.audit_state()
    changes = {
        "state": InvitationState.APPROVED, "link_round": invitation.link_round + 1, "attempts": 0, "vendor_ticket": "",
        "next_attempt_at": None, "failure_code": "", "failure_message": "", "closed_at": None,
    }  # fmt: skip
    try:
        with transaction.atomic():
            _save(invitation, changes)
    except IntegrityError as error:  # a colleague invited the UID anew at this moment
        raise AlreadyInvited(invitation.uid) from error
    audit.record(actor, Action.LINK_RETRIED, invitation, before=before)
    after_commit(tasks.push_link, invitation.pk)
    return invitation


@transaction.atomic(durable=True)
def _claim(actor: Actor, invitation_pk: int) -> Claim | None:
    row = Invitation.objects.visible_to(actor).select_related("partner").select_for_update(of=("self",))
    invitation = row.filter(pk=invitation_pk, state=InvitationState.APPROVED).first()
    now = timezone.now()
    if invitation is None or (invitation.in_flight_since and invitation.in_flight_since > now - LEASE):
        return None
    if invitation.renews:
        _renew(invitation)
        return None
    holder = LinkedAccount.objects.live().filter(uid=invitation.uid).values_list("partner_id", flat=True).first()
    if holder is not None:
        # Linked meanwhile, here or elsewhere: the cloud is not asked (any more).
        _close_failed(invitation, FailureCode.ALREADY_LINKED, "")
        if invitation.attempts and holder != invitation.partner_id:
            undo_at_the_cloud(_worker(invitation), invitation)
        return None
    if is_being_unlinked(invitation):
        _save(invitation, {"next_attempt_at": now + FIRST_WAIT})
        return None
    _save(invitation, {"in_flight_since": now, "attempts": invitation.attempts + 1})
    return Claim(invitation, now)


def _renew(invitation: Invitation) -> None:
    """The customer agreed to other permissions of a link that is there: nothing to ask the cloud first."""
    actor, before = _worker(invitation), invitation.audit_state()
    try:
        with transaction.atomic():
            account = renew(actor=actor, invitation=invitation)
    except LinkEnded:
        _close_failed(invitation, FailureCode.LINK_ENDED, "")
        return
    _save(invitation, {"state": InvitationState.LINKED, "account": account, "closed_at": timezone.now()})
    audit.record(actor, Action.LINK_SUCCEEDED, invitation, before=before)


def _ask(cloud: Cloud, claim: Claim) -> tuple[LinkStatus, CloudAccount | None]:
    """Where the link stands at the cloud, started if it was not. Reads before it repeats."""
    invitation = claim.invitation
    status = None
    if claim.may_be_known:
        status = cloud.link_status(Ticket(invitation.vendor_ticket or invitation.reference))
        if status.progress is LinkProgress.FAILED and status.code == NO_RECORD:
            status = None
    if status is None:
        ticket = cloud.start_link(_request(invitation))
        Invitation.objects.filter(pk=invitation.pk).update(vendor_ticket=ticket.reference)
        status = cloud.link_status(ticket)
    if status.progress is not LinkProgress.LINKED:
        return status, None
    try:
        return status, cloud.account(uid=status.uid)
    except (CloudRefused, NotOffered):
        return status, None  # linked all the same; its details come with the next reading


def _request(invitation: Invitation) -> LinkRequest:
    return LinkRequest(
        reference=invitation.reference,
        partner_uid=invitation.partner.master_uid,
        uid=invitation.uid,
        email=invitation.email,
        company=invitation.company,
        account_type=invitation.account_type,
        quota=invitation.quota,
        shutdown_policy=invitation.shutdown_policy,
        purchase_control=invitation.purchase_control,
    )


def _write(claim: Claim, status: LinkStatus, account: CloudAccount | None) -> None:
    if status.progress is LinkProgress.PENDING:
        _later(claim, because="pending")
    elif status.progress is LinkProgress.FAILED:
        _fail(claim, status.code, status.message)
    elif claim.invitation.uid and status.uid != claim.invitation.uid:
        _fail(claim, FailureCode.OTHER_UID, status.uid)
    elif not _is_sound(status.uid, claim.invitation):
        _fail(claim, FailureCode.BAD_UID, status.uid)
    else:
        _succeed(claim, status, account)


def _is_sound(uid: str, invitation: Invitation) -> bool:
    """Whether a UID the cloud told would have been taken from a person, too (design §5)."""
    return identifiers.recognise(uid).uid == uid and uid not in ("", invitation.partner.master_uid)


@transaction.atomic(durable=True)
def _succeed(claim: Claim, status: LinkStatus, described: CloudAccount | None) -> None:
    """Account, quota, controls and the invitation's end: all or nothing, once.

    A UID learned only now stays with the invitation, also when our own rules refuse it: a retry then asks for that
    account and makes no second one.
    """
    invitation = _relock(claim)
    if invitation is None:
        return
    before = invitation.audit_state()
    learned = {} if invitation.uid else {"uid": status.uid}
    invitation.uid = status.uid
    actor = _worker(invitation)
    try:
        with transaction.atomic():
            account = _create(actor, invitation, status, described)
    except AlreadyLinked as error:
        _close_failed(invitation, FailureCode.ALREADY_LINKED, "", **learned)
        if not error.data["here"]:
            undo_at_the_cloud(actor, invitation)
        return
    except DomainError as error:  # our own rules say no to what the cloud did: people must look, not the sweep
        _close_failed(invitation, error.code, str(error), **learned)
        return
    end = {"state": InvitationState.LINKED, "account": account, "closed_at": timezone.now(), "in_flight_since": None}
    _save(invitation, {**end, **learned})
    record_attempt(invitation)
    audit.record(actor, Action.LINK_SUCCEEDED, invitation, before=before)
    tell_linked(invitation)
    logger.info("linked", invitation=invitation.pk, attempts=invitation.attempts)


def _create(actor: Actor, invitation: Invitation, status: LinkStatus, described: CloudAccount | None) -> LinkedAccount:
    delayed = invitation.shutdown_policy == ShutdownPolicy.DELAY_STOP
    account = create_account(
        actor=actor,
        partner_pk=invitation.partner_id,
        uid=invitation.uid,
        account_type=invitation.account_type,
        nickname=invitation.company,
        business_manager=invitation.business_manager,
        remarks=invitation.remarks,
        email=invitation.email,
        country=invitation.country or (described.country if described else ""),
        login_name=described.login_name if described else "",
        mobile=described.mobile if described else "",
        is_enterprise=described.is_enterprise if described else None,
        is_certified=described.is_certified if described else None,
        environment=invitation.environment,
        purchase_control=invitation.purchase_control,
        shutdown_policy=invitation.shutdown_policy,
        overdraft=LEAST_OVERDRAFT if delayed else Decimal(0),
        linked_at=status.at or timezone.now(),
        note=invitation.purpose,
    )
    if invitation.quota is not None and invitation.warning_percent is not None:
        percent = invitation.warning_percent
        open_credit(
            actor=actor, account=account, amount=invitation.quota, warning_percent=percent, reason=invitation.purpose
        )
        # The link request has no place for the threshold: it follows as an order of its own.
        cloud_services.queue(
            actor=actor,
            partner_pk=invitation.partner_id,
            uid=account.uid,
            operation=Operation.SET_WARNING,
            payload={"percent": percent},
            reason=invitation.purpose,
            operation_id=None,
        )
    grant(actor=actor, account=account, invitation=invitation)
    return account


@transaction.atomic(durable=True)
def _later(claim: Claim, *, because: str) -> None:
    """Let go of the row and come back: after 30 s, then twice as long each time, at most half an hour."""
    invitation = _relock(claim)
    if invitation is None or invitation.in_flight_since != claim.at:
        return
    wait = min(FIRST_WAIT * 2 ** min(invitation.attempts - 1, 10), LONGEST_WAIT)
    _save(invitation, {"in_flight_since": None, "next_attempt_at": timezone.now() + wait})
    logger.warning("link postponed", invitation=invitation.pk, attempts=invitation.attempts, because=because)


@transaction.atomic(durable=True)
def _fail(claim: Claim, code: str, message: str) -> None:
    invitation = _relock(claim)
    if invitation is not None and invitation.in_flight_since == claim.at:
        _close_failed(invitation, code, message)


def _relock(claim: Claim) -> Invitation | None:
    """The claimed row, locked, unless somebody finished it meanwhile (our lease ran out and another took over)."""
    row = Invitation.objects.select_related("partner").select_for_update(of=("self",))
    return row.filter(pk=claim.invitation.pk, state=InvitationState.APPROVED).first()


def _close_failed(invitation: Invitation, code: str, message: str, **learned: str) -> None:
    before = invitation.audit_state()
    changes: dict[str, object] = {
        "state": InvitationState.FAILED, "failure_code": str(code)[:60], "failure_message": message[:500],
        "closed_at": timezone.now(), "in_flight_since": None, **learned,
    }  # fmt: skip
    _save(invitation, changes)
    record_attempt(invitation, code=str(code), message=message)
    audit.record(_worker(invitation), Action.LINK_FAILED, invitation, before=before, note=message)
    logger.warning("link failed", invitation=invitation.pk, code=str(code))


def _save(invitation: Invitation, changes: dict[str, object]) -> None:
    for name, value in changes.items():
        setattr(invitation, name, value)
    invitation.version += 1
    invitation.updated_at = timezone.now()
    invitation.save(update_fields=[*changes, "version", "updated_at"])


def _worker(invitation: Invitation) -> Actor:
    """Our worker, acting in this invitation's partner only."""
    return system_actor("link worker", partner=invitation.partner)
