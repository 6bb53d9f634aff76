"""Consent receipts: how their text is written and fingerprinted, and reads of them.

The text is canonical JSON, stored once at the approval (`linking.services.receipts`) and never rendered anew.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from linking.models import ConsentReceipt
from partner_console.access.policy import Permission, require
from partner_console.errors import NotFound

if TYPE_CHECKING:
    from linking.models import Invitation
    from partner_console.access.actor import Actor

# Where our own HTML file carries the canonical text.
EMBEDDED = re.compile(r'<pre id="receipt-text">\n?(.*?)</pre>', re.DOTALL)
DIGEST_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a receipt is ours. `receipt` is None when no such was issued, or somebody changed it."""

    digest: str
    receipt: ConsentReceipt | None


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
        digest = re.sub(r"[^0-9a-f]", "", digest.lower())[:DIGEST_CHARACTERS]
    found = ConsentReceipt.objects.select_related("invitation__partner").filter(digest=digest).first()
    return Finding(digest, found)


def receipt_of(invitation: Invitation) -> ConsentReceipt | None:
    """Takes the invitation, not the actor: whoever could read it, by link or as staff, may read this."""
    return ConsentReceipt.objects.select_related("invitation__partner").filter(invitation=invitation).first()


def get_receipt(actor: Actor, invitation_pk: int) -> ConsentReceipt:
    """For staff: the receipt of an invitation of the actor's partner; `NotFound` when nobody approved it."""
    require(actor, Permission.LINK_VIEW)
    rows = ConsentReceipt.objects.visible_to(actor).select_related("invitation__partner")
    receipt: ConsentReceipt | None = rows.filter(invitation_id=invitation_pk).first()
    if receipt is None:
        raise NotFound("not_found", _("There is no receipt: nobody approved this invitation."))
    return receipt
