"""When a second person is needed: the default, a partner's own rule, and its exact limit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from partner_console.approvals import services
from partner_console.approvals.models import ApprovalRule
from partner_console.approvals.registry import Rule
from partner_console.approvals.rules import Need, apply, needs_check
from partner_console.approvals.states import Cause, When
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

INVITING = Action.LINK_INVITED
LIMITS = Rule(When.LIMITS, amount_from=Decimal(10_000), is_for_sensitive=True)


@pytest.mark.parametrize(
    ("rule", "amount", "is_sensitive", "is_production", "expected"),
    [
        (LIMITS, "9999.99", False, True, None),
        (LIMITS, "10000", False, True, Cause.AMOUNT),
        (LIMITS, "10000.01", False, True, Cause.AMOUNT),
        (LIMITS, None, False, True, None),
        (LIMITS, None, True, True, Cause.SENSITIVE),
        (LIMITS, "0", True, True, Cause.SENSITIVE),
        (LIMITS, "10000", True, False, None),
        (Rule(When.LIMITS, Decimal(0)), "0", False, True, Cause.AMOUNT),
        (Rule(When.LIMITS, None, is_for_sensitive=True), "999999", False, True, None),
        (Rule(When.LIMITS, Decimal(1), is_for_sandbox=True), "1", False, False, Cause.AMOUNT),
        (Rule(When.ALWAYS), None, False, True, Cause.ALWAYS),
        (Rule(When.ALWAYS), None, False, False, None),
        (Rule(When.ALWAYS, is_for_sandbox=True), None, False, False, Cause.ALWAYS),
        (Rule(When.NEVER, Decimal(1), is_for_sensitive=True), "5", True, True, None),
    ],
)
def test_the_rule_decides(
    *, rule: Rule, amount: str | None, is_sensitive: bool, is_production: bool, expected: Cause | None
) -> None:
    found = apply(
        rule, amount=None if amount is None else Decimal(amount), is_sensitive=is_sensitive, is_production=is_production
    )
    assert found == expected


def need(partner: Partner, amount: str) -> Need | None:
    return needs_check(partner=partner, action=INVITING, amount=Decimal(amount), is_sensitive=False, is_production=True)


def test_without_a_rule_the_design_holds_and_says_why(acme: Partner) -> None:
    assert need(acme, "9999.99") is None
    found = need(acme, "10000")
    assert str(found) == "Your rules ask for a second person from 10,000.00 USD."
    assert found is not None
    assert Need.from_json(found.as_json()) == found


def set_rule(persona: Persona, **fields: Any) -> ApprovalRule:
    values: dict[str, Any] = {"action": INVITING.value, "version": 0, "when": When.LIMITS, "amount_from": Decimal(500)}
    return services.set_rule(actor=persona.actor, **{**values, **fields})


def test_an_owner_sets_the_limit_and_the_trail_says_so(acme_master: Persona, outsider: Persona) -> None:
    set_rule(acme_master)

    assert need(acme_master.partner, "499.99") is None
    assert need(acme_master.partner, "500") is not None
    assert need(outsider.partner, "500") is None, "another partner keeps its own rule"
    entry = AuditEntry.objects.get(action="approvals.rule.changed")
    assert entry.changes["amount_from"] == ["10000", "500"]


def test_a_rule_somebody_changed_meanwhile_is_not_overwritten(acme_master: Persona) -> None:
    rule = set_rule(acme_master)
    with pytest.raises(Conflict) as error:
        set_rule(acme_master, amount_from=Decimal(900))
    assert error.value.data["version"] == rule.version
    assert ApprovalRule.objects.get().amount_from == Decimal(500)
    set_rule(acme_master, version=rule.version, when=When.NEVER)
    assert need(acme_master.partner, "1000000") is None


@pytest.mark.parametrize("persona", ["acme_manager", "acme_finance", "acme_readonly", "operator"])
def test_only_owners_set_rules(persona: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(Forbidden):
        set_rule(request.getfixturevalue(persona))
    assert not ApprovalRule.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount_from": None}, "when"),
        ({"when": "sometimes"}, "when"),
        ({"amount_from": Decimal(-1)}, "amount_from"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(acme_master: Persona, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        set_rule(acme_master, **fields)
    assert error.value.field == field
    assert not ApprovalRule.objects.exists()


def test_an_action_nobody_checks_has_no_rule(acme_master: Persona) -> None:
    with pytest.raises(NotFound):
        set_rule(acme_master, action="uids.label.created")


def test_agencies_have_rules_without_amounts(agency_master: Persona, as_: Callable[[Persona], Client]) -> None:
    page = as_(agency_master).get(f"/settings/approvals/{INVITING}/").content.decode()
    assert "amount_from" not in page
    assert "allow more than viewing" in page


def test_the_page_shows_and_saves_a_rule(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    client = as_(acme_master)
    before = client.get("/settings/approvals/").content.decode()
    assert "10,000.00 USD" in before

    posted = {"when": "limits", "amount_from": "2500", "version": "0"}
    assert client.post(f"/settings/approvals/{INVITING}/", posted).status_code == 303

    page = client.get("/settings/approvals/").content.decode()
    assert "2,500.00 USD" in page
    assert page.count("standard rule") == before.count("standard rule") - 1
    stale = client.post(f"/settings/approvals/{INVITING}/", posted)
    assert stale.status_code == 409
    assert "Somebody changed this rule" in stale.content.decode()
