"""Financial trusteeship: one level, one partner, undone exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, NotFound
from tests.factories import make_account, make_partner
from uids import services
from uids.errors import NotLive, TrusteeshipImpossible
from uids.models import LinkedAccount
from uids.states import PaygStatus, Relationship

if TYPE_CHECKING:
    from partner_console.access.models import Partner
    from tests.personas import Persona

SYSTEM = system_actor("import")


def put_under(account: LinkedAccount, master: LinkedAccount | None) -> LinkedAccount:
    return services.set_trustee(
        actor=SYSTEM, account_pk=account.pk, trustee_pk=master.pk if master else None, reason="as the cloud says"
    )


def test_a_sub_account_follows_its_master_and_keeps_its_own_switches(acme: Partner) -> None:
    master, sub = make_account(acme, payg_frozen=True), make_account(acme)

    put_under(sub, master)

    sub = LinkedAccount.objects.select_related("trustee").get(pk=sub.pk)
    assert (sub.effective_payg_status, sub.own_payg_status) == (PaygStatus.FROZEN, PaygStatus.NORMAL)
    put_under(sub, None)
    sub = LinkedAccount.objects.get(pk=sub.pk)
    assert sub.effective_payg_status == PaygStatus.NORMAL
    assert [e.action for e in AuditEntry.objects.all()] == [Action.ACCOUNT_TRUSTEESHIP_SET] * 2


def test_saying_it_again_records_nothing(acme: Partner) -> None:
    master, sub = make_account(acme), make_account(acme)
    put_under(sub, master)

    put_under(sub, master)

    assert AuditEntry.objects.count() == 1


def test_there_is_one_level(acme: Partner) -> None:
    master, sub, third = make_account(acme), make_account(acme), make_account(acme)
    put_under(sub, master)

    for account, new_master in ((third, sub), (master, third), (third, third)):
        with pytest.raises(TrusteeshipImpossible):
            put_under(account, new_master)

    assert not LinkedAccount.objects.filter(pk__in=(master.pk, third.pk), trustee__isnull=False).exists()


def test_ended_relationships_take_no_part(acme: Partner) -> None:
    live, ended = make_account(acme), make_account(acme, relationship=Relationship.TERMINATED)

    for account, master in ((live, ended), (ended, live)):
        with pytest.raises(NotLive):
            put_under(account, master)


def test_a_master_is_of_the_same_partner(acme: Partner, acme_manager: Persona, acme_finance: Persona) -> None:
    ours, theirs = make_account(acme), make_account(make_partner())

    with pytest.raises(NotFound):
        put_under(ours, theirs)
    with pytest.raises(NotFound):
        services.set_trustee(actor=acme_manager.actor, account_pk=ours.pk, trustee_pk=theirs.pk, reason="")
    with pytest.raises(Forbidden):
        services.set_trustee(actor=acme_finance.actor, account_pk=ours.pk, trustee_pk=None, reason="")
