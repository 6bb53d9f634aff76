"""Consent receipts: what the customer read when they approved, kept word by word, with its SHA-256."""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.translation import gettext as _

from linking import consent
from linking.models import ConsentReceipt

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from linking.models import Invitation

FORMAT = 1
DIGEST = re.compile(r"[0-9a-f]{64}")
# Where our own HTML file carries the canonical text.
EMBEDDED = re.compile(r'<pre id="receipt-text">\n?(.*?)</pre>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a receipt is ours. `receipt` is None when no such was issued, or somebody changed it."""

    digest: str
    receipt: ConsentReceipt | None


def issue(invitation: Invitation, *, shown: Collection[str], at: datetime, language: str) -> ConsentReceipt:
    """Write the receipt of an approval, in the transaction of the approval."""
    with translation.override(language):
        body = canonical(_contents(invitation, shown=shown, at=at, language=language))
    return ConsentReceipt.objects.create(
        invitation=invitation, language=language, body=body, digest=fingerprint(body), at=at
    )


def canonical(contents: dict[str, Any]) -> str:
    """The one way to write it: keys sorted, two blanks of indent, no character escaped that need not be."""
    return json.dumps(contents, ensure_ascii=False, sort_keys=True, indent=2)


def fingerprint(text: str) -> str:
    """SHA-256 of the text in UTF-8, line feeds alone, nothing around it: a text that was only copied still fits."""
    return hashlib.sha256(text.replace("\r\n", "\n").strip().encode()).hexdigest()


def check(*, digest: str = "", content: bytes = b"") -> Finding:
    """Find a receipt by its SHA-256, or by the file: our HTML, or the bare text.

    Whoever has either has the receipt; nothing is told of one that does not fit.
    """
    if content:
        text = content.decode("utf-8", errors="replace")
        embedded = EMBEDDED.search(text)
        digest = fingerprint(html.unescape(embedded.group(1)) if embedded else text)
    else:
        digest = re.sub(r"[^0-9a-f]", "", digest.lower())
    found = ConsentReceipt.objects.select_related("invitation__partner").filter(digest=digest).first()
    return Finding(digest, found)


def _contents(invitation: Invitation, *, shown: Collection[str], at: datetime, language: str) -> dict[str, Any]:
    partner, scopes = invitation.partner, consent.scopes_of(invitation)
    return {
        "format": FORMAT,
        "statement": _("I approve linking my account to %(partner)s as described here.") % {"partner": partner.name},
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
