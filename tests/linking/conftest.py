"""Invitations as the tests of linking need them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from post_office.models import Email

from linking import services
from linking.models import Invitation, InvitationMail
from partner_console.access.policy import PartnerKind
from partner_console.audit.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.personas import Persona

UID = "5113766248601929"
DIGITS = "601929"


def send(persona: Persona, **fields: Any) -> Invitation:
    """A sent invitation of the persona's partner; the link is in `fresh_token`."""
    given: dict[str, Any] = {"uid": UID, "email": "kaito@customer.example", "company": "Kaito Trading", "country": "JP"}
    if persona.actor.partner_kind is not PartnerKind.AGENCY:
        given["quota"] = Decimal("1500.00")
    return services.invite(actor=persona.actor, **{**given, **fields})


def consent(invitation: Invitation) -> None:
    """The customer proves the digits and approves; the worker runs when the test lets the commit happen."""
    actor = services.customer_actor(invitation)
    proof = services.prove(actor=actor, token=invitation.fresh_token, digits=invitation.uid[-6:])
    services.approve(actor=actor, token=invitation.fresh_token, proof=proof)


@pytest.fixture
def sent(acme_manager: Persona) -> Invitation:
    return send(acme_manager)


@pytest.fixture
def approved(sent: Invitation) -> Invitation:
    """Approved by the customer; no worker has run."""
    consent(sent)
    sent.refresh_from_db()
    return sent


@pytest.fixture
def unchanged(db: None) -> Callable[[], bool]:
    """Whether nothing of what linking writes has changed since: rows, trail, mails."""

    def look() -> tuple[object, ...]:
        rows = list(Invitation.objects.order_by("pk").values_list("pk", "state", "version", "proof_failures"))
        return (rows, AuditEntry.objects.count(), InvitationMail.objects.count(), Email.objects.count())

    before: list[object] = []

    def same() -> bool:
        before.append(look())
        return len(before) == 1 or before[-1] == before[0]

    return same
