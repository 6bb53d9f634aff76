"""The URL matrix's world with more going on: accounts, invitations, files and exports in the states people meet."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import time_machine
from django.utils import timezone

from linking import services as linking
from linking.states import DeclineReason
from partner_console.access.actor import system_actor
from partner_console.cloud.simulated.models import FaultKind
from partner_console.cloud.simulated.services import add_fault
from partner_console.exports.models import FileFormat
from partner_console.exports.registry import Selection
from partner_console.exports.running import run_export
from partner_console.exports.services import request_export
from quota.services import bulk, payg
from quota.states import EntryKind
from quota.tasks import sweep_warnings
from tests.architecture.world import build_world
from tests.factories import make_account
from tests.linking.conftest import consent, send
from tests.quota.import_support import bring_in, check, csv_of, upload
from tests.quota.support import move
from uids import services as uids
from uids.services.bulk import REMARKS, Change
from uids.states import ShutdownPolicy

if TYPE_CHECKING:
    from linking.models import Invitation
    from tests.personas import Persona

FIRST_UID = 5_113_766_248_601_940
COMPANIES = ("sent", "declined", "withdrawn", "expired", "failed", "linked", "approved")


def busy_world(owner: Persona, agency: Persona, distributor: Persona) -> list[str]:
    """Build it; the paths whose contents differ although their template is the same."""
    build_world(owner, agency)
    jobs = _files(owner)
    make_account(distributor.partner, quota=Decimal(700))
    for number, other in enumerate((agency, distributor)):
        send(other, uid=str(FIRST_UID + 90 + number), email=f"it@customer{number}.example")
    return [*_accounts(owner), *jobs, *(f"/links/{sent.pk}/" for sent in invitations(owner).values())]


def _accounts(owner: Persona) -> list[str]:
    """In arrears and stopped, frozen by hand, a master with its sub-account, one without any text."""
    actor, partner = owner.actor, owner.partner
    spent = make_account(partner, quota=Decimal(100), shutdown_policy=ShutdownPolicy.IMMEDIATELY_STOP)
    move(spent, EntryKind.USAGE, undeducted="150.25")
    sweep_warnings()
    frozen = make_account(partner, quota=Decimal(500), nickname="株式会社 とても長い名前の取引先ホールディングス")
    payg.freeze_payg(actor=actor, account_pk=frozen.pk, reason="Invoice overdue by 30 days")
    master, sub = make_account(partner, quota=Decimal(64_000)), make_account(partner, quota=Decimal(0))
    uids.set_trustee(actor=system_actor("test"), account_pk=sub.pk, trustee_pk=master.pk, reason="as the cloud says")
    bare = make_account(partner, nickname="")
    label = uids.create_label(actor=actor, name="Gold")
    uids.set_labels(actor=actor, account_pk=spent.pk, label_pks=[label.pk])
    uids.save_view(actor=actor, name="Japan", query="country=JP", is_shared=True)
    edit = bulk.start_bulk_edit(actor=actor, selection=bulk.Selection("", {}), change=Change(REMARKS, text="Reviewed"))
    shown = [f"/uids/{account.uid}/" for account in (spent, frozen, master, sub, bare)]
    return [*shown, f"/uids/{frozen.uid}/unfreeze/", f"/uids/{sub.uid}/quota/", f"/uids/bulk/{edit.pk}/"]


def _files(owner: Persona) -> list[str]:
    """Files brought in, checked, waiting for their columns; an export that is there to be fetched."""
    rows = (["5260181590830166", "Acorn", "10"], ["a@b.example", "Bad", "1"])
    file = csv_of(["UID", "Nickname", "Quota"], *rows)
    jobs = [bring_in(owner.actor, file), check(owner.actor, file, "again.csv")]
    waiting = upload(owner.actor, csv_of(["Colour", "Name"], ["red", "x"]), "colours.csv")
    export = request_export(
        actor=owner.actor, spec_name="uids.accounts", selection=Selection(""), all_columns=True,
        file_format=FileFormat.XLSX, language="ja", in_background=False,
    )  # fmt: skip
    run_export(job_pk=export.pk)
    return [
        *(f"/uids/import/{job.pk}/" for job in jobs),
        f"/uids/import/{waiting.pk}/columns/",
        f"/exports/{export.key}/",
    ]


def invitations(owner: Persona) -> dict[str, Invitation]:
    """One in every state a customer or the cloud can bring about, by that state."""
    sent: dict[str, Invitation] = {}
    for number, state in enumerate(COMPANIES):
        fields: dict[str, Any] = {
            "uid": str(FIRST_UID + number),
            "email": f"it@{state}.example",
            "company": state.title(),
        }
        if state == "expired":
            with time_machine.travel(timezone.now() - timedelta(days=16)):
                sent[state] = send(owner, **fields)
        else:
            sent[state] = send(owner, **fields)
    linking.decline(
        actor=linking.customer_actor(sent["declined"]), token=sent["declined"].fresh_token,
        code=DeclineReason.OTHER_PARTNER, reason="契約は別の会社と結びました",
    )  # fmt: skip
    linking.withdraw(actor=owner.actor, invitation_pk=sent["withdrawn"].pk, reason="Asked to wait")
    linking.expire_due(actor=system_actor("test"))
    add_fault(
        operation="start_link", uid=sent["failed"].uid, kind=FaultKind.REFUSE,
        code="3017", message="only invite reseller account",
    )  # fmt: skip
    add_fault(operation="start_link", uid=sent["approved"].uid, kind=FaultKind.UNAVAILABLE, times=100)
    for state in ("failed", "linked", "approved"):
        consent(sent[state])
    return sent
