"""UID Details as its readers see it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud import services as cloud
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.models import FaultKind
from partner_console.errors import Invalid
from tests.factories import make_account
from tests.personas import Persona
from uids import services
from uids.models import Label, LinkedAccount
from uids.states import AccountType, Control, Relationship

if TYPE_CHECKING:
    from partner_console.access.models import Partner

type_of_sign_in = Callable[[Persona], Client]


def page(client: Client, account: LinkedAccount, name: str = "account_detail", query: str = "") -> BeautifulSoup:
    response = client.get(reverse(f"uids:{name}", args=[account.uid]) + query)
    assert response.status_code == 200, response.status_code
    return BeautifulSoup(response.content, "html.parser")


def words(soup: BeautifulSoup, selector: str = "main") -> str:
    found = soup.select_one(selector)
    assert found is not None, selector
    return " ".join(found.get_text(" ").split())


def headings(soup: BeautifulSoup) -> list[str]:
    return [" ".join(h.get_text(" ").split()) for h in soup.select("main h2")]


def freeze(persona: Persona, account: LinkedAccount, *, frozen: bool = True) -> None:
    services.set_control(
        actor=persona.actor,
        account_pk=account.pk,
        what=Control.PAYG_FREEZE,
        value="frozen" if frozen else "normal",
        reason="late payment",
    )


def test_the_page_has_the_seeds_panels_and_keeps_three_statuses_apart(
    acme_master: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme, quota=Decimal(1000), business_manager="Aiko", remarks="a\nb", email="k@kaito.example")

    soup = page(as_(acme_master), account)

    assert headings(soup)[:3] == ["Basic Information", "Shutdown Policy Management", "Quota Management"]
    assert [dt.text for dt in soup.select("main > .stats dt")] == [
        "Account status", "Credit control status", "PAYG instance status", "Available Quota",
    ]  # fmt: skip
    text = words(soup)
    for shown in (account.uid, "Aiko", "k@kaito.example", "1,000.00", "Reseller end user", "Immediate shutdown"):
        assert shown in text


@pytest.mark.parametrize("relationship", Relationship.values)
def test_every_account_status_says_what_it_means_and_what_comes_next(
    acme_master: Persona, acme: Partner, as_: type_of_sign_in, relationship: str
) -> None:
    account = make_account(acme, relationship=relationship)

    soup = page(as_(acme_master), account)

    assert "What the five statuses mean" in words(soup)
    assert len(soup.select("details dl dt .status")) == 5
    is_live = relationship not in ("terminated", "deleted")
    assert bool(soup.select(f'a[href="{reverse("uids:account_edit", args=[account.uid])}"]')) is is_live
    assert bool(soup.select(f'a[href="{reverse("uids:account_freeze", args=[account.uid])}"]')) is is_live


def test_an_agency_sees_nickname_and_remarks_only(agency_master: Persona, as_: type_of_sign_in) -> None:

    account = make_account(agency_master.partner, remarks="noted", email="k@kaito.example")
    client = as_(agency_master)

    soup = page(client, account)

    assert headings(soup) == ["Basic Information", "Permissions and checks", "Relationship", "Timeline"]
    assert [dt.text for dt in soup.select(".facts dt")] == ["Nickname", "Remarks"]
    for name in ("account_freeze", "account_unfreeze", "control_list"):
        refused = client.get(reverse(f"uids:{name}", args=[account.uid]))
        assert refused.status_code == 403
        assert "Not available to partners of kind Agency" in refused.content.decode()
    form = page(client, account, "account_edit")
    assert [field["name"] for field in form.select("main form [name]")] == [
        "csrfmiddlewaretoken", "version", "nickname", "initial-nickname", "remarks", "initial-remarks",
    ]  # fmt: skip


def test_an_agency_cannot_post_what_its_form_does_not_have(agency_master: Persona, as_: type_of_sign_in) -> None:

    account = make_account(agency_master.partner)
    given = {"nickname": "New", "remarks": "", "business_manager": "Aiko", "version": 1}

    as_(agency_master).post(reverse("uids:account_edit", args=[account.uid]), given)

    account.refresh_from_db()
    assert (account.nickname, account.business_manager) == ("New", "")


@pytest.mark.parametrize(
    "name", ["account_detail", "account_edit", "account_freeze", "account_unfreeze", "control_list"]
)
def test_others_accounts_are_not_there(
    outsider: Persona, anonymous: Persona, acme: Partner, as_: type_of_sign_in, name: str
) -> None:
    url = reverse(f"uids:{name}", args=[make_account(acme).uid])

    assert as_(outsider).get(url).status_code == 404
    assert as_(anonymous).get(url).status_code == 302


def test_a_distributor_sees_its_second_tier_with_quota_and_controls(
    distributor_master: Persona, as_: type_of_sign_in
) -> None:

    account = make_account(distributor_master.partner, account_type=AccountType.T2_RESELLER, quota=Decimal(5))

    text = words(page(as_(distributor_master), account))

    assert "T2 reseller" in text
    assert "Quota Management" in text


def test_who_may_not_change_sees_the_buttons_off_with_the_reason(
    acme_readonly: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    client = as_(acme_readonly)

    soup = page(client, account)

    off = soup.select_one("#switches [aria-disabled=true]")
    assert off is not None
    assert "Your role, Viewer, does not include" in off.text
    assert client.get(reverse("uids:account_edit", args=[account.uid])).status_code == 403
    assert client.post(reverse("uids:account_freeze", args=[account.uid]), {"reason": "x"}).status_code == 403


def test_an_edit_is_saved_and_said(acme_manager: Persona, acme: Partner, as_: type_of_sign_in) -> None:
    account = make_account(acme)
    client = as_(acme_manager)
    given = {"nickname": "新しい", "business_manager": "Aiko", "remarks": "x", "version": 1}

    response = client.post(reverse("uids:account_edit", args=[account.uid]), given, follow=True)

    assert response.redirect_chain == [(reverse("uids:account_detail", args=[account.uid]), 303)]
    soup = BeautifulSoup(response.content, "html.parser")
    assert "Saved." in words(soup, "#toasts")
    assert "Basic information changed" in words(soup, ".timeline")


def test_limits_are_errors_at_their_field_and_counted_in_bytes(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    given = {"nickname": "あ" * 51, "business_manager": "x" * 51, "remarks": "あ" * 1001, "version": 1}

    response = as_(acme_manager).post(reverse("uids:account_edit", args=[account.uid]), given)

    soup = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 422
    assert len(soup.select(".field-error")) == 3
    assert "153 bytes; at most 150 are allowed" in words(soup, "#id_nickname_error")
    assert [c.text for c in soup.select(".counter")] == [
        "153 of 150 bytes", "51 of 50 characters", "3003 of 3000 bytes",
    ]  # fmt: skip


def test_members_are_suggested_as_business_manager(
    acme_manager: Persona, acme_finance: Persona, outsider: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    soup = page(as_(acme_manager), make_account(acme), "account_edit")

    assert [option["value"] for option in soup.select("datalist#managers option")] == [
        "finance@acme.example", "manager@acme.example",
    ]  # fmt: skip


def test_whoever_keeps_theirs_takes_nothing_back_they_never_changed(
    acme_manager: Persona, acme: Partner, as_: Callable[[Persona], Client]
) -> None:
    account = make_account(acme, nickname="Old", business_manager="", remarks="one\ntwo")
    client, url = as_(acme_manager), reverse("uids:account_edit", args=[account.uid])
    form = page(client, account, "account_edit").select_one("form:has([name=version])")
    assert form is not None
    mine = {str(one["name"]): str(one.get("value", one.text)) for one in form.select("input, textarea")}
    LinkedAccount.objects.update(nickname="Theirs", business_manager="kim@acme.example", remarks="new", version=2)

    as_browsers_send_lines = {name: text.replace("\n", "\r\n") for name, text in mine.items()}
    response = client.post(url, as_browsers_send_lines | {"nickname": "Mine"})
    assert response.status_code == 409
    conflict = BeautifulSoup(response.content, "html.parser")
    assert [row.get_text(" ").split()[0] for row in conflict.select("tbody tr:has(.tag)")] == ["Nickname"]
    kept = {str(one["name"]): one["value"] for one in conflict.select("main form input")}
    client.post(url, kept)

    account.refresh_from_db()
    assert (account.nickname, account.business_manager, account.remarks) == ("Mine", "kim@acme.example", "new")


def test_two_people_editing_see_both_sides_and_choose(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme, nickname="Old")
    url, client = reverse("uids:account_edit", args=[account.uid]), as_(acme_manager)
    client.post(url, {"nickname": "Theirs", "business_manager": "", "remarks": "", "version": 1})

    response = client.post(url, {"nickname": "Mine", "business_manager": "", "remarks": "", "version": 1})

    soup = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 409
    nickname = soup.select_one("tbody tr")
    assert nickname is not None
    assert [cell.text for cell in nickname.select("td")] == ["Mine", "Theirs"]
    assert "differs" in nickname.text
    assert "Take theirs" in words(soup)
    keep = {field["name"]: field.get("value", "") for field in soup.select("main form input")}
    assert client.post(url, keep).status_code == 303
    account.refresh_from_db()
    assert account.nickname == "Mine"


def test_an_ended_relationship_says_why_it_cannot_change(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme, relationship=Relationship.TERMINATED)
    client = as_(acme_manager)

    assert "can no longer be changed" in words(page(client, account))
    for name, given in (("account_edit", {"version": 1}), ("account_freeze", {"reason": "x"})):
        for refused in (
            client.get(reverse(f"uids:{name}", args=[account.uid])),
            client.post(reverse(f"uids:{name}", args=[account.uid]), given),
        ):
            assert refused.status_code == 409
            assert "Terminated" in refused.content.decode()


def test_freezing_names_the_effect_and_every_sub_account(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    master = make_account(acme, nickname="Master")
    make_account(acme, "700", nickname="Follows", trustee=master)
    make_account(acme, "800", nickname="Own", trustee=master, payg_frozen=True)

    text = words(page(as_(acme_manager), master, "account_freeze"))

    assert "instantly suspends its PAYG instances and blocks new PAYG purchases" in text
    assert "New subscription instances can be bought with the master account's remaining Available Quota." in text
    assert "2 sub-accounts 1 changes. 1 stays as it is." in text
    assert (
        "700 Follows Normal → to Frozen by the partner 800 Own Frozen by the partner by its own switch: stays" in text
    )
    assert "Type 2: this account and the sub-accounts that change with it." in text
    assert "Confirm Freeze" in text


def test_a_freeze_needs_a_reason_and_then_shows_on_the_page(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme, quota=Decimal(10))
    url, client = reverse("uids:account_freeze", args=[account.uid]), as_(acme_manager)

    missing = client.post(url, {"reason": "  "})
    done = client.post(url, {"reason": "late payment"}, follow=True)

    assert missing.status_code == 422
    assert "Say why" in missing.content.decode()
    soup = BeautifulSoup(done.content, "html.parser")
    assert done.redirect_chain[-1][1] == 303
    switches = words(soup, "#switches")
    assert "Frozen by the partner" in switches
    assert "late payment" in switches
    assert "Waiting to be sent" in switches
    assert "Unfreeze" in switches
    again = client.post(url, {"reason": "late payment"})
    assert again.status_code == 409
    assert "already frozen. Nothing was changed." in again.content.decode()
    assert client.get(url).status_code == 409


def test_from_a_dialog_the_page_beneath_reads_itself_again(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    url, client = reverse("uids:account_freeze", args=[account.uid]), as_(acme_manager)

    dialog = client.get(url, headers={"HX-Request": "true"})
    done = client.post(url, {"reason": "late payment"}, headers={"HX-Request": "true"})

    assert "<html" not in dialog.content.decode()
    assert "Confirm Freeze" in dialog.content.decode()
    assert done.status_code == 200
    assert {"account-changed", "dialog-close"} <= set(done.headers["HX-Trigger"].replace('"', " ").split())
    assert "is frozen" in done.content.decode()


def test_unfreezing_in_arrears_says_what_is_missing(acme_manager: Persona, acme: Partner, as_: type_of_sign_in) -> None:
    account = make_account(acme, quota=Decimal(0), payg_frozen=True)
    account.credit.__class__.objects.filter(pk=account.pk).update(undeducted=Decimal("37.20"))

    response = as_(acme_manager).post(reverse("uids:account_unfreeze", args=[account.uid]), {"reason": "paid"})

    assert response.status_code == 409
    assert "37.20" in response.content.decode()
    account.refresh_from_db()
    assert account.payg_frozen


def test_what_the_cloud_refused_is_shown_with_what_to_do_and_a_retry(
    acme_master: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    freeze(acme_master, account)
    simulated.add_fault(operation="freeze", kind=FaultKind.REFUSE, code="3040", message="account is in a frozen state")
    cloud.send_due(uid=account.uid)
    client = as_(acme_master)

    soup = page(client, account)

    text = words(soup, "#switches")
    assert "Refused by the cloud" in text
    assert "3040 account is in a frozen state" in text
    assert "Unfreeze it there first, then try again." in text
    retry = soup.select_one("#switches .order form")
    assert retry is not None
    given = {field["name"]: field["value"] for field in retry.select("input")}
    back = client.post(str(retry["action"]), given)
    assert (back.status_code, back.headers["Location"]) == (303, reverse("uids:account_detail", args=[account.uid]))
    cloud.send_due(uid=account.uid)
    assert "Confirmed by the cloud" in words(page(client, account), "#switches")
    assert client.post(str(retry["action"]), given).status_code == 409


def test_a_switch_shows_what_was_confirmed_last_beside_what_is_asked(
    acme_master: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    freeze(acme_master, account)
    cloud.send_due(uid=account.uid)
    freeze(acme_master, account, frozen=False)

    text = words(page(as_(acme_master), account), "#switches")

    assert "Waiting to be sent Unfreeze PAYG" in text
    assert "Last confirmed by the cloud: Freeze PAYG" in text


def test_a_sub_account_says_what_it_inherits(acme_master: Persona, acme: Partner, as_: type_of_sign_in) -> None:
    master = make_account(acme, "700", payg_frozen=True, purchase_control="ban", shutdown_policy="noStop")
    account = make_account(acme, trustee=master)

    text = words(page(as_(acme_master), account))

    assert "Its master account 700 is frozen" in text
    assert "Its master account 700 has purchase control disabled." in text
    assert "It follows its master account 700." in text
    assert "No shutdown" in text


def test_a_master_lists_its_sub_accounts_and_links_to_all(
    acme_master: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    master = make_account(acme)
    for number in range(10):
        make_account(acme, f"70{number}", trustee=master)

    soup = page(as_(acme_master), master)

    assert len(soup.select(".plain-list li > a[href^='/uids/70']")) == 8
    assert soup.select(f'a[href="{reverse("uids:account_list")}?trustee={master.uid}"]')


def test_previous_and_next_follow_the_list_one_came_from(
    acme_master: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    for number in (700, 701, 702, 800):
        make_account(acme, str(number))
    middle = LinkedAccount.objects.get(uid="701")

    soup = page(as_(acme_master), middle, query="?from=q%3D70%26sort%3Duid")

    assert [str(a["href"]).partition("?")[0] for a in soup.select(".page-head a[rel]")] == ["/uids/700/", "/uids/702/"]
    last = LinkedAccount.objects.get(uid="702")
    soup = page(as_(acme_master), last, query="?from=q%3D70%26sort%3Duid")
    assert [a["rel"] for a in soup.select(".page-head a[rel]")] == [["prev"]]


def test_a_made_up_list_is_no_obstacle(acme_master: Persona, acme: Partner, as_: type_of_sign_in) -> None:
    account = make_account(acme)

    for query in ("nonsense=1", "after=%00", "sort=nothing"):
        assert account.uid in words(page(as_(acme_master), account, query=f"?from={query}"))


def test_records_say_who_why_and_what_the_cloud_said(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    sub = make_account(acme, trustee=account)
    freeze(acme_manager, account)
    cloud.send_due(uid=account.uid)

    text = words(page(as_(acme_manager), account, "control_list"))
    followed = words(page(as_(acme_manager), sub, "control_list"), "tbody")

    assert "Records begin at" in text
    for shown in (
        "Normal",
        "Frozen by the partner",
        "late payment",
        "manager@acme.example 2099",
        "Console",
        "Confirmed",
    ):
        assert shown in text
    assert account.uid in followed


def test_without_records_the_page_says_so(acme_manager: Persona, acme: Partner, as_: type_of_sign_in) -> None:
    assert "No changes recorded" in words(page(as_(acme_manager), make_account(acme), "control_list"))


def test_labels_are_ticked_and_said(
    acme_manager: Persona, outsider: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    vip, late = (Label.objects.create(partner=acme, name=name) for name in ("VIP", "Pays late"))
    account.labels.add(late)
    url, client = reverse("uids:account_labels", args=[account.uid]), as_(acme_manager)

    response = client.post(url, {"labels": [vip.pk]}, follow=True)

    soup = BeautifulSoup(response.content, "html.parser")
    assert [tag.text for tag in soup.select(".facts .tag")] == ["VIP"]
    entry = AuditEntry.objects.get(action=Action.ACCOUNT_LABELLED)
    assert entry.changes == {"labels": [["Pays late"], ["VIP"]]}
    client.post(url, {"labels": [vip.pk]})
    assert AuditEntry.objects.count() == 1
    assert as_(outsider).post(url, {"labels": []}).status_code == 404


def test_anothers_label_is_no_choice(
    acme_manager: Persona, outsider: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    theirs = Label.objects.create(partner=outsider.partner, name="Theirs")
    url = reverse("uids:account_labels", args=[account.uid])

    empty = page(as_(acme_manager), account, "account_labels")

    assert "No labels yet" in words(empty)
    assert as_(acme_manager).post(url, {"labels": [theirs.pk]}).status_code == 422
    with pytest.raises(Invalid):
        services.set_labels(actor=acme_manager.actor, account_pk=account.pk, label_pks=[theirs.pk])
    assert not account.labels.exists()


def test_what_the_cloud_has_not_confirmed_is_not_called_so(
    acme_master: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme, payg_frozen=True, quota=Decimal(1))
    freeze(acme_master, account, frozen=False)

    waiting = words(page(as_(acme_master), account), "main > .stats")
    cloud.send_due(uid=account.uid)
    confirmed = words(page(as_(acme_master), account), "main > .stats")

    assert "Asked of the cloud, not confirmed yet." in waiting
    assert "PAYG instances run and can be bought." in confirmed


def test_reading_the_page_costs_the_same_for_one_sub_account_and_many(
    acme_master: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    one, many = make_account(acme, quota=Decimal(1)), make_account(acme, quota=Decimal(1))
    make_account(acme, trustee=one)
    for _ in range(6):
        make_account(acme, trustee=many)
        Label.objects.create(partner=acme, name=f"L{_}").accounts.add(many)
    client = as_(acme_master)
    page(client, one)

    with CaptureQueriesContext(connection) as few:
        page(client, one)
    with CaptureQueriesContext(connection) as lots:
        page(client, many)

    assert len(few) == len(lots)


def test_a_dialog_that_came_too_late_lets_the_page_beneath_catch_up(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme, payg_frozen=True)

    late = as_(acme_manager).post(
        reverse("uids:account_freeze", args=[account.uid]), {"reason": "late"}, headers={"HX-Request": "true"}
    )

    assert late.status_code == 409
    assert "account-changed" in late.headers["HX-Trigger"]
    assert "already frozen" in late.content.decode()


def test_the_list_one_came_from_is_not_lost_on_the_way(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme)
    came_from, client = "?from=sort%3Duid", as_(acme_manager)

    soup = page(client, account, query=came_from)

    for name in ("account_edit", "account_labels", "account_freeze"):
        assert soup.select(f'a[href="{reverse(f"uids:{name}", args=[account.uid])}{came_from}"]'), name
    edited = client.post(reverse("uids:account_edit", args=[account.uid]) + came_from, {"nickname": "x", "version": 1})
    frozen = client.post(reverse("uids:account_freeze", args=[account.uid]) + came_from, {"reason": "x"})
    back = reverse("uids:account_detail", args=[account.uid]) + came_from
    assert [edited.headers["Location"], frozen.headers["Location"]] == [back, back]
