"""Planned changes: of one account, of the whole partner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from partner_console.access.policy import Permission, allows, require
from partner_console.approvals.models import Approval
from partner_console.errors import DomainError
from partner_console.web.confirm import ConfirmPage
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other
from quota.errors import CascadeMoved, PlanClosed
from quota.schedule_forms import CancelForm, PlanForm
from quota.schedule_lists import PlanPage
from quota.schedules import noticed
from quota.selectors import plans
from quota.services import scheduling
from quota.views.changing import SECOND_PERSON_ASKED
from uids.errors import StaleVersion
from uids.models import ScheduleState
from uids.selectors import get_account

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from uids.models import LinkedAccount, ScheduledControl


@require_GET
def schedule_list(request: ActorRequest) -> HttpResponse:
    """`/schedule/`."""
    return PlanPage(request.actor, request.GET).response(request)


@require_GET
def schedule(request: ActorRequest, uid: str) -> HttpResponse:
    """`/uids/<uid>/schedule/`: what is ahead for one account, and what was."""
    require(request.actor, Permission.CONTROL_VIEW)
    account = get_account(request.actor, uid)
    context = {
        "account": account,
        "plans": plans.open_plans(request.actor, account.pk),
        "waiting_plans": plans.waiting_plans(request.actor, account.pk),
        "closed": plans.closed_plans(request.actor, account.pk),
        "change": allows(request.actor, Permission.CONTROL_CHANGE),
    }
    return render(request, "quota/schedule/account.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_new(request: ActorRequest, uid: str) -> HttpResponse:
    """Typed, then looked at, then planned."""
    require(request.actor, Permission.CONTROL_CHANGE)
    account = get_account(request.actor, uid)
    initial = {
        "change": request.GET.get("change", ""),
        "notice": "24" if account.email else "",
        "notice_email": account.email,
        "notice_language": plans.language_of_customer(account),
    }
    return _PlanPage(request, account, initial).response()


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_edit(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """Other times, or another notice; of what is in force, only its end."""
    require(request.actor, Permission.CONTROL_CHANGE)
    made = plans.get_open_plan(request.actor, uid, pk)
    initial = {
        name: getattr(made, name) for name in ("starts_at", "ends_at", "notice_email", "notice_language", "version")
    }
    initial |= {"notice": str(made.notice_hours or ""), "reason": made.reason}
    return _PlanPage(request, made.account, initial, made).response()


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_cancel(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """Call it off; what is in force stays so."""
    made = plans.get_open_plan(request.actor, uid, pk)
    is_ahead = made.state == ScheduleState.PLANNED
    effects = [_("The customer was told of it, and is told that it is called off.")] if made.noticed_of else []
    return ConfirmPage(
        request,
        Permission.CONTROL_CHANGE,
        back=_back(uid),
        form=CancelForm(posted(request)),
        act=lambda **given: scheduling.cancel_plan(actor=request.actor, plan_pk=pk, **given),
        done=_("Called off.") if is_ahead else _("It no longer ends by itself."),
        told=(PlanClosed,),
        title=_("Call off: %(what)s?") % {"what": made.title},
        effect=_("Nothing changes for this account then.")
        if is_ahead
        else _("What is in force now stays so until somebody changes it: it no longer ends by itself."),
        effects=effects if is_ahead else [],
        submit=_("Call it off"),
        icon="calendar-x-2",
    ).response()


class _PlanPage:
    """A form, what it comes to, and only then the plan (or the request for it)."""

    def __init__(
        self,
        request: ActorRequest,
        account: LinkedAccount,
        initial: dict[str, Any],
        made: ScheduledControl | None = None,
    ) -> None:
        self.request, self.account, self.made = request, account, made
        only_end = made is not None and made.state == ScheduleState.IN_FORCE
        self.shape = {"fixed": made is not None, "only_end": only_end, "has_email": bool(account.email)}
        self.form = PlanForm(posted(request), initial=initial, **self.shape)

    def response(self) -> HttpResponse:
        form, data = self.form, self.request.POST
        if not form.is_valid() or "back" in data:
            return self._page(form)
        plan = form.plan(**self._fixed())
        try:
            preview = plans.preview_plan(self.request.actor, self.account, plan, edits=self.made)
            if "confirm" not in data:
                return self._page(form, preview=preview)
            if preview.n_accounts > 1 and self.made is None and form.cleaned_data["confirmed"] is None:
                form.add_error("confirmed", _("Type the number of accounts."))
                return self._page(form, preview=preview, status=422)
            return self._done(self._act(plan))
        except CascadeMoved as error:
            form.add_error("confirmed", str(error))
            return self._page(form, preview=preview, status=error.status)
        except StaleVersion as error:
            afresh = PlanForm(data.dict() | {"version": error.data["version"]}, **self.shape)
            return self._page(afresh, conflict=error, status=error.status)
        except DomainError as error:
            add_domain_error(form, error)
            return self._page(form, status=error.status)

    def _act(self, plan: scheduling.Plan) -> ScheduledControl | Approval:
        actor, data = self.request.actor, self.form.cleaned_data
        if self.made is not None:
            return scheduling.edit_plan(
                actor=actor, plan_pk=self.made.pk, version=data["version"] or 0, plan=plan, reason=data["reason"]
            )
        return scheduling.plan_control(
            actor=actor, account_pk=self.account.pk, plan=plan, reason=data["reason"], confirmed=data["confirmed"]
        )

    def _fixed(self) -> dict[str, Any]:
        """What an edit leaves as it is."""
        names = ("what", "value", "starts_at") if self.shape["only_end"] else ("what", "value")
        return {name: getattr(self.made, name) for name in names} if self.made is not None else {}

    def _done(self, outcome: ScheduledControl | Approval) -> HttpResponse:
        if isinstance(outcome, Approval):
            messages.info(self.request, SECOND_PERSON_ASKED)
        else:
            messages.success(self.request, _("Planned: %(what)s.") % {"what": outcome.title})
        return see_other(self.request, _back(self.account.uid))

    def _page(self, form: PlanForm, **more: Any) -> HttpResponse:
        status = more.pop("status", 0) or (422 if form.errors else 200)
        context = {
            "account": self.account,
            "made": self.made,
            "what": self.made.title if self.made else "",
            "noticed": noticed(self.made) if self.made else [],
            "form": form,
            "preview": None,
            "conflict": None,
            **more,
        }
        return render(self.request, "quota/schedule/change.html", context, status=status)


def _back(uid: str) -> str:
    return reverse("quota:schedule", args=[uid])
