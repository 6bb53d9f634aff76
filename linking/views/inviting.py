"""Inviting a customer: the form of a new invitation or of a draft, and what is said about it while one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linking import preview, proposals, rights, selectors, services
from linking.errors import NotADraft
from linking.invitation_form import PURPOSES, InvitationForm
from linking.states import InvitationState
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import get_own_partner, managers_for_choice
from partner_console.errors import DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from linking.models import Invitation
    from partner_console.access.middleware import ActorRequest

SEND, KEEP, LOOK = "send", "draft", "check"


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_new(request: ActorRequest) -> HttpResponse:
    """`/links/new/`; `?from=<pk>`, `?account=<pk>` and `?uid=` propose what is known already."""
    require(request.actor, Permission.LINK_INVITE)
    return _form_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def draft_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """`/links/drafts/<pk>/`: go on with a draft; 409 once it was sent or withdrawn."""
    draft = selectors.get_invitation(request.actor, pk)
    require(request.actor, Permission.LINK_INVITE)
    if draft.state != InvitationState.DRAFT:
        raise NotADraft(draft)
    return _form_page(request, draft)


@require_GET
def invitation_uid(request: ActorRequest) -> HttpResponse:
    """What is known about the typed UID; swapped in beside the field as one types."""
    text = request.GET.get("uid", "")[:100]
    check = selectors.check_uid(request.actor, text) if text.strip() else None
    return render(request, "linking/new/_uid_check.html", {"check": check})


@require_POST
def invitation_sheet(request: ActorRequest) -> HttpResponse:
    """The sheet beside the form, of what is typed so far. Writes nothing; a POST because the form may be long."""
    require(request.actor, Permission.LINK_INVITE)
    pk = request.POST.get("draft", "")
    draft = selectors.get_invitation(request.actor, int(pk[:18])) if pk.isdecimal() else None
    form = _form(request, draft, is_draft=True)
    sheet = preview.make_sheet(request.actor, form.typed, draft_pk=draft.pk if draft else None)
    return render(request, "linking/new/_sheet.html", {"sheet": sheet})


@require_POST
def invitation_mail(request: ActorRequest) -> HttpResponse:
    """The mail as the customer would get it: no scripts, nothing loaded, inline styles allowed. Sends nothing."""
    require(request.actor, Permission.LINK_INVITE)
    form = _form(request, None, is_draft=True)
    response = HttpResponse(preview.preview_mail(request.actor, form.typed).html)
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
    )
    return response


def _form_page(request: ActorRequest, draft: Invitation | None) -> HttpResponse:
    asked = request.POST.get("do", SEND) if request.method == "POST" else LOOK
    form = _form(request, draft, is_draft=asked != SEND)
    sheet = preview.make_sheet(request.actor, form.typed, draft_pk=draft.pk if draft else None)
    if asked != LOOK and form.is_valid():
        if asked == SEND and not sheet.is_looked_at:
            form.add_error(None, _("Look at the marked points in “Before you send”, then tick that you did."))
        elif done := _do(request, form, draft, asked):
            return done
    context = {
        "form": form,
        "draft": draft,
        "sheet": sheet,
        "check": sheet.facts.check,
        "managers": managers_for_choice(request.actor),
        "purposes": PURPOSES,
        "proposed": bool(request.GET.get("account")) and not form.account,
        "is_stale": draft is not None and form.is_bound and form.data.get("version") != str(draft.version),
        "is_remembered": draft is None and not request.GET and not form.is_bound,
    }
    status = 422 if form.is_bound and asked != LOOK else 200
    return render(request, "linking/new/invitation_new.html", context, status=status)


def _form(request: ActorRequest, draft: Invitation | None, *, is_draft: bool) -> InvitationForm:
    partner = get_own_partner(request.actor)
    asked = {**request.GET.dict(), **({"account": request.POST["account"]} if "account" in request.POST else {})}
    if draft is None:
        initial = proposals.for_new(request.actor, partner, asked)
    else:
        initial = proposals.of_draft(draft) | proposals.of_ended(request.actor, partner, asked)
    return InvitationForm(
        posted(request),
        partner=partner,
        templates=rights.list_current_versions(request.actor),
        is_draft=is_draft,
        account=proposals.account_to_ask(request.actor, asked, draft),
        initial=initial,
    )


def _do(request: ActorRequest, form: InvitationForm, draft: Invitation | None, asked: str) -> HttpResponse | None:
    """Keep or send what the form has; None when a rule said no, which then stands in the form."""
    known = {"invitation_pk": draft.pk, "version": form.cleaned_data["version"]} if draft else {}
    act = services.save_draft if asked == KEEP else services.send if draft else services.invite
    try:
        invitation = act(actor=request.actor, **known, **form.values)
    except DomainError as error:
        add_domain_error(form, error)
        return None
    if asked == KEEP:
        messages.success(request, _("The draft is kept. Nothing was sent."))
        return see_other(request, reverse("linking:draft_edit", args=[invitation.pk]))
    messages.success(request, _said(invitation))
    return see_other(request, reverse("linking:invitation_detail", args=[invitation.pk]))


def _said(invitation: Invitation) -> str:
    if invitation.state == InvitationState.AWAITING_CHECK:
        return _("It waits for a second person. The mail goes out when they agree.")
    return _("The invitation to %(email)s is on its way.") % {"email": invitation.email}
