"""The code sent to an invitation's address: the second half of the proof, or all of it where no UID is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from linking import locks, tokens
from linking.errors import ProofMissing, TooManyVisits, WrongCode
from linking.models import InvitationCode
from linking.services import tries
from linking.services.mailing import mail_code
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import DomainError
from uids.identifiers import clean

if TYPE_CHECKING:
    from datetime import datetime

    from linking.models import Invitation
    from partner_console.access.actor import Actor

CODE_VALID = timedelta(minutes=15)
MOST_CODES, CODES_WINDOW = 4, timedelta(minutes=15)


@transaction.atomic
def send_code(*, actor: Actor, token: str, proof: str = "", language: str = "") -> Invitation:
    """Send a fresh code; earlier ones stop fitting. Where a UID is known its digits come first (`ProofMissing`).

    Raises `TooManyVisits` for the fifth within 15 minutes.
    """
    require(actor, Permission.LINK_ANSWER)
    invitation, link = locks.lock_by_token(token)
    before_the_code = tokens.needed(invitation) - {tokens.CODE}
    if not before_the_code <= tokens.shown_by(proof, link) or tokens.CODE not in tokens.needed(invitation):
        raise ProofMissing
    if (until := _held_back_until(invitation)) is not None:
        raise TooManyVisits(until)
    _send(invitation, language)
    audit.record(actor, Action.LINK_CODE_SENT, invitation)
    return invitation


def send_unless_waiting(invitation: Invitation, *, language: str) -> None:
    """A code with the digits that were just right; none while one is on its way. In a locked transaction."""
    if code_sent_at(invitation) is None and _held_back_until(invitation) is None:
        _send(invitation, language)


def code_sent_at(invitation: Invitation) -> datetime | None:
    """When the code went out that fits now; None when there is none."""
    fits = InvitationCode.objects.filter(invitation=invitation, used_at__isnull=True, expires_at__gt=timezone.now())
    return fits.order_by("-sent_at").values_list("sent_at", flat=True).first()


def prove_code(*, actor: Actor, token: str, code: str, proof: str = "") -> str:
    """Check the e-mailed code; returns a proof of this and of what `proof` had shown.

    Counted with the digits: every fifth wrong try closes the invitation for 15 minutes (`ProofLocked`). `WrongCode`
    says the same whether the code is wrong, old, used, or was never sent.
    """
    require(actor, Permission.LINK_ANSWER)
    result = _try_code(actor, token, code, proof)
    if isinstance(result, DomainError):  # raised out here: the count must stay
        raise result
    return result


@transaction.atomic
def _try_code(actor: Actor, token: str, code: str, proof: str) -> str | DomainError:
    invitation, link = locks.lock_by_token(token)
    if (locked := tries.locked(invitation)) is not None:
        return locked
    newest = InvitationCode.objects.filter(invitation=invitation).order_by("-sent_at", "-pk").first()
    typed = tokens.code_digest(clean(code), of=_owner(invitation))
    is_right = tokens.same(typed, newest.digest if newest else "")
    now = timezone.now()
    if newest is None or not is_right or newest.used_at is not None or newest.expires_at <= now:
        return tries.count_wrong(actor, invitation, Action.LINK_CODE_FAILED, WrongCode)
    newest.used_at = now
    newest.save(update_fields=["used_at"])
    audit.record(actor, Action.LINK_CODE_PROVED, invitation)
    return tokens.proof_of(link, tokens.shown_by(proof, link) | {tokens.CODE})


def _held_back_until(invitation: Invitation) -> datetime | None:
    since = timezone.now() - CODES_WINDOW
    sent = InvitationCode.objects.filter(invitation=invitation, sent_at__gt=since).order_by("sent_at")
    times = list(sent.values_list("sent_at", flat=True))
    return times[-MOST_CODES] + CODES_WINDOW if len(times) >= MOST_CODES else None


def _send(invitation: Invitation, language: str) -> None:
    now, code = timezone.now(), tokens.new_code()
    InvitationCode.objects.create(
        invitation=invitation,
        digest=tokens.code_digest(code, of=_owner(invitation)),
        sent_at=now,
        expires_at=now + CODE_VALID,
    )
    mail_code(invitation, code=code, language=language or invitation.language)


def _owner(invitation: Invitation) -> str:
    return f"invitation {invitation.pk}"
