"""Editing a quota: a form, what it would do, and only then the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from quota import services
from quota.forms import How, QuotaForm
from quota.selectors.changes import preview_total
from quota.selectors.credit import get_balance_to_change
from quota.views.changing import ChangePage, Words

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from quota.selectors.changes import Change


@require_http_methods(["GET", "HEAD", "POST"])
def quota_edit(request: ActorRequest, uid: str) -> HttpResponse:
    """`/uids/<uid>/quota/edit/`: a new total, or more or less of it; `?amount=` and `?how=` bring values along."""
    balance, credit = get_balance_to_change(request.actor, uid)
    words = Words(
        title=_("Edit the Quota Amount"),
        lead="",
        review=_("Check the new quota"),
        submit=_("Save the new quota"),
        done=_("The quota of UID %(uid)s is now %(amount)s %(currency)s."),
        figure=_("Quota Amount"),
    )

    def act(form: QuotaForm) -> object:
        given = {name: form.cleaned_data[name] for name in ("version", "reason", "accept_arrears")}
        amount = form.total_on(credit.amount)
        return services.edit_quota(actor=request.actor, account_pk=credit.pk, amount=amount, **given)

    def preview(form: QuotaForm) -> Change:
        amount, version = form.total_on(credit.amount), form.cleaned_data["version"]
        return preview_total(request.actor, credit, version=version, amount=amount)

    return ChangePage(
        request,
        balance,
        form_class=QuotaForm,
        initial={"version": credit.version, "how": How.SET},
        words=words,
        now=credit.amount,
        preview=preview,
        act=act,
        amount_of=lambda form: form.total_on(credit.amount),
    ).response()
