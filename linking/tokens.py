"""The secrets of a customer's way in: links, codes, sessions, and the proof of what was shown.

256 random bits in a mail or a cookie and SHA-256 here; short codes as keyed hashes. Nothing in this module is logged,
and nothing it makes goes into the trail.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.core import signing
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from linking.models import Invitation, InvitationToken

TOKEN_BYTES = 32
CODE_DIGITS = 6
PROOF_SALT = "linking.proof"
PROOF_VALID = timedelta(minutes=30)
# What a proof can say was shown.
DIGITS: Final = "digits"
CODE: Final = "code"


def new_token() -> str:
    """Unguessable and fit for a URL: 43 characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """What is stored. 256 random bits need no salt and no slow hash: there is nothing to guess from."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_code() -> str:
    """Short enough to type; only few tries make it safe."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def code_digest(code: str, *, of: str) -> str:
    """What is stored of a code that belongs to `of`: keyed, because a million codes are soon tried."""
    return salted_hmac(f"linking.code.{of}", code, algorithm="sha256").hexdigest()


def same(typed: str, expected: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(typed.encode(), expected.encode())


def needed(invitation: Invitation) -> frozenset[str]:
    """What the customer has to show: the digits where a UID is known, a code where it is set or nothing else is."""
    shown = {DIGITS} if invitation.uid else {CODE}
    return frozenset(shown | {CODE} if invitation.asks_code else shown)


def proof_of(token: InvitationToken, shown: frozenset[str] = frozenset({DIGITS})) -> str:
    """A signed statement that whoever holds this link showed these; bound to this one link."""
    return signing.TimestampSigner(salt=PROOF_SALT).sign(".".join((token.digest, *sorted(shown))))


def shown_by(proof: str, token: InvitationToken) -> frozenset[str]:
    """What a proof says was shown; nothing when it is not ours, of another link, or older than `PROOF_VALID`."""
    try:
        value = signing.TimestampSigner(salt=PROOF_SALT).unsign(proof, max_age=PROOF_VALID)
    except signing.BadSignature:
        return frozenset()
    about, *shown = value.split(".")
    return frozenset(shown) if hmac.compare_digest(about, token.digest) else frozenset()


def is_proof(proof: str, token: InvitationToken) -> bool:
    """Everything the invitation of this link asks for was shown."""
    return needed(token.invitation) <= shown_by(proof, token)
