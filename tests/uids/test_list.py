"""The Linked User ID list as people use it: what it shows, finds, refuses and costs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partner_console.web.listing import from_string
from tests.factories import make_account
from uids.models import Label
from uids.views.lists import AccountPage

if TYPE_CHECKING:
    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona
    from uids.models import LinkedAccount

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page(response: Any) -> Any:
    return BeautifulSoup(response.content, "html.parser")


def found(client: Client, query: str) -> list[str]:
    """The UIDs a list shows, from the top."""
    response = client.get(f"/uids/?{query}")
    assert response.status_code == 200, page(response).get_text(" ", strip=True)[:500]
    return [row.find("a").get_text() for row in page(response).select("tbody tr")]


def uids(*accounts: LinkedAccount) -> list[str]:
    return [account.uid for account in accounts]


@pytest.fixture
def client(as_: Any, acme_master: Persona) -> Client:
    return as_(acme_master)  # type: ignore[no-any-return]


def test_newest_links_stand_first_and_other_partners_are_absent(
    client: Client, acme: Partner, outsider: Persona
) -> None:
    old = make_account(acme, linked_at=timezone.now() - timedelta(days=2))
    new = make_account(acme)
    make_account(outsider.partner)

    assert found(client, "") == uids(new, old)


def test_an_exact_uid_stands_on_top_once(client: Client, acme: Partner) -> None:
    wanted = make_account(acme, "1792000000000001", linked_at=timezone.now() - timedelta(days=9))
    longer = make_account(acme, "17920000000000011", nickname="same beginning")

    assert found(client, "q=1792000000000001") == uids(wanted, longer)
    assert found(client, "q=%20１792-0000-0000-0001%20") == uids(wanted)


@pytest.mark.parametrize(
    ("needle", "nickname"),
    [
        ("merl", "Merlion Foods"),
        ("FOODS merlion", "Merlion Foods"),
        ("電力", "東京電力"),
        ("京電", "東京電力"),
        ("力", "東京電力"),
        ("東京電", "東京電力"),
        ("トウキョウ", "ﾄｳｷｮｳ電力"),
        ("50%_", "Save 50%_ now"),
    ],
)
def test_part_of_a_name_finds_it(client: Client, acme: Partner, needle: str, nickname: str) -> None:
    account = make_account(acme, nickname=nickname)
    make_account(acme, nickname="Something else")

    assert found(client, f"q={needle.replace('%', '%25')}") == uids(account)


def test_short_needles_look_at_the_beginning_of_uids_only(client: Client, acme: Partner) -> None:
    account = make_account(acme, "1999000000000000", nickname="Zed")
    make_account(acme, "2000000000000000", nickname="AB 19")

    assert found(client, "q=19") == uids(account)
    short, long = (client.get(f"/uids/?q={needle}").content.decode() for needle in ("Ze", "Zeb"))
    assert "Nothing matches" in short
    assert "Nothing matches" in long
    assert "Fewer than 3 characters are only looked for at the beginning of UIDs" in short
    assert "Fewer than 3 characters" not in long


def test_login_name_and_email_are_searched(client: Client, acme: Partner) -> None:
    account = make_account(acme, login_name="admin@corp", email="bills@corp.example")

    assert found(client, "q=bills@corp") == found(client, "q=admin") == uids(account)


@pytest.fixture
def family(acme: Partner) -> dict[str, LinkedAccount]:
    """A frozen master in arrears with a sub-account, one stopped, one banned, one at peace, one without quota."""
    master = make_account(acme, "1000000000000001", quota=Decimal(100), payg_frozen=True, shutdown_policy="noStop")
    sub = make_account(acme, "1000000000000002", trustee=master, shutdown_policy="delayStop")
    stopped = make_account(
        acme, "1000000000000003", quota=Decimal(0), payg_stopped_at=timezone.now(), business_manager="Mei"
    )
    banned = make_account(acme, "1000000000000004", quota=Decimal(50), purchase_control="ban", country="JP")
    calm = make_account(acme, "1000000000000005", quota=Decimal(900), environment="sandbox")
    bare = make_account(acme, "1000000000000006", relationship="terminated")
    type(master.credit).objects.filter(pk=master.pk).update(deducted=Decimal("100.5"), alarms=1)
    type(master.credit).objects.filter(pk=stopped.pk).update(deducted=Decimal(1))
    return {"master": master, "sub": sub, "stopped": stopped, "banned": banned, "calm": calm, "bare": bare}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("payg=frozen", ["master", "sub"]),
        ("payg=stopped", ["stopped"]),
        ("payg=normal", ["banned", "calm", "bare"]),
        ("payg=stopped&payg=frozen", ["master", "sub", "stopped"]),
        ("purchase=ban", ["banned"]),
        ("purchase=normal", ["master", "sub", "stopped", "calm", "bare"]),
        ("policy=noStop", ["master", "sub"]),
        ("policy=delayStop", []),
        ("credit=arrears_not_shutdown", ["master", "sub"]),
        ("credit=shutdown", ["stopped"]),
        ("credit=normal", ["banned", "calm"]),
        ("in_warning=on", ["master", "sub"]),
        ("status=terminated", ["bare"]),
        ("manager=Mei", ["stopped"]),
        ("no_manager=on", ["master", "sub", "banned", "calm", "bare"]),
        ("country=JP", ["banned"]),
        ("environment=sandbox", ["calm"]),
        ("available_min=0&available_max=100", ["banned"]),
        ("available_max=-1", ["stopped"]),
        ("trustee=1000000000000001", ["sub"]),
        ("payg=frozen&policy=noStop&q=0002", ["sub"]),
    ],
)
def test_filters_say_what_is_in_force(
    client: Client, acme_master: Persona, family: dict[str, LinkedAccount], query: str, names: list[str]
) -> None:
    shown = found(client, f"{query}&sort=uid") if names else []

    assert shown == [family[name].uid for name in names]
    assert AccountPage(acme_master.actor, from_string(query)).counted().count() == len(names)
    assert names or "Nothing matches" in client.get(f"/uids/?{query}").content.decode()


@pytest.mark.parametrize(
    ("few", "query"), [(0, "payg=frozen"), (0, "credit=arrears_not_shutdown"), (0, "policy=noStop")]
)
def test_filters_mean_the_same_when_a_state_is_common(
    client: Client, family: dict[str, LinkedAccount], monkeypatch: pytest.MonkeyPatch, few: int, query: str
) -> None:
    monkeypatch.setattr("quota.selectors.finding.FEW", few)

    assert found(client, f"{query}&sort=uid") == uids(family["master"], family["sub"])


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("available", ["stopped", "master", "banned", "calm", "sub", "bare"]),
        ("-available", ["calm", "banned", "master", "stopped", "bare", "sub"]),
        ("-amount", ["calm", "master", "banned", "stopped", "bare", "sub"]),
    ],
)
def test_sorting_by_quota_puts_accounts_without_one_last(
    client: Client, family: dict[str, LinkedAccount], sort: str, names: list[str]
) -> None:
    assert found(client, f"sort={sort}") == [family[name].uid for name in names]


def test_a_sub_account_shows_whose_quota_it_spends(client: Client, family: dict[str, LinkedAccount]) -> None:
    text = page(client.get("/uids/?q=1000000000000002")).select_one("tbody tr").get_text(" ", strip=True)

    assert "shared with 1000000000000001" in text
    assert "Frozen by the partner" in text


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("colour=red", "no filter named “colour”"),
        ("status=gone", "gone is not one of the available choices"),
        ("sort=remarks", "cannot be sorted by “remarks”"),
        ("size=7", "25, 50, 100 or 200 rows"),
        ("columns=uid,secret", "no column named “secret”"),
        ("after=%21%21", "link to a page is damaged"),
        ("available_min=10&available_max=5", "ends before it begins"),
        ("label=999999", "not one of the available choices"),
        ("available_min=abc", "Enter a number"),
    ],
)
def test_a_url_that_makes_no_sense_shows_an_error_and_no_rows(
    client: Client, acme: Partner, query: str, complaint: str
) -> None:
    make_account(acme)

    for headers in ({}, HTMX):
        response = client.get(f"/uids/?{query}", headers=headers)

        assert response.status_code == 422
        assert complaint in response.content.decode()
        assert not page(response).select("tbody tr")


def test_pages_go_forth_and_back(client: Client, acme: Partner) -> None:
    accounts = [make_account(acme, linked_at=timezone.now() - timedelta(minutes=n)) for n in range(60)]

    first = page(client.get("/uids/?size=25"))
    second = page(client.get(first.select_one("#pager-next")["href"]))
    back = page(client.get(second.select_one("#pager-previous")["href"]))

    assert "26–50" in second.select_one(".pager").get_text()
    assert [row.find("a").get_text() for row in second.select("tbody tr")] == uids(*accounts[25:50])
    assert [row.find("a").get_text() for row in back.select("tbody tr")] == uids(*accounts[:25])
    assert "1–25" in back.select_one(".pager").get_text()
    assert "of 60" in back.select_one(".pager").get_text()


def test_the_count_is_capped(client: Client, acme: Partner, settings: Any) -> None:
    settings.LIST_COUNT_CAP = 27
    for _ in range(30):
        make_account(acme)

    assert "1–25 of 27+" in " ".join(page(client.get("/uids/?size=25")).select_one(".pager").get_text().split())


def test_columns_are_the_urls(client: Client, acme: Partner) -> None:
    make_account(acme, country="JP", remarks="<b>bold</b>")

    heads = [th.get_text(strip=True) for th in page(client.get("/uids/?columns=country,remarks")).select("thead th")]
    response = client.get("/uids/?columns=country,remarks")

    assert heads[1:] == ["UID", "Country", "Remarks", "Actions"]
    assert "Japan" in response.content.decode()
    assert "&lt;b&gt;bold" in response.content.decode()


def test_a_form_without_scripts_ends_at_a_clean_address(client: Client) -> None:
    response = client.get("/uids/?q=&status=normal&manager=&columns=uid&columns=country")

    assert response.status_code == 302
    assert response["Location"] == "/uids/?status=normal&columns=uid%2Ccountry"


def test_a_fragment_is_the_pages_own_piece(client: Client, acme: Partner) -> None:
    make_account(acme)

    whole, piece = client.get("/uids/?sort=uid"), client.get("/uids/?q=&sort=uid", headers=HTMX)

    assert "<html" not in piece.content.decode()
    assert page(piece).select_one("#results tbody tr") is not None
    assert page(whole).select_one("#results") is not None
    assert piece["HX-Push-Url"] == "/uids/?sort=uid"
    assert "HX-Request" in piece["Vary"]


def test_an_empty_list_says_what_to_do(client: Client, as_: Any, acme_readonly: Persona) -> None:
    assert "No linked accounts yet" in client.get("/uids/").content.decode()
    assert page(client.get("/uids/")).select_one(".empty a[href='/links/new/']")
    assert not page(as_(acme_readonly).get("/uids/")).select(".empty a")


def test_an_agency_has_no_quota_no_controls_no_managers(as_: Any, agency_master: Persona) -> None:
    make_account(agency_master.partner)
    client = as_(agency_master)

    shown = page(client.get("/uids/")).select_one("main").get_text(" ")

    for word in ("Quota", "PAYG", "Shutdown", "Purchase", "Business manager"):
        assert word not in shown
    for query in ("payg=frozen", "available_min=1", "manager=x", "sort=available", "in_warning=on"):
        assert client.get(f"/uids/?{query}").status_code == 403


def test_who_may_not_freeze_sees_why(as_: Any, acme: Partner, acme_readonly: Persona) -> None:
    make_account(acme)

    cell = page(as_(acme_readonly).get("/uids/")).select_one("tbody tr td:last-child")

    assert cell.select_one("[aria-disabled=true]")["title"]
    assert not cell.select("a[href*=freeze]")


def test_rows_link_to_freeze_and_unfreeze(client: Client, acme: Partner) -> None:
    make_account(acme, "1000000000000001")
    make_account(acme, "1000000000000002", payg_frozen=True)

    hrefs = [a["href"] for a in page(client.get("/uids/?sort=uid")).select("tbody a[href*=freeze]")]

    assert hrefs == ["/uids/1000000000000001/freeze/", "/uids/1000000000000002/unfreeze/"]


def test_labels_stand_on_the_row_and_filter(client: Client, acme: Partner) -> None:
    label = Label.objects.create(partner=acme, name="VIP")
    account = make_account(acme)
    account.labels.add(label)
    make_account(acme)

    assert found(client, f"label={label.pk}") == uids(account)
    assert "VIP" in page(client.get("/uids/")).select_one("tbody").get_text()


@pytest.mark.parametrize("query", ["", "q=kaito&sort=-available", "payg=frozen&payg=normal&credit=normal&sort=uid"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_two_rows_cost_as_many_queries_as_fifty(
    client: Client, acme: Partner, query: str, headers: dict[str, str]
) -> None:
    label = Label.objects.create(partner=acme, name="VIP")
    counts = []
    for n in (2, 48):
        for _ in range(n):
            make_account(acme, quota=Decimal(5), business_manager=f"Manager {n}").labels.add(label)
        client.get(f"/uids/?{query}", headers=headers)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/uids/?{query}", headers=headers)
        counts.append(len(queries))
    # The count query is left out while the first page holds everything, in both.
    assert counts[0] == counts[1] <= 20


def test_detail_pages_know_the_rows_on_either_side(acme: Partner, acme_master: Persona) -> None:
    first, second, third = (make_account(acme, nickname=f"name {n}", quota=Decimal(n)) for n in range(3))
    other = make_account(acme, nickname="elsewhere")

    around = AccountPage(acme_master.actor, from_string("q=name&sort=-available")).neighbours(second)
    outside = AccountPage(acme_master.actor, from_string("q=name")).neighbours(other)

    assert (around.previous, around.next) == (third, first)
    assert around.list_url == "/uids/?q=name&sort=-available"
    assert (outside.previous, outside.next) == (None, None)


def test_a_phone_finds_each_value_under_its_label_and_no_empty_ones(client: Client, acme: Partner) -> None:
    make_account(acme, nickname="Acorn", business_manager="")

    row = page(client.get("/uids/?columns=uid,nickname,manager")).select_one("tbody tr")

    assert {cell["data-label"]: "nothing" in cell.get("class", []) for cell in row.select("td[data-label]")} == {
        "Nickname": False, "Business manager": True, "Actions": False,
    }  # fmt: skip
