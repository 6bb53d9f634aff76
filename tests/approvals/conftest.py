"""Requests for a second person, asked for an action made up here: approvals know no app."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from partner_console.access.policy import Permission
from partner_console.approvals import registry, services
from partner_console.approvals.registry import CheckedAction, Description, Rule
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from partner_console.errors import Conflict
from tests.factories import make_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_console.approvals.models import Approval
    from tests.personas import Persona

ANSWER = "1792155717328010"


@dataclass
class Deeds:
    """What the executors were called for, in order, and whether the world has moved on."""

    done: list[tuple[str, int]] = field(default_factory=list)
    moved_on: bool = False

    def execute(self, *, actor: Any, approval: Approval) -> None:
        if self.moved_on:
            raise Conflict("moved_on", "The account is gone.")
        self.done.append(("executed", approval.pk))

    def refuse(self, *, actor: Any, approval: Approval) -> None:
        self.done.append((f"refused {approval.state}", approval.pk))


def describe(*, actor: Any, approval: Approval) -> Description:
    return Description(
        facts=[("Company", "Acorn"), ("New total", str(approval.payload.get("amount", "")))],
        effect="The quota changes at once.",
        refusal="The quota stays.",
        blind_label="UID of the account",
        blind_help="From the customer's papers.",
    )


DEEDS = Deeds()
CHANGING_QUOTA = CheckedAction(
    title="Change a quota",
    permission=Permission.QUOTA_EDIT,
    execute=lambda **named: DEEDS.execute(**named),
    refuse=lambda **named: DEEDS.refuse(**named),
    describe=describe,
    default=Rule(When.LIMITS, amount_from=Decimal(5_000)),
    amount_label="New total of at least",
    amount_permission=Permission.QUOTA_VIEW,
)


@pytest.fixture
def deeds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deeds]:
    """A quota change needs a second person; what its executor does is only counted."""
    DEEDS.done, DEEDS.moved_on = [], False
    monkeypatch.setitem(registry.CHECKED, Action.QUOTA_ADJUSTED, "tests.approvals.conftest.CHANGING_QUOTA")
    registry.get_checked.cache_clear()
    yield DEEDS
    registry.get_checked.cache_clear()


def ask(persona: Persona, **fields: Any) -> Approval:
    """A request for a quota of 9,000 on a new account of the persona's partner."""
    values: dict[str, Any] = {
        "action": Action.QUOTA_ADJUSTED,
        "subject_label": "Acorn",
        "payload": {"amount": "9000.00"},
        "reason": "New contract",
        "blind_answer": "",
    }
    with transaction.atomic():
        account = fields.pop("subject", None) or make_account(persona.partner)
        return services.ask(actor=persona.actor, subject=account, **{**values, **fields})
