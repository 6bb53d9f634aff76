"""Wrong proofs of one invitation, digits and codes together: every fifth closes it for a while (design §5)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from linking.errors import ProofLocked
from partner_console.audit import services as audit

if TYPE_CHECKING:
    from collections.abc import Callable

    from linking.models import Invitation
    from partner_console.access.actor import Actor
    from partner_console.audit.actions import Action
    from partner_console.errors import DomainError

TRIES = 5
LOCK_FOR = timedelta(minutes=15)


def locked(invitation: Invitation) -> ProofLocked | None:
    """The refusal while nothing is judged, right or wrong; tries meanwhile are not counted."""
    until = invitation.proof_locked_until
    return ProofLocked(until) if until is not None and until > timezone.now() else None


def count_wrong(
    actor: Actor, invitation: Invitation, action: Action, wrong: Callable[[int], DomainError]
) -> DomainError:
    """Count and record one wrong try of a locked invitation; what to raise once that is committed."""
    invitation.proof_failures += 1
    left = -invitation.proof_failures % TRIES
    invitation.proof_locked_until = None if left else timezone.now() + LOCK_FOR
    invitation.save(update_fields=["proof_failures", "proof_locked_until"])
    audit.record(actor, action, invitation)
    return locked(invitation) or wrong(left)
