"""One small world for the URL matrix: acme with one of everything, the agency with an account of its own."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from post_office.models import Email

from linking import services as linking
from linking.endings import ANSWER_WITHIN
from linking.models import Termination
from linking.models.batch import BatchKind
from linking.services import batches
from linking.services.templates import ensure_default
from linking.states import Side
from partner_console.access import services as access
from partner_console.access.actor import Channel
from partner_console.access.policy import Role
from partner_console.approvals import services as approvals
from partner_console.audit.actions import Action
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.exports.models import ExportJob, FileFormat
from partner_console.exports.registry import Selection
from quota.models import AccountImport, Boost, Warning
from quota.models.imports import ImportState
from quota.services import batches as quota_batches
from quota.services import rollup
from tests.factories import make_account, make_member
from uids.models import BulkEdit, ControlChange, Label, SavedView, ScheduledControl
from uids.models.bulk import BulkState
from uids.states import Control, Relationship

if TYPE_CHECKING:
    from linking.models import Invitation
    from partner_console.access.models import MemberInvitation, Membership, Partner
    from tests.personas import Persona
    from uids.models import LinkedAccount


@dataclass(frozen=True)
class World:
    account: LinkedAccount
    agency_account: LinkedAccount
    invitation: Invitation
    token: str
    draft: Invitation
    ending: Termination
    member: Membership
    gone_member: Membership
    member_invitation: MemberInvitation
    join_token: str
    command: CloudCommand
    job: ExportJob
    import_pk: int
    mail_pk: int
    label_pk: int
    view_pk: int
    bulk_pk: int
    batch_pk: int
    quota_batch_pk: int
    template_pk: int
    approval_pk: int
    warning_pk: int
    refund_pk: int
    plan_pk: int
    operation_id: uuid.UUID


def build_world(owner: Persona, agency: Persona) -> World:
    partner, agency_partner = owner.partner, agency.partner
    assert partner is not None
    assert agency_partner is not None
    assert owner.user is not None
    account = make_account(partner, "1792155717328010", quota=Decimal(1000))
    rollup.roll_up()
    invitation = linking.invite(
        actor=owner.actor,
        uid="5113766248601930",
        email="it@acorn.example",
        company="Acorn",
        country="SG",
        quota=Decimal(5),
    )
    with transaction.atomic():
        approval = approvals.ask(
            actor=owner.actor, action=Action.LINK_INVITED, subject=invitation, subject_label="Acorn", payload={},
            blind_answer=invitation.uid,
        )  # fmt: skip
    member_invitation = access.invite_member(actor=owner.actor, email="new@acme.example", role="viewer")
    join_mail = Email.objects.filter(to=["new@acme.example"]).latest("pk")
    found = re.search(r"/join/([\w-]+)/", join_mail.message)
    assert found
    Boost.objects.create(
        credit_id=account.pk, partner=partner, amount=1, until=timezone.now() + timedelta(days=2), reason="campaign",
        operator="owner@acme.example", operation_id=uuid.uuid4(),
    )  # fmt: skip
    return World(
        account=account,
        agency_account=make_account(agency_partner, "1792155717328011"),
        invitation=invitation,
        token=invitation.fresh_token,
        draft=linking.save_draft(actor=owner.actor, company="Not sent yet"),
        ending=_asked_to_end(partner),
        member=make_member(partner, Role.VIEWER),
        gone_member=make_member(partner, Role.VIEWER, is_active=False),
        member_invitation=member_invitation,
        join_token=found.group(1),
        command=CloudCommand.objects.create(
            partner=partner, uid=account.uid, operation=Operation.FREEZE, topic="payg", state=CommandState.REFUSED,
            vendor_code="3040", asked_by="owner@acme.example", finished_at=timezone.now(),
        ),
        job=ExportJob.objects.create(
            partner=partner, user=owner.user, membership=owner.membership, spec="uids.accounts", title="Linked User ID",
            language="en", time_zone="Asia/Shanghai", file_format=FileFormat.CSV, state="cancelled",
            parameters={"selection": Selection().as_json(), "columns": ["uid"], "all_columns": False},
        ),
        import_pk=AccountImport.objects.create(
            partner=partner, user=owner.user, file_name="customers.csv", state=ImportState.DONE, n_rows=1
        ).pk,
        mail_pk=join_mail.pk,
        batch_pk=batches.choose(actor=owner.actor, kind=BatchKind.WITHDRAW, invitations=[invitation]).pk,
        quota_batch_pk=quota_batches.type_in(actor=owner.actor, totals=[(account.uid, "1100")]).pk,
        label_pk=Label.objects.create(partner=partner, name="VIP").pk,
        template_pk=ensure_default(partner=partner).template_id,
        view_pk=SavedView.objects.create(partner=partner, user=owner.user, name="Mine").pk,
        bulk_pk=BulkEdit.objects.create(
            partner=partner, user=owner.user, membership=owner.membership, change={"kind": "labels"},
            state=BulkState.DONE,
            operation_id=uuid.uuid4(),
        ).pk,
        approval_pk=approval.pk,
        warning_pk=Warning.objects.create(
            credit_id=account.pk, partner=partner, percent=20, amount=Decimal(1000), available=Decimal(100)
        ).pk,
        refund_pk=CloudCommand.objects.create(
            partner=partner, uid=account.uid, operation=Operation.REFUND, payload={"amount": "5"},
            state=CommandState.REFUSED, vendor_code="not_offered", asked_by="owner@acme.example",
            finished_at=timezone.now(),
        ).pk,
        plan_pk=ScheduledControl.objects.create(
            account=account, partner=partner, what=Control.PAYG_FREEZE, value="frozen", reason="unpaid",
            starts_at=timezone.now() + timedelta(days=3), due_at=timezone.now() + timedelta(days=3),
            operator="owner@acme.example", operation_id=uuid.uuid4(),
        ).pk,
        operation_id=ControlChange.objects.create(
            account=account, what=Control.SHUTDOWN_POLICY, before="noStop", after=account.shutdown_policy,
            method=Channel.CONSOLE, operator="owner@acme.example", operation_id=uuid.uuid4(),
        ).operation_id,
    )  # fmt: skip


def _asked_to_end(partner: Partner) -> Termination:
    """A customer who asked to leave and waits for the answer."""
    account = make_account(partner, "1792155717328012", relationship=Relationship.TO_BE_CONFIRMED)
    due = timezone.now() + ANSWER_WITHIN
    return Termination.objects.create(account=account, side=Side.CUSTOMER, reason="We move.", answer_due_at=due)
