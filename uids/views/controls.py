"""Freeze and unfreeze: the confirm page, which is also the dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from partner_console.access.policy import Permission, require
from partner_console.errors import DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import render_page, see_other, wants_fragment
from partner_console.web.http import error_response
from quota import services as quota
from uids import selectors
from uids.errors import AlreadyFrozen, NotFrozen, NotLive
from uids.forms import ReasonForm
from uids.views.panels import account_url, origin_of
from uids.wording import FREEZE_EFFECT, FREEZE_WARNING

ACCOUNT_CHANGED = "account-changed"  # the list and the account's page listen for it

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from uids.models import LinkedAccount


@require_http_methods(["GET", "HEAD", "POST"])
def account_freeze(request: ActorRequest, uid: str) -> HttpResponse:
    """Confirm page and dialog of [Freeze]; the button says Confirm Freeze (seed 004 §2.2)."""
    return _switch(request, uid, frozen=True, act=quota.freeze_payg)


@require_http_methods(["GET", "HEAD", "POST"])
def account_unfreeze(request: ActorRequest, uid: str) -> HttpResponse:
    """Confirm page and dialog of [Unfreeze]. In arrears it is refused with what is missing (409)."""
    return _switch(request, uid, frozen=False, act=quota.unfreeze_payg)


def _switch(request: ActorRequest, uid: str, *, frozen: bool, act: Callable[..., LinkedAccount]) -> HttpResponse:
    require(request.actor, Permission.CONTROL_CHANGE)
    account = selectors.get_account(request.actor, uid)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            act(actor=request.actor, account_pk=account.pk, **form.cleaned_data)
        except DomainError as error:
            if error.field not in form.fields:
                return _refused(request, error)
            add_domain_error(form, error)
        else:
            messages.success(request, _done(uid, frozen=frozen))
            return _switched(request, uid)
    elif request.method != "POST":
        _ensure_possible(account, frozen=frozen)
    status = 422 if form.is_bound else 200
    context = {"confirm": _confirm(request, account, form, frozen=frozen)}
    return render_page(request, "uids/account_switch.html", context, fragment="confirm", status=status)


def _switched(request: ActorRequest, uid: str) -> HttpResponse:
    """From a dialog the page beneath stays and reads itself again; from the confirm page one goes to the account."""
    if not wants_fragment(request):
        return see_other(request, account_url(request, uid))
    response = render(request, "ui/toasts_oob.html")
    for event in (ACCOUNT_CHANGED, "dialog-close"):
        trigger_client_event(response, event)
    return response


def _refused(request: ActorRequest, error: DomainError) -> HttpResponse:
    """The page beneath a dialog showed a state that is no longer so: it reads itself again."""
    response = error_response(request, error)
    return trigger_client_event(response, ACCOUNT_CHANGED) if wants_fragment(request) else response


def _ensure_possible(account: LinkedAccount, *, frozen: bool) -> None:
    """Say at once, before somebody writes a reason, that there is nothing to confirm."""
    if not account.is_live:
        raise NotLive(account)
    if account.payg_frozen is frozen:
        raise AlreadyFrozen(account.uid) if frozen else NotFrozen(account.uid)


def _done(uid: str, *, frozen: bool) -> str:
    if frozen:
        return _("PAYG of UID %(uid)s is frozen. The cloud's confirmation shows on the page.") % {"uid": uid}
    return _("PAYG of UID %(uid)s is no longer frozen. The cloud's confirmation shows on the page.") % {"uid": uid}


def _confirm(request: ActorRequest, account: LinkedAccount, form: ReasonForm, *, frozen: bool) -> dict[str, Any]:
    """The context of templates/uids/_confirm_switch.html."""
    sub_accounts = list(selectors.list_sub_accounts(request.actor, account))
    title = _("Freeze PAYG of %(account)s?") if frozen else _("Unfreeze PAYG of %(account)s?")
    url_name = "uids:account_freeze" if frozen else "uids:account_unfreeze"
    return {
        "title": title % {"account": account},
        "account": account,
        "is_freeze": frozen,
        "warning": FREEZE_WARNING,
        "effect": FREEZE_EFFECT,
        "sub_accounts": sub_accounts,
        "stays_frozen": [row for row in sub_accounts if row.payg_frozen],
        "form": form,
        "action": reverse(url_name, args=[account.uid]) + origin_of(request),
        "submit": _("Confirm Freeze") if frozen else _("Confirm Unfreeze"),
        "icon": "snowflake" if frozen else "power",
        "cancel_url": account_url(request, account.uid),
    }
