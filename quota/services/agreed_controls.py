"""A second person agreed to a change of a switch: it is judged anew, then done as by whoever asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission
from partner_console.approvals.registry import CheckedAction, Description, Rule
from quota.errors import CascadeMoved
from quota.services.agreed import NOTHING_HAPPENS, account_facts, asker_of, nothing
from quota.services.controls import Wish, carry_out, lock_account, why_not_by_money
from uids.controls import judge
from uids.models import LinkedAccount
from uids.previews import count_accounts, preview_control
from uids.states import Control, PaygStatus, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval


def _execute(*, actor: Actor, approval: Approval) -> None:
    """Refused when other sub-accounts follow than when it was asked for, and whenever asking would be refused now."""
    asker, wish = asker_of(actor, approval, Permission.CONTROL_CHANGE), Wish.of(approval)
    account = lock_account(asker, approval.subject_pk)
    n_accounts = count_accounts(asker, account, wish.what)
    if wish.undoes is None and (error := judge(account, wish.what, wish.value)):
        raise error
    if n_accounts != wish.n_accounts:
        raise CascadeMoved(confirmed=wish.n_accounts, n_accounts=n_accounts)
    if error := why_not_by_money(asker, account, wish.what, wish.value):
        raise error
    carry_out(actor=asker, account=account, wish=wish, reason=approval.reason)


LABELS: dict[Control, dict[str, str | _StrPromise]] = {
    Control.PAYG_FREEZE: {status.value: status.label for status in (PaygStatus.NORMAL, PaygStatus.FROZEN)},
    Control.PURCHASE_CONTROL: {control.value: control.label for control in PurchaseControl},
    Control.SHUTDOWN_POLICY: {policy.value: policy.label for policy in ShutdownPolicy},
}


def _describe(*, actor: Actor, approval: Approval) -> Description:
    wish, labels = Wish.of(approval), LABELS[Wish.of(approval).what]
    account = LinkedAccount.objects.visible_to(actor).select_related("trustee", "partner").get(pk=approval.subject_pk)
    preview = preview_control(actor, account, wish.what, wish.value)
    facts = account_facts(account)
    facts.append((wish.what.label, f"{labels[approval.payload['before']]} → {labels[wish.value]}"))
    if preview.n_sub_accounts:
        facts.append((_("Financial trusteeship sub-accounts that follow"), f"{wish.n_accounts - 1:,}"))
    return Description(
        facts=facts,
        effect=EFFECT[wish.what, wish.value] % {"uid": account.uid},
        refusal=NOTHING_HAPPENS,
        url=reverse("uids:account_detail", args=[account.uid]),
    )


EFFECT: dict[tuple[Control, str], str | _StrPromise] = {
    (Control.PAYG_FREEZE, PaygStatus.FROZEN.value): gettext_lazy(
        "Pay-as-you-go of UID %(uid)s stops at once, and none can be bought."
    ),
    (Control.PAYG_FREEZE, PaygStatus.NORMAL.value): gettext_lazy(
        "Pay-as-you-go of UID %(uid)s runs again, and can be bought."
    ),
    (Control.PURCHASE_CONTROL, PurchaseControl.BAN.value): gettext_lazy(
        "UID %(uid)s can place no new orders. What runs goes on running."
    ),
    (Control.PURCHASE_CONTROL, PurchaseControl.NORMAL.value): gettext_lazy("UID %(uid)s can place new orders again."),
    **{
        (Control.SHUTDOWN_POLICY, policy.value): gettext_lazy(
            "The shutdown policy of UID %(uid)s changes at once, and decides what happens in arrears from now on."
        )
        for policy in ShutdownPolicy
    },
}


def _action(title: str | _StrPromise) -> CheckedAction:
    return CheckedAction(
        title=title,
        permission=Permission.CONTROL_CHANGE,
        execute=_execute,
        refuse=nothing,
        describe=_describe,
        default=Rule(),
        sensitive_label=gettext_lazy("When financial trusteeship sub-accounts follow"),
        sensitive_cause=gettext_lazy("Financial trusteeship sub-accounts follow this change."),
        has_sandbox=True,
    )


FREEZING = _action(gettext_lazy("Freeze or unfreeze PAYG"))
CONTROLLING_PURCHASES = _action(gettext_lazy("Change purchase control"))
SETTING_POLICY = _action(gettext_lazy("Change a shutdown policy"))
