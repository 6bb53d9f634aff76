"""A batch of judged rows becomes linked accounts with their opening figures, in the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from partner_console.access.policy import PartnerKind
from partner_console.cloud import clock
from partner_console.money import ZERO
from quota.rules import LEAST_OVERDRAFT
from quota.services.opening import Opening, open_credits
from uids.models import LinkedAccount
from uids.services.importing import create_accounts
from uids.states import AccountType, PaygStatus, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner
    from quota.models.imports import AccountImport
    from quota.services.imports.judging import Judged


def apply(actor: Actor, job: AccountImport, partner: Partner, judged: Sequence[Judged]) -> None:
    """Create the accounts and open their quota. Raises IntegrityError when an id was linked a moment ago."""
    now, stopped_at = timezone.now(), clock.now()  # nobody knows since when something is stopped
    note = _("Imported from %(file)s") % {"file": job.file_name}
    pairs = [(one, _account(one, partner, now, stopped_at)) for one in judged]
    create_accounts(actor=actor, partner_pk=partner.pk, accounts=[account for _one, account in pairs], note=note)
    if partner.kind == PartnerKind.AGENCY:
        return
    openings = [
        _opening(one, account, partner, note, job.created_at) for one, account in pairs if account.trustee_id is None
    ]
    open_credits(actor=actor, openings=openings)


def _account(one: Judged, partner: Partner, now: datetime, stopped_at: datetime) -> LinkedAccount:
    """Unsaved. A sub-account's switches are its own; what is in force comes from its master by reference."""
    fields: dict[str, Any] = dict(one.row.stated)
    payg = fields.pop("payg", PaygStatus.NORMAL)
    fields["payg_frozen"] = payg == PaygStatus.FROZEN
    if payg in (PaygStatus.STOPPED, PaygStatus.RELEASED):
        fields["payg_stopped_at"] = stopped_at
    if payg == PaygStatus.RELEASED:
        fields["payg_released_at"] = stopped_at
    if fields.get("shutdown_policy") == ShutdownPolicy.DELAY_STOP:
        fields.setdefault("overdraft", LEAST_OVERDRAFT)
    is_agency = partner.kind == PartnerKind.AGENCY
    fields.setdefault("account_type", AccountType.AGENCY_END_USER if is_agency else AccountType.RESELLER_END_USER)
    return LinkedAccount(partner=partner, uid=one.row.uid, trustee=one.master, created_at=now, updated_at=now, **fields)


def _opening(one: Judged, account: LinkedAccount, partner: Partner, note: str, as_of: datetime) -> Opening:
    credit = one.row.credit
    return Opening(
        account=account,
        amount=credit.get("amount", ZERO),
        warning_percent=credit.get("warning", partner.warning_percent),
        deducted=credit.get("deducted", ZERO),
        undeducted=credit.get("undeducted", ZERO),
        reason=note,
        as_of=as_of,
    )
