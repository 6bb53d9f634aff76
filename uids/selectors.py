"""Reads of linked accounts. Every one begins with what the actor may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.errors import NotFound
from uids.models import ControlChange, LinkedAccount
from uids.states import LIVE, Control

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor


def list_accounts(actor: Actor) -> QuerySet[LinkedAccount]:
    """Accounts of the actor's partner, newest link first, with their master."""
    require(actor, Permission.UID_VIEW)
    return LinkedAccount.objects.visible_to(actor).select_related("partner", "trustee").order_by("-linked_at", "-pk")


def get_account(actor: Actor, uid: str) -> LinkedAccount:
    """The live account of this UID, else the newest record of it; `NotFound` when the actor has neither."""
    live_first = Case(When(relationship__in=LIVE, then=Value(0)), default=Value(1), output_field=IntegerField())
    account = list_accounts(actor).filter(uid=uid).order_by(live_first, "-pk").first()
    if account is None:
        raise NotFound("not_found", _("There is no linked account with UID %(uid)s here.") % {"uid": uid})
    return account


def list_sub_accounts(actor: Actor, account: LinkedAccount) -> QuerySet[LinkedAccount]:
    """Live sub-accounts whose money this account holds in financial trusteeship, by UID."""
    return (
        LinkedAccount.objects.visible_to(actor)
        .live()
        .filter(trustee_id=account.pk)
        .select_related("trustee")
        .order_by("uid", "pk")
    )


def list_payg_changes(actor: Actor, account: LinkedAccount) -> QuerySet[ControlChange]:
    """PAYG freeze and PAYG shutdown changes of one account, newest first (seed 004 §2.2)."""
    require(actor, Permission.CONTROL_VIEW)
    return (
        ControlChange.objects.visible_to(actor)
        .filter(account_id=account.pk, what__in=(Control.PAYG_FREEZE, Control.PAYG_SHUTDOWN))
        .select_related("cause")
        .order_by("-at", "-pk")
    )
