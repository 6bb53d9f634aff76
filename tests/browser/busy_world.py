"""The URL matrix's world with more going on: accounts, invitations, files and exports in the states people meet."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import time_machine
from django.utils import timezone

from linking import services as linking
from linking.models import Termination
from linking.scopes import Scope
from linking.services import batches, terminating
from linking.services.templates import create_template
from linking.states import DeclineReason, Side, TerminationState
from partner_console.access.actor import system_actor
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.simulated.models import FaultKind
from partner_console.cloud.simulated.services import add_fault
from partner_console.exports.models import FileFormat
from partner_console.exports.registry import Selection
from partner_console.exports.running import run_export
from partner_console.exports.services import request_export
from quota.services import batches as quota_batches
from quota.services import boosts, bulk, planned, rollup, scheduling
from quota.services.scheduling import Plan
from quota.states import EntryKind
from quota.tasks import sweep_warnings
from tests.architecture.world import build_world
from tests.factories import make_account
from tests.linking.conftest import consent, send
from tests.quota.import_support import bring_in, check, csv_of, upload
from tests.quota.support import move, set_payg
from uids import services as uids
from uids.bulk_wording import CONTROLS, REMARKS
from uids.models import ScheduledControl
from uids.services import set_control
from uids.services.bulk import Change
from uids.states import Control, PurchaseControl, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from linking.models import Invitation
    from tests.architecture.world import World
    from tests.personas import Persona
    from uids.models import LinkedAccount

FIRST_UID = 5_113_766_248_601_940
COMPANIES = ("sent", "declined", "withdrawn", "expired", "failed", "linked", "approved")


def busy_world(owner: Persona, agency: Persona, distributor: Persona) -> list[str]:
    """Build it; the paths whose contents differ although their template is the same."""
    world = build_world(owner, agency)
    jobs = _files(owner)
    make_account(distributor.partner, quota=Decimal(700))
    for number, other in enumerate((agency, distributor)):
        send(other, uid=str(FIRST_UID + 90 + number), email=f"it@customer{number}.example")
    sent = invitations(owner)
    return [
        *_accounts(owner),
        *_plans(owner),
        *jobs,
        *_endings(owner, world, sent["linked"]),
        *_settings(owner),
        *_quotas(owner, world),
        *_money(owner),
        f"/links/{world.draft.pk}/",
        *(f"/links/{one.pk}/" for one in sent.values()),
    ]


def _endings(owner: Persona, world: World, linked: Invitation) -> list[str]:
    """Links that end in each way: asked by either side, elsewhere, undone, by hand at the cloud."""
    actor, partner = owner.actor, owner.partner
    linked.refresh_from_db()
    assert linked.account is not None
    asked = make_account(partner, quota=Decimal(20))
    terminating.ask(actor=actor, account_pk=asked.pk, reason="The contract ends")
    elsewhere = make_account(partner, relationship=Relationship.TO_BE_CONFIRMED)
    by_hand = make_account(partner, relationship=Relationship.IN_PROCESS)
    not_offered = _not_offered(by_hand, Operation.UNLINK)
    Termination.objects.create(
        account=by_hand, side=Side.PARTNER, reason="The contract ends", state=TerminationState.IN_PROCESS,
        answer_due_at=timezone.now(), unlink=not_offered,
    )  # fmt: skip
    held = make_account(partner)
    set_control(
        actor=actor,
        account_pk=held.pk,
        what=Control.PURCHASE_CONTROL,
        value=PurchaseControl.BAN,
        reason="132 for 123",
    )
    _not_offered(asked, Operation.FREEZE)
    ending = [world.account, world.ending.account, asked, elsewhere, by_hand]
    return [
        *(f"/uids/{account.uid}/termination/" for account in ending),
        *(f"/uids/{account.uid}/wrong-link/" for account in (linked.account, held)),
        f"/cloud/?q={asked.uid}",
    ]


def _not_offered(account: LinkedAccount, operation: Operation) -> CloudCommand:
    """An order the cloud has no way to carry out: people do it in the cloud's own console."""
    return CloudCommand.objects.create(
        partner=account.partner, uid=account.uid, operation=operation, topic=operation, state=CommandState.REFUSED,
        vendor_code="not_offered", asked_by="owner@acme.example", finished_at=timezone.now(),
    )  # fmt: skip


def _settings(owner: Persona) -> list[str]:
    """A template that new invitations do not begin with, and customers pasted in, checked."""
    actor = owner.actor
    create_template(actor=actor, name="Managed service", scopes=[Scope.VIEW_RESOURCES], days=365)
    rows = ("UID\tE-mail\tCompany", f"{FIRST_UID + 50}\tit@pasted.example\tPasted Ltd", "x\tno mail\tBad row")
    pasted = batches.paste(actor=actor, text="\n".join(rows))
    batches.settle_columns(actor=actor, batch_pk=pasted.pk, columns=pasted.columns, in_background=False)
    batches.run_batch(batch_pk=pasted.pk)
    return ["/settings/templates/", "/links/import/", f"/links/batches/{pasted.pk}/"]


def _quotas(owner: Persona, world: World) -> list[str]:
    """Many quotas: waiting for a second person, for their columns, done and not done; a field beside each account."""
    actor, uid = owner.actor, world.account.uid
    large = quota_batches.paste(actor=actor, text=f"{uid}\t50000")
    quota_batches.start(actor=actor, batch_pk=large.pk, reason="New contract")
    doubtful = quota_batches.paste(actor=actor, text=f"Konto\tBetrag\n{uid}\t900")
    done = quota_batches.paste(actor=actor, text=f"UID\tAdd\n{uid}\t+10\nkaito\t5")
    quota_batches.start(actor=actor, batch_pk=done.pk, reason="Campaign", in_background=False)
    quota_batches.run_batch(batch_pk=done.pk)
    ready = quota_batches.paste(actor=actor, text=f"{make_account(owner.partner, quota=Decimal(20)).uid}\t30")
    return [
        *(f"/uids/quotas/{batch.pk}/" for batch in (large, done, ready)),
        f"/uids/quotas/{doubtful.pk}/columns/",
        f"/uids/quotas/type/?uid={uid}",
    ]


def _money(owner: Persona) -> list[str]:
    """Something to write off, a boost in force, a refund that the cloud has no way for; summed up by day."""
    actor, account = owner.actor, make_account(owner.partner, quota=Decimal(900))
    move(account, EntryKind.USAGE, undeducted="200")
    move(account, EntryKind.SETTLE, deducted="150", undeducted="-150")
    until = timezone.now() + timedelta(days=3)
    version = account.credit.version
    boosts.start_boost(
        actor=actor, account_pk=account.pk, version=version, amount=Decimal(50), until=until, reason="Campaign"
    )
    order = _not_offered(account, Operation.REFUND)
    order.payload = {"amount": "5.00"}
    order.save(update_fields=["payload"])
    rollup.roll_up()
    return [f"/uids/{account.uid}/quota/"]


def _accounts(owner: Persona) -> list[str]:
    """In arrears and stopped, frozen by hand, a master with its sub-account, one without any text."""
    actor, partner = owner.actor, owner.partner
    spent = make_account(partner, quota=Decimal(100), shutdown_policy=ShutdownPolicy.IMMEDIATELY_STOP)
    move(spent, EntryKind.USAGE, undeducted="150.25")
    sweep_warnings()
    frozen = make_account(partner, quota=Decimal(500), nickname="株式会社 とても長い名前の取引先ホールディングス")
    set_payg(actor, frozen.pk, "frozen", reason="Invoice overdue by 30 days")
    master, sub = make_account(partner, quota=Decimal(64_000)), make_account(partner, quota=Decimal(0))
    uids.set_trustee(actor=system_actor("test"), account_pk=sub.pk, trustee_pk=master.pk, reason="as the cloud says")
    bare = make_account(partner, nickname="")
    label = uids.create_label(actor=actor, name="Gold")
    uids.set_labels(actor=actor, account_pk=spent.pk, label_pks=[label.pk])
    uids.save_view(actor=actor, name="Japan", query="country=JP", is_shared=True)
    edit = bulk.start_bulk_edit(actor=actor, selection=bulk.Selection("", {}), change=Change(REMARKS, text="Reviewed"))
    ban = Change(CONTROLS, what=Control.PURCHASE_CONTROL, value=PurchaseControl.BAN, reason="No contract")
    two = bulk.Selection("", {}, (spent.pk, bare.pk))
    banned = bulk.start_bulk_edit(actor=actor, selection=two, change=ban, confirmed=2)
    shown = [f"/uids/{account.uid}/" for account in (spent, frozen, master, sub, bare)]
    switches = [
        f"/uids/{frozen.uid}/unfreeze/",
        f"/uids/{master.uid}/freeze/",
        f"/uids/{spent.uid}/policy/?value=noStop",
    ]
    bulks = [f"/uids/bulk/{edit.pk}/", f"/uids/bulk/{banned.pk}/", f"/uids/bulk/{banned.pk}/undo/"]
    return [*shown, *switches, f"/uids/{sub.uid}/quota/", *bulks]


def _plans(owner: Persona) -> list[str]:
    """One ahead, one in force, one that could not be done; and one that is edited."""
    actor, now = owner.actor, timezone.now()
    account = make_account(owner.partner, quota=Decimal(300), email="it@planned.example")
    wanted = (
        Plan(what="payg_freeze", value="frozen", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(days=2)),
        Plan(what="purchase_control", value="ban", starts_at=now + timedelta(days=1)),
        Plan(what="shutdown_policy", value="noStop", starts_at=now + timedelta(days=1)),
    )
    made = [scheduling.plan_control(actor=actor, account_pk=account.pk, plan=one, reason="unpaid") for one in wanted]
    set_control(actor=actor, account_pk=account.pk, what=Control.SHUTDOWN_POLICY, value="noStop", reason="at once")
    for one in (made[0], made[2]):
        ScheduledControl.objects.filter(pk=one.pk).update(due_at=now)
        planned.take_step(actor=system_actor("test"), plan_pk=one.pk)
    page = f"/uids/{account.uid}/schedule/"
    return [page, *(f"{page}{one.pk}/edit/" for one in made[:2]), f"{page}new/", "/schedule/"]


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
