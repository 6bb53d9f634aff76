"""Account Status: the steps from linked to ended, and what is forgotten afterwards (acpn.md §7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from uids import hooks
from uids.errors import RelationshipMoved
from uids.states import MOVES, Relationship

if TYPE_CHECKING:
    import uuid

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

CONTACT = ("email", "mobile", "login_name")


@transaction.atomic
def set_relationship(
    *,
    actor: Actor,
    account: LinkedAccount,
    to: Relationship,
    action: Action,
    reason: str,
    operation_id: uuid.UUID | None = None,
) -> LinkedAccount:
    """Take one step of the relationship, with its entry on the account's trail.

    A part of a use case: the caller has permitted it, holds the account's row locked in this transaction (it is the
    lock of everything about the relationship) and says by `action` what happened. Raises `RelationshipMoved` when
    there is no such step, on repeat too.
    """
    if to not in MOVES[Relationship(account.relationship)]:
        raise RelationshipMoved(account)
    before = account.audit_state()
    account.relationship = to
    account.version += 1
    account.updated_at = timezone.now()
    account.save(update_fields=["relationship", "version", "updated_at"])
    audit.record(actor, action, account, before=before, note=reason, operation_id=operation_id)
    if not account.is_live:
        hooks.account_ended(actor=actor, account_pk=account.pk)
    return account


@transaction.atomic
def forget_contact(*, actor: Actor, account: LinkedAccount, reason: str) -> LinkedAccount:
    """*Deleted*: the record stays with its UID, its money and its trail; whom to write to is forgotten.

    E-mail, mobile and login name go; of a private person the nickname too, which is their name. The caller holds the
    row locked. Raises `RelationshipMoved` unless it is *terminated*. What was forgotten is not on the trail again.
    """
    gone = [*CONTACT, *([] if account.is_enterprise else ["nickname"])]
    for name in gone:
        setattr(account, name, "")
    account.save(update_fields=gone)
    return set_relationship(
        actor=actor, account=account, to=Relationship.DELETED, action=Action.ACCOUNT_FORGOTTEN, reason=reason
    )
