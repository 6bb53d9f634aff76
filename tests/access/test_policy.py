"""One table decides, and its parts agree with each other and with the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from partner_console.access.actor import Actor, Channel
from partner_console.access.policy import (
    KIND_MAY,
    MEMBER_ROLES,
    ROLE_MAY,
    PartnerKind,
    Permission,
    Role,
    allows,
    require,
)
from partner_console.errors import Forbidden

if TYPE_CHECKING:
    from tests.personas import Persona

CHANGES = {p for p in Permission if p.value.rpartition(".")[2] in {"change", "edit", "import", "invite", "manage"}}


def member(role: Role, kind: PartnerKind) -> Actor:
    return Actor(role=role, channel=Channel.CONSOLE, label="x", user_pk=1, partner_pk=1, partner_kind=kind)


def test_every_kind_and_role_has_a_row() -> None:
    assert set(KIND_MAY) == set(PartnerKind)
    assert set(ROLE_MAY) >= {*MEMBER_ROLES, Role.OPERATOR, Role.SYSTEM}


def test_viewers_and_operators_change_nothing() -> None:
    assert not CHANGES & ROLE_MAY[Role.VIEWER]
    assert not CHANGES & ROLE_MAY[Role.OPERATOR]


@pytest.mark.parametrize("role", MEMBER_ROLES)
def test_agencies_have_no_quota_and_no_control(role: Role) -> None:
    for permission in (
        Permission.QUOTA_VIEW,
        Permission.QUOTA_EDIT,
        Permission.CONTROL_VIEW,
        Permission.CONTROL_CHANGE,
    ):
        assert not allows(member(role, PartnerKind.AGENCY), permission)


def test_no_partner_may_run_the_platform() -> None:
    assert not any(allows(member(role, kind), Permission.PLATFORM) for role in MEMBER_ROLES for kind in PartnerKind)


def test_a_refusal_says_why_and_whom_to_ask() -> None:
    with pytest.raises(Forbidden) as refused:
        require(member(Role.VIEWER, PartnerKind.RESELLER), Permission.QUOTA_EDIT)

    assert "Viewer" in str(refused.value)
    assert "owner" in str(refused.value)


def test_a_member_of_no_partner_may_nothing(acme_master: Persona) -> None:
    homeless = Actor(role=Role.OWNER, channel=Channel.CONSOLE, label="x", user_pk=1)

    assert not any(allows(homeless, p) for p in Permission)


def test_the_document_is_current() -> None:
    call_command("permissions_doc", "--check")
