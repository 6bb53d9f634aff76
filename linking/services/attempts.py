"""Rounds at the cloud: what was asked and how each ended, kept to compare when a later one works; and what to undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from linking.models import LinkAttempt
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CloudCommand, CommandState, Operation

if TYPE_CHECKING:
    from linking.models import Invitation
    from partner_console.access.actor import Actor

# What of an invitation reaches the cloud, or decides how it answers.
ASKED = (
    "uid", "email", "company", "account_type", "country", "environment", "quota", "warning_percent", "shutdown_policy",
    "purchase_control", "scopes",
)  # fmt: skip
UNDECIDED = (CommandState.QUEUED, CommandState.IN_FLIGHT, CommandState.UNKNOWN)


def record_attempt(invitation: Invitation, *, code: str = "", message: str = "") -> LinkAttempt:
    """How this round ended, in the caller's transaction; "" as code: it worked. On repeat the last word counts."""
    attempt, _created = LinkAttempt.objects.update_or_create(
        invitation=invitation,
        round=invitation.link_round,
        defaults={
            "asked": {name: _plain(getattr(invitation, name)) for name in ASKED},
            "code": code[:60],
            "message": message[:500],
            "ended_at": timezone.now(),
        },
    )
    return attempt


def undo_at_the_cloud(actor: Actor, invitation: Invitation) -> None:
    """The cloud linked the account to us although another partner has it here: order it to end our link again.

    In the caller's transaction, under the invitation's lock.
    """
    cloud.queue(
        actor=actor,
        partner_pk=invitation.partner_id,
        uid=invitation.uid,
        operation=Operation.UNLINK,
        payload={},
        reason=invitation.reference,
        operation_id=None,
    )
    audit.record(actor, Action.CLOUD_LINK_UNDONE, invitation)


def is_being_unlinked(invitation: Invitation) -> bool:
    """An order to unlink is on its way for this very account: a new link must not be made before it."""
    orders = CloudCommand.objects.filter(partner_id=invitation.partner_id, uid=invitation.uid, uid__gt="")
    return orders.filter(operation=Operation.UNLINK, state__in=UNDECIDED).exists()


def _plain(value: Any) -> Any:
    """As JSON holds it: money as text, lists and numbers as they are."""
    return value if value is None or isinstance(value, int | list) else str(value)
