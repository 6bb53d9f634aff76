"""The customer's own pages under /my/: sign in by a code, see how the link stands, take back, end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters

from linking import blockers, my, services
from linking.customer_forms import CodeForm, LeaveForm, PermissionsForm, SignInForm
from linking.errors import CannotTerminate, WrongCode
from linking.scopes import IMPLIES
from linking.services import signin, terminating
from linking.services.granting import withdraw_scopes
from linking.states import Side
from linking.views import my_visiting as visiting
from linking.views.my_visiting import MyRequest, my_page, open_page, see
from linking.views.visiting import address_of
from partner_console.web.forms import add_domain_error, posted

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@open_page("GET", "POST")
def my_sign_in(request: HttpRequest) -> HttpResponse:
    """Who are you? The answer is the same whether the address is known here or not."""
    form = SignInForm(posted(request))
    if request.method == "POST" and form.is_valid():
        asked = services.ask_code(
            email=form.cleaned_data["email"], address=address_of(request), language=visiting.language()
        )
        response = see("my_code")
        response.set_cookie(visiting.TICKET_COOKIE, asked.ticket, max_age=signin.CODE_VALID, **visiting.cookie_scope())
        return response
    return render(request, "linking/my/sign_in.html", {"form": form}, status=422 if form.errors else 200)


@open_page("GET", "POST")
@sensitive_post_parameters()
def my_code(request: HttpRequest) -> HttpResponse:
    """The code from the mail, in the browser that asked for it."""
    ticket = request.COOKIES.get(visiting.TICKET_COOKIE, "")
    email = services.asked_address(ticket)
    if not email:
        return see("my_sign_in")
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            key = services.sign_in(ticket=ticket, code=form.cleaned_data["code"], address=address_of(request))
        except WrongCode as error:
            add_domain_error(form, error)
        else:
            response = see("my_home")
            response.set_cookie(visiting.SESSION_COOKIE, key, max_age=signin.SESSION_LASTS, **visiting.cookie_scope())
            response.delete_cookie(visiting.TICKET_COOKIE, path="/my/")
            return response
    context = {"form": form, "asked_email": email}
    return render(request, "linking/my/code.html", context, status=422 if form.errors else 200)


@my_page("POST")
def my_sign_out(me: MyRequest) -> HttpResponse:
    """End the session here and in the browser."""
    services.sign_out(actor=me.actor, key=me.key)
    response = me.go("my_sign_in")
    response.delete_cookie(visiting.SESSION_COOKIE, path="/my/")
    return response


@my_page("GET")
def my_home(me: MyRequest) -> HttpResponse:
    """All accounts of the address; the only one at once."""
    links = my.list_links(me.actor)
    if len(links) == 1:
        return me.go("my_link", links[0].pk)
    return me.page("home", {"links": [(account, my.label(account)) for account in links]})


@my_page("GET")
def my_link(me: MyRequest, pk: int) -> HttpResponse:
    """How one link stands: status, what the partner may do, the limit, the contact."""
    link = my.get_link(me.actor, pk)
    several = len(my.list_links(me.actor)) > 1
    return me.page("link", {"link": link, "several": several}, asking=link.account.partner)


@my_page("GET", "POST")
def my_permissions(me: MyRequest, pk: int) -> HttpResponse:
    """Take optional permissions back; effective at once."""
    link = my.get_link(me.actor, pk)
    form = PermissionsForm(posted(me.http), choices=link.optional)
    if me.http.method == "POST" and form.is_valid():
        withdraw_scopes(actor=me.actor, account_pk=pk, scopes=form.cleaned_data["scopes"])
        return me.go("my_link", pk)
    implied = any(seen.value in dict(link.optional) for seen in IMPLIES.values())
    context = {"link": link, "form": form, "implied": implied}
    return me.page("permissions", context, asking=link.account.partner, status=422 if form.errors else 200)


@my_page("GET", "POST")
def my_leave(me: MyRequest, pk: int) -> HttpResponse:
    """Ask to end the link; everything in the way is said at once."""
    link = my.get_link(me.actor, pk)
    form = LeaveForm(posted(me.http))
    found = blockers.to_ask(link.account, Side.CUSTOMER)
    if me.http.method == "POST" and form.is_valid():
        try:
            terminating.ask(actor=me.actor, account_pk=pk, reason=form.cleaned_data["reason"])
        except CannotTerminate as error:
            found = error.blockers
        else:
            return me.go("my_link", pk)
    context = {"link": link, "form": form, "blockers": found}
    status = 409 if me.http.method == "POST" and found else 422 if form.errors else 200
    return me.page("leave", context, asking=link.account.partner, status=status)


@my_page("GET", "POST")
def my_ending(me: MyRequest, pk: int) -> HttpResponse:
    """The open request to end the link: agree, where the partner asked."""
    link = my.get_link(me.actor, pk)
    if link.termination is None:
        return me.go("my_link", pk)
    if me.http.method == "POST":
        terminating.confirm(actor=me.actor, termination_pk=link.termination.pk)
        return me.go("my_link", pk)
    left = blockers.to_settle(link.account, Side.CUSTOMER)
    return me.page("ending", {"link": link, "left": left}, asking=link.account.partner)


@my_page("GET", "POST")
def my_reject(me: MyRequest, pk: int) -> HttpResponse:
    """Say no to the partner's request to end the link, and why."""
    link = my.get_link(me.actor, pk)
    if not link.awaits_customer or link.termination is None:
        return me.go("my_link", pk)
    form = LeaveForm(posted(me.http))
    if me.http.method == "POST" and form.is_valid():
        terminating.reject(actor=me.actor, termination_pk=link.termination.pk, reason=form.cleaned_data["reason"])
        return me.go("my_link", pk)
    status = 422 if form.errors else 200
    return me.page("reject", {"link": link, "form": form}, asking=link.account.partner, status=status)


@my_page("GET", "POST")
def my_stay(me: MyRequest, pk: int) -> HttpResponse:
    """Take one's own request to end the link back."""
    link = my.get_link(me.actor, pk)
    if not link.awaits_partner or link.termination is None:
        return me.go("my_link", pk)
    if me.http.method == "POST":
        terminating.withdraw(actor=me.actor, termination_pk=link.termination.pk)
        return me.go("my_link", pk)
    return me.page("stay", {"link": link}, asking=link.account.partner)


@open_page("GET")
def my_help(request: HttpRequest) -> HttpResponse:
    """What to do if you can't access something; for everybody."""
    return render(request, "linking/my/help.html", {"asking": None})
