"""Reminders: by the worker when they are due, by staff when they like. Both within the mail limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from linking import locks
from linking.errors import NothingToResend
from linking.models import Invitation, InvitationMail
from linking.services.mailing import (
    ASKING,
    CUSTOMER_WINDOW,
    PER_CUSTOMER,
    ensure_welcome,
    room_for_programs,
    send_link,
)
from linking.services.sending import name_of
from linking.states import WITH_CUSTOMER, MailKind
from partner_console.access.models import Partner
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

QUIET_AFTER_OPENING = timedelta(days=1)  # whoever is reading it needs no reminder
PARTNERS_A_RUN = 500


@transaction.atomic
def remind(*, actor: Actor, invitation_pk: int) -> Invitation:
    """Remind a customer now. The links sent before go on working; the time to answer stays as it is.

    409 unless it is the customer's turn, and when a mail more would be too many.
    """
    require(actor, Permission.LINK_INVITE)
    partner_pk = Invitation.objects.visible_to(actor).filter(pk=invitation_pk).values_list("partner_id", flat=True)
    partner = locks.lock_partner(actor, partner_pk.first() or -1)
    invitation = locks.lock_invitation(actor, invitation_pk)
    if invitation.current_state not in WITH_CUSTOMER:
        raise NothingToResend(invitation)
    ensure_welcome(actor, partner_pk=partner.pk, email=invitation.email)
    audit.record(actor, Action.LINK_REMINDED, invitation)
    send_link(invitation, kind=MailKind.REMINDER, by=name_of(actor.user_pk))
    return invitation


def remind_due(*, actor: Actor) -> int:
    """Remind the customers whose day has come, the most urgent first; returns how many.

    Each partner is one transaction that takes its due rows, writes when the next reminder is due and queues the mails:
    run twice, at once or after a kill, nobody is reminded twice. What the limits hold back stays due for the next run.
    """
    require(actor, Permission.LINK_INVITE)
    due = _due(actor).order_by().values_list("partner_id", flat=True).distinct()
    return sum(_remind_partner(actor, pk) for pk in list(due[:PARTNERS_A_RUN]))


@transaction.atomic
def _remind_partner(actor: Actor, partner_pk: int) -> int:
    """As many as the partner's mail limit leaves; a partner who is sending at this moment is left for the next run."""
    partners = Partner.objects.visible_to(actor).select_for_update(no_key=True, skip_locked=True)
    if not partners.filter(pk=partner_pk, is_active=True).exists():
        return 0
    room = room_for_programs(partner_pk).n
    rows = (
        _due(actor).filter(partner_id=partner_pk).select_related("partner", "created_by").order_by("expires_at", "pk")
    )
    chosen = list(rows.select_for_update(skip_locked=True, of=("self",))[:room]) if room else []
    # Two invitations of one address: the second waits for the next run, which counts the mail of the first.
    invitations = list({one.email.lower(): one for one in reversed(chosen)}.values())
    audit.record_all([audit.entry(actor, Action.LINK_REMINDED, one) for one in invitations])
    for invitation in invitations:
        send_link(invitation, kind=MailKind.REMINDER, by=invitation.created_by.name if invitation.created_by else "")
    return len(invitations)


def _due(actor: Actor) -> QuerySet[Invitation]:
    """Due, still open, not being read just now, and welcome: fewer than three mails to the address within a day."""
    now = timezone.now()
    mails = InvitationMail.objects.filter(
        invitation__partner_id=OuterRef("partner_id"), to=Lower(OuterRef("email")), kind__in=ASKING,
        at__gt=now - CUSTOMER_WINDOW,
    )  # fmt: skip
    counted = mails.order_by().values("to").annotate(n=Count("pk")).values("n")
    quiet = Q(opened_at__isnull=True) | Q(opened_at__lte=now - QUIET_AFTER_OPENING)
    rows = Invitation.objects.visible_to(actor).filter(
        quiet, state__in=WITH_CUSTOMER, next_reminder_at__lte=now, expires_at__gt=now
    )
    counted_rows = rows.annotate(n_mails=Coalesce(Subquery(counted), Value(0)))
    found: QuerySet[Invitation] = counted_rows.filter(n_mails__lt=PER_CUSTOMER)
    return found
