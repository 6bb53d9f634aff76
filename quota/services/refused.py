"""What the cloud did not do is taken back here, with its cause, and whoever asked is told (issue 4; 3040 and others).

Orders about money change our figures at once. When the cloud says no, the figures go back by an entry of their own,
the order is marked as taken back, and one mail goes out: one transaction, so each of it happens once. What a cloud has
no interface for is no refusal: people do it there and record it, or take it back by hand.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from partner_console.access.models import Membership
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import locks as cloud_locks
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.port import CloudRefused, Credit, NotOffered, get_cloud
from partner_console.cloud.selectors import get_command
from partner_console.cloud.services.sending import NOT_OFFERED
from partner_console.money import QUOTA_PLACES, quantize
from partner_console.web.formats import exact_amount
from partner_console.web.mail import absolute_url, queue_mail
from quota import locks
from quota.errors import NothingToTakeBack
from quota.models import CreditAccount
from quota.rules import clean_reason
from quota.selectors.money import may_be_taken_back
from quota.services import boosts, ledger
from quota.services.notices import recipients_of
from quota.states import Bucket, EntryKind
from uids.states import LIVE

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

BATCH = 200
ABOUT_MONEY = (Operation.SET_QUOTA, Operation.WRITE_OFF, Operation.REFUND)
KINDS = {Operation.WRITE_OFF: EntryKind.WRITE_OFF, Operation.REFUND: EntryKind.REFUND}
REASON_REFUSED = gettext_noop("The cloud refused the change")


def take_back_refused(*, actor: Actor, partner: Partner) -> int:
    """Take back what the cloud refused since last time, at most `BATCH` orders; how many. Again finds nothing.

    Raises what the port raises when the cloud does not answer: nothing is lost, the next run takes it up.
    """
    found = _refused(actor).filter(partner=partner).order_by("pk")[:BATCH]
    return sum(_take_back_one(actor, command) for command in found)


@transaction.atomic
def take_back(*, actor: Actor, command_pk: int, reason: str) -> CloudCommand:
    """Somebody decides that what the cloud could not do, or may have done, is not to count here; the entry says why.

    For orders to write off or refund that this cloud has no interface for, and those whose outcome stayed unclear.
    """
    require(actor, Permission.QUOTA_EDIT)
    credit = _lock_credit(actor, get_command(actor, command_pk))
    command = cloud_locks.lock_command(actor, command_pk)
    if credit is None or not may_be_taken_back(command):
        raise NothingToTakeBack
    _reverse(actor, credit, command, clean_reason(reason))
    _close(command)
    return command


def _refused(actor: Actor) -> QuerySet[CloudCommand]:
    rows: QuerySet[CloudCommand] = CloudCommand.objects.visible_to(actor).filter(
        ~Q(vendor_code=NOT_OFFERED),
        operation__in=ABOUT_MONEY,
        state=CommandState.REFUSED,
        undone_at__isnull=True,
    )
    return rows


def _take_back_one(actor: Actor, command: CloudCommand) -> bool:
    """The total there now is read before anything is locked; an account the cloud will not show is asked again."""
    reading = None
    if command.operation == Operation.SET_QUOTA:
        with suppress(CloudRefused, NotOffered):
            reading = get_cloud().credit(uid=command.uid)
    return _settle(actor=actor, command_pk=command.pk, reading=reading)


@transaction.atomic
def _settle(*, actor: Actor, command_pk: int, reading: Credit | None) -> bool:
    credit = _lock_credit(actor, get_command(actor, command_pk))
    command = cloud_locks.lock_command(actor, command_pk)
    if not _refused(actor).filter(pk=command_pk).exists():
        return False
    if credit is not None:
        if command.operation != Operation.SET_QUOTA:
            _reverse(actor, credit, command, cause_of(command))
        elif reading is None:
            return False
        elif not _has_newer(command):
            _restore(actor, credit, command, quantize(reading.amount, QUOTA_PLACES))
            boosts.close_refused(actor=actor, credit=credit, operation_id=command.operation_id, cause=cause_of(command))
        _tell(credit, command)
    _close(command)
    return True


def cause_of(command: CloudCommand) -> str:
    """The reason of the entry: ours, then the cloud's code and words."""
    return f"{REASON_REFUSED}: {command.vendor_code} {command.vendor_message}".strip()


def _lock_credit(actor: Actor, command: CloudCommand) -> locks.LockedCredit | None:
    """The live account's money, locked; None when the relationship has ended: its figures are history."""
    found = CreditAccount.objects.visible_to(actor).filter(
        account__uid=command.uid, partner=command.partner_id, account__relationship__in=LIVE
    )
    pk = found.values_list("pk", flat=True).first()
    return None if pk is None else locks.lock_credit(actor, pk)


def _has_newer(command: CloudCommand) -> bool:
    """A newer order about the same total decides what it is."""
    later = CloudCommand.objects.filter(partner=command.partner_id, uid=command.uid, topic=command.topic)
    return later.filter(pk__gt=command.pk).exists()


def _reverse(actor: Actor, credit: locks.LockedCredit, command: CloudCommand, reason: str) -> None:
    """An entry of the same kind with the opposite sign: what was taken off is there again."""
    before, amount = credit.deducted, Decimal(command.payload["amount"])
    movement = ledger.Movement(
        KINDS[Operation(command.operation)],
        deducted=amount,
        bucket=Bucket.DEDUCTED,
        reason=reason,
        key=f"taken-back:{command.pk}",
        operation_id=command.operation_id,
    )
    ledger.post(actor=actor, credit=credit, movement=movement)
    _note(actor, Action.QUOTA_TAKEN_BACK, credit, {"deducted": [str(before), str(credit.deducted)]}, reason, command)


def _restore(actor: Actor, credit: locks.LockedCredit, command: CloudCommand, amount: Decimal) -> None:
    """The total that the cloud has kept."""
    before = credit.amount
    if amount == before:
        return
    movement = ledger.Movement(
        EntryKind.SYNC,
        amount=amount - before,
        bucket=Bucket.AMOUNT,
        reason=cause_of(command),
        key=f"taken-back:{command.pk}",
        operation_id=command.operation_id,
    )
    ledger.post(actor=actor, credit=credit, movement=movement)
    _note(actor, Action.QUOTA_SYNCED, credit, {"amount": [str(before), str(amount)]}, movement.reason, command)


def _note(
    actor: Actor,
    action: Action,
    credit: locks.LockedCredit,
    changes: dict[str, list[str]],
    reason: str,
    command: CloudCommand,
) -> None:
    """On the trail; and whoever has the page open must not overwrite it unseen."""
    audit.record(actor, action, credit.account, changes=changes, note=reason, operation_id=command.operation_id)
    credit.version += 1
    credit.save(update_fields=["version"])


def _close(command: CloudCommand) -> None:
    command.undone_at = timezone.now()
    command.save(update_fields=["undone_at"])


def _facts(credit: locks.LockedCredit, command: CloudCommand) -> list[tuple[object, str]]:
    currency = credit.partner.currency
    return [
        (_("What the cloud said"), f"{command.vendor_code} {command.vendor_message}".strip()),
        (_("Asked for"), f"{exact_amount(Decimal(command.payload['amount']))} {currency}"),
        (_("Reason"), command.reason),
        (_("Quota Amount"), f"{exact_amount(credit.amount)} {currency}"),
        (_("Consumed & Deducted Value"), f"{exact_amount(credit.deducted)} {currency}"),
        (_("Available Quota"), f"{exact_amount(credit.available)} {currency}"),
    ]


def _tell(credit: locks.LockedCredit, command: CloudCommand) -> None:
    """Whoever asked, in their language; when that was a program or they have left, the alert recipients.

    One mail for everything that was asked for in one go: a file of 5,000 totals must not be 5,000 mails.
    """
    siblings = CloudCommand.objects.filter(partner=command.partner_id, operation_id=command.operation_id)
    if command.operation_id and siblings.filter(undone_at__isnull=False).exclude(pk=command.pk).exists():
        return
    partner = credit.partner
    members = Membership.objects.active().select_related("user")
    asker = members.filter(partner=partner, user__email__iexact=command.asked_by).first()
    if recipients := [asker.user.email] if asker else recipients_of(credit):
        queue_mail(
            to=recipients,
            template="quota_refused",
            context={
                "partner": partner,
                "account": credit.account,
                "customer": credit.account.known_as,
                "command": command,
                "facts": _facts(credit, command),
                "has_siblings": siblings.count() > 1 if command.operation_id else False,
                "url": absolute_url("quota:account_quota", credit.account.uid),
            },
            language=(asker.user.language if asker else "") or partner.language,
            zone=(asker.user.time_zone if asker else "") or partner.time_zone,
            partner_code=partner.code,
        )
