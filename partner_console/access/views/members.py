"""Members: list, invite, change, deactivate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access import services
from partner_console.access.forms import DeactivateForm, InviteMemberForm, MemberForm
from partner_console.access.models import Membership
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.access.selectors import list_members, list_open_invitations
from partner_console.errors import DomainError
from partner_console.web.confirm import ConfirmPage
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_GET
def member_list(request: ActorRequest) -> HttpResponse:
    """Everybody in the partner, and who is invited."""
    context = {"members": list_members(request.actor), "invitations": list_open_invitations(request.actor)}
    return render(request, "access/member_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def member_invite(request: ActorRequest) -> HttpResponse:
    """Ask somebody to join by e-mail."""
    require(request.actor, Permission.MEMBER_MANAGE)
    form = InviteMemberForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            invitation = services.invite_member(actor=request.actor, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Invitation to %(email)s is on its way.") % {"email": invitation.email})
            return see_other(request, reverse("access:member_list"))
    return render(request, "access/member_invite.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def member_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """Role and RAM account UID."""
    membership = get_visible_or_404(Membership, request.actor, pk=pk)
    require(request.actor, Permission.MEMBER_MANAGE)
    form = MemberForm(posted(request), initial={"role": membership.role, "ram_uid": membership.ram_uid})
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_member(actor=request.actor, membership_pk=pk, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("%(member)s changed.") % {"member": membership.user})
            return see_other(request, reverse("access:member_list"))
    context = {"form": form, "membership": membership}
    return render(request, "access/member_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def member_deactivate(request: ActorRequest, pk: int) -> HttpResponse:
    """Confirm, with the reason; then the person is out from their next request on."""
    membership = get_visible_or_404(Membership, request.actor, pk=pk)
    page = ConfirmPage(
        request,
        Permission.MEMBER_MANAGE,
        back=reverse("access:member_list"),
        form=DeactivateForm(posted(request)),
        act=lambda **given: services.deactivate_member(actor=request.actor, membership_pk=pk, **given),
        done=_("%(member)s is deactivated.") % {"member": membership.user},
        title=_("Deactivate %(member)s?") % {"member": membership.user},
        effect=_(
            "They can no longer work in this partner, from their next click on. "
            "Their records stay; you can reactivate them."
        ),
        submit=_("Deactivate"),
        is_danger=True,
    )
    return page.response()


@require_POST
def member_reactivate(request: ActorRequest, pk: int) -> HttpResponse:
    membership = services.reactivate_member(actor=request.actor, membership_pk=pk)
    messages.success(request, _("%(member)s is active again.") % {"member": membership.user})
    return see_other(request, reverse("access:member_list"))


@require_POST
def member_invitation_resend(request: ActorRequest, pk: int) -> HttpResponse:
    invitation = services.resend_invitation(actor=request.actor, invitation_pk=pk)
    text = _("A new invitation to %(email)s is on its way; the earlier link no longer works.")
    messages.success(request, text % {"email": invitation.email})
    return see_other(request, reverse("access:member_list"))


@require_POST
def member_invitation_withdraw(request: ActorRequest, pk: int) -> HttpResponse:
    invitation = services.withdraw_invitation(actor=request.actor, invitation_pk=pk)
    messages.success(request, _("The invitation to %(email)s is withdrawn.") % {"email": invitation.email})
    return see_other(request, reverse("access:member_list"))
