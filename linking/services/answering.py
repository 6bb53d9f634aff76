"""The customer's side: open, prove the account, approve or decline. Reached by the secret in the mail alone.

The actor is made by `customer_actor`: it belongs to no partner, so scoping shows it nothing, and its one permission
is to answer. Which invitation it answers is decided by the token, never by a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from linking import locks, tasks, tokens
from linking.errors import ProofMissing, WrongDigits
from linking.services import codes, receipts, tries
from linking.services.telling import tell_declined
from linking.states import DeclineReason, InvitationState, ensure_move
from partner_console.access.actor import Actor, Channel
from partner_console.access.policy import Permission, Role, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import DomainError
from partner_console.waking import after_commit
from uids.identifiers import clean
from uids.services.accounts import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linking.models import Invitation

PROOF_DIGITS = 6


def customer_actor(invitation: Invitation, *, request_id: str = "") -> Actor:
    """Whoever holds the link of this invitation. Records name the invitation, not a person we cannot know."""
    return Actor(
        role=Role.CUSTOMER,
        channel=Channel.CUSTOMER,
        label=f"customer of invitation {invitation.pk}",
        request_id=request_id,
    )


@transaction.atomic
def record_opened(*, actor: Actor, token: str) -> Invitation:
    """The customer did something on their page for the first time; fetching it is not enough (mail scanners do).

    On repeat nothing changes.
    """
    require(actor, Permission.LINK_ANSWER)
    invitation, _link = locks.lock_by_token(token)
    if invitation.state != InvitationState.SENT:
        return invitation
    _move(actor, invitation, InvitationState.OPENED, Action.LINK_OPENED, fields={"opened_at": timezone.now()})
    return invitation


def prove(*, actor: Actor, token: str, digits: str, language: str = "") -> str:
    """Check the last 6 digits of the UID; returns the signed proof `approve` asks for.

    Where a code is asked for too, it goes to the invitation's address now, in `language`. A wrong try is counted and
    recorded, then `WrongDigits`; every fifth locks for 15 minutes (`ProofLocked`, also for the right digits). The
    same words and the same time whatever was wrong.
    """
    require(actor, Permission.LINK_ANSWER)
    result = _try_digits(actor, token, digits, language)
    if isinstance(result, DomainError):  # raised out here: the count must stay
        raise result
    return result


@transaction.atomic
def _try_digits(actor: Actor, token: str, digits: str, language: str) -> str | DomainError:
    invitation, link = locks.lock_by_token(token)
    if (locked := tries.locked(invitation)) is not None:
        return locked
    expected = invitation.uid[-PROOF_DIGITS:]
    is_right = tokens.same(clean(digits), expected)
    if not (is_right and expected):
        return tries.count_wrong(actor, invitation, Action.LINK_PROOF_FAILED, WrongDigits)
    audit.record(actor, Action.LINK_PROVED, invitation)
    if tokens.CODE in tokens.needed(invitation):
        codes.send_unless_waiting(invitation, language=language)
    return tokens.proof_of(link)


@transaction.atomic
def approve(*, actor: Actor, token: str, proof: str, language: str = "") -> Invitation:
    """The customer agrees: the worker links after this commits. `proof` comes from `prove`, at most 30 minutes old.

    What they agreed to is kept word by word as a receipt, in `language` (the invitation's when empty). Raises
    `ProofMissing`, or `LinkNotUsable` when the link is no longer open (approving twice included).
    """
    require(actor, Permission.LINK_ANSWER)
    invitation, link = locks.lock_by_token(token)
    shown = tokens.shown_by(proof, link)
    if not tokens.needed(invitation) <= shown:
        raise ProofMissing
    now = timezone.now()
    moments = {"approved_at": now, "opened_at": invitation.opened_at or now}
    receipt = receipts.issue(invitation, shown=shown, at=now, language=language or invitation.language)
    _move(
        actor,
        invitation,
        InvitationState.APPROVED,
        Action.LINK_APPROVED,
        fields=moments,
        changes={"receipt": ["", receipt.digest]},
    )
    after_commit(tasks.push_link, invitation.pk)
    return invitation


@transaction.atomic
def decline(*, actor: Actor, token: str, code: DeclineReason, reason: str = "") -> Invitation:
    """The customer says no, and why; whoever invited gets a mail. No digits needed: who is not meant by an invitation
    cannot know them."""
    require(actor, Permission.LINK_ANSWER)
    invitation, _link = locks.lock_by_token(token)
    now = timezone.now()
    fields = {
        "decline_code": DeclineReason(code).value,
        "decline_reason": clean_text(reason)[:500],
        "opened_at": invitation.opened_at or now,
        "closed_at": now,
    }
    _move(actor, invitation, InvitationState.DECLINED, Action.LINK_DECLINED, fields=fields, note=clean_text(reason))
    tell_declined(invitation)
    return invitation


def _move(
    actor: Actor,
    invitation: Invitation,
    target: InvitationState,
    action: Action,
    *,
    fields: Mapping[str, object],
    changes: dict[str, object] | None = None,
    note: str = "",
) -> None:
    ensure_move(invitation.current_state, target)
    before = invitation.audit_state()
    for name, value in {**fields, "state": target, "updated_at": timezone.now()}.items():
        setattr(invitation, name, value)
    invitation.version += 1
    invitation.save(update_fields=[*fields, "state", "version", "updated_at"])
    audit.record(actor, action, invitation, before=before, changes=changes, note=note)
