"""What each check asks the cloud and what it makes of the answer. Reads only; no transaction is open meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linking.models import Invitation
from linking.rights import grant_in_force
from linking.scopes import Scope
from linking.states import BillingExpectation, CheckKind, CheckOutcome
from partner_console.access.policy import PartnerKind
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.port import CloudRefused, CloudUnavailable, NotOffered, OutcomeUnknown

if TYPE_CHECKING:
    from partner_console.cloud.port import Cloud
    from uids.models import LinkedAccount

NOT_OFFERED, NO_GRANT, AWAY, UNDER_WAY = "not_offered", "no_grant", "away", "under_way"
# Orders whose effect the cloud may not show yet.
OPEN = (CommandState.QUEUED, CommandState.IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class Known:
    """What the console holds to be so, read when the checks were claimed."""

    account: LinkedAccount
    scopes: list[str] | None
    is_order_under_way: bool
    payer: BillingExpectation

    @classmethod
    def of(cls, account: LinkedAccount) -> Known:
        held = grant_in_force(account)
        latest = CloudCommand.objects.filter(
            uid=account.uid, topic="permissions", partner_id=account.partner_id, operation=Operation.SET_PERMISSIONS
        )
        state = latest.order_by("-pk").values_list("state", flat=True).first()
        return cls(account, held.scopes if held else None, state in OPEN, expected_payer(account))


@dataclass(frozen=True, slots=True)
class Finding:
    """`detail` are facts, no sentences. `is_away`: the cloud said nothing, so nothing is known anew."""

    outcome: CheckOutcome
    detail: dict[str, Any] = field(default_factory=dict)
    observed: list[str] | None = None
    is_away: bool = False
    is_under_way: bool = False


def expected_payer(account: LinkedAccount) -> BillingExpectation:
    """What the invitation said; else what the partner's kind means: an agency's customers pay themselves."""
    said = Invitation.objects.filter(account=account).exclude(billing_expectation="").order_by("-pk")
    given = said.values_list("billing_expectation", flat=True).first()
    if given:
        return BillingExpectation(given)
    is_agency = account.partner.kind == PartnerKind.AGENCY
    return BillingExpectation.CUSTOMER if is_agency else BillingExpectation.PARTNER


def observe(cloud: Cloud, known: Known, kind: CheckKind) -> Finding:
    """One check. Raises nothing the port raises: every answer, and no answer, is a finding."""
    look = {
        CheckKind.LISTED: _listed,
        CheckKind.PERMISSIONS: _permissions,
        CheckKind.BILLING: _billing,
        CheckKind.ACCESS: _access,
    }[kind]
    try:
        return look(cloud, known)
    except (CloudUnavailable, OutcomeUnknown):
        return Finding(CheckOutcome.UNKNOWN, {"code": AWAY}, is_away=True)
    except NotOffered:
        return Finding(CheckOutcome.UNKNOWN, {"code": NOT_OFFERED})
    except CloudRefused as refusal:
        return Finding(CheckOutcome.DIFFERS, {"code": refusal.code, "message": refusal.message[:500]})


def _listed(cloud: Cloud, known: Known) -> Finding:
    described = cloud.account(uid=known.account.uid)
    detail = {"uid": described.uid, "linked_at": described.linked_at.isoformat()}
    return Finding(CheckOutcome.OK if described.uid == known.account.uid else CheckOutcome.DIFFERS, detail)


def _permissions(cloud: Cloud, known: Known) -> Finding:
    seen = set(cloud.permissions(uid=known.account.uid))
    observed = [scope.value for scope in Scope if scope.value in seen]
    strange = sorted(seen - set(observed))
    if known.scopes is None:
        return Finding(CheckOutcome.UNKNOWN, {"code": NO_GRANT, "observed": observed})
    missing = [scope for scope in known.scopes if scope not in seen]
    extra = [scope for scope in observed if scope not in known.scopes]
    if not (missing or extra or strange):
        return Finding(CheckOutcome.OK, {}, observed)
    detail = {"missing": missing, "extra": extra, "strange": strange}
    if known.is_order_under_way:
        return Finding(CheckOutcome.NOT_DUE, {"code": UNDER_WAY, **detail}, observed, is_under_way=True)
    return Finding(CheckOutcome.DIFFERS, detail, observed)


def _billing(cloud: Cloud, known: Known) -> Finding:
    """No charge was reported yet: that is no fault, bills come days later (seed 000, "Billing")."""
    found = cloud.billing(uid=known.account.uid)
    detail = {"expected": known.payer.value, "payer": found.payer}
    if found.payer != known.payer:
        return Finding(CheckOutcome.DIFFERS, detail)
    if found.first_billed_at is None:
        return Finding(CheckOutcome.NOT_DUE, detail)
    return Finding(CheckOutcome.OK, {**detail, "first_billed_at": found.first_billed_at.isoformat()})


def _access(cloud: Cloud, known: Known) -> Finding:
    return Finding(CheckOutcome.OK if cloud.check_access(uid=known.account.uid) else CheckOutcome.DIFFERS)
