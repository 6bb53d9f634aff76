"""The customer's pages under /invite/<token>/: one thing per page, no login, nothing written by a GET."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linking import consent, limits, services, tokens
from linking.customer_forms import CodeForm
from linking.errors import ProofLocked, WrongCode, WrongDigits
from linking.forms import DeclineForm, ProofForm
from linking.states import WITH_CUSTOMER, DeclineReason
from linking.views.visiting import CustomerRequest, customer_page
from partner_console.web.forms import add_domain_error, posted

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpResponse


@customer_page("GET", "POST")
def invite_start(customer: CustomerRequest) -> HttpResponse:
    """Who asks, and what linking means. Going on is the first thing that is recorded."""
    if customer.http.method == "POST":
        services.record_opened(actor=customer.actor, token=customer.token)
        return customer.go("invite_changes")
    return customer.page("start", consent.context(customer.invitation))


@customer_page("GET")
def invite_changes(customer: CustomerRequest) -> HttpResponse:
    """What changes, what does not, and what the partner may do."""
    return customer.page("changes", consent.context(customer.invitation))


@customer_page("GET", "POST")
def invite_proof(customer: CustomerRequest) -> HttpResponse:
    """The last 6 digits of the UID, which only the account's holder knows."""
    if tokens.DIGITS not in customer.needed:
        return customer.go("invite_code")
    form = ProofForm(posted(customer.http))
    if customer.http.method != "POST" or not form.is_valid():
        return _proof_page(customer, "digits", form)
    customer.count(limits.PROOFS_OF_LINK, limits.PROOFS_FROM_ADDRESS)
    try:
        proof = services.prove(
            actor=customer.actor,
            token=customer.token,
            digits=form.cleaned_data["digits"],
            language=customer.language,
        )
    except (WrongDigits, ProofLocked) as error:
        return _proof_page(customer, "digits", form, error)
    return customer.remember(customer.go("invite_code" if tokens.CODE in customer.needed else "invite_decide"), proof)


@customer_page("GET", "POST")
def invite_code(customer: CustomerRequest) -> HttpResponse:
    """The code from the mail, where one is asked for; without a UID, a button sends the first."""
    if tokens.CODE not in customer.needed:
        return customer.go("invite_proof")
    if not customer.needed - {tokens.CODE} <= customer.shown:
        return customer.go("invite_proof")
    form = CodeForm(posted(customer.http))
    if customer.http.method != "POST" or not form.is_valid():
        return _proof_page(customer, "code", form)
    customer.count(limits.PROOFS_OF_LINK, limits.PROOFS_FROM_ADDRESS)
    try:
        proof = services.prove_code(
            actor=customer.actor, token=customer.token, code=form.cleaned_data["code"], proof=customer.proof
        )
    except (WrongCode, ProofLocked) as error:
        return _proof_page(customer, "code", form, error)
    return customer.remember(customer.go("invite_decide"), proof)


@customer_page("POST")
def invite_code_send(customer: CustomerRequest) -> HttpResponse:
    """Send the code, or another one."""
    services.send_code(actor=customer.actor, token=customer.token, proof=customer.proof, language=customer.language)
    return customer.go("invite_code")


@customer_page("GET", "POST")
def invite_decide(customer: CustomerRequest) -> HttpResponse:
    """Approve, or turn to declining."""
    if customer.http.method == "POST":
        services.approve(actor=customer.actor, token=customer.token, proof=customer.proof, language=customer.language)
        return customer.go("invite_done")
    if not customer.needed <= customer.shown:
        return customer.go("invite_proof")
    return customer.page("decide", consent.context(customer.invitation))


@customer_page("GET", "POST")
def invite_decline(customer: CustomerRequest) -> HttpResponse:
    """Say no, and why."""
    form = DeclineForm(posted(customer.http))
    if customer.http.method == "POST" and form.is_valid():
        services.decline(
            actor=customer.actor,
            token=customer.token,
            code=DeclineReason(form.cleaned_data["code"]),
            reason=form.cleaned_data["reason"],
        )
        return customer.go("invite_done")
    return customer.page("decline", {"form": form}, status=422 if form.errors else 200)


@customer_page("GET", "POST")
def invite_not_me(customer: CustomerRequest) -> HttpResponse:
    """The mail reached somebody it was not meant for: one button, no questions."""
    if customer.http.method == "POST":
        services.decline(actor=customer.actor, token=customer.token, code=DeclineReason.NOT_ME)
        return customer.go("invite_done")
    return customer.page("not_me")


@customer_page("GET", also_answered=True)
def invite_done(customer: CustomerRequest) -> HttpResponse:
    """What became of the answer; may be looked at again as long as the link is known."""
    if customer.invitation.current_state in WITH_CUSTOMER:
        return customer.go("invite_start")
    return customer.page("done", {"may_read_receipt": bool(customer.shown)})


@customer_page("GET", also_answered=True)
def invite_help(customer: CustomerRequest) -> HttpResponse:
    """What to do if you can't access something."""
    return customer.page("help")


def _proof_page(
    customer: CustomerRequest,
    name: str,
    form: forms.Form,
    error: WrongDigits | WrongCode | ProofLocked | None = None,
) -> HttpResponse:
    """One of the two proofs, with what went wrong and how many tries are left."""
    context = {
        "form": form,
        "left": None,
        "locked_until": None,
        "code_sent_at": services.code_sent_at(customer.invitation),
    }
    if isinstance(error, ProofLocked):
        return customer.page(name, {**context, "locked_until": error.until}, status=429)
    if error is not None:
        add_domain_error(form, error)
        context["left"] = error.data["left"]
    return customer.page(name, context, status=422 if form.errors else 200)
