"""The PAYG freeze and its records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.errors import DomainError, Forbidden, NotFound
from tests.factories import make_account
from uids import services
from uids.errors import AlreadyFrozen, NotFrozen, NotLive, ReasonMissing
from uids.models import ControlChange, LinkedAccount
from uids.states import Control, Relationship

if TYPE_CHECKING:
    from pytest_django import DjangoCaptureOnCommitCallbacks

    from partner_console.access.models import Partner
    from tests.personas import Persona


def switch(persona: Persona, account: LinkedAccount, **fields: Any) -> LinkedAccount:
    value = "frozen" if fields.pop("frozen", True) else "normal"
    given = {"reason": "late payment", **fields}
    return services.set_control(
        actor=persona.actor, account_pk=account.pk, what=Control.PAYG_FREEZE, value=value, **given
    )


def nothing_written() -> bool:
    written = (ControlChange, CloudCommand, AuditEntry)
    return not any(model.objects.exists() for model in written)


def test_a_freeze_is_recorded_and_asked_of_the_cloud(acme_manager: Persona, acme: Partner) -> None:
    account = make_account(acme)

    switch(acme_manager, account, reason="  late payment ")

    account.refresh_from_db()
    change, command, entry = ControlChange.objects.get(), CloudCommand.objects.get(), AuditEntry.objects.get()
    assert account.payg_frozen
    assert (change.before, change.after, change.reason, change.cause) == ("normal", "frozen", "late payment", None)
    assert (change.operator, change.operator_uid, change.method) == ("manager@acme.example", "2099", "console")
    assert (command.operation, command.uid, command.state) == (Operation.FREEZE, account.uid, CommandState.QUEUED)
    assert (entry.action, entry.note) == (Action.ACCOUNT_FROZEN, "late payment")
    assert change.operation_id == command.operation_id == entry.operation_id


def test_the_cloud_hears_of_it_after_commit(
    acme_manager: Persona, acme: Partner, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """Also for an account that came by import: the simulated cloud has not met it before."""
    account = make_account(acme)

    with django_capture_on_commit_callbacks(execute=True):
        switch(acme_manager, account)

    assert CloudCommand.objects.get().state == CommandState.CONFIRMED


def test_sub_accounts_follow_and_one_with_its_own_freeze_is_left_alone(acme_manager: Persona, acme: Partner) -> None:
    master = make_account(acme)
    follows, frozen = make_account(acme, trustee=master), make_account(acme, trustee=master, payg_frozen=True)
    make_account(acme, trustee=master, relationship=Relationship.TERMINATED)
    stranger = make_account(acme)

    switch(acme_manager, master)

    assert set(ControlChange.objects.values_list("account", "cause")) == {(master.pk, None), (follows.pk, master.pk)}
    assert len(set(ControlChange.objects.values_list("operation_id", "reason"))) == 1
    assert AuditEntry.objects.get(subject_pk=follows.pk).changes == {"frozen_by_master": [False, True]}
    assert CloudCommand.objects.count() == 1
    follows, frozen, stranger = (LinkedAccount.objects.get(pk=a.pk) for a in (follows, frozen, stranger))
    assert (follows.payg_frozen, frozen.payg_frozen, stranger.payg_frozen) == (False, True, False)


def test_undoing_a_cascade_is_exact(acme_manager: Persona, acme: Partner) -> None:
    master = make_account(acme)
    follows, frozen = make_account(acme, trustee=master), make_account(acme, trustee=master, payg_frozen=True)
    switch(acme_manager, master)

    switch(acme_manager, master, frozen=False)

    now = {a.pk: a.effective_payg_status.value for a in LinkedAccount.objects.select_related("trustee")}
    assert now == {master.pk: "normal", follows.pk: "normal", frozen.pk: "frozen"}


@pytest.mark.parametrize(
    ("fields", "state", "error"),
    [
        ({"frozen": True}, {"payg_frozen": True}, AlreadyFrozen),
        ({"frozen": False}, {"payg_frozen": False}, NotFrozen),
        ({"reason": " \n"}, {}, ReasonMissing),
        ({}, {"relationship": Relationship.TERMINATED}, NotLive),
    ],
)
def test_a_refusal_changes_and_writes_nothing(
    acme_manager: Persona,
    acme: Partner,
    fields: dict[str, Any],
    state: dict[str, Any],
    error: type[DomainError],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    account = make_account(acme, **state)

    with django_capture_on_commit_callbacks() as scheduled, pytest.raises(error):
        switch(acme_manager, account, **fields)

    assert nothing_written()
    assert not scheduled
    unchanged = LinkedAccount.objects.get(pk=account.pk)
    assert (unchanged.payg_frozen, unchanged.relationship) == (account.payg_frozen, account.relationship)


def test_only_who_may_change_controls(
    acme_finance: Persona, acme_readonly: Persona, agency_master: Persona, outsider: Persona, acme: Partner
) -> None:

    ours, agencys = make_account(acme), make_account(agency_master.partner)

    for persona, account, error in (
        (acme_finance, ours, Forbidden),
        (acme_readonly, ours, Forbidden),
        (agency_master, agencys, Forbidden),
        (outsider, ours, NotFound),
    ):
        with pytest.raises(error):
            switch(persona, account)

    assert nothing_written()
