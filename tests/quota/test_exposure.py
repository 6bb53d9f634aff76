"""What a partner has given its customers to spend, and what of it is at risk."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from partner_console.errors import Forbidden
from partner_console.exports.registry import Selection
from quota.exports import EXPOSURE
from quota.models import CreditAccount
from quota.selectors.breakdown import get_breakdown, list_by_label, list_second_tier
from quota.selectors.exposure import Risk, get_exposure
from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.personas import Persona
from tests.quota.support import move
from uids.models import Label
from uids.states import AccountType

if TYPE_CHECKING:
    from partner_console.access.models import Partner
    from uids.models import LinkedAccount

D = Decimal
As = Callable[[Persona], Client]


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


def at_risk_world(partner: Partner) -> dict[str, LinkedAccount]:
    """One customer of each kind: (used, daily use) of a quota of 1,000."""
    kinds = {
        "fine": ("100", "1", "Mei"),
        "owing": ("1100", "50", "Mei"),
        "alarmed": ("850", "1", ""),
        "a week": ("500", "80", "Kenji"),
        "a month": ("500", "20", "Kenji"),
    }
    found = {}
    for name, (used, daily, manager) in kinds.items():
        account = make_account(partner, nickname=name, business_manager=manager, quota=D("1000"))
        move(account, EntryKind.USAGE, undeducted=used)
        CreditAccount.objects.filter(pk=account.pk).update(daily_use=D(daily))
        found[name] = account
    return found


def test_the_breakdown_sums_up_risks_managers_and_policies(acme: Partner, acme_readonly: Persona) -> None:
    at_risk_world(acme)

    found = get_breakdown(acme_readonly.actor)

    assert (found.total.n_accounts, found.total.quota, found.total.used) == (5, D("5000.00"), D("3050"))
    assert found.total.used_at_risk == D("2950")
    assert {sums.risk: (sums.n_accounts, sums.used) for sums in found.risks} == {
        Risk.ARREARS: (1, D("1100")),
        Risk.ALARM: (2, D("1950")),
        Risk.WEEK: (1, D("500")),
        Risk.MONTH: (2, D("1000")),
    }
    assert [(group.key, group.n_accounts, group.used_at_risk) for group in found.managers] == [
        ("Kenji", 2, D("1000")),
        ("Mei", 2, D("1100")),
        ("", 1, D("850")),
    ]
    assert [(group.key, group.quota) for group in found.policies] == [("immediatelyStop", D("5000.00"))]


def test_nobody_else_s_customers_are_in_the_breakdown(outsider: Persona, acme: Partner) -> None:
    at_risk_world(acme)

    found = get_breakdown(outsider.actor)

    assert (found.total.n_accounts, found.managers, list_by_label(outsider.actor)) == (0, [], [])


def test_a_customer_counts_under_each_of_its_labels(acme: Partner, acme_readonly: Persona) -> None:
    accounts = at_risk_world(acme)
    vip, pilot = (Label.objects.create(partner=acme, name=name) for name in ("VIP", "Pilot"))
    accounts["owing"].labels.add(vip, pilot)
    accounts["fine"].labels.add(vip)

    found = list_by_label(acme_readonly.actor)

    assert [(group.name, group.n_accounts, group.quota, group.used_at_risk) for group in found] == [
        ("VIP", 2, D("2000.00"), D("1100")),
        ("Pilot", 1, D("1000.00"), D("1100")),
    ]


def test_a_distributor_sees_the_sums_of_its_second_tier_and_who_gave_too_much(distributor_master: Persona) -> None:
    partner = distributor_master.partner
    greedy = make_partner("greedy", parent=partner, master_uid="5000000000000901")
    careful = make_partner("careful", parent=partner, master_uid="5000000000000902")
    abroad = make_partner("abroad", parent=partner, master_uid="5000000000000903", currency="EUR")
    for uid in (greedy.master_uid, careful.master_uid, abroad.master_uid, "5000000000000904"):
        make_account(partner, uid, account_type=AccountType.T2_RESELLER, quota=D("1000"))
    make_account(greedy, quota=D("900"))
    spender = make_account(greedy, quota=D("400"))
    move(spender, EntryKind.USAGE, undeducted="50")
    make_account(greedy, quota=D("700"), relationship="terminated")
    make_account(careful, quota=D("10"))
    make_account(abroad, quota=D("5000"))

    found = {row.account.uid[-3:]: row for row in list_second_tier(distributor_master.actor)}

    assert list(found) == ["901", "902", "903", "904"]
    assert (found["901"].n_customers, found["901"].given, found["901"].given_used) == (2, D("1300.00"), D("50"))
    assert (found["901"].over_committed, found["902"].over_committed) == (D("300.00"), D("-990.00"))
    assert (found["903"].given, found["903"].over_committed) == (D("5000.00"), None)
    assert found["904"].given is None


def test_only_distributors_have_a_second_tier(acme: Partner, acme_master: Persona) -> None:
    make_partner("child", parent=acme, master_uid="5000000000000905")
    make_account(acme, "5000000000000905", account_type=AccountType.T2_RESELLER, quota=D("1000"))

    assert list_second_tier(acme_master.actor) == []


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def names(response: Any) -> list[str]:
    return [row.find_all("td")[0].get_text(strip=True) for row in soup(response).select("#results tbody tr")]


def test_the_page_shows_sums_and_the_largest_customers(as_: As, acme_readonly: Persona, acme: Partner) -> None:
    at_risk_world(acme)
    make_account(acme, nickname="largest", quota=D("9000"))

    response = as_(acme_readonly).get("/exposure/")
    text = " ".join(soup(response).get_text(" ").split())

    assert "Quota given 14,000.00 USD" in text
    assert "Used by customers at risk 2,950.00 USD" in text
    assert names(response)[0] == "largest"
    assert soup(response).select_one('a[href="/exposure/?manager=Kenji#customers"]') is not None


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        ("arrears", ["owing"]),
        ("alarm", ["owing", "alarmed"]),
        ("week", ["a week"]),
        ("month", ["a month", "a week"]),
    ],
)
def test_a_risk_leads_to_its_customers(
    as_: As, acme_readonly: Persona, acme: Partner, risk: str, expected: list[str]
) -> None:
    at_risk_world(acme)

    found = names(as_(acme_readonly).get(f"/exposure/?risk={risk}&sort=available"))

    assert sorted(found) == sorted(expected)


def test_bad_filters_show_no_customers(as_: As, acme_readonly: Persona, acme: Partner) -> None:
    at_risk_world(acme)

    for query in ("risk=all", "label=1", "policy=never", "wat=1"):
        response = as_(acme_readonly).get(f"/exposure/?{query}")
        assert (response.status_code, names(response)) == (422, [])


def test_the_page_costs_the_same_for_few_and_many(as_: As, acme_readonly: Persona, acme: Partner) -> None:
    client = as_(acme_readonly)
    client.get("/exposure/")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/exposure/")
        return len(queries)

    at_risk_world(acme)
    few = cost()
    at_risk_world(acme)

    assert cost() == few


def test_operators_see_customers_but_no_sums_of_mixed_money(as_: As, operator: Persona, acme: Partner) -> None:
    at_risk_world(acme)

    response = as_(operator).get("/exposure/")

    assert len(names(response)) == 5
    assert "Quota given" not in soup(response).get_text()


def test_the_export_has_what_the_list_shows(acme: Partner, acme_readonly: Persona) -> None:
    at_risk_world(acme)
    columns = EXPOSURE.columns_for(acme_readonly.actor)

    rows = list(EXPOSURE.rows(acme_readonly.actor, Selection(query="risk=week"), columns))

    assert [row[1:9] for row in rows] == [
        ("a week", "Kenji", "Immediate shutdown", D("1000.00"), D("500.000000"), D("500.000000"), D("80.000000"), 6)
    ]
    assert rows[0][9] == "Runs out within 7 days"
