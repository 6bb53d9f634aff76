"""UID Details: everything about one account, and editing what the partner keeps about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from partner_console.access.policy import Permission, allows, require
from partner_console.access.selectors import managers_for_choice
from partner_console.errors import DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other
from partner_console.web.listing import from_string
from uids import selectors, services
from uids.errors import NotLive, StaleVersion
from uids.forms import BasicInformationForm
from uids.views.lists import AccountPage
from uids.views.panels import account_url, detail_context, origin_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.actor import Actor
    from partner_console.access.middleware import ActorRequest
    from partner_console.web.listing import Neighbours
    from uids.models import LinkedAccount


@require_GET
def account_detail(request: ActorRequest, uid: str) -> HttpResponse:
    """Basic Information for everyone; the other panels where the partner's kind has them (seed 004 §1, §2)."""
    account = selectors.get_account(request.actor, uid)
    context = detail_context(request.actor, account)
    context["origin"] = origin_of(request)
    context["neighbours"] = neighbours(request.actor, account, request.GET.get("from", ""))
    return render(request, "uids/account_detail.html", context)


def neighbours(actor: Actor, account: LinkedAccount, query: str) -> Neighbours[LinkedAccount] | None:
    """The accounts before and after this one in the list one came from (`?from=`, its query string); None without."""
    if not query:
        return None
    try:
        return AccountPage(actor, from_string(query)).neighbours(account)
    except DomainError:  # a list this person may not see, or a made-up one: the page itself is fine
        return None


@require_http_methods(["GET", "HEAD", "POST"])
def account_edit(request: ActorRequest, uid: str) -> HttpResponse:
    """Nickname, business manager and remarks. Saved meanwhile by somebody else: both sides, and a choice (409)."""
    require(request.actor, Permission.UID_EDIT)
    account = selectors.get_account(request.actor, uid)
    if not account.is_live:
        raise NotLive(account)
    form = _form(request, account)
    conflict: StaleVersion | None = None
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_account(actor=request.actor, account_pk=account.pk, **_given(form, account))
        except StaleVersion as stale:
            conflict = stale
        except DomainError as error:
            if error.field not in form.fields:
                raise
            add_domain_error(form, error)
        else:
            messages.success(request, _("Saved."))
            return see_other(request, account_url(request, uid))
    return _edit_page(request, account, form, conflict)


def _form(request: ActorRequest, account: LinkedAccount) -> BasicInformationForm:
    names = ("nickname", "business_manager", "remarks", "version")
    return BasicInformationForm(
        posted(request),
        initial={name: getattr(account, name) for name in names},
        with_manager=bool(allows(request.actor, Permission.UID_EDIT_MANAGER)),
    )


def _given(form: BasicInformationForm, account: LinkedAccount) -> dict[str, Any]:
    """What the service takes. A field the form does not have, or that nobody touched, stays as it is by now: whoever
    keeps theirs after a conflict takes nothing back that they never changed."""
    texts = {name: getattr(account, name) for name in ("nickname", "business_manager", "remarks")}
    texts |= {name: form.cleaned_data[name] for name in texts if name in form.fields and form.is_touched(name)}
    return {"version": form.cleaned_data["version"], **texts}


def _edit_page(
    request: ActorRequest, account: LinkedAccount, form: BasicInformationForm, conflict: StaleVersion | None
) -> HttpResponse:
    context: dict[str, Any] = {"account": account, "form": form, "conflict": None, "managers": []}
    context["back_url"] = account_url(request, account.uid)
    if "business_manager" in form.fields:
        context["managers"] = managers_for_choice(request.actor)
    status = 422 if form.is_bound else 200
    if conflict is not None:
        data = conflict.data
        context["conflict"] = conflict
        context["sides"] = [
            (form[name], data["yours"][name], data["theirs"][name])
            for name in ("nickname", "business_manager", "remarks")
            if name in form.fields
        ]
        context["version"] = data["version"]
        status = conflict.status
    return render(request, "uids/account_edit.html", context, status=status)
