"""The end of a relationship, as staff see it: how it stands, what is in the way, and every step they may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linking import ending_words as words
from linking.ending_forms import NoteForm, OptionalReasonForm, OutcomeForm, ReasonForm
from linking.ending_state import ending_of
from linking.errors import CannotTerminate, NotUnlinking, NotYours
from linking.selectors import get_termination
from linking.services import settling, terminating
from linking.states import TerminationState
from partner_console.access.policy import Permission, allows, require
from partner_console.audit.selectors import timeline
from partner_console.cloud.advice import advice
from partner_console.web.confirm import ConfirmPage
from partner_console.web.forms import posted
from partner_console.web.htmx import render_page, see_other
from uids import selectors as uids

if TYPE_CHECKING:
    from django.http import HttpResponse

    from linking.models import Termination
    from partner_console.access.middleware import ActorRequest


@require_GET
def termination(request: ActorRequest, uid: str) -> HttpResponse:
    """`/uids/<uid>/termination/`; while the worker or the cloud is at it, the page reads itself again."""
    account = uids.get_account(request.actor, uid)
    ending = ending_of(request.actor, account)
    unlink = ending.unlink
    context = {
        "ending": ending,
        "account": account,
        "current": ending.current,
        "asked_by": words.asked_by(ending.current) if ending.current else "",
        "stands": words.how_it_stands(ending),
        "steps": words.steps(ending),
        "earlier": [(one, words.asked_by(one)) for one in ending.earlier],
        "may": allows(request.actor, Permission.LINK_TERMINATE),
        "unlink_advice": advice(unlink.state, unlink.vendor_code) if unlink else "",
        "sees_orders": allows(request.actor, Permission.CONTROL_VIEW),
        "timeline": timeline(request.actor, account, limit=8),
    }
    return render_page(request, "linking/termination.html", context, fragment="ending")


@require_http_methods(["GET", "HEAD", "POST"])
def termination_ask(request: ActorRequest, uid: str) -> HttpResponse:
    """Confirm page and dialog of [End the relationship]."""
    require(request.actor, Permission.LINK_TERMINATE)
    account = uids.get_account(request.actor, uid)
    ending = ending_of(request.actor, account)
    if ending.current is None and ending.blockers:
        raise CannotTerminate(ending.blockers)
    if ending.current is not None and not request.POST:
        return see_other(request, _url(uid))
    page = ConfirmPage(
        request,
        Permission.LINK_TERMINATE,
        back=_url(uid),
        form=ReasonForm(posted(request)),
        act=lambda **given: terminating.ask(actor=request.actor, account_pk=account.pk, **given),
        title=_("Ask %(who)s to end the relationship?") % {"who": words.customer_name(account)},
        effects=words.effects_of_asking(account),
        submit=gettext_lazy("Ask to end it"),
        icon="unlink",
        is_danger=True,
        done=_("The request is sent. You can take it back until it is confirmed."),
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def termination_confirm(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """Confirm page and dialog of [Confirm]: the customer asked."""
    found = _to_answer(request, uid, pk)
    page = ConfirmPage(
        request,
        Permission.LINK_TERMINATE,
        back=_url(uid),
        act=lambda: terminating.confirm(actor=request.actor, termination_pk=found.pk),
        title=_("Confirm the end of the relationship with %(who)s?") % {"who": words.customer_name(found.account)},
        effects=[
            _("It cannot be taken back: the relationship ends as soon as everything is settled."),
            _("Then you no longer see, manage or pay for the account. Nothing in it is deleted."),
        ],
        submit=gettext_lazy("Confirm the end"),
        icon="unlink",
        is_danger=True,
        done=_("Confirmed. It ends as soon as everything is settled."),
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def termination_reject(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """Confirm page and dialog of [Reject]; the customer reads the reason."""
    found = _to_answer(request, uid, pk)
    page = ConfirmPage(
        request,
        Permission.LINK_TERMINATE,
        back=_url(uid),
        form=ReasonForm(posted(request)),
        act=lambda **given: terminating.reject(actor=request.actor, termination_pk=found.pk, **given),
        title=_("Reject the request of %(who)s?") % {"who": words.customer_name(found.account)},
        effects=[_("The relationship is Normal again, and the customer gets a mail with your reason.")],
        submit=gettext_lazy("Reject"),
        icon="circle-x",
        done=_("Rejected. The relationship is Normal again."),
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def termination_withdraw(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """Confirm page and dialog of [Take it back]."""
    found = get_termination(request.actor, uid, pk)
    require(request.actor, Permission.LINK_TERMINATE)
    if found.side != terminating.side_of(request.actor):
        raise NotYours
    page = ConfirmPage(
        request,
        Permission.LINK_TERMINATE,
        back=_url(uid),
        form=OptionalReasonForm(posted(request)),
        act=lambda **given: terminating.withdraw(actor=request.actor, termination_pk=found.pk, **given),
        title=_("Take the request back?"),
        effects=[
            _("The relationship is Normal again, and the customer gets a mail."),
            _("It counts as one of your 3 requests within 90 days."),
        ],
        submit=gettext_lazy("Take it back"),
        icon="undo-2",
        done=_("Taken back. The relationship is Normal again."),
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def termination_by_hand(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """Staff unlinked the account in the cloud's own console and record it here."""
    found = get_termination(request.actor, uid, pk)
    require(request.actor, Permission.LINK_TERMINATE)
    if found.state != TerminationState.IN_PROCESS or found.unlink is None:
        raise NotUnlinking
    page = ConfirmPage(
        request,
        Permission.LINK_TERMINATE,
        back=_url(uid),
        form=NoteForm(posted(request)),
        act=lambda **given: settling.record_unlinked(actor=request.actor, termination_pk=found.pk, **given),
        title=_("Record that UID %(uid)s is unlinked?") % {"uid": uid},
        effects=[
            _("Only when the cloud's own console no longer shows the account as yours."),
            _("The relationship is Terminated at once. This cannot be undone."),
        ],
        submit=gettext_lazy("Record it"),
        icon="check",
        is_danger=True,
        done=_("Recorded. The relationship is Terminated."),
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def termination_outcome(request: ActorRequest, uid: str) -> HttpResponse:
    """How an end came out that ran in the cloud's own console."""
    require(request.actor, Permission.LINK_TERMINATE)
    account = uids.get_account(request.actor, uid)
    if not ending_of(request.actor, account).is_outside:
        raise NotUnlinking
    page = ConfirmPage(
        request,
        Permission.LINK_TERMINATE,
        back=_url(uid),
        form=OutcomeForm(posted(request)),
        act=lambda **given: settling.record_outside(actor=request.actor, account_pk=account.pk, **given),
        title=_("How did the end of UID %(uid)s come out?") % {"uid": uid},
        effects=[
            _("Terminated cannot be undone: the account no longer changes here, and both sides get a mail."),
            _("Normal again: everything goes on as before."),
        ],
        submit=gettext_lazy("Record it"),
        icon="check",
        done=_("Recorded."),
    )
    return page.response()


@require_POST
def termination_look(request: ActorRequest, uid: str, pk: int) -> HttpResponse:
    """[Look again now]: the worker reads the cloud's figures and goes on when everything is settled."""
    found = get_termination(request.actor, uid, pk)
    settling.look_again(actor=request.actor, termination_pk=found.pk)
    messages.success(request, _("The figures are being read. This page shows what is left."))
    return see_other(request, _url(uid))


def _to_answer(request: ActorRequest, uid: str, pk: int) -> Termination:
    """The customer's request; 409 for one's own."""
    found = get_termination(request.actor, uid, pk)
    require(request.actor, Permission.LINK_TERMINATE)
    if found.side == terminating.side_of(request.actor):
        raise NotYours
    return found


def _url(uid: str) -> str:
    return reverse("linking:termination", args=[uid])
