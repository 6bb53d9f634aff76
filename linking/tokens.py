"""The secrets of a customer's link: 256 random bits in the mail, SHA-256 here, and the proof that digits were right.

Nothing in this module is logged, and nothing it makes goes into the trail.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core import signing

if TYPE_CHECKING:
    from linking.models import InvitationToken

TOKEN_BYTES = 32
PROOF_SALT = "linking.proof"
PROOF_VALID = timedelta(minutes=30)


def new_token() -> str:
    """Unguessable and fit for a URL: 43 characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """What is stored. 256 random bits need no salt and no slow hash: there is nothing to guess from."""
    return hashlib.sha256(token.encode()).hexdigest()


def same_digits(typed: str, expected: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(typed.encode(), expected.encode())


def proof_of(token: InvitationToken) -> str:
    """A signed statement that whoever holds this link typed the right digits; bound to this one link."""
    return signing.TimestampSigner(salt=PROOF_SALT).sign(token.digest)


def is_proof(proof: str, token: InvitationToken) -> bool:
    """Ours, of this link, and not older than `PROOF_VALID`."""
    try:
        value = signing.TimestampSigner(salt=PROOF_SALT).unsign(proof, max_age=PROOF_VALID)
    except signing.BadSignature:
        return False
    return hmac.compare_digest(value, token.digest)
