"""One request, and deciding it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access.policy import Permission, require
from partner_console.approvals import selectors, services
from partner_console.approvals.errors import NotWaiting, SomebodyElseCan
from partner_console.approvals.forms import AloneForm, DecideForm
from partner_console.approvals.registry import get_checked
from partner_console.approvals.rules import Need
from partner_console.audit.selectors import timeline
from partner_console.errors import Conflict, DomainError, Invalid
from partner_console.web.confirm import ConfirmPage
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from partner_console.approvals.models import Approval
    from partner_console.approvals.registry import Description


@require_GET
def approval_detail(request: ActorRequest, pk: int) -> HttpResponse:
    """`/approvals/<pk>/`: what is asked, why, and the form of whoever may decide."""
    return _page(request, selectors.get_approval(request.actor, pk))


@require_POST
def approval_decide(request: ActorRequest, pk: int) -> HttpResponse:
    """[Approve] or [Reject]; a wrong entry comes back with its places marked."""
    approval = selectors.get_approval(request.actor, pk)
    require(request.actor, Permission.APPROVAL_DECIDE)
    form = _decide_form(request, approval)
    if not form.is_valid():
        return _page(request, approval, form=form, status=422)
    values = form.cleaned_data
    approve = values.pop("decision") == "approve"
    try:
        services.decide(actor=request.actor, approval_pk=pk, approve=approve, **values)
    except (Conflict, Invalid) as error:
        return _refused(request, pk, form, error)
    words = _("Approved: %(subject)s.") if approve else _("Rejected: %(subject)s. Whoever asked is told.")
    messages.success(request, words % {"subject": approval.subject_label})
    return see_other(request, reverse("approvals:approval_list"))


@require_http_methods(["GET", "HEAD", "POST"])
def approval_withdraw(request: ActorRequest, pk: int) -> HttpResponse:
    """Confirm page and dialog of [Withdraw]."""
    approval = selectors.get_approval(request.actor, pk)
    services.ensure_may_withdraw(request.actor, approval)
    page = ConfirmPage(
        request,
        None,
        back=reverse("approvals:approval_list"),
        cancel=reverse("approvals:approval_detail", args=[pk]),
        act=lambda: services.withdraw(actor=request.actor, approval_pk=pk),
        done=_("Withdrawn: %(subject)s.") % {"subject": approval.subject_label},
        title=_("Withdraw this request?"),
        effect=_described(request, approval).refusal,
        submit=_("Withdraw"),
        icon="undo-2",
        is_danger=True,
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def approval_alone(request: ActorRequest, pk: int) -> HttpResponse:
    """Deciding one's own request where nobody else may."""
    approval = selectors.get_approval(request.actor, pk)
    require(request.actor, Permission.APPROVAL_DECIDE)
    if not approval.is_waiting:
        raise NotWaiting(approval)
    if not selectors.may_decide_alone(request.actor, approval):
        raise SomebodyElseCan
    described = _described(request, approval)
    form = AloneForm(posted(request), described=described, is_blind=bool(approval.blind_answer))
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            services.break_glass(actor=request.actor, approval_pk=pk, **form.cleaned_data)
        except (Conflict, Invalid) as refusal:
            error = refusal
            add_domain_error(form, refusal)
        else:
            messages.success(request, _("Approved without a second person: %(subject)s.") % _subject(approval))
            return see_other(request, reverse("approvals:approval_list"))
    context = {"approval": approval, "described": described, "form": form, "error": error}
    status = error.status if error else 422 if form.is_bound else 200
    return render(request, "approvals/approval_alone.html", context, status=status)


def _subject(approval: Approval) -> dict[str, str]:
    return {"subject": approval.subject_label}


def _refused(request: ActorRequest, pk: int, form: Form, error: DomainError) -> HttpResponse:
    """The page as it is now: somebody else may have been faster."""
    add_domain_error(form, error)
    return _page(request, selectors.get_approval(request.actor, pk), form=form, error=error, status=error.status)


def _described(request: ActorRequest, approval: Approval) -> Description:
    return get_checked(approval.action).describe(actor=request.actor, approval=approval)


def _decide_form(request: ActorRequest, approval: Approval) -> DecideForm:
    described = _described(request, approval)
    return DecideForm(posted(request), described=described, is_blind=bool(approval.blind_answer))


def _page(
    request: ActorRequest,
    approval: Approval,
    *,
    form: Form | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    may_decide = selectors.may_decide(actor, approval)
    context: dict[str, Any] = {
        "approval": approval,
        "state": approval.shown_state,
        "title": get_checked(approval.action).title,
        "described": _described(request, approval),
        "why": Need.from_json(approval.because),
        "form": form or _decide_form(request, approval),
        "error": error,
        "may_decide": may_decide,
        "may_alone": selectors.may_decide_alone(actor, approval),
        "may_withdraw": selectors.may_withdraw(actor, approval) and not may_decide,  # rejecting says why
        "second_people": selectors.second_people(actor, approval),
        "timeline": timeline(actor, approval),
    }
    return render(request, "approvals/approval_detail.html", context, status=status)
