"""The customer's pages under /invite/<token>/: one thing per page, no login, nothing written by a GET."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linking import consent, services
from linking.errors import ProofLocked, WrongDigits
from linking.forms import DeclineForm, ProofForm
from linking.states import WITH_CUSTOMER, DeclineReason
from linking.tokens import PROOF_VALID, is_proof
from linking.views.visiting import CustomerRequest, cookie_scope, customer_page
from partner_console.web.forms import add_domain_error, posted

if TYPE_CHECKING:
    from django.http import HttpResponse


def _cookie(customer: CustomerRequest) -> str:
    return f"invite_proof_{customer.invitation.pk}"


def _proof(customer: CustomerRequest) -> str:
    return str(customer.http.COOKIES.get(_cookie(customer), ""))


@customer_page("GET", "POST")
def invite_start(customer: CustomerRequest) -> HttpResponse:
    """Who asks, and what would change. Going on is the first thing that is recorded."""
    if customer.http.method == "POST":
        services.record_opened(actor=customer.actor, token=customer.token)
        return customer.go("invite_proof")
    invitation = customer.invitation
    return customer.page(
        "invite/start.html", {"meaning": consent.meaning(invitation), "sheet": consent.sheet(invitation)}
    )


@customer_page("GET", "POST")
def invite_proof(customer: CustomerRequest) -> HttpResponse:
    """The last 6 digits of the UID, which only the account's holder knows."""
    form = ProofForm(posted(customer.http))
    locked_until = left = None
    if customer.http.method == "POST" and form.is_valid():
        try:
            proof = services.prove(actor=customer.actor, token=customer.token, digits=form.cleaned_data["digits"])
        except WrongDigits as error:
            add_domain_error(form, error)
            left = error.data["left"]
        except ProofLocked as error:
            locked_until = error.until
        else:
            response = customer.go("invite_decide")
            response.set_cookie(_cookie(customer), proof, max_age=PROOF_VALID, **cookie_scope())
            return response
    status = 429 if locked_until else 422 if form.errors else 200
    context = {"form": form, "locked_until": locked_until, "left": left}
    return customer.page("invite/proof.html", context, status=status)


@customer_page("GET", "POST")
def invite_decide(customer: CustomerRequest) -> HttpResponse:
    """Approve, or turn to declining."""
    proof = _proof(customer)
    if customer.http.method == "POST":
        services.approve(actor=customer.actor, token=customer.token, proof=proof)
        response = customer.go("invite_done")
        response.delete_cookie(_cookie(customer), path="/invite/")
        return response
    if customer.link is None or not is_proof(proof, customer.link):
        return customer.go("invite_proof")
    return customer.page("invite/decide.html", {"meaning": consent.meaning(customer.invitation)})


@customer_page("GET", "POST")
def invite_decline(customer: CustomerRequest) -> HttpResponse:
    """Say no, and why; also for those whom the invitation reached by mistake."""
    form = DeclineForm(posted(customer.http))
    if customer.http.method == "POST" and form.is_valid():
        services.decline(
            actor=customer.actor,
            token=customer.token,
            code=DeclineReason(form.cleaned_data["code"]),
            reason=form.cleaned_data["reason"],
        )
        return customer.go("invite_done")
    return customer.page("invite/decline.html", {"form": form}, status=422 if form.errors else 200)


@customer_page("GET", also_answered=True)
def invite_done(customer: CustomerRequest) -> HttpResponse:
    """What became of the answer; may be looked at again as long as the link is known."""
    if customer.invitation.current_state in WITH_CUSTOMER:
        return customer.go("invite_start")
    return customer.page("invite/done.html")
