"""Financial trusteeship: one level, one partner, nothing owed, recorded both ways, undone exactly (acpn.md §9)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand, Operation
from partner_console.errors import Forbidden, NotFound
from quota.selectors.trusteeship import preview_trusteeship
from quota.services import trusteeship
from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.quota.support import move
from uids import services
from uids.errors import NotLive, ReasonMissing, TrusteeshipImpossible
from uids.models import ControlChange, LinkedAccount
from uids.states import AccountType, PaygStatus, Relationship

if TYPE_CHECKING:
    from partner_console.access.models import Partner
    from tests.personas import Persona

SYSTEM = system_actor("import")
D = Decimal


def put_under(account: LinkedAccount, master: LinkedAccount | None, **given: Any) -> LinkedAccount:
    values = {"actor": SYSTEM, "reason": "as the cloud says", **given}
    return trusteeship.set_trustee(account_pk=account.pk, trustee_pk=master.pk if master else None, **values)


def read(account: LinkedAccount) -> LinkedAccount:
    found: LinkedAccount = LinkedAccount.objects.select_related("trustee", "partner").get(pk=account.pk)
    return found


def records() -> list[tuple[Any, ...]]:
    rows = ControlChange.objects.order_by("pk").values_list("account", "what", "before", "after", "cause")
    return list(rows)


def test_a_sub_account_follows_its_master_and_keeps_its_own_switches(acme: Partner) -> None:
    """What changes at this moment is recorded both ways, in the master's name; the cloud is told both times."""
    master = make_account(
        acme, quota=D(5), payg_frozen=True, purchase_control="ban", shutdown_policy="delayStop", overdraft=D(700)
    )
    sub = make_account(acme, quota=D(1), purchase_control="ban")

    put_under(sub, master)

    under = read(sub)
    assert (under.effective_payg_status, under.own_payg_status) == (PaygStatus.FROZEN, PaygStatus.NORMAL)
    assert records() == [
        (sub.pk, "payg_freeze", "normal", "frozen", master.pk),
        (sub.pk, "shutdown_policy", "immediatelyStop", "delayStop", master.pk),
    ]
    assert list(ControlChange.objects.order_by("pk").values_list("overdraft_before", "overdraft_after")) == [
        (None, None),
        (D(0), D(700)),
    ]

    put_under(sub, None)

    assert read(sub).effective_payg_status == PaygStatus.NORMAL
    assert records()[2:] == [
        (sub.pk, "payg_freeze", "frozen", "normal", master.pk),
        (sub.pk, "shutdown_policy", "delayStop", "immediatelyStop", master.pk),
    ]
    entries = AuditEntry.objects.filter(action=Action.ACCOUNT_TRUSTEESHIP_SET)
    assert [entry.operation_id for entry in entries.order_by("pk")] == [
        *ControlChange.objects.order_by("pk").values_list("operation_id", flat=True)[0::2]
    ]
    asked = CloudCommand.objects.order_by("pk").values_list("operation", "uid", "payload")
    assert list(asked) == [
        (Operation.SET_TRUSTEE, sub.uid, {"trustee_uid": master.uid}),
        (Operation.SET_TRUSTEE, sub.uid, {"trustee_uid": ""}),
    ]


def test_saying_it_again_records_nothing(acme: Partner) -> None:
    master, sub = make_account(acme, quota=D(1)), make_account(acme)
    put_under(sub, master)

    put_under(sub, master)

    assert AuditEntry.objects.filter(action=Action.ACCOUNT_TRUSTEESHIP_SET).count() == 1
    assert CloudCommand.objects.count() == 1


def test_everything_in_the_way_is_said_at_once(acme: Partner) -> None:
    """Every guard, in the service as in the dry run; a refusal writes nothing."""
    now = timezone.now()
    master, other = make_account(acme, quota=D(10)), make_account(acme, quota=D(10))
    sub, owing = make_account(acme, trustee=master), make_account(acme, quota=D(10))
    move(owing, EntryKind.USAGE, undeducted="10.5")
    at_zero = make_account(acme, quota=D(10))
    move(at_zero, EntryKind.USAGE, undeducted="10")
    free = make_account(acme)
    stopped = make_account(acme, payg_stopped_at=now)
    t2 = make_account(acme, account_type=AccountType.T2_RESELLER)
    ending = make_account(acme, relationship=Relationship.TO_BE_CONFIRMED, quota=D(1))
    ended = make_account(acme, relationship=Relationship.TERMINATED)
    indebted, held = make_account(acme, quota=D(5), payg_stopped_at=now), make_account(acme)
    LinkedAccount.objects.filter(pk=held.pk).update(trustee=indebted)
    move(indebted, EntryKind.USAGE, undeducted="6")
    before = (AuditEntry.objects.count(), ControlChange.objects.count(), CloudCommand.objects.count())

    for account, trustee, reasons in (
        (sub, other, ["has_master"]),
        (free, free, ["own_master", "no_quota"]),
        (free, sub, ["master_is_sub"]),
        (master, other, ["has_subs"]),
        (master, sub, ["master_is_sub", "has_subs"]),
        (free, make_account(acme), ["no_quota"]),
        (owing, master, ["in_arrears"]),
        (stopped, master, ["stopped"]),
        (free, indebted, ["stopped"]),  # its instances would stop with the master's
        (t2, master, ["is_partner"]),
        (free, ending, ["not_normal"]),
        (ending, master, ["not_normal"]),
        (free, ended, ["not_normal", "no_quota"]),
        (free, None, None),  # repeating: nobody holds it
        (held, None, ["master_in_arrears", "master_stopped"]),
    ):
        account, shown = read(account), read(trustee) if trustee else None
        if reasons is None:
            put_under(account, trustee)
            continue
        with pytest.raises(TrusteeshipImpossible) as refusal:
            put_under(account, trustee)
        assert refusal.value.data["reasons"] == reasons, (account.uid, trustee)
        preview = preview_trusteeship(SYSTEM, account, shown)
        assert [one.code for one in preview.obstacles] == reasons
        assert read(account).trustee_id == account.trustee_id

    assert before == (AuditEntry.objects.count(), ControlChange.objects.count(), CloudCommand.objects.count())
    with pytest.raises(NotLive):
        put_under(ended, master)
    with pytest.raises(ReasonMissing):
        put_under(free, master, reason=" ")
    assert put_under(at_zero, master).trustee_id == master.pk, "0 is no arrears"


def test_leaving_a_master_waits_until_it_has_paid(acme: Partner) -> None:
    master = make_account(acme, quota=D(10))
    sub = make_account(acme, trustee=master)
    move(master, EntryKind.USAGE, undeducted="47.2")

    with pytest.raises(TrusteeshipImpossible, match=r"needs \+37\.20 USD first"):
        put_under(sub, None)
    move(master, EntryKind.REFUND, deducted="-37.2")

    assert put_under(sub, None).trustee_id is None


def test_a_master_is_of_the_same_partner_and_only_who_may_change_controls(
    acme: Partner, acme_manager: Persona, acme_finance: Persona, outsider: Persona
) -> None:
    ours, theirs = make_account(acme, quota=D(1)), make_account(make_partner(), quota=D(1))

    with pytest.raises(NotFound):
        put_under(ours, theirs)
    for actor, error in ((acme_manager, NotFound), (acme_finance, Forbidden), (outsider, NotFound)):
        with pytest.raises(error):
            put_under(ours, theirs, actor=actor.actor)
        with pytest.raises(error):
            services.set_trustee(actor=actor.actor, account_pk=ours.pk, trustee_pk=theirs.pk, reason="x")
    assert not AuditEntry.objects.filter(action=Action.ACCOUNT_TRUSTEESHIP_SET).exists()
