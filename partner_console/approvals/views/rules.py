"""A partner's rules: when an action needs a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from partner_console.access.policy import Permission, require
from partner_console.access.selectors import get_own_partner
from partner_console.approvals import selectors, services
from partner_console.approvals.forms import RuleForm
from partner_console.approvals.registry import get_checked
from partner_console.approvals.rules import rule_of
from partner_console.errors import Conflict, DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_GET
def rule_list(request: ActorRequest) -> HttpResponse:
    """`/settings/approvals/`: each action that can need a second person, and when it does."""
    return render(request, "approvals/rule_list.html", {"rules": selectors.list_rules(request.actor)})


@require_http_methods(["GET", "HEAD", "POST"])
def rule_edit(request: ActorRequest, action: str) -> HttpResponse:
    """One rule. A stale edit comes back with what is saved now."""
    require(request.actor, Permission.PARTNER_EDIT)
    checked = get_checked(action)
    services.ensure_concerned(request.actor, checked)
    row = selectors.rules_by_action(request.actor).get(action)
    currency = get_own_partner(request.actor).currency
    form = RuleForm(
        posted(request), actor=request.actor, checked=checked, rule=rule_of(row, action),
        version=row.version if row else 0, unit=currency,
    )  # fmt: skip
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            services.set_rule(actor=request.actor, action=action, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
            status = error.status
            if isinstance(error, Conflict):
                form.data = form.data | {"version": error.data["version"]}  # type: ignore[operator]  # QueryDict copies
        else:
            messages.success(request, _("Rule saved. It holds for requests from now on."))
            return see_other(request, reverse("approvals:rule_list"))
    return render(request, "approvals/rule_edit.html", {"form": form, "checked": checked}, status=status)
