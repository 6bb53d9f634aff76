"""One invitation: where it stands, what happened, and what staff can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linking import batch_selectors, selectors, services, wording
from linking.errors import AlreadyInvited, NothingToResend, TooManyMails
from linking.forms import ExtendForm, WithdrawForm
from linking.scopes import Scope
from linking.services.checking import approval_url
from linking.states import MOVES, WITH_CUSTOMER, InvitationState, ensure_move
from linking.views.knowledge import knowledge_of
from partner_console.access.policy import Permission, require
from partner_console.audit.selectors import timeline
from partner_console.web.confirm import ConfirmPage
from partner_console.web.countries import country_name
from partner_console.web.forms import posted
from partner_console.web.htmx import render_page, see_other
from partner_console.web.mail import absolute_url
from uids.errors import AlreadyLinked

if TYPE_CHECKING:
    from django.http import HttpResponse

    from linking.models import Invitation
    from partner_console.access.middleware import ActorRequest

S = InvitationState
HAS_A_LINK = (*WITH_CUSTOMER, S.EXPIRED)
ANEW = (S.EXPIRED, S.FAILED, S.DECLINED, S.WITHDRAWN)


@require_GET
def invitation_detail(request: ActorRequest, pk: int) -> HttpResponse:
    """`/links/<pk>/`; while the cloud is asked, the page reads itself again."""
    invitation = selectors.get_invitation(request.actor, pk)
    context = {
        "invitation": invitation,
        "state": invitation.current_state,
        "next_step": wording.next_step(invitation),
        "country": country_name(invitation.country),
        "scopes": [Scope(one).label for one in invitation.scopes],
        "valid_until": invitation.expires_at if invitation.current_state in HAS_A_LINK else None,
        "next_reminder": invitation.next_reminder_at if invitation.current_state in WITH_CUSTOMER else None,
        "failure": wording.failure(invitation),
        "declined_because": wording.declined_because(invitation),
        "deliveries": wording.deliveries(selectors.list_mails(request.actor, invitation)),
        "timeline": timeline(request.actor, invitation, limit=50),
        "batch_rows": batch_selectors.rows_of(request.actor, invitation),
        "approval_url": approval_url(request.actor, invitation),
        "is_uid_hidden": selectors.hides_uid(request.actor, invitation),
        **knowledge_of(request.actor, invitation),
        **_possible(invitation),
    }
    return render_page(request, "linking/invitation_detail.html", context, fragment="invitation")


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_withdraw(request: ActorRequest, pk: int) -> HttpResponse:
    """Confirm page and dialog of [Withdraw]."""
    invitation = _to_change(request, pk)
    ensure_move(invitation.current_state, S.WITHDRAWN)
    page = ConfirmPage(
        request,
        Permission.LINK_INVITE,
        back=_url(pk),
        form=WithdrawForm(posted(request)),
        act=lambda **given: services.withdraw(actor=request.actor, invitation_pk=pk, **given),
        done=_("The invitation of %(company)s is withdrawn.") % {"company": invitation.company},
        title=_("Withdraw the invitation of %(company)s?") % {"company": invitation.company},
        effect=_("The customer's link stops working at once and says that you took it back. No mail is sent."),
        submit=_("Withdraw"),
        icon="undo-2",
        is_danger=True,
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_resend(request: ActorRequest, pk: int) -> HttpResponse:
    """Confirm page and dialog of [Send again]."""
    invitation = _to_change(request, pk)
    if invitation.current_state not in WITH_CUSTOMER:
        raise NothingToResend(invitation)
    page = ConfirmPage(
        request,
        Permission.LINK_INVITE,
        back=_url(pk),
        act=lambda: services.resend(actor=request.actor, invitation_pk=pk),
        told=(TooManyMails,),
        done=_("A new link is on its way to %(email)s.") % {"email": invitation.email},
        title=_("Send %(company)s a new link?") % {"company": invitation.company},
        effect=_(
            "A new mail goes to %(email)s. The link in the earlier mail stops working; the time to answer starts anew."
        )
        % {"email": invitation.email},
        submit=_("Send again"),
        icon="send",
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_extend(request: ActorRequest, pk: int) -> HttpResponse:
    """Confirm page and dialog of [Give more time]."""
    invitation = _to_change(request, pk)
    if invitation.current_state not in WITH_CUSTOMER:
        raise NothingToResend(invitation)
    page = ConfirmPage(
        request,
        Permission.LINK_INVITE,
        back=_url(pk),
        form=ExtendForm(posted(request)),
        act=lambda **given: services.extend(actor=request.actor, invitation_pk=pk, **given),
        done=_("The customer has more time now."),
        title=_("Give %(company)s more time?") % {"company": invitation.company},
        effect=_("The link they have goes on working until then. No mail is sent."),
        submit=_("Give more time"),
        icon="calendar-plus",
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_copy(request: ActorRequest, pk: int) -> HttpResponse:
    """A link to be sent by hand: asked first, because it is a new one, then shown once."""
    invitation = _to_change(request, pk)
    if invitation.current_state not in WITH_CUSTOMER:
        raise NothingToResend(invitation)
    if request.method == "POST":
        fresh = services.copy_link(actor=request.actor, invitation_pk=pk)
        url = absolute_url("linking:invite_start", fresh.fresh_token)
        context = {"invitation": fresh, "url": url, "chat": wording.chat_text(fresh, url)}
        response = render(request, "linking/invitation_link.html", context)
        response["Cache-Control"] = "no-store"
        return response
    context = {"invitation": invitation}
    return render(request, "linking/invitation_copy.html", context)


@require_POST
def invitation_retry(request: ActorRequest, pk: int) -> HttpResponse:
    """Try a refused link again."""
    _to_change(request, pk)
    try:
        services.retry(actor=request.actor, invitation_pk=pk)
    except (AlreadyLinked, AlreadyInvited) as error:  # said where the rest of it stands
        messages.error(request, str(error))
    else:
        messages.success(request, _("The cloud is being asked again."))
    return see_other(request, _url(pk))


def _to_change(request: ActorRequest, pk: int) -> Invitation:
    invitation = selectors.get_invitation(request.actor, pk)
    require(request.actor, Permission.LINK_INVITE)
    return invitation


def _url(pk: int) -> str:
    return reverse("linking:invitation_detail", args=[pk])


def _possible(invitation: Invitation) -> dict[str, bool]:
    """What the state allows; whether the reader may is the template's `can`."""
    state = invitation.current_state
    return {
        "can_resend": state in WITH_CUSTOMER,
        "can_go_on": state is S.DRAFT,
        "can_withdraw": S.WITHDRAWN in MOVES[state] and not invitation.is_asked_of_cloud,
        "can_retry": state is S.FAILED and bool(invitation.email),
        "can_invite_anew": state in ANEW,
        "is_being_linked": state is S.APPROVED,
    }
