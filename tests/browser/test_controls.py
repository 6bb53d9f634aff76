"""A manager freezes, forbids, changes a policy and takes it back; a viewer sees all of it and can do none of it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from quota.states import EntryKind
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import make_account
from tests.quota.support import move
from uids.models import ControlChange, LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

UID = "1792155717328010"


@pytest.mark.parametrize(("viewport", "scripts"), [(DESKTOP, True), (PHONE, False)])
def test_a_manager_works_the_switches(
    open_page: Callable[..., Page],
    acme_manager: Persona,
    acme_readonly: Persona,
    viewport: dict[str, int],
    scripts: bool,  # noqa: FBT001 a parameter of the test
) -> None:
    partner = acme_manager.partner
    master = make_account(partner, UID, quota=Decimal(100), shutdown_policy="noStop")
    move(master, EntryKind.USAGE, undeducted="137.20")
    make_account(partner, "1792155717328011", nickname="Follows", trustee=master)
    make_account(partner, "1792155717328012", nickname="Own freeze", trustee=master, payg_frozen=True)
    page = open_page(acme_manager, on=viewport, java_script_enabled=scripts)
    main, switches = page.locator("#main"), page.locator("#switches")
    asked = page.locator("#dialog" if scripts else "#main")

    page.goto(f"/uids/?q={UID}")
    page.get_by_role("link", name=f"Shutdown {UID}").click()
    expect(asked.get_by_role("heading", level=1)).to_have_text(f"Freeze PAYG of {UID} Kaito Trading?")
    expect(asked).to_contain_text("instantly suspends its PAYG instances")
    expect(asked).to_contain_text("1 changes. 1 stays as it is.")
    asked.get_by_label("Reason").fill("Invoice overdue")
    asked.get_by_label("Number of accounts").fill("3")
    asked.get_by_role("button", name="Confirm Freeze").click()
    expect(asked).to_contain_text("This changes 2 accounts, not “3”.")
    expect(asked.get_by_label("Reason")).to_have_value("Invoice overdue")
    asked.get_by_label("Number of accounts").fill("2")
    asked.get_by_role("button", name="Confirm Freeze").click()
    expect(page.get_by_text(f"PAYG of UID {UID} is frozen.")).to_be_visible()
    if scripts:  # the list stays where it is and reads itself again
        expect(page.get_by_role("link", name=f"Re-open {UID}")).to_be_visible()
    page.goto(f"/uids/{UID}/")
    expect(switches).to_contain_text("Frozen by the partner")

    switches.get_by_role("link", name="Unfreeze").click()
    expect(page.locator("body")).to_contain_text("37.20")
    page.goto(f"/uids/{UID}/")
    switches.get_by_role("link", name="Change", exact=True).click()
    expect(asked).to_contain_text("Available −37.20 USD: would be stopped now.")
    asked.get_by_role("button", name="Continue").click()
    expect(asked).to_contain_text("Choose a shutdown policy.")
    asked.get_by_label("Delayed shutdown").check()
    asked.get_by_role("button", name="Continue").click()
    expect(asked).to_contain_text("Overdraft: 600.00 USD")
    asked.get_by_label("Reason").fill("They pay on Friday")
    asked.get_by_label("Number of accounts").fill("3")
    asked.get_by_role("button", name="Confirm Change").click()
    expect(page.get_by_text(f"The shutdown policy of UID {UID} is changed.")).to_be_visible()
    expect(switches).to_contain_text("Delayed shutdown")

    switches.get_by_role("link", name="Disable").click()
    asked.get_by_role("link", name="See all 2 with their reasons").click()
    expect(main).to_contain_text("Sub-accounts that change: 2.")
    page.get_by_role("link", name="Continue to confirm").click()
    main.get_by_label("Reason").fill("No new debt")
    main.get_by_label("Number of accounts").fill("3")
    main.get_by_role("button", name="Confirm Disable").click()
    expect(switches).to_contain_text("Purchase control Disabled")

    switches.get_by_role("link", name="All changes of freeze, purchase control and shutdown policy").click()
    expect(main.locator("tbody tr")).to_have_count(3)
    page.get_by_role("navigation", name="Kind of change").get_by_role("link", name="Purchase control").click()
    expect(main.locator("tbody tr")).to_have_count(1)
    main.locator("tbody").get_by_role("link", name="Undo").click()
    expect(asked).to_contain_text("“No new debt”")
    asked.get_by_label("Reason").fill("Paid")
    asked.get_by_label("Number of accounts").fill("3")
    asked.get_by_role("button", name="Confirm Undo").click()
    expect(page.get_by_text(f"UID {UID} is as it was before.")).to_be_visible()
    master.refresh_from_db()
    assert (master.purchase_control, master.shutdown_policy, master.payg_frozen) == ("normal", "delayStop", True)
    assert LinkedAccount.objects.filter(trustee=master, purchase_control="normal").count() == 2

    viewer = open_page(acme_readonly, on=viewport, java_script_enabled=scripts)
    viewer.goto(f"/uids/{UID}/")
    seen = viewer.locator("#switches")
    off = [re.compile(rf"^\s*{label}: ") for label in ("Unfreeze", "Disable", "Change")]  # each with the reason why
    expect(seen.locator("[role=link][aria-disabled=true]")).to_have_text(off)
    expect(seen.get_by_role("link", name="Undo")).to_have_count(0)
    seen.get_by_role("link", name="View PAYG Freeze Status & PAYG Shutdown Status Changes").click()
    expect(viewer.get_by_role("heading", level=1)).to_have_text("PAYG Freeze Status & PAYG Shutdown Status Changes")
    n_changes = ControlChange.objects.filter(account=master, what__startswith="payg").count()
    expect(viewer.locator("tbody tr")).to_have_count(n_changes)
    refused = viewer.goto(f"/uids/{UID}/freeze/")
    assert refused is not None
    assert refused.status == 403
