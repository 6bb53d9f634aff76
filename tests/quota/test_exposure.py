"""What a partner has given its customers to spend, and what of it is at risk."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from partner_console.errors import Forbidden
from quota.selectors.exposure import get_exposure
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move

if TYPE_CHECKING:
    from partner_console.access.models import Partner
    from tests.personas import Persona

D = Decimal


def test_sums_are_over_live_accounts_with_money_of_their_own(
    acme: Partner, outsider: Persona, acme_readonly: Persona
) -> None:
    owing = make_account(acme, quota=D("1000"))
    move(owing, EntryKind.USAGE, undeducted="1037.200001")
    make_account(acme, quota=D("500.5"))
    make_account(acme, quota=D("0"))
    make_account(acme, quota=D("70"), trustee=owing)
    make_account(acme, quota=D("800"), relationship="terminated")
    make_account(outsider.partner, quota=D("9000"))

    exposure = get_exposure(acme_readonly.actor)

    assert (exposure.n_accounts, exposure.quota, exposure.used) == (3, D("1500.50"), D("1037.200001"))
    assert (exposure.available, exposure.arrears) == (D("463.299999"), D("37.200001"))
    assert (exposure.n_in_arrears, exposure.n_in_alarm) == (1, 1)


def test_a_partner_without_customers_is_exposed_to_nothing(acme_readonly: Persona) -> None:
    exposure = get_exposure(acme_readonly.actor)

    assert (exposure.n_accounts, exposure.quota, exposure.used, exposure.arrears) == (0, D(0), D(0), D(0))
    assert exposure.newest_figures is None


def test_who_may_not_see_quota_sees_no_exposure(agency_master: Persona) -> None:
    with pytest.raises(Forbidden):
        get_exposure(agency_master.actor)
