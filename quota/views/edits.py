"""Editing a quota or its threshold: a form, what it would do, and only then the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from partner_console.errors import DomainError
from partner_console.web.formats import amount as in_words
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other
from quota import services
from quota.errors import WouldBeInArrears
from quota.forms import QuotaForm, ThresholdForm
from quota.selectors.credit import get_balance_to_change, preview_quota, preview_threshold
from uids.errors import StaleVersion

if TYPE_CHECKING:
    from decimal import Decimal

    from django.forms import Form
    from django.http import HttpResponse, QueryDict

    from partner_console.access.middleware import ActorRequest
    from quota.selectors.credit import Balance, QuotaChange

# Offered beside the field, so that a percentage has a meaning without scripts too.
EXAMPLES = (10, 20, 30, 50)


@require_http_methods(["GET", "HEAD", "POST"])
def quota_edit(request: ActorRequest, uid: str) -> HttpResponse:
    """Form → what it would do → save. Every refusal comes back with what was typed."""
    balance, credit = get_balance_to_change(request.actor, uid)
    form = QuotaForm(posted(request), initial={"version": credit.version})
    if not form.is_valid() or "back" in request.POST:
        return _quota_page(request, balance, form)
    given = form.cleaned_data
    try:
        if "confirm" in request.POST:
            services.edit_quota(actor=request.actor, account_pk=credit.pk, **given)
            return _saved(
                request, balance, _("The quota of UID %(uid)s is now %(amount)s %(currency)s."), given["amount"]
            )
        change = preview_quota(balance, credit, version=given["version"], amount=given["amount"])
    except StaleVersion as conflict:
        return _quota_page(request, balance, QuotaForm(_afresh(request.POST, conflict)), conflict=conflict)
    except WouldBeInArrears as effect:
        change = preview_quota(balance, credit, version=given["version"], amount=given["amount"])
        return _quota_page(request, balance, form, change=change, status=effect.status)
    except DomainError as error:
        add_domain_error(form, error)
        return _quota_page(request, balance, form)
    return _quota_page(request, balance, form, change=change, status=200)


@require_http_methods(["GET", "HEAD", "POST"])
def threshold_edit(request: ActorRequest, uid: str) -> HttpResponse:
    balance, credit = get_balance_to_change(request.actor, uid)
    initial = {"version": credit.version, "percent": credit.warning_percent}
    form: Form = ThresholdForm(posted(request), initial=initial)
    conflict = None
    if form.is_valid():
        try:
            services.set_threshold(actor=request.actor, account_pk=credit.pk, **form.cleaned_data)
        except StaleVersion as error:
            form, conflict = ThresholdForm(_afresh(request.POST, error)), error
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return _saved(request, balance, _("The warning threshold of UID %(uid)s is changed."))
    context = {
        "balance": balance,
        "form": form,
        "conflict": conflict,
        "now": preview_threshold(credit, credit.warning_percent),
        "examples": [preview_threshold(credit, percent) for percent in EXAMPLES],
    }
    return render(request, "quota/threshold_edit.html", context, status=_status(form, conflict))


@require_GET
def threshold_meaning(request: ActorRequest, uid: str) -> HttpResponse:
    """What the percentage being typed means; the fragment under the field."""
    balance, credit = get_balance_to_change(request.actor, uid)
    try:
        percent = ThresholdForm.base_fields["percent"].clean(request.GET.get("percent"))
    except ValidationError:
        percent = None
    meaning = preview_threshold(credit, percent) if percent else None
    return render(request, "quota/_threshold_meaning.html", {"balance": balance, "meaning": meaning})


def _quota_page(
    request: ActorRequest,
    balance: Balance,
    form: QuotaForm,
    *,
    change: QuotaChange | None = None,
    conflict: StaleVersion | None = None,
    status: int = 0,
) -> HttpResponse:
    context = {"balance": balance, "form": form, "change": change, "conflict": conflict}
    return render(request, "quota/quota_edit.html", context, status=status or _status(form, conflict))


def _status(form: Form, conflict: StaleVersion | None) -> int:
    if conflict is not None:
        return conflict.status
    return 422 if form.errors else 200


def _afresh(data: QueryDict, conflict: StaleVersion) -> dict[str, object]:
    """What the person typed, to be saved against what is there now."""
    return data.dict() | {"version": conflict.data["version"]}


def _saved(request: ActorRequest, balance: Balance, message: str, amount: Decimal | None = None) -> HttpResponse:
    uid = balance.account.uid
    words = {"uid": uid, "currency": balance.currency, "amount": in_words(amount)}
    messages.success(request, message % words)
    return see_other(request, reverse("quota:account_quota", args=[uid]))
