"""The wrong account was linked: hold, support package, undo — all from one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linking import blockers
from linking import ending_words as words
from linking.ending_forms import OptionalReasonForm, ReasonForm
from linking.ending_state import ending_of
from linking.errors import CannotUndo, NotUnlinking
from linking.selectors import get_termination, invitations_of
from linking.services import wrong_link as services
from linking.services.support_package import make_support_package
from linking.states import TerminationState
from partner_console.access.policy import Permission, allows, require
from partner_console.approvals.models import Approval
from partner_console.web.confirm import ConfirmPage
from partner_console.web.forms import posted
from partner_console.web.htmx import render_page
from uids import selectors as uids
from uids.errors import NotLive, SameControl
from uids.states import PurchaseControl

if TYPE_CHECKING:
    from partner_console.access.middleware import ActorRequest

SECOND_PERSON_ASKED = gettext_lazy(
    "Nothing is changed yet: a second person has to agree. They are told by mail, you of their answer."
)


@require_GET
def wrong_link(request: ActorRequest, uid: str) -> HttpResponse:
    """`/uids/<uid>/wrong-link/`: what to do, in order."""
    account = uids.get_account(request.actor, uid)
    ending = ending_of(request.actor, account)
    context = {
        "account": account,
        "ending": ending,
        "is_held": account.purchase_control == PurchaseControl.BAN,
        "invitations": invitations_of(request.actor, account),
        "blockers": blockers.to_undo(account),
        "may_hold": allows(request.actor, Permission.CONTROL_CHANGE),
        "may_undo": allows(request.actor, Permission.LINK_TERMINATE),
        "may_pack": allows(request.actor, Permission.LINK_INVITE),
    }
    return render_page(request, "linking/wrong_link.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def wrong_link_hold(request: ActorRequest, uid: str) -> HttpResponse:
    """Confirm page and dialog of [Hold]: the purchase ban."""
    require(request.actor, Permission.CONTROL_CHANGE)
    account = uids.get_account(request.actor, uid)
    if not account.is_live:
        raise NotLive(account)

    def act(reason: str) -> None:
        if isinstance(services.hold(actor=request.actor, account_pk=account.pk, reason=reason), Approval):
            page.done = str(SECOND_PERSON_ASKED)

    page = ConfirmPage(
        request,
        Permission.CONTROL_CHANGE,
        back=_url(uid),
        form=ReasonForm(posted(request)),
        act=act,
        title=_("Hold %(account)s?") % {"account": account},
        effects=[
            _("No new orders of any kind, by this account and by the accounts whose money it holds."),
            _("What runs goes on running. You can lift the hold at any time."),
        ],
        submit=gettext_lazy("Hold"),
        icon="ban",
        done=_("Held: nothing can be bought. The cloud's confirmation shows on the account's page."),
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def wrong_link_release(request: ActorRequest, uid: str) -> HttpResponse:
    """Confirm page and dialog of [Lift the hold]."""
    require(request.actor, Permission.CONTROL_CHANGE)
    account = uids.get_account(request.actor, uid)
    if account.purchase_control != PurchaseControl.BAN:
        raise SameControl(uid)

    def act(reason: str) -> None:
        if isinstance(services.release(actor=request.actor, account_pk=account.pk, reason=reason), Approval):
            page.done = str(SECOND_PERSON_ASKED)

    page = ConfirmPage(
        request,
        Permission.CONTROL_CHANGE,
        back=_url(uid),
        form=ReasonForm(posted(request)),
        act=act,
        title=_("Lift the hold of %(account)s?") % {"account": account},
        effects=[_("Orders are allowed again within Available Quota.")],
        submit=gettext_lazy("Lift the hold"),
        icon="power",
        done=_("The hold is lifted: orders are allowed again."),
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def wrong_link_undo(request: ActorRequest, uid: str) -> HttpResponse:
    """Confirm page and dialog of [Undo the link]."""
    require(request.actor, Permission.LINK_TERMINATE)
    account = uids.get_account(request.actor, uid)
    if found := blockers.to_undo(account):
        raise CannotUndo(found)
    page = ConfirmPage(
        request,
        Permission.LINK_TERMINATE,
        back=reverse("linking:termination", args=[uid]),
        cancel=_url(uid),
        form=ReasonForm(posted(request)),
        act=lambda **given: services.undo(actor=request.actor, account_pk=account.pk, **given),
        title=_("Undo the link of %(account)s?") % {"account": account},
        effects=[
            _("The cloud's figures are read first: only a link that was never used is undone."),
            _("The cloud is asked to unlink at once; the customer gets a mail when it is done."),
            _("You no longer see, manage or pay for the account. Nothing in it is deleted."),
        ],
        submit=gettext_lazy("Undo the link"),
        icon="unlink",
        is_danger=True,
        done=_("The cloud is asked to unlink. This page shows its answer."),
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def wrong_link_keep(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """Confirm page and dialog of [Give up undoing]: the cloud did not unlink."""
    found = get_termination(request.actor, uid, pk)
    require(request.actor, Permission.LINK_TERMINATE)
    if not found.is_undo or found.state != TerminationState.IN_PROCESS:
        raise NotUnlinking
    page = ConfirmPage(
        request,
        Permission.LINK_TERMINATE,
        back=_url(uid),
        form=OptionalReasonForm(posted(request)),
        act=lambda **given: services.keep(actor=request.actor, termination_pk=found.pk, **given),
        title=_("Give up undoing the link of %(who)s?") % {"who": words.customer_name(found.account)},
        effects=[_("The account stays linked to you, and the relationship is Normal again.")],
        submit=gettext_lazy("Give up undoing"),
        icon="undo-2",
        done=_("The account stays linked. The relationship is Normal again."),
    )
    return page.response()


@require_POST
def support_package(request: ActorRequest, uid: str) -> HttpResponse:
    """The zip, made now; making it is on the trail."""
    account = uids.get_account(request.actor, uid)
    package = make_support_package(
        actor=request.actor, account_pk=account.pk, note=request.POST.get("note", "").strip()[:500]
    )
    response = HttpResponse(package.content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{package.name}"'
    return response


def _url(uid: str) -> str:
    return reverse("linking:wrong_link", args=[uid])
