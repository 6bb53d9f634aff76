"""What a run does with one row, and what the dry run of a choice of invitations says. One entry per kind of batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from linking.models import Invitation, InvitationMail
from linking.models.batch import BatchKind, RowVerdict
from linking.services.composing import PLAIN
from linking.services.inviting import invite, withdraw
from linking.services.mailing import ASKING, CUSTOMER_WINDOW, PER_CUSTOMER
from linking.services.reminding import remind
from linking.states import LIVE, MOVES, WITH_CUSTOMER, InvitationState
from partner_console.access.policy import PartnerKind
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linking.models import BatchRow, LinkBatch
    from linking.services.batches.rows import RowReader
    from partner_console.access.actor import Actor

S = InvitationState
SENDING = (BatchKind.INVITE, BatchKind.REMIND, BatchKind.REINVITE)
ANEW = (S.EXPIRED, S.FAILED, S.DECLINED, S.WITHDRAWN)
# Invitation's columns that an agency's never sets.
NO_MONEY = ("quota", "warning_percent", "shutdown_policy", "purchase_control", "business_manager")
type_of_verdict = tuple[RowVerdict, str]


def act(actor: Actor, batch: LinkBatch, row: BatchRow, reader: RowReader | None) -> Invitation:
    """Do what the batch is for with one row, in the caller's transaction. Raises the services' own errors."""
    if reader is not None:
        return invite(actor=actor, **{**reader.read(row).values, "uid": row.uid})
    pk = row.invitation_id or -1
    if batch.kind == BatchKind.WITHDRAW:
        return withdraw(actor=actor, invitation_pk=pk, reason=batch.reason)
    if batch.kind == BatchKind.REMIND:
        return remind(actor=actor, invitation_pk=pk)
    return invite(actor=actor, **values_of(Invitation.objects.visible_to(actor).get(pk=pk)))


def values_of(earlier: Invitation) -> dict[str, Any]:
    """What an earlier invitation asked, as `invite` takes it; of its template the newest version."""
    values = {name: getattr(earlier, name) for name in PLAIN}
    if earlier.partner.kind == PartnerKind.AGENCY:
        values = {name: value for name, value in values.items() if name not in NO_MONEY}
    template = earlier.template_version.template if earlier.template_version else None
    if template is not None and template.archived_at is None:
        values["template_pk"] = template.pk
    return {**values, "account_type": earlier.account_type}


class Verdicts:
    """The dry run over chosen invitations: whether each may be reminded, withdrawn or invited anew. Reads set-based."""

    def __init__(self, actor: Actor, kind: str, invitations: Sequence[Invitation]) -> None:
        self.kind = kind
        if kind == BatchKind.REMIND:
            since = timezone.now() - CUSTOMER_WINDOW
            mails = InvitationMail.objects.visible_to(actor).filter(
                to__in={one.email.lower() for one in invitations}, kind__in=ASKING, at__gt=since
            )
            self.mails = dict(mails.order_by().values_list("to").annotate(n=Count("pk")))
        elif kind == BatchKind.REINVITE:
            uids = {one.uid for one in invitations if one.uid}
            # Across all partners on purpose: a UID has one live link anywhere; whose is not told.
            self.linked = set(LinkedAccount.objects.live().filter(uid__in=uids).values_list("uid", flat=True))
            live = Invitation.objects.visible_to(actor).filter(uid__in=uids, state__in=LIVE)
            self.invited = {one.uid for one in live if one.current_state is not S.EXPIRED}

    def of(self, invitation: Invitation) -> type_of_verdict:
        state = invitation.current_state
        if self.kind == BatchKind.WITHDRAW:
            return self._withdraw(invitation, state)
        if self.kind == BatchKind.REMIND:
            return self._remind(invitation, state)
        return self._invite_anew(invitation, state)

    def _withdraw(self, invitation: Invitation, state: InvitationState) -> type_of_verdict:
        if invitation.is_asked_of_cloud:
            return RowVerdict.REFUSE, _("The cloud is being asked: only its answer decides now.")
        if S.WITHDRAWN not in MOVES[state]:
            return RowVerdict.REFUSE, _("It is “%(state)s”: there is nothing to withdraw.") % {"state": state.label}
        if state is S.APPROVED:
            return RowVerdict.WARN, _("The customer has approved it.")
        return RowVerdict.OK, ""

    def _remind(self, invitation: Invitation, state: InvitationState) -> type_of_verdict:
        if state not in WITH_CUSTOMER:
            return RowVerdict.REFUSE, _("It is “%(state)s”: it is not the customer's turn.") % {"state": state.label}
        if self.mails.get(invitation.email.lower(), 0) >= PER_CUSTOMER:
            return RowVerdict.REFUSE, _("%(n)d mails went to this address within a day. Call the customer.") % {
                "n": PER_CUSTOMER
            }
        return RowVerdict.OK, ""

    def _invite_anew(self, invitation: Invitation, state: InvitationState) -> type_of_verdict:
        if state not in ANEW:
            return RowVerdict.REFUSE, _("It is “%(state)s”: it can't be invited anew.") % {"state": state.label}
        if not invitation.email:
            return RowVerdict.REFUSE, _("Its contact data was deleted 90 days after it ended. Write a new invitation.")
        if invitation.uid in self.linked:
            return RowVerdict.REFUSE, _("The UID is linked by now.")
        if invitation.uid in self.invited:
            return RowVerdict.REFUSE, _("A newer invitation of this UID is open.")
        self.invited |= {invitation.uid} - {""}  # chosen twice: the second would meet the first
        if state is S.DECLINED:
            return RowVerdict.WARN, _("The customer said no. Talk to them first.")
        return RowVerdict.OK, ""
