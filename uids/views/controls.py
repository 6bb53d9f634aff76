"""The three switches: what changing one would do, on the confirm page that is also the dialog (seed 004 §2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from partner_console.access.policy import Permission, require
from partner_console.approvals.models import Approval
from partner_console.errors import DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import render_page, see_other, wants_fragment
from partner_console.web.http import error_response
from quota.selectors.switches import SwitchPreview, preview_switch, preview_undo
from quota.services import controls as quota
from uids import selectors
from uids.control_tables import state_as_badge
from uids.controls import own_value
from uids.forms import PolicyForm, SwitchForm
from uids.states import Control, ShutdownPolicy
from uids.switch_words import BAN, FREEZE, OPEN, UNFREEZE, Flip, policy_flip, undo_flip
from uids.views.lists import CHANGED
from uids.views.panels import account_url, policy_choices
from uids.wording import EFFECT_OF, NOTICED, WARNINGS

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from uids.models import LinkedAccount
    from uids.previews import Line

SHOWN = 8  # sub-accounts named in the dialog; the dry run has a page of its own for all of them
SECOND_PERSON_ASKED = gettext_lazy(
    "Nothing is changed yet: a second person has to agree. They are told by mail, you of their answer."
)


@require_http_methods(["GET", "HEAD", "POST"])
def account_freeze(request: ActorRequest, uid: str) -> HttpResponse:
    """[Freeze]; the button says Confirm Freeze."""
    return _change(request, uid, FREEZE)


@require_http_methods(["GET", "HEAD", "POST"])
def account_unfreeze(request: ActorRequest, uid: str) -> HttpResponse:
    """[Unfreeze]. In arrears it is refused with what is missing (409)."""
    return _change(request, uid, UNFREEZE)


@require_http_methods(["GET", "HEAD", "POST"])
def purchases_disable(request: ActorRequest, uid: str) -> HttpResponse:
    """[Disable] of Purchase Control: no new orders."""
    return _change(request, uid, BAN)


@require_http_methods(["GET", "HEAD", "POST"])
def purchases_enable(request: ActorRequest, uid: str) -> HttpResponse:
    """[Enable] of Purchase Control."""
    return _change(request, uid, OPEN)


@require_http_methods(["GET", "HEAD", "POST"])
def account_policy(request: ActorRequest, uid: str) -> HttpResponse:
    """[Change] of the shutdown policy: first which (`?value=`), each explained with this account's figures."""
    require(request.actor, Permission.CONTROL_CHANGE)
    form = PolicyForm(request.GET if "value" in request.GET or request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _change(request, uid, policy_flip(ShutdownPolicy(form.cleaned_data["value"])))
    account = selectors.get_account(request.actor, uid)
    current = own_value(account, Control.SHUTDOWN_POLICY)
    other = next(policy for policy in ShutdownPolicy if policy != current)
    if refusal := preview_switch(request.actor, account, Control.SHUTDOWN_POLICY, other).refusal:
        raise refusal
    context = {
        "account": account,
        "form": form,
        "action": reverse("uids:account_policy", args=[uid]),
        "came_from": request.GET.get("from", ""),
        "cancel_url": account_url(request, uid),
        "is_dialog": wants_fragment(request),
        "choices": policy_choices(request.actor, account),
    }
    status = 422 if form.is_bound else 200
    return render_page(request, "uids/account_policy.html", context, fragment="confirm", status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def control_undo(request: ActorRequest, uid: str, operation: uuid.UUID) -> HttpResponse:
    """[Undo] of one recorded change: exactly, or refused with who changed it since."""
    require(request.actor, Permission.CONTROL_CHANGE)
    account = selectors.get_account(request.actor, uid)
    preview = preview_undo(request.actor, account, operation)

    def act(form: SwitchForm) -> object:
        return quota.undo(actor=request.actor, operation_id=operation, reason=form.cleaned_data["reason"])

    flip = undo_flip(preview.effect.what, preview.value)
    return _page(request, account, preview, flip, act, reverse("uids:control_undo", args=[uid, operation]))


def _change(request: ActorRequest, uid: str, flip: Flip) -> HttpResponse:
    require(request.actor, Permission.CONTROL_CHANGE)
    account = selectors.get_account(request.actor, uid)
    preview = preview_switch(request.actor, account, flip.what, flip.value)

    def act(form: SwitchForm) -> object:
        return quota.change_control(
            actor=request.actor,
            account_pk=account.pk,
            what=flip.what,
            value=flip.value,
            reason=form.cleaned_data["reason"],
            confirmed=form.how_many,
        )

    return _page(request, account, preview, flip, act, reverse(flip.url_name, args=[uid]))


def _page(
    request: ActorRequest,
    account: LinkedAccount,
    preview: SwitchPreview,
    flip: Flip,
    act: Callable[[SwitchForm], object],
    address: str,
) -> HttpResponse:
    form = SwitchForm(posted(request), n_accounts=preview.effect.n_accounts)
    if request.method == "POST" and form.is_valid():
        try:
            return _done(request, account, flip, act(form))
        except DomainError as error:
            if error.field not in form.fields:
                return _refused(request, error)
            add_domain_error(form, error)
    elif preview.refusal is not None:  # at once, before somebody writes a reason
        return _refused(request, preview.refusal)
    status = 422 if form.is_bound else 200
    context = {"confirm": _confirm(request, account, preview, flip, form, address)}
    return render_page(request, "uids/account_switch.html", context, fragment="confirm", status=status)


def _done(request: ActorRequest, account: LinkedAccount, flip: Flip, outcome: object) -> HttpResponse:
    """From a dialog the page beneath stays and reads itself again; from the confirm page one goes to the account."""
    if isinstance(outcome, Approval):
        messages.info(request, SECOND_PERSON_ASKED)
    else:
        messages.success(request, flip.done % {"uid": account.uid})
    if not wants_fragment(request):
        return see_other(request, account_url(request, account.uid))
    response = render(request, "ui/toasts_oob.html")
    for event in (CHANGED, "dialog-close"):
        trigger_client_event(response, event)
    return response


def _refused(request: ActorRequest, error: DomainError) -> HttpResponse:
    """The page beneath a dialog showed a state that is no longer so: it reads itself again."""
    if request.method != "POST":
        raise error
    response = error_response(request, error)
    return trigger_client_event(response, CHANGED) if wants_fragment(request) else response


def _confirm(
    request: ActorRequest, account: LinkedAccount, preview: SwitchPreview, flip: Flip, form: SwitchForm, address: str
) -> dict[str, Any]:
    """The context of templates/uids/_confirm_switch.html."""
    effect, key = preview.effect, (preview.effect.what, preview.value)
    query = request.GET.copy()
    return {
        "title": flip.title % {"account": account},
        "account": account,
        "preview": preview,
        "warning": WARNINGS[effect.what],
        "effect": EFFECT_OF[key],
        "noticed": NOTICED[key],
        "at_these_figures": _at_these_figures(request, account, preview),
        "line": shown_line(effect.what, effect.account),
        "rows": [shown_line(effect.what, effect.line(row)) for row in effect.rows[:SHOWN]],
        "all_url": reverse("uids:control_preview", args=[account.uid, effect.what.value, preview.value]),
        "form": form,
        "action": f"{address}?{query.urlencode()}" if query else address,
        "submit": _("Ask a second person") if preview.need else flip.submit,
        "icon": flip.icon,
        "is_danger": flip.is_danger,
        "cancel_url": account_url(request, account.uid),
        "is_dialog": wants_fragment(request),
    }


def _at_these_figures(request: ActorRequest, account: LinkedAccount, preview: SwitchPreview) -> str:
    """What a policy would do right now; of the other switches there is nothing to say."""
    if preview.effect.what is not Control.SHUTDOWN_POLICY:
        return ""
    return str(next(row["now"] for row in policy_choices(request.actor, account) if row["value"] == preview.value))


def shown_line(what: Control, line: Line) -> dict[str, Any]:
    """One account of the dry run, its states as badges."""
    return {
        "account": line.account,
        "now": state_as_badge(what, line.now),
        "after": state_as_badge(what, line.after),
        "is_same": line.is_same,
        "is_held": line.is_held,
    }
