"""Writing the consent receipt: what the customer read when they approved, kept word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import translation

from linking import consent
from linking.models import ConsentReceipt
from linking.receipts import canonical, fingerprint

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from linking.models import Invitation

FORMAT = 1


def issue(invitation: Invitation, *, shown: Collection[str], at: datetime, language: str) -> ConsentReceipt:
    """Write the receipt of an approval, in the transaction of the approval."""
    with translation.override(language):
        body = canonical(_contents(invitation, shown=shown, at=at, language=language))
    return ConsentReceipt.objects.create(
        invitation=invitation, language=language, body=body, digest=fingerprint(body), at=at
    )


def _contents(invitation: Invitation, *, shown: Collection[str], at: datetime, language: str) -> dict[str, Any]:
    partner, scopes = invitation.partner, consent.scopes_of(invitation)
    return {
        "format": FORMAT,
        "statement": consent.statement(invitation),
        "approved_at": at.isoformat(timespec="seconds"),
        "language": language,
        "invitation": invitation.pk,
        "partner": {
            "name": partner.name,
            "domain": partner.domain,
            "kind": partner.kind,
            "uid": partner.master_uid,
            "contact": partner.contact,
        },
        "account": {"uid": invitation.uid, "company": invitation.company, "email": invitation.email},
        "proved_by": sorted(shown),
        "meaning": consent.meaning(invitation),
        "note": invitation.note_to_customer,
        "sheet": [{"question": row.question, "now": row.now, "after": row.after} for row in consent.sheet(invitation)],
        "permissions": {
            "scopes": scopes,
            "may": consent.may(scopes),
            "may_not": consent.may_not(scopes),
            "end": consent.permissions_end(invitation),
        },
    }
