"""Write-offs, refunds and temporary boosts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partner_console.errors import NotFound
from partner_console.money import ZERO
from partner_console.web.confirm import ConfirmPage
from partner_console.web.formats import exact_amount
from partner_console.web.forms import posted
from quota.errors import NoBoostInForce, NothingToTakeBack
from quota.forms import BoostEndForm, BoostForm, ReasonForm, TakeBackForm, TakeOffForm
from quota.selectors.changes import preview_boost, preview_end_of_boost, preview_taking_off
from quota.selectors.credit import get_balance_to_change
from quota.selectors.money import get_order_to_take_back
from quota.services import boosts, money, refused
from quota.states import EntryKind
from quota.views.changing import SECOND_PERSON_ASKED, ChangePage, Words

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from quota.models import Boost
    from quota.selectors.credit import Balance


@require_http_methods(["GET", "HEAD", "POST"])
def write_off(request: ActorRequest, uid: str) -> HttpResponse:
    """`/uids/<uid>/quota/write-off/`: the customer paid."""
    words = Words(
        title=_("Write off"),
        lead=_("The customer has paid: what is written off leaves Consumed & Deducted Value and can be spent again."),
        review=_("Check the write-off"),
        submit=_("Write it off"),
        done=_("%(amount)s %(currency)s are written off for UID %(uid)s. The cloud is asked to do the same."),
        figure=_("Consumed & Deducted Value"),
    )
    return _take_off(request, uid, EntryKind.WRITE_OFF, money.write_off, words)


@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: ActorRequest, uid: str) -> HttpResponse:
    """`/uids/<uid>/quota/refund/`: money goes back to the customer."""
    words = Words(
        title=_("Refund"),
        lead=_("What is refunded leaves Consumed & Deducted Value. It may be more than was deducted."),
        review=_("Check the refund"),
        submit=_("Refund it"),
        done=_("%(amount)s %(currency)s are refunded to UID %(uid)s. The cloud is asked to do the same."),
        figure=_("Consumed & Deducted Value"),
    )
    return _take_off(request, uid, EntryKind.REFUND, money.refund, words)


def _take_off(request: ActorRequest, uid: str, kind: EntryKind, service: Any, words: Words) -> HttpResponse:
    balance, credit = get_balance_to_change(request.actor, uid)
    everything = {"amount": exact_amount(credit.deducted)} if credit.deducted > ZERO else {}

    def preview(form: forms.Form) -> Any:
        given = {name: form.cleaned_data[name] for name in ("version", "amount")}
        return preview_taking_off(request.actor, credit, kind, **given)

    return ChangePage(
        request,
        balance,
        form_class=TakeOffForm,
        initial={"version": credit.version, **everything},
        words=words,
        now=credit.deducted,
        preview=preview,
        act=lambda form: service(actor=request.actor, account_pk=credit.pk, **form.cleaned_data),
    ).response()


@require_http_methods(["GET", "HEAD", "POST"])
def boost_start(request: ActorRequest, uid: str) -> HttpResponse:
    """`/uids/<uid>/quota/boost/`: more quota for a while."""
    balance, credit = get_balance_to_change(request.actor, uid)
    words = Words(
        title=_("Temporary boost"),
        lead=_("The quota is higher at once and falls back by itself. A day before, whoever gets alerts is reminded."),
        review=_("Check the boost"),
        submit=_("Start the boost"),
        done=_("The boost of %(amount)s %(currency)s is in force for UID %(uid)s."),
        figure=_("Quota Amount"),
    )

    def preview(form: forms.Form) -> Any:
        given = {name: form.cleaned_data[name] for name in ("version", "amount", "until")}
        return preview_boost(request.actor, credit, balance.boost, **given)

    return ChangePage(
        request,
        balance,
        form_class=BoostForm,
        initial={"version": credit.version},
        words=words,
        now=credit.amount,
        preview=preview,
        act=lambda form: boosts.start_boost(actor=request.actor, account_pk=credit.pk, **form.cleaned_data),
    ).response()


@require_http_methods(["GET", "HEAD", "POST"])
def boost_extend(request: ActorRequest, uid: str) -> HttpResponse:
    """Another end, later or earlier."""
    balance, boost = _in_force(request, uid)

    def act(**given: Any) -> None:
        if boosts.extend_boost(actor=request.actor, account_pk=boost.credit_id, **given) is not None:
            page.done = str(SECOND_PERSON_ASKED)

    page = ConfirmPage(
        request,
        None,
        back=_back(uid),
        form=BoostEndForm(posted(request), initial={"until": boost.until}),
        act=act,
        done=_("The boost has its new end."),
        told=(NoBoostInForce,),
        title=_("Another end for the boost"),
        effect=_("The boost of %(amount)s %(currency)s stays in force until then and falls back by itself.")
        % {"amount": exact_amount(boost.amount), "currency": balance.currency},
        submit=_("Save the new end"),
        icon="timer",
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def boost_end(request: ActorRequest, uid: str) -> HttpResponse:
    """End it now: what would be so, then the change."""
    balance, boost = _in_force(request, uid)
    credit = boost.credit
    words = Words(
        title=_("End the boost now"),
        lead=_("The quota falls back at once."),
        review=_("Check the end of the boost"),
        submit=_("End the boost"),
        done=_("The boost of UID %(uid)s has ended."),
        figure=_("Quota Amount"),
    )
    return ChangePage(
        request,
        balance,
        form_class=ReasonForm,
        initial={},
        words=words,
        now=credit.amount,
        preview=lambda _form: preview_end_of_boost(request.actor, credit, boost),
        act=lambda form: boosts.end_boost(actor=request.actor, account_pk=credit.pk, **form.cleaned_data),
    ).response()


@require_http_methods(["GET", "HEAD", "POST"])
def order_take_back(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """What the cloud could not do, or may have done, is not to count here."""
    balance, _credit = get_balance_to_change(request.actor, uid)
    order = get_order_to_take_back(request.actor, balance, pk)
    words = {
        "what": order.get_operation_display(),
        "amount": exact_amount(Decimal(order.payload["amount"])),
        "currency": balance.currency,
    }
    return ConfirmPage(
        request,
        None,
        back=_back(uid),
        form=TakeBackForm(posted(request)),
        act=lambda **given: refused.take_back(actor=request.actor, command_pk=pk, **given),
        done=_("Taken back: %(what)s of %(amount)s %(currency)s.") % words,
        told=(NothingToTakeBack,),
        title=_("Take it back: %(what)s of %(amount)s %(currency)s?") % words,
        effect=_("The amount counts as deducted again. Do this when the cloud has not done it and is not going to."),
        submit=_("Take it back"),
        icon="undo-2",
        is_danger=True,
    ).response()


def _in_force(request: ActorRequest, uid: str) -> tuple[Balance, Boost]:
    balance, _credit = get_balance_to_change(request.actor, uid)
    if balance.boost is None:
        raise NotFound("no_boost", _("No temporary boost is in force for UID %(uid)s.") % {"uid": uid})
    return balance, balance.boost


def _back(uid: str) -> str:
    return reverse("quota:account_quota", args=[uid])
