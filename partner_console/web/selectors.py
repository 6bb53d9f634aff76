"""Reads of the stored mail queue, for the outbox of an installation that sends nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from post_office.models import STATUS, Email

from partner_console.access.policy import Permission, allows, require
from partner_console.access.selectors import get_own_partner
from partner_console.errors import NotFound

from .mail import KIND_HEADER, PARTNER_HEADER

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

SHOWN = 200


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One mail as the outbox shows it."""

    pk: int
    to: str
    subject: str
    text: str
    html: str
    state: str
    created_at: object


STATES = {
    STATUS.sent: _("Sent"),
    STATUS.failed: _("Failed"),
    STATUS.queued: _("Waiting"),
    STATUS.requeued: _("Waiting to be tried again"),
}


def _visible(actor: Actor) -> QuerySet[Email]:
    """Mails of the actor's partner; all for an operator. They hold invitation links, so whoever may not invite
    customers may not read them."""
    if not settings.SHOW_OUTBOX:
        raise NotFound("no_outbox", _("This console sends its mail; there is no outbox to read."))
    require(actor, Permission.OUTBOX_VIEW)
    mails: QuerySet[Email] = Email.objects.order_by("-created", "-pk")
    if actor.partner_pk is None:
        return mails
    mails = mails.filter(headers__contains={PARTNER_HEADER: get_own_partner(actor).code})
    if not allows(actor, Permission.MEMBER_MANAGE):
        # The link in it makes whoever follows it a member, perhaps an owner.
        mails = mails.exclude(headers__contains={KIND_HEADER: "member_invitation"})
    return mails


def _shown(mail: Email) -> StoredMail:
    return StoredMail(
        pk=mail.pk,
        to=", ".join(mail.to),
        subject=mail.subject,
        text=mail.message,
        html=mail.html_message,
        state=str(STATES.get(mail.status, _("Waiting"))),
        created_at=mail.created,
    )


def list_mails(actor: Actor, *, to: str = "") -> list[StoredMail]:
    """The newest 200 stored mails, optionally only those to an address containing `to`."""
    mails = _visible(actor)
    if to:
        mails = mails.filter(to__icontains=to)
    return [_shown(mail) for mail in mails[:SHOWN]]


def get_mail(actor: Actor, pk: int) -> StoredMail:
    """One stored mail; NotFound when it is another partner's."""
    mail = _visible(actor).filter(pk=pk).first()
    if mail is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return _shown(mail)
