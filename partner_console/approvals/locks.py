"""The lock of a request. Order everywhere: the approval first, then what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.errors import NotFound

from .models import Approval, ApprovalRule

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.audit.actions import Action


def lock_approval(actor: Actor, pk: int) -> Approval:
    """One request of the actor's partner, locked; `NotFound` otherwise. Two deciders wait for each other here."""
    rows = Approval.objects.visible_to(actor).select_related("partner", "asked_by", "decided_by")
    approval: Approval | None = rows.select_for_update(of=("self",)).filter(pk=pk).first()
    if approval is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return approval


def lock_due(actor: Actor, pk: int) -> Approval | None:
    """A request whose time is over, locked; None when somebody has it, or has ended it meanwhile."""
    rows = Approval.objects.visible_to(actor).due_to_expire().select_related("partner", "asked_by")
    found: Approval | None = rows.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
    return found


def lock_rule(actor: Actor, action: Action) -> ApprovalRule | None:
    """The partner's own rule for an action, locked; None while the default holds."""
    rows = ApprovalRule.objects.visible_to(actor).select_for_update(of=("self",))
    found: ApprovalRule | None = rows.filter(action=action).first()
    return found
