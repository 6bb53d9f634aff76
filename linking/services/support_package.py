"""The support package: one zip with everything whoever helps would ask for, so that nobody has to ask (seed 000)."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language

from linking.evidence import gather, receipts_of
from linking.locks import lock_account
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.audit.selectors import timeline
from partner_console.cloud.models import CloudCommand

if TYPE_CHECKING:
    from datetime import datetime

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

TIMELINE_SHOWN = ORDERS_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    content: bytes


@transaction.atomic
def make_support_package(*, actor: Actor, account_pk: int, note: str = "") -> Package:
    """A zip of `summary.html` in the active language, `data.json` with UTC times, and every consent receipt.

    `note` is what the maker wants said first. The making is on the account's trail; an ended link has one too.
    """
    require(actor, Permission.LINK_INVITE)
    account = lock_account(actor, account_pk)
    now = timezone.now()
    story = {
        "made_at": now,
        "made_by": actor.label,
        "request_id": actor.request_id,
        "note": note,
        **gather(actor, account),
    }
    receipts = receipts_of(actor, account)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("summary.html", _summary(actor, account, story, now))
        archive.writestr("data.json", json.dumps(story, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
        for receipt in receipts:
            archive.writestr(f"consent-{receipt.digest}.json", receipt.body)
    audit.record(actor, Action.SUPPORT_PACKAGE_MADE, account, note=note)
    return Package(f"support-{account.uid}-{now:%Y%m%d-%H%M%S}.zip", written.getvalue())


def _summary(actor: Actor, account: LinkedAccount, story: dict[str, object], now: datetime) -> str:
    return render_to_string(
        "linking/wrong_link/summary.html",
        {
            "account": account,
            "partner": account.partner,
            "story": story,
            "made_at": now,
            "made_by": actor.label,
            "language": get_language(),
            "orders": CloudCommand.objects.visible_to(actor).filter(uid=account.uid).order_by("-pk")[:ORDERS_SHOWN],
            "timeline": timeline(actor, account, limit=TIMELINE_SHOWN).entries,
        },
    )
