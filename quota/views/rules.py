"""Pages of warning rules: of one account, of a label, of all customers; each with what it would have done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from partner_console.access.policy import Permission, require
from partner_console.errors import DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import STOP_POLLING, see_other, wants_fragment
from quota import services
from quota.rule_forms import AccountLinesForm, OwnLinesForm, PartnerLinesForm
from quota.selectors import warning_rules as selectors
from quota.selectors.credit import get_balance_to_change
from quota.selectors.warnings import get_mailing
from uids.errors import StaleVersion

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_http_methods(["GET", "HEAD", "POST"])
def threshold_edit(request: ActorRequest, uid: str) -> HttpResponse:
    """The three lines of one account. “Show what it would do” saves nothing; a stale save comes back with both."""
    balance, credit = get_balance_to_change(request.actor, uid)
    lines = selectors.lines_in_force(request.actor, credit)
    data = posted(request)
    form = AccountLinesForm(data, lines=lines, version=credit.version, currency=balance.currency)
    conflict, preview = None, None
    if form.is_valid() and "preview" in request.POST:
        preview = selectors.preview_lines(credit, form.wanted(), lines)
    elif form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("version", "reason")}
        try:
            services.set_account_lines(actor=request.actor, account_pk=credit.pk, wanted=form.wanted(), **given)
        except StaleVersion as error:
            conflict = error
            fresh = request.POST.dict() | {"version": str(error.data["version"])}
            form = AccountLinesForm(fresh, lines=lines, version=credit.version, currency=balance.currency)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("The warnings of UID %(uid)s are changed.") % {"uid": uid})
            return see_other(request, reverse("quota:account_quota", args=[uid]))
    context = {"balance": balance, "lines": lines, "form": form, "conflict": conflict, "preview": preview}
    if preview is None and conflict is None and not form.is_bound:
        context["past"] = selectors.past_of(credit)
    return render(request, "quota/rules/account.html", context, status=_status(form, conflict))


@require_GET
def rule_list(request: ActorRequest) -> HttpResponse:
    """`/settings/warnings/`: what all customers are warned at, labels that differ, and when mail goes out."""
    rules = selectors.get_partner_lines(request.actor)
    context = {"rules": rules, "job": _progress(rules), "mailing": get_mailing(request.actor)}
    return render(request, "quota/rules/list.html", context)


@require_GET
def rule_progress(request: ActorRequest) -> HttpResponse:
    """How far the accounts follow the newest rules, asked for every two seconds until they all do."""
    if not wants_fragment(request):
        return redirect("quota:rule_list")
    rules = selectors.get_partner_lines(request.actor)
    job = _progress(rules)
    if job is None:
        response = render(request, "quota/rules/_followed.html", {}, status=STOP_POLLING)
    else:
        response = render(request, "ui/progress.html", {"job": job})
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def rule_partner(request: ActorRequest) -> HttpResponse:
    """The lines of all customers. “Show what it would have done” looks back and saves nothing."""
    require(request.actor, Permission.QUOTA_EDIT)
    rules = selectors.get_partner_lines(request.actor)
    partner = rules.partner
    form = PartnerLinesForm(posted(request), values=rules.values, version=partner.version)
    conflict, past = None, None
    if form.is_valid() and "preview" in request.POST:
        past = selectors.past_of_partner(request.actor, form.wanted())
    elif form.is_valid():
        version = form.cleaned_data["version"]
        try:
            services.set_partner_lines(actor=request.actor, version=version, wanted=form.wanted())
        except StaleVersion as error:
            conflict = error
            fresh = request.POST.dict() | {"version": str(error.data["version"])}
            form = PartnerLinesForm(fresh, values=rules.values, version=partner.version)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Saved. Your customers' accounts follow within minutes."))
            return see_other(request, reverse("quota:rule_list"))
    context = {"rules": rules, "form": form, "conflict": conflict, "past": past}
    return render(request, "quota/rules/partner.html", context, status=_status(form, conflict))


@require_http_methods(["GET", "HEAD", "POST"])
def rule_label(request: ActorRequest, pk: int) -> HttpResponse:
    """The lines of all customers with a label."""
    require(request.actor, Permission.QUOTA_EDIT)
    label, own, inherited, currency = selectors.get_label_lines(request.actor, pk)
    form = OwnLinesForm(posted(request), own=own, inherited=inherited, currency=currency)
    if form.is_valid():
        try:
            services.set_label_lines(actor=request.actor, label_pk=label.pk, wanted=form.wanted())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Saved. The accounts with this label follow within minutes."))
            return see_other(request, reverse("quota:rule_list"))
    return render(request, "quota/rules/label.html", {"label": label, "form": form}, status=_status(form, None))


def _status(form: Form, conflict: StaleVersion | None) -> int:
    if conflict is not None:
        return conflict.status
    return 422 if form.errors else 200


def _progress(rules: selectors.PartnerLines) -> dict[str, object] | None:
    """As `ui/progress.html` wants it; None when every account follows."""
    if rules.refresh is None:
        return None
    return {
        "id": "rule-progress",
        "url": reverse("quota:rule_progress"),
        "is_final": False,
        "state": "running",
        "state_label": _("Your customers' accounts are following the newest rules"),
        "done": rules.refresh.n_done,
        "total": rules.refresh.n_rows,
        "text": "",
    }
