"""Consent receipts: the customer's, the staff's, and the page where either side checks one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_GET

from linking import limits, my, receipts
from linking.customer_forms import ReceiptCheckForm
from linking.views.my_visiting import MyRequest, my_page, open_page, see
from linking.views.visiting import CustomerRequest, address_of, customer_page
from partner_console.web.forms import posted
from partner_console.web.htmx import render_page
from partner_console.web.mail import absolute_url

if TYPE_CHECKING:
    from django.http import HttpRequest

    from linking.models import ConsentReceipt
    from partner_console.access.middleware import ActorRequest


@customer_page("GET", also_answered=True)
def invite_receipt(customer: CustomerRequest) -> HttpResponse:
    """For whoever proved the account in this browser a while ago; later it is on /my/."""
    receipt = receipts.receipt_of(customer.invitation)
    if receipt is None or not customer.shown:
        return see("my_home")
    urls = {
        "file_url": reverse("linking:invite_receipt_file", args=[customer.token]),
        "back_url": reverse("linking:invite_done", args=[customer.token]),
    }
    return customer.page("receipt", {**_shown(receipt), **urls})


@customer_page("GET", also_answered=True)
def invite_receipt_file(customer: CustomerRequest) -> HttpResponse:
    receipt = receipts.receipt_of(customer.invitation)
    if receipt is None or not customer.shown:
        return see("my_home")
    return _file(receipt)


@my_page("GET")
def my_receipt(me: MyRequest, pk: int) -> HttpResponse:
    receipt = my.get_receipt(me.actor, pk)
    urls = {
        "file_url": reverse("linking:my_receipt_file", args=[pk]),
        "back_url": reverse("linking:my_link", args=[pk]),
    }
    return me.page("receipt", {**_shown(receipt), **urls}, asking=receipt.invitation.partner)


@my_page("GET")
def my_receipt_file(me: MyRequest, pk: int) -> HttpResponse:
    return _file(my.get_receipt(me.actor, pk))


@require_GET
def invitation_receipt(request: ActorRequest, pk: int) -> HttpResponse:
    """Staff's view of what their customer agreed to."""
    receipt = receipts.get_receipt(request.actor, pk)
    context = {
        **_shown(receipt),
        "invitation": receipt.invitation,
        "asking": receipt.invitation.partner,
        "file_url": reverse("linking:invitation_receipt_file", args=[pk]),
    }
    return render_page(request, "linking/invitation_receipt.html", context, fragment="receipt")


@require_GET
def invitation_receipt_file(request: ActorRequest, pk: int) -> HttpResponse:
    return _file(receipts.get_receipt(request.actor, pk))


@open_page("GET", "POST")
def receipt_check(request: HttpRequest) -> HttpResponse:
    """Is this receipt as it was issued? For either side, with the file or its SHA-256."""
    form = ReceiptCheckForm(posted(request), request.FILES or None)
    finding = None
    if request.method == "POST" and form.is_valid():
        limits.count((limits.CHECKS_FROM_ADDRESS, address_of(request)))
        file = form.cleaned_data["file"]
        finding = receipts.check(digest=form.cleaned_data["digest"], content=file.read() if file else b"")
    context = {"form": form, "finding": finding}
    return render(request, "linking/my/receipt_check.html", context, status=422 if form.errors else 200)


def _shown(receipt: ConsentReceipt) -> dict[str, Any]:
    return {"receipt": receipt, "contents": json.loads(receipt.body)}


def _file(receipt: ConsentReceipt) -> HttpResponse:
    """The receipt as one HTML file, in the language it was read in."""
    context = {**_shown(receipt), "check_url": absolute_url("linking:receipt_check")}
    with translation.override(receipt.language):
        page = render_to_string("linking/customer/receipt_file.html", context)
    name = f"receipt-{receipt.invitation.reference}.html"
    return HttpResponse(page, headers={"Content-Disposition": f'attachment; filename="{name}"'})
