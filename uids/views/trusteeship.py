"""Financial trusteeship of one account: put it under a master, let it hold another's money, end it (acpn.md §9).

Which account is looked up by GET; the next page says what would change and what is in the way, and posts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partner_console.access.policy import Permission, require
from partner_console.errors import NotFound
from partner_console.web.forms import posted
from partner_console.web.htmx import see_other
from quota.selectors.trusteeship import preview_trusteeship
from quota.services.trusteeship import set_trustee
from uids import selectors
from uids.control_tables import state_in_words
from uids.errors import NotLive
from uids.forms import ReasonForm
from uids.previews import sub_accounts_of
from uids.trusteeship_forms import OtherAccountForm
from uids.views.panels import account_url

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.actor import Actor
    from partner_console.access.middleware import ActorRequest
    from uids.models import LinkedAccount


@require_http_methods(["GET", "HEAD", "POST"])
def account_trusteeship(request: ActorRequest, uid: str) -> HttpResponse:
    """What is in force now, what would change, and the button; `?master=` and `?sub=` look the other account up."""
    require(request.actor, Permission.CONTROL_CHANGE)
    account = selectors.get_account(request.actor, uid)
    if not account.is_live:
        raise NotLive(account)
    if account.trustee is not None:
        return _confirm(request, account, None)
    looked_up = {name: _look_up(request, name) for name in ("master", "sub")}
    master, sub = looked_up["master"][1], looked_up["sub"][1]
    if sub is not None:
        query = urlencode({"master": account.uid, **_origin(request)})
        return see_other(request, f"{reverse('uids:account_trusteeship', args=[sub.uid])}?{query}")
    if master is not None:
        return _confirm(request, account, master)
    context = {
        "account": account,
        "as_sub": looked_up["master"][0],
        "as_master": looked_up["sub"][0],
        "n_sub_accounts": sub_accounts_of(request.actor, account).count(),
        "came_from": request.GET.get("from", ""),
        "back_url": account_url(request, uid),
    }
    is_wrong = request.method == "POST" or any(form.errors for form, _found in looked_up.values())
    return render(request, "uids/trusteeship_choice.html", context, status=422 if is_wrong else 200)


def _origin(request: ActorRequest) -> dict[str, str]:
    """The list one came from goes along."""
    return {"from": request.GET["from"]} if request.GET.get("from") else {}


def _look_up(request: ActorRequest, name: str) -> tuple[OtherAccountForm, LinkedAccount | None]:
    """The form, and the account it names; an account that is not one's own is said at the field."""
    label = _("UID of the master account") if name == "master" else _("UID of the sub-account")
    form = OtherAccountForm(request.GET if name in request.GET else None, name=name, label=label)
    if not form.is_valid():
        return form, None
    try:
        return form, selectors.get_account(request.actor, form.cleaned_data[name])
    except NotFound as error:
        form.add_error(name, str(error))
        return form, None


def _confirm(request: ActorRequest, account: LinkedAccount, master: LinkedAccount | None) -> HttpResponse:
    form = ReasonForm(posted(request))
    if form.is_valid():
        set_trustee(
            actor=request.actor,
            account_pk=account.pk,
            trustee_pk=master.pk if master else None,
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _done(account, master))
        return see_other(request, account_url(request, account.uid))
    status = 422 if form.is_bound else 200
    context = {**_context(request.actor, account, master), "form": form, "back_url": account_url(request, account.uid)}
    return render(request, "uids/trusteeship_confirm.html", context, status=status)


def _context(actor: Actor, account: LinkedAccount, master: LinkedAccount | None) -> dict[str, Any]:
    preview = preview_trusteeship(actor, account, master)
    return {
        "account": account,
        "master": master or account.trustee,
        "is_joining": master is not None,
        "title": _("Put this account under a master?") if master else _("End this trusteeship?"),
        "preview": preview,
        "changes": [
            (effect, state_in_words(effect.what, effect.before), state_in_words(effect.what, effect.after))
            for effect in preview.effects
            if not effect.is_same
        ],
    }


def _done(account: LinkedAccount, master: LinkedAccount | None) -> str:
    if master is None:
        return _("UID %(uid)s is under no financial trusteeship any more.") % {"uid": account.uid}
    return _("UID %(uid)s spends the money of %(master)s from now on.") % {"uid": account.uid, "master": master.uid}
