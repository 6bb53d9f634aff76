"""The customer's Available Credit Alert: on or off, below which amount, to which address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.debug import sensitive_post_parameters

from linking import my, services
from linking.customer_forms import AlertForm, CodeForm
from linking.errors import WrongCode
from linking.views import my_visiting as visiting
from linking.views.my_visiting import MyRequest, my_page
from partner_console.errors import Invalid
from partner_console.web.forms import add_domain_error, posted

if TYPE_CHECKING:
    from django.http import HttpResponse


@my_page("GET", "POST")
def my_alert(me: MyRequest, pk: int) -> HttpResponse:
    """Set the alert; without money of its own the page says who watches instead."""
    link = my.get_link(me.actor, pk)
    if not link.account.is_live:
        return me.go("my_link", pk)
    form = AlertForm(posted(me.http), initial=my.alert_as_typed(link, me.actor), currency=link.account.partner.currency)
    if me.http.method == "POST" and form.is_valid():
        try:
            alert = services.save_alert(
                actor=me.actor, account_pk=pk, language=visiting.language(), **form.cleaned_data
            )
        except Invalid as error:
            add_domain_error(form, error)
        else:
            return me.go("my_alert_code" if alert.pending_email else "my_link", pk)
    status = 422 if form.errors else 200
    return me.page("alert", {"link": link, "form": form}, asking=link.account.partner, status=status)


@sensitive_post_parameters()
@my_page("GET", "POST")
def my_alert_code(me: MyRequest, pk: int) -> HttpResponse:
    """The code from the mail to the new address."""
    link = my.get_link(me.actor, pk)
    if link.alert is None or not link.alert.pending_email:
        return me.go("my_link", pk)
    form = CodeForm(posted(me.http))
    if me.http.method == "POST" and form.is_valid():
        try:
            services.prove_address(actor=me.actor, account_pk=pk, code=form.cleaned_data["code"])
        except WrongCode as error:
            add_domain_error(form, error)
        else:
            return me.go("my_link", pk)
    status = 422 if form.errors else 200
    return me.page("alert_code", {"link": link, "form": form}, asking=link.account.partner, status=status)


@my_page("POST")
def my_alert_code_send(me: MyRequest, pk: int) -> HttpResponse:
    """Another code to the address that waits."""
    services.send_alert_code(actor=me.actor, account_pk=pk, language=visiting.language())
    return me.go("my_alert_code", pk)


@my_page("POST")
def my_alert_keep(me: MyRequest, pk: int) -> HttpResponse:
    """Stay with the proved address."""
    services.keep_address(actor=me.actor, account_pk=pk)
    return me.go("my_link", pk)
