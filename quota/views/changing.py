"""The flow of every change of money: a form, what it would do, and only then the change (or the request for it)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy

from partner_console.approvals.models import Approval
from partner_console.errors import DomainError
from partner_console.web.formats import exact_amount
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other
from quota.errors import WouldBeInArrears
from uids.errors import StaleVersion

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from django import forms
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from quota.selectors.changes import Change
    from quota.selectors.credit import Balance

SECOND_PERSON_ASKED = gettext_lazy(
    "Nothing is changed yet: a second person has to agree. They are told by mail, you of their answer."
)
PREFILLED = ("how", "amount", "reason")  # what a link may bring along, to be looked at like anything typed


@dataclass(frozen=True, slots=True)
class Words:
    """What one kind of change is called on its pages. `figure` is what a conflict compares."""

    title: str
    lead: str
    review: str
    submit: str
    done: str
    figure: str


class ChangePage:
    """`preview` says what the form's cleaned data would do, `act` does it; both raise what is wrong with it.

    A stale version comes back with both values side by side, a refusal at its field, and whatever was typed is kept.
    """

    def __init__(
        self,
        request: ActorRequest,
        balance: Balance,
        *,
        form_class: type[forms.Form],
        initial: dict[str, Any],
        words: Words,
        now: Decimal,
        preview: Callable[[Any], Change],
        act: Callable[[Any], object],
        amount_of: Callable[[Any], Decimal | None] = lambda form: form.cleaned_data.get("amount"),
    ) -> None:
        self.request, self.balance, self.words, self.now = request, balance, words, now
        self.form_class, self.preview, self.act, self.amount_of = form_class, preview, act, amount_of
        given = {name: request.GET[name] for name in PREFILLED if name in request.GET}
        self.form = form_class(posted(request), initial=initial | given)

    def response(self) -> HttpResponse:
        form, data = self.form, self.request.POST
        if not form.is_valid() or "back" in data:
            return self._page(form)
        try:
            if "confirm" in data:
                return self._done(self.act(form))
            return self._page(form, change=self.preview(form), status=200)
        except StaleVersion as conflict:
            afresh = self.form_class(data.dict() | {"version": conflict.data["version"]})
            return self._page(afresh, conflict=conflict)
        except WouldBeInArrears as effect:
            return self._page(form, change=self.preview(form), status=effect.status)
        except DomainError as error:
            add_domain_error(form, error)
            return self._page(form, status=error.status)

    def _done(self, outcome: object) -> HttpResponse:
        uid = self.balance.account.uid
        if isinstance(outcome, Approval):
            messages.info(self.request, SECOND_PERSON_ASKED)
        else:
            given = {"uid": uid, "amount": exact_amount(self.amount_of(self.form)), "currency": self.balance.currency}
            messages.success(self.request, self.words.done % given)
        return see_other(self.request, reverse("quota:account_quota", args=[uid]))

    def _page(
        self,
        form: forms.Form,
        *,
        change: Change | None = None,
        conflict: StaleVersion | None = None,
        status: int = 0,
    ) -> HttpResponse:
        context = {
            "balance": self.balance,
            "form": form,
            "words": self.words,
            "change": change,
            "conflict": conflict,
            "now": self.now,
        }
        status = status or (conflict.status if conflict else 422 if form.errors else 200)
        return render(self.request, "quota/money/change.html", context, status=status)
